use std::fmt::Write;

use crate::Scatter;
use crate::ticks::{Ticks, range};

impl Scatter<'_> {
    /// The scatter as text, `width` columns by `height` lines at the most (at
    /// least 30 by 8): points as Braille dots, their line as `*`.
    pub fn terminal(&self, width: usize, height: usize) -> String {
        let (width, height) = (width.max(30), height.max(8));
        // A line each for the title, the axis, its labels and its name.
        let rows = height - 4;
        let (left, right) = range(self.x);
        let (bottom, top) = range(self.y);
        let y_ticks = Ticks::new(bottom, top, (rows / 2).clamp(2, 8));
        let y_labels: Vec<String> = y_ticks.values.iter().map(|y| y_ticks.label(*y)).collect();
        let margin = y_labels.iter().map(String::len).max().unwrap_or(0) + 1;
        let columns = width - margin - 1;
        let column_of = |x: f64, cells: usize| cell((x - left) / (right - left), cells);
        let row_of = |y: f64, cells: usize| cell((top - y) / (top - bottom), cells);

        let mut dots = vec![0u8; rows * columns];
        for (x, y) in self.x.iter().zip(self.y) {
            let (column, row) = (column_of(*x, 2 * columns), row_of(*y, 4 * rows));
            dots[row / 4 * columns + column / 2] |= DOTS[row % 4][column % 2];
        }
        let mut on_line = vec![false; rows * columns];
        for column in 0..columns {
            let x = left + (column as f64 + 0.5) / columns as f64 * (right - left);
            let y = self.line.at(x);
            if (bottom..top).contains(&y) {
                on_line[row_of(y, rows) * columns + column] = true;
            }
        }

        let mut text = format!("{}\n", self.title());
        let mut label_of_row = vec![""; rows];
        for (y, label) in y_ticks.values.iter().zip(&y_labels) {
            label_of_row[row_of(*y, rows)] = label;
        }
        for (row, label) in label_of_row.into_iter().enumerate() {
            let axis = if label.is_empty() { '│' } else { '┤' };
            let _ = write!(text, "{label:>margin$}{axis}");
            let cells = row * columns..(row + 1) * columns;
            let line: String = dots[cells.clone()]
                .iter()
                .zip(&on_line[cells])
                .map(|(dots, on_line)| match (on_line, dots) {
                    (true, _) => '*',
                    (false, 0) => ' ',
                    (false, dots) => char::from_u32(0x2800 + u32::from(*dots)).unwrap_or(' '),
                })
                .collect();
            let _ = writeln!(text, "{}", line.trim_end());
        }

        let x_ticks = Ticks::new(left, right, (columns / 10).clamp(2, 8));
        let mut axis = vec!['─'; columns];
        let mut labels = String::new();
        for x in &x_ticks.values {
            let column = column_of(*x, columns);
            let label = x_ticks.label(*x);
            let start = (margin + 1 + column).saturating_sub(label.len() / 2);
            let used = labels.chars().count();
            if (used == 0 || start > used) && start + label.len() <= width {
                axis[column] = '┬';
                let _ = write!(labels, "{:1$}{label}", "", start - used);
            }
        }
        let axis: String = axis.into_iter().collect();
        let _ = writeln!(text, "{:margin$}└{axis}\n{labels}", "");
        let name: String = self.x_name.chars().take(columns).collect();
        let center = margin + 1 + (columns - name.chars().count()) / 2;
        let _ = write!(text, "{:center$}{name}", "");
        text
    }
}

/// The bit of each dot of a Braille character, by row and column.
const DOTS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// The cell of a position from 0 to 1.
fn cell(position: f64, cells: usize) -> usize {
    ((position * cells as f64) as usize).min(cells - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_points_their_line_and_round_ticks() {
        let x: Vec<f64> = (0..40).map(f64::from).collect();
        let y: Vec<f64> = x.iter().map(|x| 3.0 * x + 20.0 * x.sin()).collect();
        let scatter = Scatter::new("area", &x, "price", &y).unwrap();
        insta::assert_snapshot!(scatter.terminal(60, 16));
    }

    #[test]
    fn keeps_within_its_width_and_height() {
        for values in [
            [1.0, 1.0],
            [-1e300, 0.0],
            [1e-300, 2e-300],
            [1e6, 1e6 + 1e-9],
        ] {
            let scatter = Scatter::new("x", &values, "y", &values).unwrap();
            for (width, height) in [(30, 8), (80, 24), (200, 60)] {
                let text = scatter.terminal(width, height);
                assert!(text.lines().count() <= height);
                for line in text.lines().skip(1) {
                    assert!(line.chars().count() <= width, "{line}");
                }
            }
        }
    }
}
