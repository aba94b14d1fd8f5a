use serde::{Deserialize, Serialize};

use crate::products::{Frame, Sums, Triangle, add_in_double, add_in_double_double};
use crate::{DoubleDouble, ExactError, Rows};

/// The arithmetic in which products of columns are computed and added up.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Arithmetic {
    /// 64-bit floats about a centre of each chunk; the sums of the chunks are added
    /// up in double-double. Accurate for all but nearly collinear features.
    #[default]
    Double,
    /// Double-double throughout, 32 digits: about five times slower.
    DoubleDouble,
}

/// All that an exact fit needs to know of any number of rows: the weighted sums
/// of the products of every two columns.
///
/// It learns from chunks of rows and from other accumulators, so threads, files
/// and machines can share the work; serde carries it between them. It keeps
/// (features + targets + 1)² / 2 numbers of 16 bytes.
///
/// # Example
///
/// ```
/// use linreg_exact::{Accumulator, Arithmetic, Collinear, Rows};
///
/// # fn main() -> Result<(), linreg_exact::ExactError> {
/// let mut first = Accumulator::new(1, 1, Arithmetic::Double);
/// first.update(&Rows::new(&[1.0, 2.0], &[3.0, 5.0], 1, 1)?)?;
/// let mut second = Accumulator::new(1, 1, Arithmetic::Double);
/// second.update(&Rows::new(&[3.0, 4.0], &[7.0, 9.0], 1, 1)?)?;
/// first.merge(&second)?;
///
/// let solution = first.solve(true, Collinear::Error)?;
/// let line = &solution.targets[0];
/// assert!((line.estimates[0] - 1.0).abs() < 1e-14);
/// assert!((line.estimates[1] - 2.0).abs() < 1e-14);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Accumulator {
    num_features: usize,
    num_targets: usize,
    arithmetic: Arithmetic,
    /// The least exact arithmetic used so far.
    used: Arithmetic,
    /// Number of rows so far, including those of weight 0, for messages.
    all_rows: u64,
    /// Number of rows with a weight above 0.
    rows: u64,
    sum_of_log_weights: DoubleDouble,
    /// Exponents of the powers of two that the columns are divided by: the ones,
    /// the features, the targets. `None` before the first value that is not 0.
    exponents: Vec<Option<i32>>,
    weight_exponent: Option<i32>,
    /// What is subtracted from each column, in the unit of the data: a value of its
    /// own if it lies far from zero, else 0. `None` before the first row.
    centres: Option<Vec<f64>>,
    sums: Sums,
}

/// Sums of products about one point, and that point.
pub(crate) struct Centred {
    /// Sums of products, in units.
    pub products: Triangle,
    /// The point, in the unit of the data; 0 for the column of ones.
    pub origins: Vec<f64>,
}

/// Number of rows whose products are added up before they are added to the rest.
pub(crate) const CHUNK_ROWS: usize = 8192;

/// The exponent of the power of two that brings a column near 1. It is even, so that
/// the power for the weights has an exact square root.
fn exponent_of(largest: f64) -> Option<i32> {
    const MOST: i32 = 1000;
    let exponent = || (largest.log2() / 2.0).floor() as i32 * 2;
    (largest > 0.0).then(|| exponent().clamp(-MOST, MOST))
}

fn power_of_two(exponent: i32) -> f64 {
    2f64.powi(exponent)
}

impl Accumulator {
    /// Returns an accumulator without rows.
    pub fn new(num_features: usize, num_targets: usize, arithmetic: Arithmetic) -> Self {
        let columns = 1 + num_features + num_targets;
        let mut exponents = vec![None; columns];
        exponents[0] = Some(0);
        Self {
            num_features,
            num_targets,
            arithmetic,
            used: Arithmetic::DoubleDouble,
            all_rows: 0,
            rows: 0,
            sum_of_log_weights: DoubleDouble::ZERO,
            exponents,
            weight_exponent: None,
            centres: None,
            sums: Sums::zeros(columns),
        }
    }

    /// Returns an accumulator without rows that expects numbers of the same size as
    /// this one has seen, so that it need not examine its first rows.
    pub fn another(&self) -> Self {
        Self {
            exponents: self.exponents.clone(),
            weight_exponent: self.weight_exponent,
            centres: self.centres.clone(),
            ..Self::new(self.num_features, self.num_targets, self.arithmetic)
        }
    }

