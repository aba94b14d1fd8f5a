use linreg_data::{Encoder, Rows};
use linreg_exact::{Accumulator, Arithmetic, Collinear, ExactError, Inference, Solution};
use linreg_model::Coefficients;
use linreg_training::{Loss, Metrics, Penalty, TrainingConfig};
use serde_json::{Value, json};

use super::exact::{FEW_FEATURES, exact_rows};
use super::summary::names;
use crate::number::{plain, significant};

/// How far a trained model is from the exact fit to the same rows, for each
/// target.
pub struct Gap {
    targets: Vec<TargetGap>,
}

struct TargetGap {
    /// Mean squared error of the model and of the exact fit.
    loss: f64,
    least_loss: f64,
    /// How far the loss is above the least loss, as a share of it; `None` where
    /// the least loss is 0 up to rounding.
    excess: Option<f64>,
    /// The intercept, if there is one, then the weights; `None` where the rows
    /// do not determine the coefficients or their standard errors.
    coefficients: Option<Vec<CoefficientGap>>,
}

#[derive(Clone, Copy)]
struct CoefficientGap {
    exact: f64,
    std_error: f64,
    /// The trained estimate minus the exact one, in standard errors; NaN for a
    /// constant feature.
    std_errors: f64,
}

/// Above this many features, the exact fit takes longer than most trainings.
const MOST_FEATURES: usize = 1000;

/// A model whose coefficients are all within this many standard errors of the
/// exact fit says the same about the rows.
const CLOSE: f64 = 0.1;

/// Residuals with no more than this share of the target's sum of squares are
/// rounding.
const NOTHING: f64 = 1e-24;

/// Whether a training can be compared with the exact fit: it minimises the same
/// loss without a penalty, and there are not too many features.
pub fn is_possible(config: &TrainingConfig, encoder: &Encoder) -> bool {
    let is_free = config.penalty == Penalty::default() && config.weight_decay == 0.0;
    config.loss == Loss::Squared && is_free && encoder.feature_names().len() <= MOST_FEATURES
}

/// Sums up rows for the exact fit while they are read for something else.
pub struct GapSums<'a> {
    encoder: &'a Encoder,
    /// The sums, or why there are none.
    accumulator: Result<Accumulator, ExactError>,
}

impl<'a> GapSums<'a> {
    pub fn new(encoder: &'a Encoder, arithmetic: Arithmetic) -> Self {
        let (features, targets) = (encoder.feature_names().len(), encoder.targets().len());
        let arithmetic = match features <= FEW_FEATURES {
            true => Arithmetic::DoubleDouble,
            false => arithmetic,
        };
        Self {
            encoder,
            accumulator: Ok(Accumulator::new(features, targets, arithmetic)),
        }
    }

    pub fn add(&mut self, rows: &Rows) {
        if let Ok(accumulator) = &mut self.accumulator {
            let rows = exact_rows(rows, self.encoder);
            if let Err(error) = rows.and_then(|rows| accumulator.update(&rows)) {
                self.accumulator = Err(error);
            }
        }
    }

    /// The gap of a model with these metrics on the rows.
    ///
    /// # Errors
    ///
    /// [`ExactError::Imprecise`] where the sums must be in double-double, or
    /// numbers beyond 64-bit floats.
    pub fn gap(self, coefficients: &Coefficients, metrics: &[Metrics]) -> Result<Gap, ExactError> {
        let intercept = self.encoder.intercept();
        let solution = self.accumulator?.solve(intercept, Collinear::Drop)?;
        // A relation without terms is a constant feature, whose weight is 0 in
        // both fits.
        let is_open = solution.relations.iter().any(|r| !r.terms.is_empty());
        let targets = metrics.iter().enumerate().map(|(target, metrics)| {
            let fit = &solution.targets[target];
            let is_exact = fit.residual_sum <= NOTHING * fit.total_sum;
            let least_loss = fit.residual_sum / solution.sum_of_weights;
            // Both sums are rounded, so that the excess could be slightly
            // negative.
            let excess = (metrics.mse / least_loss - 1.0).max(0.0);
            let unsure = is_open || is_exact || solution.degrees_of_freedom() == 0;
            TargetGap {
                loss: metrics.mse,
                least_loss,
                excess: (!is_exact && excess.is_finite()).then_some(excess),
                coefficients: (!unsure).then(|| compare(&solution, target, coefficients)),
            }
        });
        Ok(Gap {
            targets: targets.collect(),
        })
    }
}

