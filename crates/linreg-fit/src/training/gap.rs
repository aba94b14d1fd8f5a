use linreg_data::{DataError, Encoder, RowChunk, RowPass};
use linreg_exact::{Accumulator, Arithmetic, Collinear, ExactError, Inference, Solution};
use linreg_model::Coefficients;
use linreg_training::{Loss, Metrics, Penalty, TrainingConfig};
use serde::{Deserialize, Serialize};

use crate::exact::SumsPass;

/// How far a trained model is from the exact fit to the same rows, for each
/// target.
#[derive(Clone, Debug)]
pub struct Gap {
    /// The gap of each target.
    pub targets: Vec<TargetGap>,
}

/// How far a trained model is from the exact fit, for one target.
#[derive(Clone, Debug)]
pub struct TargetGap {
    /// Mean squared error of the model.
    pub loss: f64,
    /// Mean squared error of the exact fit.
    pub least_loss: f64,
    /// How far the loss is above the least loss, as a share of it; `None` where
    /// the least loss is 0 up to rounding.
    pub excess: Option<f64>,
    /// The intercept, if there is one, then the weights; `None` where the rows
    /// do not determine the coefficients or their standard errors.
    pub coefficients: Option<Vec<CoefficientGap>>,
}

/// How far a trained coefficient is from the exact one.
#[derive(Clone, Copy, Debug)]
pub struct CoefficientGap {
    /// The exact estimate.
    pub exact: f64,
    /// Its standard error.
    pub std_error: f64,
    /// The trained estimate minus the exact one, in standard errors; NaN for a
    /// constant feature.
    pub std_errors: f64,
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
pub(crate) fn is_possible(config: &TrainingConfig, encoder: &Encoder) -> bool {
    let is_free = config.penalty == Penalty::default() && config.weight_decay == 0.0;
    config.loss == Loss::Squared && is_free && encoder.feature_names().len() <= MOST_FEATURES
}

/// Sums up rows for the exact fit while they are read for something else.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct GapPass(SumsPass);

impl GapPass {
    pub fn new(encoder: &Encoder, arithmetic: Arithmetic) -> Self {
        Self(SumsPass::new(encoder, arithmetic))
    }
}

impl RowPass for GapPass {
    /// The sums; `None` where they are beyond 64-bit floats.
    type State = Option<Accumulator>;
    type Output = Option<Accumulator>;

    fn name() -> String {
        "sums beside a training".to_string()
    }

    fn start(&self) -> Self::State {
        Some(self.0.start())
    }

    fn update(&self, state: &mut Self::State, rows: &RowChunk) -> Result<(), DataError> {
        let added = state.as_mut().map(|sums| self.0.update(sums, rows));
        if let Some(Err(_)) = added {
            *state = None;
        }
        Ok(())
    }

    fn merge(&self, state: &mut Self::State, later: Self::State) -> Result<(), DataError> {
        let merged = match (state.as_mut(), later) {
            (Some(sums), Some(later)) => self.0.merge(sums, later).is_ok(),
            _ => false,
        };
        if !merged {
            *state = None;
        }
        Ok(())
    }

    fn finish(self, state: Self::State) -> Result<Self::State, DataError> {
        Ok(state)
    }
}

impl Gap {
    /// The gap of a model with these metrics on the rows of the sums; `None` where
    /// it is not known.
    ///
    /// # Errors
    ///
    /// [`ExactError::Imprecise`] where the sums must be in double-double.
    pub(crate) fn of(
        sums: Option<Accumulator>,
        intercept: bool,
        coefficients: &Coefficients,
        metrics: &[Metrics],
    ) -> Result<Option<Self>, ExactError> {
        let solution = sums.map(|sums| sums.solve(intercept, Collinear::Drop));
        let solution = match solution {
            Some(Ok(solution)) => solution,
            Some(Err(ExactError::Imprecise)) => return Err(ExactError::Imprecise),
            Some(Err(_)) | None => return Ok(None),
        };
        // A relation without terms is a constant feature, whose weight is 0 in
        // both fits.
        let is_open = solution.relations.iter().any(|r| !r.terms.is_empty());
        let fits = metrics.iter().zip(&solution.targets).enumerate();
        let targets = fits.map(|(target, (metrics, fit))| {
            let is_exact = fit.residual_sum <= NOTHING * fit.total_sum;
            let least_loss = fit.residual_sum / solution.sum_of_weights;
            // Both sums are rounded, so that the excess could be slightly
            // negative.
            let excess = (metrics.mse / least_loss - 1.0).max(0.0);
            let unsure = is_open || is_exact || solution.degrees_of_freedom() == 0;
            let compared = (!unsure).then(|| compare(&solution, target, coefficients));
            Ok(TargetGap {
                loss: metrics.mse,
                least_loss,
                excess: (!is_exact && excess.is_finite()).then_some(excess),
                coefficients: compared.transpose()?,
            })
        });
        Ok(Some(Self {
            targets: targets.collect::<Result<_, ExactError>>()?,
        }))
    }
}

/// The coefficients of a target beside their exact estimates.
fn compare(
    solution: &Solution,
    target: usize,
    trained: &Coefficients,
) -> Result<Vec<CoefficientGap>, ExactError> {
    let num_targets = trained.num_targets();
    let weights = trained.weight()[target..].iter().step_by(num_targets);
    let bias = solution.has_intercept.then(|| &trained.bias()[target]);
    let trained = bias.into_iter().chain(weights);
    let inference = Inference::new(solution, target)?;
    let pairs = inference.coefficients.iter().zip(trained);
    Ok(pairs
        .map(|(exact, trained)| CoefficientGap {
            exact: exact.estimate,
            std_error: exact.std_error,
            std_errors: (trained - exact.estimate) / exact.std_error,
        })
        .collect())
}

impl TargetGap {
    /// The coefficient that is furthest from its exact estimate, in standard
    /// errors.
    pub fn furthest(&self) -> Option<(usize, f64)> {
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
    pub fn is_close(&self) -> Option<bool> {
        let furthest = self.targets.iter().map(TargetGap::furthest);
        let furthest: Option<Vec<(usize, f64)>> = furthest.collect();
        Some(furthest?.iter().all(|(_, distance)| *distance <= CLOSE))
    }
}
