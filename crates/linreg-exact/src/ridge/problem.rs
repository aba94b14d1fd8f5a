use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par, Side};

use super::side_by_side::SideBySide;
use super::{RidgeConfig, RidgeFit, RidgePath};
use crate::accumulator::Centred;
use crate::solution::scaled;
use crate::triangle::Triangle;
use crate::{Accumulator, DoubleDouble, ExactError, Figure, Weighting};

/// The sums of products about the means, and the eigenvalues and eigenvectors of the
/// scaled features.
pub(super) struct Problem<'a> {
    sums: &'a Accumulator,
    /// Sums about the rounded means; about zero without an intercept.
    centred: Centred,
    config: &'a RidgeConfig,
    /// Products about the exact means, in units: features, then targets.
    products: Triangle,
    /// For each feature that varies: its index, and its divisor in units.
    kept: Vec<(usize, f64)>,
    /// Exponent of the unit of the penalties, a power of two.
    penalty_unit: i32,
    values: Vec<f64>,
    /// The eigenvectors, a column for each eigenvalue.
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
                let shift = if config.intercept {
                    all.row(a + 1)[0] * all.row(b + 1)[0] / weight
                } else {
                    DoubleDouble::ZERO
                };
                products.row_mut(a)[b] = all.row(a + 1)[b + 1] - shift;
            }
        }
        // A constant column is its own centre, so all its distances are 0.
        let varies = |index: &usize| products.diagonal(*index).high() > 0.0;
        let varying: Vec<usize> = (0..num_features).filter(varies).collect();
        let units = varying.iter().map(|index| sums.exponent(index + 1));
        let largest = if config.standardise {
            0
        } else {
            units.max().unwrap_or(0)
        };
        let scale = |index: usize| {
            if config.standardise {
                (products.diagonal(index) / weight).high().sqrt()
            } else {
                scaled(1.0, largest - sums.exponent(index + 1))
            }
        };
        let kept: Vec<(usize, f64)> = varying
            .iter()
            .map(|index| (*index, scale(*index)))
            .collect();
        if kept.iter().any(|(_, scale)| !scale.is_finite()) {
            return Err(ExactError::Overflow {
                what: Figure::RatioOfUnits,
            });
        }
        let matrix = Mat::from_fn(kept.len(), kept.len(), |a, b| {
            let ((i, of_i), (j, of_j)) = (kept[a], kept[b]);
            products.row(i.max(j))[i.min(j)].high() / of_i / of_j
        });
        let failed = |_| ExactError::Overflow {
            what: Figure::Eigenvalue,
        };
        let (values, vectors) = if kept.is_empty() {
            (Vec::new(), Mat::zeros(0, 0))
        } else {
            let eigen = matrix.self_adjoint_eigen(Side::Lower).map_err(failed)?;
            let values = eigen.S().column_vector().iter().map(|value| value.max(0.0));
            (values.collect(), eigen.U().to_owned())
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

    fn penalties(&self) -> Result<Vec<f64>, ExactError> {
        const PER_DECADE: i32 = 10;
        if !self.config.penalties.is_empty() {
            return Ok(self.config.penalties.clone());
        }
        let steps = -6 * PER_DECADE..=3 * PER_DECADE;
        let largest = scaled(
            self.largest_value().max(f64::MIN_POSITIVE),
            self.penalty_unit,
        );
        if !largest.is_finite() {
            return Err(ExactError::Overflow {
                what: Figure::Eigenvalue,
            });
        }
        let of_step = |step: i32| largest * 10f64.powf(f64::from(step) / f64::from(PER_DECADE));
        let penalties = steps.map(of_step);
        Ok(penalties.filter(|penalty| penalty.is_finite()).collect())
    }

    pub fn path(&self, target: usize) -> Result<RidgePath, ExactError> {
        let mut fits = Vec::new();
        for penalties in self.penalties()?.chunks(SIDE_BY_SIDE) {
            fits.extend(self.fits(target, penalties)?);
        }
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

    /// The fits of some penalties at once: nearly all the time is spent on products
    /// of one matrix with the weights of each penalty.
    fn fits(&self, target: usize, penalties: &[f64]) -> Result<Vec<RidgeFit>, ExactError> {
        let of_units = penalties.iter();
        let of_units: Vec<f64> = of_units
            .map(|penalty| scaled(*penalty, -self.penalty_unit))
            .collect();
        let row = self.sums.num_features() + target;
        let products = |a: usize, b: usize| self.products.row(a.max(b))[a.min(b)];
        // Directions that the rows do not determine get no weight.
        let size = self.kept.len();
        let least = size as f64 * f64::EPSILON * self.largest_value();
        let inverse = |value: f64, of_units: f64| match value + of_units {
            sum if of_units > 0.0 || value > least => 1.0 / sum,
            _ => 0.0,
        };
        let between = |a: usize, b: usize| products(self.kept[a].0, self.kept[b].0);
        // Weights of the features in units, without the scaling.
        let mut weights = SideBySide::zeros(size, penalties.len());
        for _ in 0..STEPS {
            let predicted = weights.product(between);
            let rest = Mat::from_fn(size, penalties.len(), |a, p| {
                let (i, scale) = self.kept[a];
                let own = DoubleDouble::from(of_units[p] * scale * scale) * weights.get(a, p);
                (products(row, i) - predicted.get(a, p) - own).high() / scale
            });
            let mut along = Mat::zeros(size, penalties.len());
            let vectors = self.vectors.as_ref();
            let (replace, one) = (Accum::Replace, Par::Seq);
            matmul(&mut along, replace, vectors.transpose(), &rest, 1.0, one);
            for (k, value) in self.values.iter().enumerate() {
                for (p, of_units) in of_units.iter().enumerate() {
                    along[(k, p)] *= inverse(*value, *of_units);
                }
            }
            let mut step = rest;
            matmul(&mut step, replace, vectors, &along, 1.0, one);
            for (a, (_, scale)) in self.kept.iter().enumerate() {
                for p in 0..penalties.len() {
                    weights.add(a, p, step[(a, p)] / scale);
                }
            }
        }
        let predicted = weights.product(between);
        let of_penalty = |p: usize| {
            let weights: Vec<DoubleDouble> = (0..size).map(|a| weights.get(a, p)).collect();
            let mut residual_sum = products(row, row);
            for (a, ((i, _), weight)) in self.kept.iter().zip(&weights).enumerate() {
                let product = products(row, *i);
                residual_sum += *weight * (predicted.get(a, p) - product - product);
            }
            let values = self.values.iter();
            let shares = values.map(|value| value * inverse(*value, of_units[p]));
            let residual_sum = residual_sum.high().max(0.0);
            self.fit(row, penalties[p], &weights, residual_sum, shares.sum())
        };
        (0..penalties.len()).map(of_penalty).collect()
    }

    /// The fit for a penalty, from weights for features and target in units.
    fn fit(
        &self,
        row: usize,
        penalty: f64,
        weights: &[DoubleDouble],
        residual_sum: f64,
        shares: f64,
    ) -> Result<RidgeFit, ExactError> {
        let constant = usize::from(self.config.intercept);
        let degrees_of_freedom = constant as f64 + shares;
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
            estimates: self.estimates(row, weights)?,
            degrees_of_freedom,
            residual_sum: in_unit(residual_sum),
            r_squared: match self.products.diagonal(row).high() {
                total if total > 0.0 => 1.0 - residual_sum / total,
                _ => f64::NAN,
            },
            cross_validation: if rest > 0.0 {
                in_unit(rows * residual_sum / (rest * rest))
            } else {
                f64::NAN
            },
        })
    }

    /// Returns the intercept and the weights in the units of the data.
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
                what: if index < constant {
                    Figure::Intercept
                } else {
                    Figure::Weight(index - constant)
                },
            }),
        }
    }
}

/// Number of penalties that are fitted at once: as many numbers of each weight fit
/// in the fastest cache.
const SIDE_BY_SIDE: usize = 128;

/// Number of steps: the first solves, the others correct.
const STEPS: usize = 3;
