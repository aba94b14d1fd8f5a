use pulp::Simd;

use crate::DoubleDouble;
use crate::triangle::Triangle;

/// A lower triangle of double-doubles, row after row, with high and low parts in separate
/// vectors for vector registers.
///
/// Each row goes on behind the diagonal until it is whole vectors long; what stands there
/// means nothing.
#[derive(Clone, Debug)]
pub(crate) struct Lower {
    size: usize,
    high: Vec<f64>,
    low: Vec<f64>,
}

/// Number of rows that are equally long, and the number of numbers that rows are a
/// multiple of: the widest vector register.
pub(crate) const GROUP: usize = 8;

/// High and low parts of some numbers of a row.
pub(crate) type Numbers<'a> = (&'a [f64], &'a [f64]);
pub(crate) type NumbersMut<'a> = (&'a mut [f64], &'a mut [f64]);

/// The length of a row.
pub(crate) fn width(row: usize) -> usize {
    (row / GROUP + 1) * GROUP
}

/// Where a row begins.
fn start(row: usize) -> usize {
    let group = row / GROUP;
    GROUP * GROUP * group * (group + 1) / 2 + row % GROUP * width(row)
}

impl Lower {
    pub fn zeros(size: usize) -> Self {
        let length = start(size.next_multiple_of(GROUP));
        Self {
            size,
            high: vec![0.0; length],
            low: vec![0.0; length],
        }
    }

    pub fn of(triangle: &Triangle) -> Self {
        let mut lower = Self::zeros(triangle.size());
        for row in 0..triangle.size() {
            let (high, low) = lower.row_mut(row);
            for ((high, low), number) in high.iter_mut().zip(low).zip(triangle.row(row)) {
                (*high, *low) = (number.high(), number.low());
            }
        }
        lower
    }

    pub fn size(&self) -> usize {
        self.size
    }

    /// An element; 0 right of the diagonal.
    #[inline(always)]
    pub fn get(&self, row: usize, column: usize) -> DoubleDouble {
        if column > row {
            return DoubleDouble::ZERO;
        }
        let at = start(row) + column;
        DoubleDouble::sum_of(self.high[at], self.low[at])
    }

    /// An element of the symmetric matrix of which this is the lower triangle.
    pub fn symmetric(&self, a: usize, b: usize) -> DoubleDouble {
        self.get(a.max(b), a.min(b))
    }

    /// Sets an element that is not right of the diagonal.
    #[inline(always)]
    pub fn set(&mut self, row: usize, column: usize, number: DoubleDouble) {
        let at = start(row) + column;
        self.high[at] = number.high();
        self.low[at] = number.low();
    }

    pub fn row(&self, row: usize) -> Numbers<'_> {
        let numbers = start(row)..start(row) + width(row);
        (&self.high[numbers.clone()], &self.low[numbers])
    }

    pub fn row_mut(&mut self, row: usize) -> NumbersMut<'_> {
        let numbers = start(row)..start(row) + width(row);
        (&mut self.high[numbers.clone()], &mut self.low[numbers])
    }

    /// A row, and a row after it to write to.
    #[inline(always)]
    pub fn two_rows(&mut self, row: usize, later: usize) -> (Numbers<'_>, NumbersMut<'_>) {
        let (of_row, of_later) = (start(row)..start(row) + width(row), ..width(later));
        let (above_high, high) = self.high.split_at_mut(start(later));
        let (above_low, low) = self.low.split_at_mut(start(later));
        let from = (&above_high[of_row.clone()], &above_low[of_row]);
        (from, (&mut high[of_later], &mut low[of_later]))
    }

    /// The rows before a row, and the groups of rows from it on up to another. Groups are
    /// whole: the first row is a multiple of [`GROUP`].
    pub fn split(&mut self, first: usize, end: usize) -> (Above<'_>, Vec<Group<'_>>) {
        let (above_high, mut high) = self.high.split_at_mut(start(first));
        let (above_low, mut low) = self.low.split_at_mut(start(first));
        let mut groups = Vec::with_capacity((end - first).div_ceil(GROUP));
        for first_row in (first..end).step_by(GROUP) {
            let length = GROUP * width(first_row);
            let (of_high, rest_of_high) = high.split_at_mut(length);
            let (of_low, rest_of_low) = low.split_at_mut(length);
            (high, low) = (rest_of_high, rest_of_low);
            groups.push(Group {
                first: first_row,
                num_rows: GROUP.min(end - first_row),
                high: of_high,
                low: of_low,
            });
        }
        (Above(above_high, above_low), groups)
    }
}