    /// Adds rows.
    ///
    /// # Errors
    ///
    /// [`ExactError::Shape`], [`ExactError::NotFinite`], [`ExactError::Weight`] for
    /// a weight that is negative, NaN or infinite, or [`ExactError::Overflow`].
    pub fn update(&mut self, rows: &Rows) -> Result<(), ExactError> {
        self.check_shape(rows.num_features(), rows.num_targets())?;
        if let Some(counting) = rows.of_weight() {
            // So that the other rows form the same chunks as without these.
            let before = self.all_rows;
            let result = self.update(&counting.rows());
            self.all_rows = before + rows.num_rows() as u64;
            return result.map_err(|error| error.of_rows(before as usize, &counting.numbers));
        }
        for start in (0..rows.num_rows()).step_by(CHUNK_ROWS) {
            let end = rows.num_rows().min(start + CHUNK_ROWS);
            self.add_chunk(&rows.slice(start..end))?;
        }
        Ok(())
    }

    fn check_shape(&self, num_features: usize, num_targets: usize) -> Result<(), ExactError> {
        if (num_features, num_targets) == (self.num_features, self.num_targets) {
            return Ok(());
        }
        Err(ExactError::Shape(format!(
            "rows of {num_features} features and {num_targets} targets, expected {} and {}",
            self.num_features, self.num_targets
        )))
    }

