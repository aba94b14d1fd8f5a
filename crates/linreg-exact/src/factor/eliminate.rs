use pulp::{Arch, Simd, WithSimd};

use crate::DoubleDouble;
use crate::lower::{GROUP, Group, Lower, Numbers, subtract_multiple, width};
use crate::threads::for_each;

/// Number of columns whose products are subtracted from the columns after them at once:
/// each part of these is then read once instead of once for each column. A multiple of
/// [`GROUP`].
pub(super) const PANEL: usize = 32;

/// Columns of the factor that have not been subtracted from the columns after the panel.
pub(super) struct Panel {
    /// The first column after the panel.
    end: usize,
    /// The columns that are kept.
    columns: Vec<usize>,
    /// These columns, `[columns, width]`; 0 down to their diagonal.
    high: Vec<f64>,
    low: Vec<f64>,
    width: usize,
}

impl Panel {
    pub fn new(size: usize) -> Self {
        let width = size.next_multiple_of(GROUP);
        Self {
            end: 0,
            columns: Vec::new(),
            high: vec![0.0; PANEL * width],
            low: vec![0.0; PANEL * width],
            width,
        }
    }

    /// Begins the panel of a column.
    pub fn begin(&mut self, column: usize) {
        self.end = (column / PANEL + 1) * PANEL;
        self.columns.clear();
        self.high.fill(0.0);
        self.low.fill(0.0);
    }

    #[inline(always)]
    fn numbers(&self, column: usize, rows: std::ops::Range<usize>) -> Numbers<'_> {
        let at = column * self.width;
        let rows = at + rows.start..at + rows.end;
        (&self.high[rows.clone()], &self.low[rows])
    }
}

/// One step of the elimination: divides the column below a pivot by it, and subtracts
/// the products of that column from the other columns of the panel.
pub(super) struct Eliminate<'a> {
    pub lower: &'a mut Lower,
    pub index: usize,
    /// Inverse of the pivot.
    pub inverse: DoubleDouble,
    pub panel: &'a mut Panel,
}

impl WithSimd for Eliminate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (k, panel) = (self.index, self.panel);
        let column = panel.columns.len();
        panel.columns.push(k);
        let first = (k + 1) / GROUP * GROUP;
        for row in k + 1..self.lower.size() {
            let number = self.lower.get(row, k) * self.inverse;
            self.lower.set(row, k, number);
            let at = column * panel.width + row;
            (panel.high[at], panel.low[at]) = (number.high(), number.low());
            let end = panel.end.min(width(row));
            if first < end {
                let (high, low) = self.lower.row_mut(row);
                let to = (&mut high[first..end], &mut low[first..end]);
                subtract_multiple(simd, number, panel.numbers(column, first..end), to);
            }
        }
    }
}

impl Lower {
    /// Subtracts the products of a panel's columns from the columns after the panel.
    pub(super) fn eliminate(&mut self, panel: &Panel) {
        let size = self.size();
        if panel.columns.is_empty() || panel.end >= size {
            return;
        }
        let products = (size - panel.end).pow(2) / 2 * panel.columns.len();
        let (_, groups) = self.split(panel.end, size);
        for_each(products, groups, |group| {
            Arch::new().dispatch(Subtract { panel, group });
        });
    }
}

struct Subtract<'a, 'b> {
    panel: &'a Panel,
    group: Group<'b>,
}

impl WithSimd for Subtract<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        /// Number of columns of the panel's rows that stay in the second-level cache.
        const TILE: usize = 256;
        let Self { panel, mut group } = self;
        let width = group.width();
        for first in (panel.end..width).step_by(TILE) {
            let end = width.min(first + TILE);
            for row in 0..group.num_rows {
                for (index, column) in panel.columns.iter().enumerate() {
                    let factor = group.get(row, *column);
                    let (high, low) = group.row_mut(row);
                    let to = (&mut high[first..end], &mut low[first..end]);
                    subtract_multiple(simd, factor, panel.numbers(index, first..end), to);
                }
            }
        }
    }
}
