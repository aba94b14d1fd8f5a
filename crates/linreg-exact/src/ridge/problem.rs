use faer::{Mat, Side};

use super::{RidgeConfig, RidgeFit, RidgePath};
use crate::accumulator::Centred;
use crate::products::Triangle;
use crate::solution::scaled;
use crate::{Accumulator, DoubleDouble, ExactError, Weighting};

/// The sums of products about the means, of features that are as long as each
/// other, and their eigenvectors.
pub(super) struct Problem<'a> {
    sums: &'a Accumulator,
    /// About the means, rounded; without an intercept about zero.
    centred: Centred,
    config: &'a RidgeConfig,
    /// About the means, in units; features, then targets.
    products: Triangle,
    /// Of the features that vary: their index, and what they are divided by, in
    /// units.
    kept: Vec<(usize, f64)>,
    /// A penalty is two to the power of this larger in units.
    penalty_unit: i32,
    values: Vec<f64>,
    /// A column for each value.
    vectors: Mat<f64>,
}

impl<'a> Problem<'a> {
    pub fn new(sums: &'a Accumulator, config: &'a RidgeConfig) -> Result<Self, ExactError> {
        let centred = sums.centred(config.intercept);
        let all = &centred.products;
        let num_features = sums.num_features();
        let weight = all.diagonal(0);
        let mut products = Triangle::zeros(all.size() - 1);
        for a in 0..products.size() {
            for b in 0..=a {
                let shift = match config.intercept {
                    true => all.row(a + 1)[0] * all.row(b + 1)[0] / weight,
                    false => DoubleDouble::ZERO,
                };
                products.row_mut(a)[b] = all.row(a + 1)[b + 1] - shift;
            }
        }
        // A constant is its own centre, so nothing is left of it.
        let varies = |index: &usize| products.diagonal(*index).high() > 0.0;
        let varying: Vec<usize> = (0..num_features).filter(varies).collect();
        let units = varying.iter().map(|index| sums.exponent(index + 1));
        let largest = match config.standardise {
            true => 0,
            false => units.max().unwrap_or(0),
        };
        let scale = |index: usize| match config.standardise {
            true => (products.diagonal(index) / weight).high().sqrt(),
            false => scaled(1.0, largest - sums.exponent(index + 1)),
        };
        let kept: Vec<(usize, f64)> = varying
            .iter()
            .map(|index| (*index, scale(*index)))
            .collect();
        if kept.iter().any(|(_, scale)| !scale.is_finite()) {
            return Err(ExactError::Overflow {
                what: "the ratio of two features' units".to_string(),
            });
        }
        let matrix = Mat::from_fn(kept.len(), kept.len(), |a, b| {
            let ((i, of_i), (j, of_j)) = (kept[a], kept[b]);
            products.row(i.max(j))[i.min(j)].high() / of_i / of_j
        });
        let failed = |_| ExactError::Overflow {
            what: "an eigenvalue of the features".to_string(),
        };
        let (values, vectors) = match kept.is_empty() {
            true => (Vec::new(), Mat::zeros(0, 0)),
            false => {
                let eigen = matrix.self_adjoint_eigen(Side::Lower).map_err(failed)?;
                let values = eigen.S().column_vector().iter().map(|value| value.max(0.0));
                (values.collect(), eigen.U().to_owned())
            }
        };
        Ok(Self {
            sums,
            centred,
            config,
            products,
            kept,
            penalty_unit: sums.weight_exponent() + 2 * largest,
            values,
            vectors,
        })
    }

    fn largest_value(&self) -> f64 {
        self.values.iter().copied().fold(0.0, f64::max)
    }

    fn penalties(&self) -> Vec<f64> {
        const PER_DECADE: i32 = 10;
        if !self.config.penalties.is_empty() {
            return self.config.penalties.clone();
        }
        let steps = -6 * PER_DECADE..=3 * PER_DECADE;
        let largest = scaled(
            self.largest_value().max(f64::MIN_POSITIVE),
            self.penalty_unit,
        );
        let of_step = |step: i32| largest * 10f64.powf(f64::from(step) / f64::from(PER_DECADE));
        steps
            .map(of_step)
            .filter(|penalty| penalty.is_finite())
            .collect()
    }

    pub fn path(&self, target: usize) -> Result<RidgePath, ExactError> {
        let fits = self
            .penalties()
            .into_iter()
            .map(|penalty| self.fit(target, penalty));
        let fits = fits.collect::<Result<Vec<RidgeFit>, ExactError>>()?;
        let mut best = 0;
        for (index, fit) in fits.iter().enumerate() {
            let least = &fits[best];
            let is_less = fit.cross_validation < least.cross_validation;
            let is_equal = fit.cross_validation == least.cross_validation;
            if is_less
                || least.cross_validation.is_nan()
                || (is_equal && fit.penalty > least.penalty)
            {
                best = index;
            }
        }
        Ok(RidgePath { fits, best })
    }

