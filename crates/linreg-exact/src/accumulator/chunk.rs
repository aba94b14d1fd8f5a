use super::{Accumulator, Arithmetic, MOST_EXPONENT, is_finite, power_of_two};
use crate::products::{Frame, Sums, add_in_double, add_in_double_double};
use crate::{DoubleDouble, ExactError, Figure, Rows};

impl Accumulator {
    /// Adds the products of a chunk of rows, in units that fit its numbers. On an
    /// error, some of the state may have changed.
    pub(super) fn add_chunk(&mut self, rows: &Rows) -> Result<(), ExactError> {
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
            self.try_chunk(rows).ok_or(ExactError::Overflow {
                what: Figure::SumOfProducts,
            })?;
        }
        self.all_rows = self.all_rows.saturating_add(rows.num_rows() as u64);
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
        self.rows = self.rows.saturating_add(counted);
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
    pub(super) fn rescale(&mut self, exponents: Vec<Option<i32>>, weight_exponent: Option<i32>) {
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
}

/// The exponent of the power of two that brings a column near 1. It is even, so that
/// the power for the weights has an exact square root.
fn exponent_of(largest: f64) -> Option<i32> {
    let exponent = || (largest.log2() / 2.0).floor() as i32 * 2;
    (largest > 0.0).then(|| exponent().clamp(-MOST_EXPONENT, MOST_EXPONENT))
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