    fn add_chunk(&mut self, rows: &Rows) -> Result<(), ExactError> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        if self.exponents.contains(&None) || self.weight_exponent.is_none() {
            self.check(rows)?;
            self.grow(rows, false);
        }
        if self.centres.is_none() {
            self.centres = Some(centres(rows));
        }
        if self.try_chunk(rows).is_none() {
            // A value that is NaN or infinite, or larger than any before.
            self.check(rows)?;
            self.grow(rows, true);
            self.try_chunk(rows).ok_or_else(|| ExactError::Overflow {
                what: "a sum of products".to_string(),
            })?;
        }
        self.all_rows += rows.num_rows() as u64;
        Ok(())
    }

    fn check(&self, rows: &Rows) -> Result<(), ExactError> {
        rows.check()
            .map_err(|error| error.after(self.all_rows as usize))
    }

    /// Adds the products, and returns `None` if a sum is NaN or infinite.
    fn try_chunk(&mut self, rows: &Rows) -> Option<()> {
        let scales = self.exponents.iter().map(|e| power_of_two(-e.unwrap_or(0)));
        let scales: Vec<f64> = scales.collect();
        let frame = Frame {
            centres: self.centres.as_deref()?,
            scales: &scales,
            weight: power_of_two(-self.weight_exponent.unwrap_or(0)),
        };
        let mut counted = rows.num_rows() as u64;
        let mut logs = DoubleDouble::ZERO;
        if rows.is_weighted() {
            counted = 0;
            for row in 0..rows.num_rows() {
                let weight = rows.weight(row);
                if !(weight.is_finite() && weight >= 0.0) {
                    return None;
                }
                if weight > 0.0 {
                    counted += 1;
                    logs += DoubleDouble::from(weight.ln());
                }
            }
        }
        let mut sums = Sums::zeros(self.exponents.len());
        match self.arithmetic {
            Arithmetic::Double => add_in_double(rows, &frame, &mut sums),
            Arithmetic::DoubleDouble => add_in_double_double(rows, &frame, &mut sums),
        }
        if !is_finite(&sums) {
            return None;
        }
        if counted > 0 {
            self.used = self.used.min(self.arithmetic);
        }
        self.rows += counted;
        self.sum_of_log_weights += logs;
        self.sums.add(&sums);
        Some(())
    }

    /// Sets the exponents of columns that had none; with `all`, also raises those
    /// of columns whose values are larger than any before.
    fn grow(&mut self, rows: &Rows, all: bool) {
        let mut largest = vec![0.0_f64; self.exponents.len()];
        let mut weight: f64 = 0.0;
        for row in (0..rows.num_rows()).filter(|row| rows.weight(*row) > 0.0) {
            weight = weight.max(rows.weight(row));
            let values = rows.features(row).iter().chain(rows.targets(row));
            for (largest, value) in largest[1..].iter_mut().zip(values) {
                *largest = largest.max(value.abs());
            }
        }
        let grown = |old: Option<i32>, largest: f64| match (old, exponent_of(largest)) {
            (None, new) => new,
            (Some(old), Some(new)) if all => Some(old.max(new)),
            (old, _) => old,
        };
        let exponents: Vec<Option<i32>> = self
            .exponents
            .iter()
            .zip(&largest)
            .enumerate()
            .map(|(index, (old, largest))| match index {
                0 => *old,
                _ => grown(*old, *largest),
            })
            .collect();
        let weight_exponent = grown(self.weight_exponent, weight);
        self.rescale(exponents, weight_exponent);
    }

    /// Rescales the sums to other exponents, none of them smaller.
    fn rescale(&mut self, exponents: Vec<Option<i32>>, weight_exponent: Option<i32>) {
        let shift = |old: Option<i32>, new: Option<i32>| old.unwrap_or(0) - new.unwrap_or(0);
        // Sums of columns without an exponent are 0.
        let shifts = self.exponents.iter().zip(&exponents);
        let shifts: Vec<i32> = shifts
            .map(|(old, new)| old.map_or(0, |old| shift(Some(old), *new)))
            .collect();
        let of_weight = self
            .weight_exponent
            .map_or(0, |old| shift(Some(old), weight_exponent));
        if of_weight != 0 || shifts.iter().any(|shift| *shift != 0) {
            // Three factors, each within the range of f64.
            let factor = |shift: i32| power_of_two(shift.max(-1000));
            for i in 0..self.exponents.len() {
                for (j, sum) in self.sums.products.row_mut(i).iter_mut().enumerate() {
                    *sum = sum
                        .scaled(factor(shifts[i]))
                        .scaled(factor(shifts[j]))
                        .scaled(factor(of_weight));
                }
                let squares = [&mut self.sums.squares[i], &mut self.sums.offsets[i]];
                for sum in squares {
                    *sum = *sum * factor(shifts[i]) * factor(shifts[i]) * factor(of_weight);
                }
            }
        }
        self.exponents = exponents;
        self.weight_exponent = weight_exponent;
    }

    /// Adds the rows that another accumulator has learned from.
    ///
    /// # Errors
    ///
    /// Another number of features or targets, or sums beyond the range of
    /// 64-bit floats.
    pub fn merge(&mut self, other: &Self) -> Result<(), ExactError> {
        self.check_shape(other.num_features, other.num_targets)?;
        let larger = |a: &Option<i32>, b: &Option<i32>| (*a).max(*b);
        let exponents = self.exponents.iter().zip(&other.exponents);
        let exponents: Vec<Option<i32>> = exponents.map(|(a, b)| larger(a, b)).collect();
        let weight = larger(&self.weight_exponent, &other.weight_exponent);
        let centres = self.centres.as_ref().or(other.centres.as_ref()).cloned();
        let mut moved;
        let mut other = other;
        let is_same = (&other.exponents, other.weight_exponent) == (&exponents, weight)
            && other.centres.as_ref().or(centres.as_ref()) == centres.as_ref();
        if !is_same {
            moved = other.clone();
            moved.rescale(exponents.clone(), weight);
            if let (Some(from), Some(to)) = (&other.centres, &centres) {
                let by = moved.distances(from, to);
                moved.sums.products.shift(&by);
            }
            other = &moved;
        }
        self.rescale(exponents, weight);
        self.centres = centres;
        self.sums.add(&other.sums);
        self.used = self.used.min(other.used);
        self.all_rows += other.all_rows;
        self.rows += other.rows;
        self.sum_of_log_weights += other.sum_of_log_weights;
        if is_finite(&self.sums) {
            return Ok(());
        }
        Err(ExactError::Overflow {
            what: "a sum of products".to_string(),
        })
    }

    /// The differences `to` - `from` of each column, in units.
    fn distances(&self, from: &[f64], to: &[f64]) -> Vec<DoubleDouble> {
        let distances = from.iter().zip(to).enumerate();
        let distances = distances.map(|(column, (from, to))| {
            DoubleDouble::sum_of(*to, -from).scaled(power_of_two(-self.exponent(column)))
        });
        distances.collect()
    }

    /// The sums about the means, which are rounded to `f64`; about zero without an
    /// intercept.
    pub(crate) fn centred(&self, intercept: bool) -> Centred {
        let size = self.exponents.len();
        let centres = self.centres.clone().unwrap_or_else(|| vec![0.0; size]);
        let mut origins = vec![0.0; size];
        if intercept {
            for (column, origin) in origins.iter_mut().enumerate().skip(1) {
                let sums = self.sums.products.row(column);
                let mean = (sums[0] / self.sums.products.diagonal(0)).high();
                let mean = centres[column] + mean * power_of_two(self.exponent(column));
                *origin = if mean.is_finite() {
                    mean
                } else {
                    centres[column]
                };
            }
        }
        let mut products = self.sums.products.clone();
        products.shift(&self.distances(&centres, &origins));
        Centred { products, origins }
    }

    /// Number of features of a row.
    pub fn num_features(&self) -> usize {
        self.num_features
    }

    /// Number of targets of a row.
    pub fn num_targets(&self) -> usize {
        self.num_targets
    }

    /// Number of rows of a weight above 0.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Number of rows, including those of weight 0.
    pub fn all_rows(&self) -> u64 {
        self.all_rows
    }

    /// The least exact arithmetic used so far.
    pub(crate) fn used(&self) -> Arithmetic {
        self.used
    }

    /// Sums about the centres.
    pub(crate) fn sums(&self) -> &Sums {
        &self.sums
    }

    pub(crate) fn sum_of_log_weights(&self) -> f64 {
        self.sum_of_log_weights.high()
    }

    /// The exponent of a column of the sums; 0 for a column of zeros.
    pub(crate) fn exponent(&self, column: usize) -> i32 {
        self.exponents[column].unwrap_or(0)
    }

    pub(crate) fn weight_exponent(&self) -> i32 {
        self.weight_exponent.unwrap_or(0)
    }
}