    fn fit(&self, target: usize, penalty: f64) -> Result<RidgeFit, ExactError> {
        let of_units = scaled(penalty, -self.penalty_unit);
        let row = self.sums.num_features() + target;
        let products = |a: usize, b: usize| self.products.row(a.max(b))[a.min(b)];
        // Directions that the rows do not determine are not taken.
        let size = self.kept.len();
        let least = size as f64 * f64::EPSILON * self.largest_value();
        let inverse = |value: f64| match value + of_units {
            sum if of_units > 0.0 || value > least => 1.0 / sum,
            _ => 0.0,
        };
        // The weights of the features as they are in units.
        let mut weights = vec![DoubleDouble::ZERO; size];
        for _ in 0..STEPS {
            let rest = |a: usize| {
                let (i, scale) = self.kept[a];
                let predicted = self.kept.iter().zip(&weights);
                let predicted: DoubleDouble = predicted
                    .map(|((j, _), weight)| products(i, *j) * *weight)
                    .sum();
                let own = DoubleDouble::from(of_units * scale * scale) * weights[a];
                (products(row, i) - predicted - own).high() / scale
            };
            let rest: Vec<f64> = (0..size).map(rest).collect();
            let mut step = vec![0.0; size];
            for (k, value) in self.values.iter().enumerate() {
                let product: f64 = (0..size).map(|a| self.vectors[(a, k)] * rest[a]).sum();
                for (a, step) in step.iter_mut().enumerate() {
                    *step += self.vectors[(a, k)] * product * inverse(*value);
                }
            }
            for ((weight, step), (_, scale)) in weights.iter_mut().zip(step).zip(&self.kept) {
                *weight += DoubleDouble::from(step / scale);
            }
        }
        let mut residual_sum = products(row, row);
        for ((i, _), weight) in self.kept.iter().zip(&weights) {
            let predicted = self.kept.iter().zip(&weights);
            let predicted: DoubleDouble = predicted.map(|((j, _), b)| products(*i, *j) * *b).sum();
            let product = products(row, *i);
            residual_sum += *weight * (predicted - product - product);
        }
        let residual_sum = residual_sum.high().max(0.0);
        let shares = self.values.iter().map(|value| value * inverse(*value));
        let constant = usize::from(self.config.intercept);
        let degrees_of_freedom = constant as f64 + shares.sum::<f64>();
        let rows = match self.config.weighting {
            Weighting::Precision => self.sums.rows() as f64,
            Weighting::Counts => scaled(
                self.centred.products.diagonal(0).high(),
                self.sums.weight_exponent(),
            ),
        };
        let unit = self.sums.exponent(1 + row);
        let in_unit =
            |square: f64| scaled(scaled(square, unit), unit + self.sums.weight_exponent());
        let rest = rows - degrees_of_freedom;
        Ok(RidgeFit {
            penalty,
            estimates: self.estimates(row, &weights)?,
            degrees_of_freedom,
            residual_sum: in_unit(residual_sum),
            r_squared: match products(row, row).high() {
                total if total > 0.0 => 1.0 - residual_sum / total,
                _ => f64::NAN,
            },
            cross_validation: match rest > 0.0 {
                true => in_unit(rows * residual_sum / (rest * rest)),
                false => f64::NAN,
            },
        })
    }

    /// The intercept and the weights in the units of the data.
    fn estimates(&self, row: usize, weights: &[DoubleDouble]) -> Result<Vec<f64>, ExactError> {
        let Centred { products, origins } = &self.centred;
        let unit = self.sums.exponent(1 + row);
        let constant = usize::from(self.config.intercept);
        let mut estimates = vec![0.0; constant + self.sums.num_features()];
        // The mean of a column in units.
        let mean = |column: usize| {
            let origin = scaled(origins[column], -self.sums.exponent(column));
            products.row(column)[0] / products.diagonal(0) + DoubleDouble::from(origin)
        };
        let mut intercept = mean(1 + row);
        for ((index, _), weight) in self.kept.iter().zip(weights) {
            intercept -= *weight * mean(1 + index);
            let shift = unit - self.sums.exponent(1 + index);
            estimates[constant + index] = scaled(weight.high(), shift);
        }
        if constant == 1 {
            estimates[0] = scaled(intercept.high(), unit);
        }
        match estimates.iter().position(|estimate| !estimate.is_finite()) {
            None => Ok(estimates),
            Some(index) => Err(ExactError::Overflow {
                what: match index < constant {
                    true => "the intercept".to_string(),
                    false => format!("the weight at index {}", index - constant),
                },
            }),
        }
    }
}

/// The first solves, the others correct.
const STEPS: usize = 3;
