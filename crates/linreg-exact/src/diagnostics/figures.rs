use super::durbin_watson::DurbinWatson;
use super::leverage::rest;
use super::sums::ResidualSums;
use super::{Diagnostics, DiagnosticsPass, Robust, RobustCovariance, TargetDiagnostics};
use crate::distributions::chi_squared_tail;
use crate::factor::Factor;
use crate::solution::ROUNDING;
use crate::triangle::Triangle;
use crate::{Collinear, DoubleDouble, ExactError, Solution, Weighting};

impl DiagnosticsPass {
    /// Returns the diagnostics from the sums of all rows.
    ///
    /// # Errors
    ///
    /// [`ExactError::Leverage`] where [`Robust::Hc2`] or [`Robust::Hc3`] divide
    /// by zero, or [`ExactError::Shape`] for the sums of another pass, or if the
    /// solution was changed.
    pub fn diagnostics(&self, sums: &ResidualSums) -> Result<Diagnostics, ExactError> {
        self.solution.check()?;
        self.start().check_same(sums)?;
        let solution = &self.solution;
        let power = self.config.robust.map_or(0, Robust::power);
        if let Some(row) = sums.determining.filter(|_| power > 0) {
            return Err(ExactError::Leverage { row });
        }
        let squares = sums.squares.solve(true, Collinear::Drop);
        let durbin_watson = DurbinWatson::new(&sums.order);
        let targets = sums.targets.iter().enumerate().map(|(target, of_target)| {
            // Residuals that are only rounding have no diagnostics.
            let is_known = Self::freedom(solution, &self.config) > 0.0
                && !solution.targets[target].is_exact
                && !solution.is_constant_target(target);
            let known = |value: f64| if is_known { value } else { f64::NAN };
            let moments = Moments::of(&of_target.powers);
            let (studentised, freedom) = match &squares {
                Ok(squares) => breusch_pagan(squares, target, &of_target.powers),
                Err(_) => (f64::NAN, 0.0),
            };
            let distances = of_target.cooks_distances.list();
            let statistic = (of_target.differences / of_target.powers[2]).high();
            TargetDiagnostics {
                has_counted_rows: sums.is_counted,
                durbin_watson: known(statistic),
                durbin_watson_mean: known(durbin_watson.mean),
                durbin_watson_p: known(durbin_watson.p(statistic)),
                skewness: known(moments.skewness),
                kurtosis: known(moments.kurtosis),
                jarque_bera: known(moments.jarque_bera()),
                jarque_bera_p: known(chi_squared_tail(moments.jarque_bera(), 2.0)),
                breusch_pagan: known(studentised),
                breusch_pagan_degrees_of_freedom: freedom,
                breusch_pagan_p: known(chi_squared_tail(studentised, freedom)),
                cooks_distances: if is_known {
                    distances.to_vec()
                } else {
                    Vec::new()
                },
                robust: self
                    .config
                    .robust
                    .map(|kind| self.covariance(kind, target, sums)),
            }
        });
        Ok(Diagnostics {
            leverages: sums.leverages.list().to_vec(),
            targets: targets.collect(),
        })
    }

    /// The covariance L'^-1 S L^-1, where S are the sums of products in the basis.
    fn covariance(&self, kind: Robust, target: usize, all: &ResidualSums) -> RobustCovariance {
        let sums = &all.targets[target].products;
        let solution = &self.solution;
        let factor = solution.factor();
        let size = factor.kept.len();
        let rows = Self::rows(solution, &self.config);
        let freedom = Self::freedom(solution, &self.config);
        let mut variance = self.deviations[target].powi(2);
        if self.config.weighting == Weighting::Counts {
            // The sums of products have the unit of counts once, and the inverses
            // on both sides once each.
            variance *= 2f64.powi(-solution.weight_unit());
        }
        if kind == Robust::Hc1 {
            variance *= rows / freedom;
        }
        if freedom <= 0.0 || solution.targets[target].is_exact {
            variance = f64::NAN;
        }
        let product = |a: usize, b: usize| sums.row(a.max(b))[a.min(b)];
        // The rows of S L^-1.
        let half: Vec<Vec<DoubleDouble>> = (0..size)
            .map(|a| factor.solve_transposed((0..size).map(|b| product(a, b)).collect()))
            .collect();
        let columns: Vec<Vec<DoubleDouble>> = (0..size)
            .map(|b| factor.solve_transposed(half.iter().map(|row| row[b]).collect()))
            .collect();
        let of_weight = variance * 2f64.powi(solution.weight_unit());
        let pairs = (0..size * size).map(|at| product(at / size, at % size));
        let in_basis = pairs.map(|number| number.high() * of_weight).collect();
        let of_kept = |a: usize, b: usize| columns[b][a] * DoubleDouble::from(variance);
        let numbers = solution.expand(of_kept);
        let error = self.error(kind, target, all);
        let (f, f_error) = self.wald(target, sums, variance, error);
        RobustCovariance {
            kind,
            errors: self.errors(sums, &numbers, variance, error),
            numbers,
            in_basis,
            f,
            f_error,
        }
    }

