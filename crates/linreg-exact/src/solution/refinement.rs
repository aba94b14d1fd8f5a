use super::{DOUBLE_DOUBLE_ERROR, Solution};
use crate::products::Scale;
use crate::{DoubleDouble, ExactError, Rows};

/// A second pass over the rows that corrects a [`Solution`]: the products of
/// columns with its residuals, all in double-double.
///
/// One step of iterative refinement (Björck, *Iterative refinement of linear
/// least squares solutions I*, 1967), where errors of the first pass shrink by
/// the factor that it itself had. Its parts merge as those of an
/// [`Accumulator`](crate::Accumulator) do.
#[derive(Clone, Debug)]
pub struct Refinement<'a> {
    solution: &'a Solution,
    /// Of each target, each kept column's products with the residuals.
    products: Vec<Vec<DoubleDouble>>,
    residual_sums: Vec<DoubleDouble>,
}

impl<'a> Refinement<'a> {
    /// A pass that has seen no rows.
    pub fn new(solution: &'a Solution) -> Self {
        let kept = solution.factor.kept.len();
        let targets = solution.targets.len();
        Self {
            solution,
            products: vec![vec![DoubleDouble::ZERO; kept]; targets],
            residual_sums: vec![DoubleDouble::ZERO; targets],
        }
    }

    /// Learns from rows.
    pub fn update(&mut self, rows: &Rows) {
        let solution = self.solution;
        let scales: Vec<f64> = solution.exponents.iter().map(|e| 2f64.powi(-e)).collect();
        let scale = Scale {
            columns: &scales,
            weight: 2f64.powi(-solution.weight_exponent),
        };
        let kept = &solution.factor.kept;
        let num_columns = solution.num_columns();
        let mut values = vec![DoubleDouble::ZERO; kept.len()];
        for row in 0..rows.num_rows() {
            let weight = DoubleDouble::from(rows.weight(row) * scale.weight);
            let (features, tails) = (rows.features(row), rows.tails(row));
            for (value, column) in values.iter_mut().zip(kept) {
                *value = match column {
                    0 => DoubleDouble::from(1.0),
                    _ => {
                        let tail = tails.map_or(0.0, |tails| tails[column - 1]);
                        DoubleDouble::sum_of(features[column - 1], tail)
                            .scaled(scale.columns[*column])
                    }
                };
            }
            let targets = rows.targets(row).iter().enumerate();
            for (target, value) in targets {
                let value = value * scale.columns[num_columns + target];
                let products = values.iter().zip(&solution.targets[target].basic);
                let predicted: DoubleDouble = products.map(|(x, b)| *x * *b).sum();
                let residual = DoubleDouble::from(value) - predicted;
                let weighted = residual * weight;
                for (sum, value) in self.products[target].iter_mut().zip(&values) {
                    *sum += *value * weighted;
                }
                self.residual_sums[target] += residual * weighted;
            }
        }
    }

    /// Learns what another pass over other rows has learned.
    pub fn merge(&mut self, other: &Self) {
        let sums = self.products.iter_mut().flatten();
        for (sum, other) in sums.zip(other.products.iter().flatten()) {
            *sum += *other;
        }
        for (sum, other) in self.residual_sums.iter_mut().zip(&other.residual_sums) {
            *sum += *other;
        }
    }

    /// The corrected solution.
    ///
    /// # Errors
    ///
    /// Coefficients beyond 64-bit floats.
    pub fn solution(&self) -> Result<Solution, ExactError> {
        let mut solution = self.solution.clone();
        solution.refinements += 1;
        let inverse = &self.solution.factor_inverse;
        let kept = solution.factor.kept.len();
        for target in 0..self.products.len() {
            let products = &self.products[target];
            let old = self.solution.targets[target].clone();
            // By how much the errors of the first pass may still be there.
            let fewest = old.digits.iter().fold(16.0_f64, |a, b| a.min(*b));
            let rest = 10f64.powf(-fewest);
            let mut basic = old.basic;
            let mut errors = Vec::with_capacity(kept);
            let mut residual_sum = self.residual_sums[target];
            for a in 0..kept {
                let step: DoubleDouble = (0..kept)
                    .map(|b| inverse.symmetric(a, b) * products[b])
                    .sum();
                basic[a] += step;
                residual_sum -= step * products[a];
                let first = self.solution.errors[target][a];
                errors.push((step.high().abs() * rest).min(first));
            }
            let error_of_sum = DOUBLE_DOUBLE_ERROR * old.scaled_total_sum;
            solution.errors[target] = errors.clone();
            solution.targets[target] = solution.target_fit(
                target,
                basic,
                residual_sum,
                old.scaled_total_sum,
                &errors,
                error_of_sum,
            )?;
        }
        Ok(solution)
    }
}