/// The coefficients of a target beside their exact estimates.
fn compare(solution: &Solution, target: usize, trained: &Coefficients) -> Vec<CoefficientGap> {
    let num_targets = trained.num_targets();
    let weights = trained.weight()[target..].iter().step_by(num_targets);
    let bias = solution.has_intercept.then(|| &trained.bias()[target]);
    let trained = bias.into_iter().chain(weights);
    let inference = Inference::new(solution, target);
    let exact = inference.coefficients.iter();
    exact
        .zip(trained)
        .map(|(exact, trained)| CoefficientGap {
            exact: exact.estimate,
            std_error: exact.std_error,
            std_errors: (trained - exact.estimate) / exact.std_error,
        })
        .collect()
}

impl TargetGap {
    /// The coefficient that is furthest from its exact estimate, in standard
    /// errors.
    fn furthest(&self) -> Option<(usize, f64)> {
        let coefficients = self.coefficients.as_ref()?.iter().enumerate();
        coefficients
            .map(|(index, coefficient)| (index, coefficient.std_errors.abs()))
            .filter(|(_, distance)| distance.is_finite())
            .max_by(|(_, a), (_, b)| a.total_cmp(b))
    }
}

impl Gap {
    /// Whether the model is so close to the exact fit that more training would
    /// not change what it says about the rows; `None` where that is unknown.
    fn is_close(&self) -> Option<bool> {
        let furthest = self.targets.iter().map(TargetGap::furthest);
        let furthest: Option<Vec<(usize, f64)>> = furthest.collect();
        Some(furthest?.iter().all(|(_, distance)| *distance <= CLOSE))
    }

    /// The gap in words, with what to do about it.
    pub fn text(&self, encoder: &Encoder, num_epochs: usize) -> String {
        let names = names(encoder);
        let mut text = "\nHow far from the exact fit\n".to_string();
        for (gap, target) in self.targets.iter().zip(encoder.targets()) {
            if self.targets.len() > 1 {
                text += &format!("  {}\n", plain(target));
            }
            if let Some((index, distance)) = gap.furthest() {
                text += &format!(
                    "  {} standard errors at most, the coefficient `{}`\n",
                    two_digits(distance),
                    plain(&names[index])
                );
            }
            text += &match gap.excess {
                Some(excess) => format!(
                    "  mean squared error {} % above the least possible\n",
                    two_digits(100.0 * excess)
                ),
                None => format!(
                    "  mean squared error {}, the least possible is 0\n",
                    two_digits(gap.loss)
                ),
            };
        }
        text += &match self.is_close() {
            Some(true) => {
                "  Converged: every coefficient is within a tenth of its standard error of the exact fit\n".to_string()
            }
            Some(false) => format!(
                "  Not converged: train longer with --epochs {}, or use --method exact\n",
                num_epochs.saturating_mul(4)
            ),
            None => {
                "  Where no distance in standard errors is given, --method exact shows why\n".to_string()
            }
        };
        text
    }

    /// The gap: an object for one target, an array for several.
    pub fn json(&self, encoder: &Encoder) -> Value {
        let names = names(encoder);
        let of_target = |(gap, target): (&TargetGap, &String)| {
            let furthest = gap.furthest();
            let mut object = json!({
                "loss": gap.loss,
                "least_loss": gap.least_loss,
                "excess_loss": gap.excess,
                "std_errors": furthest.map(|(_, distance)| distance),
                "coefficient": furthest.map(|(index, _)| &names[index]),
            });
            if self.targets.len() > 1 {
                object["target"] = json!(target);
            }
            object
        };
        let targets = self.targets.iter().zip(encoder.targets());
        let mut list: Vec<Value> = targets.map(of_target).collect();
        match list.len() {
            1 => list.remove(0),
            _ => Value::Array(list),
        }
    }

    /// Adds to each coefficient how far it is from its exact estimate.
    pub fn extend_coefficients(&self, encoder: &Encoder, list: &mut Value) {
        let size = names(encoder).len();
        let unknown = CoefficientGap {
            exact: f64::NAN,
            std_error: f64::NAN,
            std_errors: f64::NAN,
        };
        let all = self.targets.iter().flat_map(|gap| match &gap.coefficients {
            Some(coefficients) => coefficients.clone(),
            None => vec![unknown; size],
        });
        for (entry, gap) in list.as_array_mut().into_iter().flatten().zip(all) {
            for (key, value) in [
                ("exact", gap.exact),
                ("std_error", gap.std_error),
                ("std_errors_from_exact", gap.std_errors),
            ] {
                // JSON has no NaN.
                entry[key] = json!(value.is_finite().then_some(value));
            }
        }
    }
}

/// A number to two significant digits.
pub fn two_digits(value: f64) -> String {
    let rounded: f64 = format!("{value:.1e}").parse().unwrap_or(value);
    significant(rounded)
}