    /// A bound of the relative errors of the sums of products S.
    fn error(&self, kind: Robust, target: usize, all: &ResidualSums) -> f64 {
        /// Rounding errors per sum: the rows of a block, and 48 for other
        /// operations.
        const ROUNDINGS: f64 = 560.0;
        let solution = &self.solution;
        let of_basis = 4.0 * ROUNDING * self.basis.growth();
        let (residual_sum, _) = solution.scaled_residual_sum(target);
        let of_residuals = solution.predictions_error(target) / residual_sum.high().sqrt();
        let largest = all.leverages.list().first();
        let largest = largest.map_or(1.0, |figure| figure.value);
        let of_leverages = f64::from(kind.power()) * 2.0 * of_basis / rest(largest);
        ROUNDINGS * ROUNDING + 2.0 * of_basis + 2.0 * of_residuals + of_leverages
    }

    /// Bounds of the relative errors of the variances of all coefficients.
    fn errors(&self, sums: &Triangle, numbers: &[f64], variance: f64, error: f64) -> Vec<f64> {
        let solution = &self.solution;
        let inverse = solution.factor().inverse_factor();
        let roots: Vec<f64> = (0..sums.size())
            .map(|a| sums.diagonal(a).high().max(0.0).sqrt())
            .collect();
        let of_kept = |k: usize| {
            let parts = roots.iter().enumerate().skip(k);
            let parts = parts.map(|(a, root)| inverse.get(a, k).high().abs() * root);
            parts.sum()
        };
        let of_kept: Vec<f64> = (0..sums.size()).map(of_kept).collect();
        let size = solution.num_coefficients();
        let of_coefficient = |index: usize| {
            let most = solution.size(index, &of_kept).powi(2) * variance;
            error * most / numbers[index * size + index]
        };
        (0..size).map(of_coefficient).collect()
    }

    /// The Wald statistic b' V^-1 b / k of k weights b with covariance V, and a
    /// bound of its relative error. With c = L' b in the basis, b' V^-1 b is c' S^-1
    /// c / `variance`.
    fn wald(&self, target: usize, products: &Triangle, variance: f64, error: f64) -> (f64, f64) {
        let solution = &self.solution;
        let (factor, basic) = (solution.factor(), solution.basic(target));
        let basic_errors = solution.basic_errors(target);
        let first = usize::from(solution.has_intercept);
        let size = products.size() - first.min(products.size());
        let mut system = Triangle::zeros(size + 1);
        for a in 0..size {
            let row = &products.row(a + first)[first..];
            system.row_mut(a).copy_from_slice(row);
        }
        let lower = |a: usize, b: usize| factor.lower(b, a + first);
        for a in 0..size {
            let terms = (a + first..basic.len()).map(|b| lower(a, b) * basic[b]);
            system.row_mut(size)[a] = terms.sum();
        }
        let solved = Factor::new(&system, 0, size, 0.0, |_| Err(()));
        let Ok(solved) = solved else {
            return (f64::NAN, 0.0);
        };
        if size == 0 {
            return (f64::NAN, 0.0);
        }
        let form = -solved.residual_sum(0).high();
        let (mut of_sums, mut of_estimates) = (0.0, 0.0);
        for (a, number) in solved.estimates(0).iter().enumerate() {
            let number = number.high().abs();
            of_sums += number * system.diagonal(a).high().max(0.0).sqrt();
            let terms =
                (a + first..basic.len()).map(|b| lower(a, b).high().abs() * basic_errors[b]);
            of_estimates += 2.0 * number * terms.sum::<f64>();
        }
        let bound = error * of_sums * of_sums + of_estimates;
        (form / (variance * size as f64), bound / form)
    }
}

/// The Breusch-Pagan statistic and its degrees of freedom, from the regression of
/// the squared residuals on the features; NaN without features, and 0 if all squares
/// are equal.
pub(super) fn breusch_pagan(
    squares: &Solution,
    target: usize,
    powers: &[DoubleDouble; 5],
) -> (f64, f64) {
    /// Rounding error of the total sum, relative to the sum of fourth powers.
    const ROUNDING: f64 = 1e-26;
    let fit = &squares.targets[target];
    let freedom = squares.rank as f64 - 1.0;
    let [rows, .., fourths] = powers.map(DoubleDouble::high);
    let statistic = if freedom <= 0.0 {
        f64::NAN
    } else if fit.total_sum <= ROUNDING * fourths {
        0.0
    } else {
        rows * (1.0 - fit.residual_sum / fit.total_sum).max(0.0)
    };
    (statistic, freedom)
}

/// Moments of residuals about their mean.
pub(super) struct Moments {
    rows: f64,
    skewness: f64,
    kurtosis: f64,
}

impl Moments {
    pub fn of(powers: &[DoubleDouble; 5]) -> Self {
        let raw = powers.map(|sum| sum / powers[0]);
        let times = |factor: f64, number: DoubleDouble| DoubleDouble::from(factor) * number;
        let mean = raw[1];
        let square = mean * mean;
        let second = (raw[2] - square).high();
        let third = raw[3] - times(3.0, mean * raw[2]) + times(2.0, mean * square);
        let fourth = raw[4] - times(4.0, mean * raw[3]) + times(6.0, square * raw[2])
            - times(3.0, square * square);
        Self {
            rows: powers[0].high(),
            skewness: third.high() / second.powf(1.5),
            kurtosis: fourth.high() / (second * second),
        }
    }

    pub fn jarque_bera(&self) -> f64 {
        let excess = self.kurtosis - 3.0;
        self.rows / 6.0 * (self.skewness * self.skewness + excess * excess / 4.0)
    }
}
