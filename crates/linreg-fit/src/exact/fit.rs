use linreg_data::{EncodedSource, Encoder};
use linreg_exact::{
    Accumulator, Arithmetic, Collinear, DiagnosticsConfig, ExactError, Inference, Next, Policy,
    PredictionErrors, Robust, Solution, Weighting,
};
use linreg_model::Coefficients;

use super::column_test::ColumnTest;
use super::diagnostics::TableDiagnostics;
use super::ridge::Ridge;
use super::solved::Solved;
use super::sums::Sums;
use super::{ExactConfig, Undetermined};
use crate::FitError;

/// An exact fit, with the inference for each target.
pub struct ExactFit {
    /// The least squares estimates.
    pub solution: Solution,
    /// The statistics of each target.
    pub inferences: Vec<Inference>,
    /// For each target the F test of each categorical column of several weights.
    pub column_tests: Vec<Vec<ColumnTest>>,
    /// How often the rows were read.
    pub passes: usize,
    /// The robust covariance that the standard errors come from, if any.
    pub robust: Option<Robust>,
    /// Whether row weights are precisions or counts.
    pub weighting: Weighting,
    /// The assumption checks, if they were asked for.
    pub diagnostics: Option<TableDiagnostics>,
    /// The ridge fit, which replaces the least squares estimates.
    pub ridge: Option<Ridge>,
    errors: PredictionErrors,
    solved: Solved,
}

impl ExactFit {
    /// Solves for the coefficients with the sums of one pass over the rows.
    /// Where these do not give enough digits, reads the rows again.
    pub(crate) fn new(
        sums: &Sums,
        passes: usize,
        again: impl Fn() -> Result<EncodedSource, FitError>,
        encoder: &Encoder,
        settings: &ExactConfig,
    ) -> Result<Self, FitError> {
        let rows = sums.accumulator.rows();
        let explain = |error: ExactError| Undetermined::explain(error, encoder, rows);
        let solve = |accumulator: &Accumulator| {
            accumulator.solve(encoder.intercept(), settings.collinear())
        };
        let mut passes = passes;
        let config = settings.inference()?;
        // A ridge fit needs digits in the sums: refinement gains none there.
        let policy = Policy {
            inference: config,
            refine: settings.ridge.is_none(),
            ..Policy::default()
        };
        let mut accumulator = sums.accumulator.clone();
        let mut next = policy.next(solve(&accumulator));
        let solved = loop {
            let decided = next.map_err(|error| {
                // The solution that drops features tells which ones are linearly
                // dependent.
                let told = (error == ExactError::NearlyCollinear)
                    .then(|| accumulator.solve(encoder.intercept(), Collinear::Drop).ok())
                    .flatten();
                explain(told.map_or(error, |solution| ExactError::Collinear(solution.relations)))
            })?;
            let solved = |solution| Solved::new(&accumulator, settings.collinear(), solution);
            match decided {
                Next::Done(solution) => break solved(solution),
                Next::Refine(solution) => {
                    let refined = solved(solution).refined(&again()?)?;
                    passes += 1;
                    if policy.is_satisfied(&refined.solution)? {
                        break refined;
                    }
                }
                Next::DoubleDouble => {}
            }
            let precise = Sums::of(&again()?, encoder, Arithmetic::DoubleDouble, sums.limits)?;
            passes += 1;
            accumulator = precise.0.accumulator;
            next = policy.next(solve(&accumulator));
        };
        let mut found = None;
        if settings.diagnostics || settings.robust.is_some() {
            let config = settings.diagnostics();
            found = Some(TableDiagnostics::new(&solved, &config, &again()?)?);
            passes += 1;
        }
        let robust = found
            .as_ref()
            .map_or_else(Vec::new, TableDiagnostics::robust);
        let solution = &solved.solution;
        let targets = 0..solution.targets.len();
        let inferences: Result<Vec<Inference>, ExactError> = targets
            .clone()
            .map(|target| match robust.get(target) {
                Some(covariance) => Inference::robust(solution, target, &config, covariance),
                None => Inference::with(solution, target, &config),
            })
            .collect();
        let inferences = inferences?;
        let column_tests: Result<Vec<Vec<ColumnTest>>, ExactError> = targets
            .map(|target| {
                let (inference, covariance) = (&inferences[target], robust.get(target).copied());
                ColumnTest::all(inference, solution, covariance, encoder)
            })
            .collect();
        let errors = PredictionErrors::new(solution, config.weighting)?;
        let errors = if robust.is_empty() {
            errors
        } else {
            errors.with_robust(robust)?
        };
        let ridge = settings
            .ridge
            .as_ref()
            .map(|penalties| Ridge::new(&accumulator, solution, penalties, config.weighting));
        Ok(Self {
            column_tests: column_tests?,
            inferences,
            ridge: ridge.transpose()?,
            robust: settings.robust,
            weighting: config.weighting,
            diagnostics: found.filter(|_| settings.diagnostics),
            errors,
            solution: solved.solution.clone(),
            solved,
            passes,
        })
    }

    /// Checks the assumptions of the fit in another pass over its rows.
    pub(crate) fn check(&self, rows: &EncodedSource) -> Result<TableDiagnostics, FitError> {
        let config = DiagnosticsConfig {
            weighting: self.weighting,
            ..DiagnosticsConfig::default()
        };
        TableDiagnostics::new(&self.solved, &config, rows)
    }

    /// The coefficients as those of a model.
    ///
    /// # Errors
    ///
    /// A coefficient that is not a finite number.
    pub fn coefficients(&self) -> Result<Coefficients, FitError> {
        let constant = usize::from(self.solution.has_intercept);
        let targets: Vec<&[f64]> = match &self.ridge {
            Some(ridge) => ridge.estimates(),
            None => self
                .solution
                .targets
                .iter()
                .map(|fit| &fit.estimates[..])
                .collect(),
        };
        let size = self.solution.num_coefficients();
        let weight = (constant..size)
            .flat_map(|index| targets.iter().map(move |estimates| estimates[index]))
            .collect();
        let bias = targets.iter().map(|estimates| match constant {
            0 => 0.0,
            _ => estimates[0],
        });
        Ok(Coefficients::new(weight, bias.collect())?)
    }

    /// What predicts with all digits and gives intervals; `None` without
    /// degrees of freedom or with shrunken weights.
    pub fn prediction_errors(&self) -> Option<&PredictionErrors> {
        let has_freedom = self.errors.parts().degrees_of_freedom > 0.0;
        (self.ridge.is_none() && has_freedom).then_some(&self.errors)
    }

    /// What predicts and gives intervals, whatever the degrees of freedom.
    pub(crate) fn errors(&self) -> &PredictionErrors {
        &self.errors
    }

    /// How the figures were computed, in words.
    pub fn method(&self) -> String {
        let arithmetic = match self.solution.arithmetic {
            Arithmetic::Double => "64-bit floats",
            Arithmetic::DoubleDouble => "double-double arithmetic",
        };
        let refined = match self.solution.refinements {
            0 => "",
            _ => ", refined by their residuals",
        };
        format!(
            "normal equations in {arithmetic}{refined}, {}",
            match self.passes {
                1 => "one pass".to_string(),
                passes => format!("{passes} passes"),
            }
        )
    }
}
