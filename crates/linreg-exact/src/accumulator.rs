mod chunk;
mod stored;

use serde::{Deserialize, Serialize};

use crate::products::Sums;
use crate::triangle::Triangle;
use crate::{DoubleDouble, ExactError, Figure, Rows, ShapeError, SizeLimits};

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

/// The largest exponent of a power of two that a column is divided by.
const MOST_EXPONENT: i32 = 1000;

fn power_of_two(exponent: i32) -> f64 {
    2f64.powi(exponent)
}

impl Accumulator {
    /// Returns an accumulator without rows. Where the memory cannot hold its sums and
    /// what solves them, [`update`](Self::update) and [`merge`](Self::merge) return an
    /// error.
    pub fn new(num_features: usize, num_targets: usize, arithmetic: Arithmetic) -> Self {
        let fits = SizeLimits::fits_in_memory(num_features, num_targets);
        Self::with_sums(num_features, num_targets, arithmetic, fits)
    }

    fn with_sums(
        num_features: usize,
        num_targets: usize,
        arithmetic: Arithmetic,
        fits: bool,
    ) -> Self {
        let columns = num_features.checked_add(num_targets);
        let columns = columns.and_then(|columns| columns.checked_add(1));
        let columns = columns.filter(|_| fits);
        let sums = columns.and_then(Sums::of_size).unwrap_or_default();
        let mut exponents = vec![None; sums.squares.len()];
        exponents.iter_mut().take(1).for_each(|one| *one = Some(0));
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
            sums,
        }
    }

    /// Returns an accumulator without rows that expects numbers of the same size as
    /// this one has seen, so that it need not examine its first rows.
    pub fn another(&self) -> Self {
        Self {
            exponents: self.exponents.clone(),
            weight_exponent: self.weight_exponent,
            centres: self.centres.clone(),
            ..Self::with_sums(
                self.num_features,
                self.num_targets,
                self.arithmetic,
                !self.sums.squares.is_empty(),
            )
        }
    }

    /// Adds rows: all of them, or none if there is an error.
    ///
    /// # Errors
    ///
    /// [`ExactError::Shape`], [`ExactError::NotFinite`], [`ExactError::Weight`] for
    /// a weight that is negative, NaN or infinite, [`ExactError::Overflow`], or
    /// [`ExactError::OutOfMemory`].
    pub fn update(&mut self, rows: &Rows) -> Result<(), ExactError> {
        rows.check_shape(self.num_features, self.num_targets)?;
        self.check_memory()?;
        // Sums of no rows are zeros and need no copy.
        let sums = std::mem::take(&mut self.sums);
        let mut total = self.clone();
        if self.all_rows == 0 {
            total.sums = sums;
        } else {
            total.sums = sums.clone();
            self.sums = sums;
        }
        let added = total.add_counting(rows);
        if added.is_ok() {
            *self = total;
        } else if self.all_rows == 0 {
            self.sums = total.sums;
            self.sums.clear();
        }
        added
    }

    /// Adds rows, those of weight 0 only to the number of all rows. On an error, some of
    /// the state may have changed.
    fn add_counting(&mut self, rows: &Rows) -> Result<(), ExactError> {
        let before = self.all_rows;
        if let Some(counting) = rows.of_weight() {
            // So that the other rows form the same chunks as without these.
            let added = self.add(&counting.rows());
            added.map_err(|error| error.of_rows(before as usize, &counting.numbers))?;
        } else {
            self.add(rows)?;
        }
        self.all_rows = before.saturating_add(rows.num_rows() as u64);
        Ok(())
    }

    fn add(&mut self, rows: &Rows) -> Result<(), ExactError> {
        for start in (0..rows.num_rows()).step_by(CHUNK_ROWS) {
            let end = rows.num_rows().min(start + CHUNK_ROWS);
            self.add_chunk(&rows.slice(start..end))?;
        }
        Ok(())
    }

    /// Adds the rows that another accumulator has learned from: all of them, or none
    /// if there is an error.
    ///
    /// # Errors
    ///
    /// [`ExactError::Shape`] for another number of features or targets,
    /// [`ExactError::Overflow`] for sums beyond the range of 64-bit floats, or
    /// [`ExactError::OutOfMemory`].
    pub fn merge(&mut self, other: &Self) -> Result<(), ExactError> {
        self.check_shape(other)?;
        self.check_memory()?;
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
        let mut total = self.clone();
        total.rescale(exponents, weight);
        total.centres = centres;
        total.sums.add(&other.sums);
        total.used = total.used.min(other.used);
        total.all_rows = total.all_rows.saturating_add(other.all_rows);
        total.rows = total.rows.saturating_add(other.rows);
        total.sum_of_log_weights += other.sum_of_log_weights;
        if !is_finite(&total.sums) {
            return Err(ExactError::Overflow {
                what: Figure::SumOfProducts,
            });
        }
        *self = total;
        Ok(())
    }

    fn check_shape(&self, other: &Self) -> Result<(), ExactError> {
        let found = [other.num_features, other.num_targets];
        let expected = [self.num_features, self.num_targets];
        if found == expected {
            return Ok(());
        }
        Err(ShapeError::Sums { found, expected }.into())
    }

    /// Checks that the sums are in memory.
    fn check_memory(&self) -> Result<(), ExactError> {
        if !self.sums.squares.is_empty() {
            return Ok(());
        }
        Err(ExactError::OutOfMemory {
            features: self.num_features,
            targets: self.num_targets,
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
