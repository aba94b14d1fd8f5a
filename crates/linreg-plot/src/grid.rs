use serde::{Deserialize, Serialize};

use crate::scene::{Mark, Role, Scene};

/// Counts of points in the cells of a chart.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Grid {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    /// From the bottom left; empty while the points themselves are kept.
    pub(crate) counts: Vec<u32>,
}

/// Number of shades.
const SHADES: usize = 5;

impl Grid {
    /// The shade of each cell: 0 if it is empty, else equal steps of the logarithm
    /// of its count.
    pub(crate) fn shades(counts: &[u32]) -> Vec<usize> {
        let most = counts.iter().copied().max().unwrap_or(0);
        let full = f64::from(most).ln_1p();
        let shade = |count: &u32| {
            let share = f64::from(*count).ln_1p() / full;
            (share * SHADES as f64).ceil() as usize
        };
        let shade = |count: &u32| {
            if *count == 0 {
                0
            } else {
                shade(count).clamp(1, SHADES)
            }
        };
        counts.iter().map(shade).collect()
    }

    /// The counts summed into a coarser grid.
    pub(crate) fn coarser(&self, columns: usize, rows: usize) -> Vec<u32> {
        let mut counts = vec![0u32; columns * rows];
        for row in 0..rows {
            let from_row = row * self.rows / rows;
            let to_row = ((row + 1) * self.rows / rows).max(from_row + 1);
            for column in 0..columns {
                let from = column * self.columns / columns;
                let to = ((column + 1) * self.columns / columns).max(from + 1);
                let count = &mut counts[row * columns + column];
                for cells in (from_row..to_row).map(|row| row * self.columns) {
                    let cells = &self.counts[cells + from..cells + to];
                    *count = cells
                        .iter()
                        .fold(*count, |sum, cell| sum.saturating_add(*cell));
                }
            }
        }
        counts
    }

    /// Draws the cells of each shade; neighbours in a row form one rectangle.
    pub(crate) fn draw(&self, scene: &mut Scene, at: impl Fn((f64, f64)) -> (f64, f64)) {
        let shades = Grid::shades(&self.counts);
        for shade in 1..=SHADES {
            let mut cells = Vec::new();
            for (row, shades) in shades.chunks(self.columns).enumerate() {
                let mut column = 0;
                while column < self.columns {
                    let run = shades[column..].iter().take_while(|other| **other == shade);
                    let length = run.count();
                    if length > 0 {
                        let x = |column: usize| column as f64 / self.columns as f64;
                        let y = |row: usize| row as f64 / self.rows as f64;
                        let (left, bottom) = at((x(column), y(row)));
                        let (right, top) = at((x(column + length), y(row + 1)));
                        cells.push([left, top, right, bottom]);
                    }
                    column += length.max(1);
                }
            }
            if !cells.is_empty() {
                scene.marks.push(Mark::Cells {
                    cells,
                    role: Role::Point,
                    opacity: [0.2, 0.4, 0.6, 0.8, 1.0][shade - 1],
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coarser_grid_keeps_every_point() {
        let grid = Grid {
            columns: 200,
            rows: 150,
            counts: (0..30_000).map(|cell| cell % 7).collect(),
        };
        let coarse = grid.coarser(73, 19);
        assert_eq!(coarse.iter().sum::<u32>(), grid.counts.iter().sum::<u32>());
    }
}
