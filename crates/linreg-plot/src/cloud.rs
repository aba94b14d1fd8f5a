use serde::{Deserialize, Serialize};

use crate::grid::Grid;
use crate::sums::Sums;
use crate::ticks::{ends, with_margin};
use crate::{Line, PlotError};

/// Points of two columns, in any number. They are added in blocks. A few points are
/// kept as they are, many as counts in the cells of a grid, so memory does not grow
/// with their number.
///
/// # Example
///
/// ```
/// use linreg_plot::Cloud;
///
/// # fn main() -> Result<(), linreg_plot::PlotError> {
/// let mut cloud = Cloud::new(("area", 50.0, 100.0), ("price", 210.0, 390.0))?;
/// cloud.update(&[50.0, 60.0], &[210.0, 230.0])?;
/// cloud.update(&[80.0, 100.0], &[330.0, 390.0])?;
/// assert_eq!(cloud.count(), 4);
/// assert!(cloud.correlation().unwrap() > 0.99);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Cloud {
    pub(crate) x_name: String,
    pub(crate) y_name: String,
    /// Smallest and largest value.
    x: (f64, f64),
    y: (f64, f64),
    pub(crate) points: Vec<(f64, f64)>,
    most_points: usize,
    pub(crate) grid: Grid,
    sums: Sums,
    line: Option<Line>,
    /// Number of all points, if these are a sample of them.
    whole: Option<u64>,
}

/// Largest number of points that are drawn one by one.
pub(crate) const MOST_POINTS: usize = 5000;

impl Cloud {
    /// Returns a cloud without points, for columns with these names, smallest and
    /// largest values.
    ///
    /// # Errors
    ///
    /// [`PlotError::NotFinite`], or [`PlotError::TooWide`] if the distance of the
    /// values overflows.
    pub fn new(x: (&str, f64, f64), y: (&str, f64, f64)) -> Result<Self, PlotError> {
        for (name, least, most) in [x, y] {
            let name = name.to_string();
            if let Some(value) = [least, most].into_iter().find(|value| !value.is_finite()) {
                return Err(PlotError::NotFinite { name, value });
            }
            let (start, end) = with_margin((least, most));
            if !(end - start).is_finite() {
                return Err(PlotError::TooWide { name, least, most });
            }
        }
        Ok(Self {
            x_name: x.0.to_string(),
            y_name: y.0.to_string(),
            x: (x.1, x.2),
            y: (y.1, y.2),
            points: Vec::new(),
            most_points: MOST_POINTS,
            grid: Grid {
                columns: 200,
                rows: 150,
                counts: Vec::new(),
            },
            sums: Sums::default(),
            line: None,
            whole: None,
        })
    }

    /// Returns a cloud of all points at once.
    ///
    /// # Errors
    ///
    /// [`PlotError::NoPoints`], [`PlotError::Lengths`], or those of [`Cloud::new`].
    pub fn of(x_name: &str, x: &[f64], y_name: &str, y: &[f64]) -> Result<Self, PlotError> {
        same_length((x_name, x.len()), (y_name, y.len()))?;
        if x.is_empty() {
            return Err(PlotError::NoPoints);
        }
        for (name, values) in [(x_name, x), (y_name, y)] {
            if let Some(value) = values.iter().copied().find(|value| !value.is_finite()) {
                let name = name.to_string();
                return Err(PlotError::NotFinite { name, value });
            }
        }
        let ((left, right), (bottom, top)) = (ends(x), ends(y));
        let mut cloud = Self::new((x_name, left, right), (y_name, bottom, top))?;
        cloud.update(x, y)?;
        if x.len() <= MOST_POINTS {
            cloud.line = Some(Line::fit(x, y)?);
        }
        Ok(cloud)
    }

    /// Marks the points as a sample of `count` points, with the line through all of
    /// those.
    pub fn as_sample(mut self, count: u64, line: Line) -> Self {
        (self.whole, self.line) = (Some(count), Some(line));
        self
    }

    /// Reduces the detail, for a small chart.
    pub(crate) fn with_detail(mut self, most_points: usize, columns: usize, rows: usize) -> Self {
        self.most_points = most_points;
        self.grid = Grid {
            columns,
            rows,
            counts: Vec::new(),
        };
        self
    }