/// Whether all sums are finite. A NaN or an infinity spreads over its row and column
/// of the sums, so the diagonal shows it.
fn is_finite(sums: &Sums) -> bool {
    (0..sums.squares.len()).all(|index| sums.products.diagonal(index).is_finite())
}

/// What is subtracted from each column. If all values are within a factor of two of
/// each other, it is the first one: the differences are exact (Sterbenz), and those
/// of a constant are 0. Otherwise it is zero, which loses no digit that matters.
fn centres(rows: &Rows) -> Vec<f64> {
    let values = |row: usize| rows.features(row).iter().chain(rows.targets(row));
    let mut ranges: Vec<(f64, f64)> = values(0).map(|value| (*value, *value)).collect();
    for row in 1..rows.num_rows() {
        for ((least, most), value) in ranges.iter_mut().zip(values(row)) {
            *least = least.min(*value);
            *most = most.max(*value);
        }
    }
    let of_values = values(0).zip(ranges).map(|(first, (least, most))| {
        let is_far = (least > 0.0 && most / 2.0 <= least) || (most < 0.0 && least / 2.0 >= most);
        if is_far { *first } else { 0.0 }
    });
    std::iter::once(0.0).chain(of_values).collect()
}

/// The serialised form of an [`Accumulator`].
#[derive(Deserialize, Serialize)]
struct Stored {
    num_features: usize,
    num_targets: usize,
    arithmetic: Arithmetic,
    used: Arithmetic,
    all_rows: u64,
    rows: u64,
    sum_of_log_weights: DoubleDouble,
    exponents: Vec<Option<i32>>,
    weight_exponent: Option<i32>,
    centres: Option<Vec<f64>>,
    sums: Vec<DoubleDouble>,
    squares: Vec<f64>,
    offsets: Vec<f64>,
    additions: u64,
}

impl Serialize for Accumulator {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Stored {
            num_features: self.num_features,
            num_targets: self.num_targets,
            arithmetic: self.arithmetic,
            used: self.used,
            all_rows: self.all_rows,
            rows: self.rows,
            sum_of_log_weights: self.sum_of_log_weights,
            exponents: self.exponents.clone(),
            weight_exponent: self.weight_exponent,
            centres: self.centres.clone(),
            sums: self.sums.products.numbers().to_vec(),
            squares: self.sums.squares.clone(),
            offsets: self.sums.offsets.clone(),
            additions: self.sums.additions,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Accumulator {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let stored = Stored::deserialize(deserializer)?;
        let columns = stored
            .num_features
            .checked_add(stored.num_targets)
            .and_then(|sum| sum.checked_add(1));
        let lengths = [
            stored.exponents.len(),
            stored.squares.len(),
            stored.offsets.len(),
        ];
        let columns = columns.filter(|columns| {
            let centres = stored.centres.as_ref().map_or(*columns, Vec::len);
            lengths == [*columns; 3] && centres == *columns
        });
        let products = columns.and_then(|columns| Triangle::from_numbers(columns, stored.sums));
        let products =
            products.ok_or_else(|| Error::custom("the sums do not fit the number of columns"))?;
        Ok(Self {
            num_features: stored.num_features,
            num_targets: stored.num_targets,
            arithmetic: stored.arithmetic,
            used: stored.used,
            all_rows: stored.all_rows,
            rows: stored.rows,
            sum_of_log_weights: stored.sum_of_log_weights,
            exponents: stored.exponents,
            weight_exponent: stored.weight_exponent,
            centres: stored.centres,
            sums: Sums {
                products,
                squares: stored.squares,
                offsets: stored.offsets,
                additions: stored.additions,
            },
        })
    }
}