/// The rows before some row.
#[derive(Clone, Copy)]
pub(crate) struct Above<'a>(&'a [f64], &'a [f64]);

impl Above<'_> {
    #[inline(always)]
    pub fn row(&self, row: usize) -> Numbers<'_> {
        let numbers = start(row)..start(row) + width(row);
        (&self.0[numbers.clone()], &self.1[numbers])
    }
}

/// Up to [`GROUP`] rows of the same length.
pub(crate) struct Group<'a> {
    /// Index of the first row.
    pub first: usize,
    pub num_rows: usize,
    high: &'a mut [f64],
    low: &'a mut [f64],
}

impl Group<'_> {
    pub fn width(&self) -> usize {
        width(self.first)
    }

    /// A row by its place in the group.
    #[inline(always)]
    pub fn row_mut(&mut self, row: usize) -> NumbersMut<'_> {
        let width = self.width();
        let numbers = row * width..(row + 1) * width;
        (&mut self.high[numbers.clone()], &mut self.low[numbers])
    }

    /// An element, by the place of its row in the group.
    #[inline(always)]
    pub fn get(&self, row: usize, column: usize) -> DoubleDouble {
        let at = row * self.width() + column;
        DoubleDouble::sum_of(self.high[at], self.low[at])
    }
}

/// Subtracts a multiple of some numbers from as many others.
#[inline(always)]
pub(crate) fn subtract_multiple<S: Simd>(
    simd: S,
    factor: DoubleDouble,
    from: Numbers,
    to: NumbersMut,
) {
    let (from_high, from_high_rest) = S::as_simd_f64s(from.0);
    let (from_low, from_low_rest) = S::as_simd_f64s(from.1);
    let (to_high, to_high_rest) = S::as_mut_simd_f64s(to.0);
    let (to_low, to_low_rest) = S::as_mut_simd_f64s(to.1);
    let high = simd.splat_f64s(factor.high());
    let low = simd.splat_f64s(factor.low());
    let from = from_high.iter().zip(from_low);
    for ((a, b), to) in from.zip(to_high.iter_mut().zip(to_low)) {
        let product = simd.mul_f64s(high, *a);
        let rest = simd.mul_add_f64s(high, *a, simd.neg_f64s(product));
        let rest = simd.mul_add_f64s(high, *b, rest);
        let rest = simd.mul_add_f64s(low, *a, rest);
        let difference = simd.sub_f64s(*to.0, product);
        let of_product = simd.sub_f64s(difference, *to.0);
        let lost = simd.sub_f64s(
            simd.sub_f64s(*to.0, simd.sub_f64s(difference, of_product)),
            simd.add_f64s(product, of_product),
        );
        let lost = simd.add_f64s(lost, simd.sub_f64s(*to.1, rest));
        let sum = simd.add_f64s(difference, lost);
        *to.1 = simd.sub_f64s(lost, simd.sub_f64s(sum, difference));
        *to.0 = sum;
    }
    let from = from_high_rest.iter().zip(from_low_rest);
    for ((high, low), to) in from.zip(to_high_rest.iter_mut().zip(to_low_rest)) {
        let product = factor * DoubleDouble::sum_of(*high, *low);
        let rest = DoubleDouble::sum_of(*to.0, *to.1) - product;
        *to.0 = rest.high();
        *to.1 = rest.low();
    }
}