    /// Adds points.
    ///
    /// # Errors
    ///
    /// [`PlotError::Lengths`], or [`PlotError::NotFinite`] or [`PlotError::Outside`]
    /// for a value that is not between the smallest and the largest.
    pub fn update(&mut self, x: &[f64], y: &[f64]) -> Result<(), PlotError> {
        same_length((&self.x_name, x.len()), (&self.y_name, y.len()))?;
        const BLOCK: usize = 1024;
        let (mut shares_x, mut shares_y) = ([0.0; BLOCK], [0.0; BLOCK]);
        for (x, y) in x.chunks(BLOCK).zip(y.chunks(BLOCK)) {
            let (u, v) = (&mut shares_x[..x.len()], &mut shares_y[..y.len()]);
            for (name, values, ends, shares) in [
                (&self.x_name, x, self.x, &mut *u),
                (&self.y_name, y, self.y, &mut *v),
            ] {
                let (least, most) = ends;
                let per_unit = if most > least {
                    1.0 / (most - least)
                } else {
                    1.0
                };
                // The range may be smaller than the smallest normal number.
                let per_unit = if per_unit.is_finite() { per_unit } else { 0.0 };
                let mut is_inside = true;
                for (value, share) in values.iter().zip(shares) {
                    is_inside &= (least..=most).contains(value);
                    *share = (value - least) * per_unit;
                }
                if !is_inside {
                    let outside = |value: &&f64| !(least..=most).contains(*value);
                    let value = values.iter().find(outside).copied().unwrap_or(f64::NAN);
                    let name = name.clone();
                    return Err(if value.is_finite() {
                        PlotError::Outside {
                            name,
                            value,
                            least,
                            most,
                        }
                    } else {
                        PlotError::NotFinite { name, value }
                    });
                }
            }
            self.sums.merge(&Sums::of(u, v));
            self.add(x.iter().copied().zip(y.iter().copied()));
        }
        self.line = None;
        Ok(())
    }

    /// Adds the points of another cloud of the same columns.
    ///
    /// # Errors
    ///
    /// [`PlotError::OtherColumn`] for a cloud of columns with other names, or with
    /// other smallest and largest values. Nothing is added then.
    pub fn merge(&mut self, other: Self) -> Result<(), PlotError> {
        self.check_same(&other)?;
        self.sums.merge(&other.sums);
        self.line = None;
        if !other.grid.counts.is_empty() {
            self.count_in_cells();
        }
        let counts = self.grid.counts.iter_mut().zip(&other.grid.counts);
        counts.for_each(|(count, more)| *count = count.saturating_add(*more));
        self.add(other.points.into_iter());
        Ok(())
    }

    /// Checks that another cloud has the same columns, and so the same cells.
    pub(crate) fn check_same(&self, other: &Self) -> Result<(), PlotError> {
        for (found, expected) in [
            ((&other.x_name, other.x), (&self.x_name, self.x)),
            ((&other.y_name, other.y), (&self.y_name, self.y)),
        ] {
            if found != expected {
                return Err(PlotError::OtherColumn {
                    found: found.0.clone(),
                    found_ends: found.1,
                    expected: expected.0.clone(),
                    expected_ends: expected.1,
                });
            }
        }
        Ok(())
    }

    /// Keeps the points as they are while they are few.
    fn add(&mut self, points: impl ExactSizeIterator<Item = (f64, f64)>) {
        if self.grid.counts.is_empty() && self.points.len() + points.len() <= self.most_points {
            self.points.extend(points);
        } else {
            self.count_in_cells();
            self.add_to_grid(points);
        }
    }

    /// From now on, only the counts of the cells are kept.
    fn count_in_cells(&mut self) {
        if self.grid.counts.is_empty() {
            self.grid.counts = vec![0; self.grid.columns * self.grid.rows];
            let points = std::mem::take(&mut self.points);
            self.add_to_grid(points.into_iter());
        }
    }

    fn add_to_grid(&mut self, points: impl Iterator<Item = (f64, f64)>) {
        let Grid { columns, rows, .. } = self.grid;
        let ((left, right), (bottom, top)) = self.ranges();
        let cell = |value: f64, (start, end): (f64, f64), cells: usize| {
            let position = (value - start) / (end - start);
            ((position * cells as f64) as usize).min(cells - 1)
        };
        for (x, y) in points {
            let column = cell(x, (left, right), columns);
            let row = cell(y, (bottom, top), rows);
            let count = &mut self.grid.counts[row * columns + column];
            *count = count.saturating_add(1);
        }
    }

    /// The ranges of the axes.
    pub(crate) fn ranges(&self) -> ((f64, f64), (f64, f64)) {
        (with_margin(self.x), with_margin(self.y))
    }

    /// Number of points; for a sample, the number of all points.
    pub fn count(&self) -> u64 {
        self.whole.unwrap_or(self.sums.count as u64)
    }

