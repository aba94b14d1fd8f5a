use super::durbin_watson::DurbinWatson;
use super::sums::{ResidualSums, TargetSums};
use super::{Diagnostics, DiagnosticsPass, Robust, RobustCovariance, TargetDiagnostics};
use crate::distributions::chi_squared_tail;
use crate::factor::Factor;
use crate::products::Triangle;
use crate::{Collinear, DoubleDouble, ExactError, Solution};

impl DiagnosticsPass {
    /// What all rows tell.
    ///
    /// # Errors
    ///
    /// [`ExactError::Leverage`] where [`Robust::Hc2`] or [`Robust::Hc3`] divide
    /// by zero.
    pub fn diagnostics(&self, sums: &ResidualSums) -> Result<Diagnostics, ExactError> {
        let solution = &self.solution;
        let power = self.config.robust.map_or(0, Robust::power);
        if let Some(row) = sums.determining.filter(|_| power > 0) {
            return Err(ExactError::Leverage { row });
        }
        let has_freedom = Self::freedom(solution, &self.config) > 0.0;
        let squares = sums.squares.solve(true, Collinear::Drop);
        let durbin_watson = DurbinWatson::new(&sums.order);
        let targets = sums.targets.iter().enumerate().map(|(target, of_target)| {
            let is_known = has_freedom && !self.is_rounding(target);
            let known = |value: f64| if is_known { value } else { f64::NAN };
            let moments = Moments::of(&of_target.powers);
            let (studentised, freedom) = match &squares {
                Ok(squares) => breusch_pagan(squares, target, &of_target.powers),
                Err(_) => (f64::NAN, 0.0),
            };
            let distances = of_target.cooks_distances.list();
            let statistic = (of_target.differences / of_target.powers[2]).high();
            TargetDiagnostics {
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
                    .map(|kind| self.covariance(kind, target, of_target)),
            }
        });
        Ok(Diagnostics {
            leverages: sums.leverages.list().to_vec(),
            has_counted_rows: sums.is_counted,
            targets: targets.collect(),
        })
    }

    /// Whether residuals are no larger than the rounding of the features and of
    /// the target to 64-bit floats: those of a constant target or of an exact
    /// line.
    fn is_rounding(&self, target: usize) -> bool {
        let solution = &self.solution;
        let (left, total) = (
            solution.scaled_residual_sum(target),
            solution.scaled_total_sum(target),
        );
        let constant = solution.basic(target).first().map_or(0.0, |b| b.high());
        let squares = solution.rows as f64 * constant * constant;
        left <= 1e-24 * total || (solution.has_intercept && total <= 1e-28 * squares)
    }

    /// L'^-1 S L^-1 of the sums S of products in the basis.
    fn covariance(&self, kind: Robust, target: usize, sums: &TargetSums) -> RobustCovariance {
        let solution = &self.solution;
        let factor = solution.factor();
        let size = factor.kept.len();
        let rows = Self::rows(solution, &self.config);
        let freedom = Self::freedom(solution, &self.config);
        let mut variance = self.deviations[target].powi(2);
        if kind == Robust::Hc1 {
            variance *= rows / freedom;
        }
        if freedom <= 0.0 {
            variance = f64::NAN;
        }
        let product = |a: usize, b: usize| sums.products.row(a.max(b))[a.min(b)];
        // Its rows are those of S L^-1.
        let half: Vec<Vec<DoubleDouble>> = (0..size)
            .map(|a| factor.solve_transposed((0..size).map(|b| product(a, b)).collect()))
            .collect();
        let columns: Vec<Vec<DoubleDouble>> = (0..size)
            .map(|b| factor.solve_transposed(half.iter().map(|row| row[b]).collect()))
            .collect();
        RobustCovariance {
            kind,
            numbers: solution.expand(|a, b| columns[b][a].high() * variance),
            f: self.wald(target, &sums.products, variance),
        }
    }

    /// b' V^-1 b / k of the k weights b and their covariance V, in the basis:
    /// where c = L' b, it is c' S^-1 c.
    fn wald(&self, target: usize, products: &Triangle, variance: f64) -> f64 {
        let solution = &self.solution;
        let (factor, basic) = (solution.factor(), solution.basic(target));
        let first = usize::from(solution.has_intercept);
        let size = products.size() - first.min(products.size());
        let mut system = Triangle::zeros(size + 1);
        for a in 0..size {
            let row = &products.row(a + first)[first..];
            system.row_mut(a).copy_from_slice(row);
        }
        for a in 0..size {
            let terms = (a + first..basic.len()).map(|b| factor.lower(b, a + first) * basic[b]);
            system.row_mut(size)[a] = terms.sum();
        }
        let solved = Factor::new(&system, 0, size, 0.0, |_| Err(()));
        match solved {
            Ok(solved) if size > 0 => -solved.residual_sum(0).high() / (variance * size as f64),
            _ => f64::NAN,
        }
    }
}

/// The statistic and its degrees of freedom, of the squared residuals' regression
/// on the features; NaN without features, and 0 of squares that are all equal.
pub(super) fn breusch_pagan(
    squares: &Solution,
    target: usize,
    powers: &[DoubleDouble; 5],
) -> (f64, f64) {
    /// Of the sum of fourth powers, what rounding leaves.
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

/// Of residuals, about their mean.
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