    /// The least-squares line through the points. The standard deviation around it
    /// is accurate to about 1e-7 of that of y, because blocks are read only once.
    pub fn line(&self) -> Line {
        self.line.unwrap_or_else(|| self.sums.line(self.x, self.y))
    }

    /// The correlation of x and y, from -1 to 1; `None` if one of them is constant.
    pub fn correlation(&self) -> Option<f64> {
        self.sums.correlation()
    }
}

pub(crate) fn same_length(
    (x_name, x): (&str, usize),
    (y_name, y): (&str, usize),
) -> Result<(), PlotError> {
    if x == y {
        Ok(())
    } else {
        Err(PlotError::Lengths {
            x_name: x_name.to_string(),
            x,
            y_name: y_name.to_string(),
            y,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(count: u32) -> (Vec<f64>, Vec<f64>) {
        let x: Vec<f64> = (0..count).map(|i| f64::from(i % 997)).collect();
        let y = x.iter().map(|x| 5.0 - 0.1 * x + (x * 0.05).sin()).collect();
        (x, y)
    }

    #[test]
    fn every_point_is_in_one_cell() {
        let (x, y) = wave(100_000);
        let cloud = Cloud::of("x", &x, "y", &y).unwrap();
        let counts = cloud.grid.counts.iter();
        assert_eq!(counts.map(|count| u64::from(*count)).sum::<u64>(), 100_000);
        assert_eq!(cloud.count(), 100_000);
        assert!(cloud.points.is_empty());
    }

    #[test]
    fn blocks_make_the_same_line_as_all_points_at_once() {
        let (x, y) = wave(10_000);
        let whole = Line::fit(&x, &y).unwrap();
        let (low, high) = (ends(&y), ends(&x));
        let mut cloud = Cloud::new(("x", high.0, high.1), ("y", low.0, low.1)).unwrap();
        for (x, y) in x.chunks(77).zip(y.chunks(77)) {
            cloud.update(x, y).unwrap();
        }
        let line = cloud.line();
        for (found, expected) in [
            (line.slope, whole.slope),
            (line.intercept, whole.intercept),
            (line.residual_std, whole.residual_std),
            (line.explained.unwrap(), whole.explained.unwrap()),
        ] {
            assert!((found / expected - 1.0).abs() < 1e-12, "{found} {expected}");
        }
    }

    #[test]
    fn a_sample_is_drawn_with_the_line_of_all_points() {
        let (x, y) = wave(1000);
        let whole = Line::new(1.0, 2.0, 4.0, Some(0.25));
        let cloud = Cloud::of("x", &x, "y", &y).unwrap();
        let cloud = cloud.as_sample(1_000_000, whole);
        assert_eq!((cloud.count(), cloud.line()), (1_000_000, whole));
        let picture = crate::Picture::scatter_of(&cloud).unwrap();
        assert_eq!(
            picture.title(),
            "x alone explains 25.0 % of the variance of y"
        );
        let svg = picture.svg();
        assert!(
            svg.contains("standard deviation around the line 2; 1,000,000 rows"),
            "{svg}"
        );
        assert_eq!(svg.matches("<circle ").count(), 1000);
    }

    #[test]
    fn refuses_values_outside_of_their_range() {
        let mut cloud = Cloud::new(("x", 0.0, 1.0), ("y", 0.0, 1.0)).unwrap();
        let error = cloud.update(&[2.0], &[1.0]).unwrap_err();
        assert_eq!(error.to_string(), "`x` holds 2, expected 0 to 1");
        let error = cloud.update(&[1.0], &[f64::NAN]).unwrap_err();
        assert_eq!(error.to_string(), "`y` holds NaN, expected finite numbers");
    }

    #[test]
    fn points_of_other_columns_or_ranges_are_not_added() {
        let cloud = |x: &str, most: f64| Cloud::new((x, 0.0, 1.0), ("y", 0.0, most)).unwrap();
        let mut first = cloud("x", 1.0);
        first.update(&[0.5], &[0.5]).unwrap();
        for (mut other, message) in [
            (
                cloud("x", 2.0),
                "points of `y` from 0 to 2, expected those of `y` from 0 to 1",
            ),
            (
                cloud("z", 1.0),
                "points of `z` from 0 to 1, expected those of `x` from 0 to 1",
            ),
        ] {
            other.update(&[0.5], &[0.5]).unwrap();
            let error = first.merge(other).unwrap_err();
            assert_eq!(error.to_string(), message);
            assert_eq!(first.count(), 1);
        }
        let mut same = cloud("x", 1.0);
        same.update(&[0.25], &[0.75]).unwrap();
        first.merge(same).unwrap();
        assert_eq!(first.count(), 2);
    }
}
