use anyhow::{Result, anyhow};
use linreg_data::{
    Column, DataError, EncodedSource, Encoder, EncodingCounts, Feature, Kind, RowChunk, RowPass,
    Rows, Threads,
};
use linreg_exact::{
    Accumulator, Arithmetic, Collinear, DiagnosticsPass, ExactError, Inference, InferenceConfig,
    PredictionErrors, Relation, Robust, SizeLimits, Solution, Weighting,
};
use linreg_model::{Coefficients, ModelFile};
use serde::{Deserialize, Serialize};

use super::Args;
use super::diagnostics::Found;
use super::exact_args::ExactArgs;
use super::refinement::RefinementPass;
use super::ridge::Ridge;
use crate::columns::ColumnArgs;
use crate::number::{count, plain, thousands};

/// The name of a robust covariance, as in `--robust`.
pub fn robust_name(kind: Robust) -> &'static str {
    match kind {
        Robust::Hc0 => "hc0",
        Robust::Hc1 => "hc1",
        Robust::Hc2 => "hc2",
        Robust::Hc3 => "hc3",
    }
}

/// An exact fit, with the inference for each target.
pub struct ExactFit {
    pub solution: Solution,
    pub inferences: Vec<Inference>,
    /// How often the rows were read.
    pub passes: usize,
    /// The robust covariance that the standard errors come from, if any.
    pub robust: Option<Robust>,
    /// Whether row weights are precisions or counts.
    pub weighting: Weighting,
    /// The assumption checks, if they were asked for.
    pub diagnostics: Option<Found>,
    /// The ridge fit, which replaces the least squares estimates.
    pub ridge: Option<Ridge>,
    errors: PredictionErrors,
}

/// Digits that every figure must have: as many as are printed. Digits are known
/// by lower bounds; most figures have far more.
pub const DIGITS: f64 = 6.0;

impl ExactFit {
    /// Solves for the coefficients with the sums of one pass over the rows.
    /// Where these do not give enough digits, reads the rows again.
    pub fn new(
        sums: &Sums,
        passes: usize,
        again: impl Fn() -> Result<EncodedSource>,
        encoder: &Encoder,
        args: &ExactArgs,
        columns: &ColumnArgs,
    ) -> Result<Self> {
        let explain = |error: ExactError| {
            let rows = sums.accumulator.rows();
            explain(error, encoder, columns, rows)
        };
        let solve =
            |accumulator: &Accumulator| accumulator.solve(encoder.intercept(), args.collinear());
        let mut passes = passes;
        let mut accumulator = &sums.accumulator;
        let mut solution = solve(accumulator);
        let config = args.inference()?;
        let is_enough = |solution: &Solution| fewest_digits(solution, &config) >= DIGITS;
        let mut precise = Sums::new(Arithmetic::DoubleDouble, sums.limits);
        if matches!(solution, Err(ExactError::Imprecise))
            || solution.as_ref().is_ok_and(|solution| {
                solution.arithmetic == Arithmetic::Double && !is_enough(solution)
            })
        {
            precise.add(&again()?, encoder)?;
            passes += 1;
            accumulator = &precise.accumulator;
            solution = solve(accumulator);
        }
        let mut solution = solution.map_err(|error| {
            // The solution that drops features tells which ones are linearly
            // dependent.
            let told = (error == ExactError::NearlyCollinear)
                .then(|| accumulator.solve(encoder.intercept(), Collinear::Drop).ok())
                .flatten();
            explain(told.map_or(error, |solution| ExactError::Collinear(solution.relations)))
        })?;
        if !is_enough(&solution) && args.ridge.is_none() {
            let pass = RefinementPass::new(accumulator, args.collinear(), solution);
            solution = again()?.run(&Threads::default(), pass)?.0;
            passes += 1;
        }
        let mut found = None;
        if args.diagnostics || args.robust.is_some() {
            let pass = DiagnosticsPass::new(&solution, &args.diagnostics()?);
            found = Some(Found::new(pass, &again()?, encoder)?);
            passes += 1;
        }
        let robust = found.as_ref().map_or_else(Vec::new, Found::robust);
        let targets = 0..solution.targets.len();
        let inferences: Result<Vec<Inference>, ExactError> = targets
            .map(|target| match robust.get(target) {
                Some(covariance) => Inference::robust(&solution, target, &config, covariance),
                None => Inference::with(&solution, target, &config),
            })
            .collect();
        let errors = PredictionErrors::new(&solution, config.weighting);
        let errors = match robust.is_empty() {
            true => errors,
            false => errors.with_robust(robust),
        };
        let ridge = args
            .ridge
            .as_ref()
            .map(|penalties| Ridge::new(accumulator, &solution, penalties, config.weighting));
        Ok(Self {
            inferences: inferences?,
            ridge: ridge.transpose()?,
            robust: args.robust,
            weighting: config.weighting,
            diagnostics: found.filter(|_| args.diagnostics),
            errors,
            solution,
            passes,
        })
    }

    /// The coefficients as those of a model.
    pub fn coefficients(&self) -> Result<Coefficients> {
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
        let has_freedom = self.errors.degrees_of_freedom > 0.0;
        (self.ridge.is_none() && has_freedom).then_some(&self.errors)
    }

    /// Stores in a model what intervals of its predictions need, or that its
    /// weights are shrunk.
    pub fn store(&self, model: &mut ModelFile) {
        match &self.ridge {
            Some(ridge) => ridge.store(model),
            None => super::intervals::store(&self.errors, self.robust, model),
        }
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

/// The fewest digits that any figure of any target has.
fn fewest_digits(solution: &Solution, config: &InferenceConfig) -> f64 {
    let targets = 0..solution.targets.len();
    let of_target = |target| {
        let inference = Inference::with(solution, target, config);
        inference.map_or(0.0, |inference| inference.fewest_digits())
    };
    targets
        .map(of_target)
        .fold(solution.fewest_digits(), f64::min)
}

/// Explains an error of the fit with the names of the table's columns.
fn explain(error: ExactError, encoder: &Encoder, columns: &ColumnArgs, rows: u64) -> anyhow::Error {
    let ExactError::Collinear(relations) = error else {
        return anyhow!(error);
    };
    let names = encoder.feature_names();
    if rows <= names.len() as u64 {
        return anyhow!(
            "{} do not determine {}{}; use fewer features or more rows, or go on with --collinear drop or --collinear minimum-norm",
            count(rows as usize, "row"),
            count(names.len() + 1, "coefficient"),
            most_levels(encoder, columns)
        );
    }
    let lines = relations_lines(&relations, &names);
    let features = encoder.features();
    let dropped: Vec<&str> = relations
        .iter()
        .map(|r| names[r.feature].as_str())
        .collect();
    let are = if dropped.len() == 1 { "is" } else { "are" };
    let redundant: Vec<&Feature> = relations.iter().map(|r| &features[r.feature]).collect();
    anyhow!(
        "the features are linearly dependent, and `{}` {are} redundant:\n{lines}{}, or go on with --collinear drop or --collinear minimum-norm",
        plain(&dropped.join("`, `")),
        columns.how_to_leave_out(&redundant, encoder.terms())
    )
}

/// The columns with the most levels, and how to leave out the first of them.
fn most_levels(encoder: &Encoder, args: &ColumnArgs) -> String {
    const MOST: usize = 3;
    let levels = |column: &Column| match &column.kind {
        Kind::Categorical { levels, .. } => levels.len(),
        _ => 0,
    };
    let mut columns: Vec<&Column> = encoder.columns().iter().collect();
    columns.retain(|column| levels(column) > 2);
    columns.sort_by_key(|column| std::cmp::Reverse(levels(column)));
    columns.truncate(MOST);
    let Some(first) = columns.first() else {
        return String::new();
    };
    let of_column = |column: &&Column| {
        let levels = count(levels(column), "level");
        format!("`{}` has {levels}", plain(&column.name))
    };
    let listed: Vec<String> = columns.iter().map(of_column).collect();
    let features = encoder.features();
    let of_first = |feature: &&Feature| feature.columns().any(|column| column == first.name);
    let of_first: Vec<&Feature> = features.iter().filter(of_first).collect();
    let how = args.how_to_leave_out(&of_first, encoder.terms());
    format!(": {}; {how}", listed.join(", "))
}

/// A line for each linearly dependent feature.
pub fn relations_lines(relations: &[Relation], names: &[String]) -> String {
    let lines = relations.iter().map(|relation| {
        let what = if relation.terms.is_empty() {
            " in every row"
        } else {
            ""
        };
        format!("  {}{what}\n", plain(&relation.describe(names)))
    });
    lines.collect()
}

/// With so few features, reading a row takes longer than summing it in
/// double-double arithmetic, which is therefore always used.
pub const FEW_FEATURES: usize = 24;

/// The sums over the rows that an exact fit needs.
pub struct Sums {
    arithmetic: Arithmetic,
    limits: Limits,
    pub accumulator: Accumulator,
}

/// The limits of an exact fit.
#[derive(Clone, Copy)]
pub struct Limits {
    size: SizeLimits,
    collinear: Collinear,
    /// The most rows that there can be, if known.
    rows: Option<u64>,
}

/// With more features than this, a fit is refused before any work if the rows
/// are too few to determine the coefficients. With fewer, the work is done,
/// since it tells which features are linearly dependent.
const WIDE: usize = 1000;

impl Limits {
    /// The limits that a command sets for a table of so many rows, if known.
    pub fn new(args: &Args, rows: Option<u64>) -> Self {
        /// MiB that any fit may take: `--memory` is meant for rows, and may be
        /// low.
        const LEAST: u64 = 64;
        let max_features = args.columns.max_features;
        Self {
            size: SizeLimits {
                max_features: max_features.unwrap_or(SizeLimits::MAX_FEATURES),
                max_bytes: args.memory.max(LEAST).saturating_mul(1 << 20),
            },
            collinear: args.exact.collinear(),
            rows,
        }
    }

    fn check(&self, encoder: &Encoder) -> Result<(), DataError> {
        let (features, targets) = (encoder.num_features(), encoder.targets().len());
        let rows = self.rows.filter(|_| features > WIDE);
        let checked = self.size.check(features, targets, rows, self.collinear);
        checked.map_err(|error| {
            const FEWER: &str = "choose fewer with --features, train with --method sgd";
            DataError::Columns(match error {
                ExactError::TooManyFeatures { features, limit } => format!(
                    "{} are more than the {} of an exact fit, whose time grows with their cube; {FEWER}, or allow more with --max-features",
                    count(features, "feature"),
                    thousands(limit)
                ),
                ExactError::TooLarge {
                    features,
                    bytes,
                    limit,
                } => format!(
                    "an exact fit of {} takes about {} MiB, more than the {} of --memory; {FEWER}, or allow more with --memory",
                    count(features, "feature"),
                    thousands(bytes.div_ceil(1 << 20) as usize),
                    thousands((limit >> 20) as usize)
                ),
                ExactError::TooFewRows { rows, coefficients } => format!(
                    "{} do not determine {}; choose fewer features with --features, shrink the weights with --ridge, or train with --method sgd",
                    count(rows as usize, "row"),
                    count(coefficients, "coefficient")
                ),
                error => return data_error(error),
            })
        })
    }
}

impl Sums {
    pub fn new(arithmetic: Arithmetic, limits: Limits) -> Self {
        Self {
            arithmetic,
            limits,
            accumulator: Accumulator::new(0, 1, arithmetic),
        }
    }

    /// Returns the pass that sums up the rows of an encoder, `num_rows` of them if
    /// that is known.
    pub fn pass(
        &mut self,
        encoder: &Encoder,
        num_rows: Option<u64>,
    ) -> Result<SumsPass, DataError> {
        self.limits.rows = num_rows.or(self.limits.rows);
        self.limits.check(encoder)?;
        let features = encoder.num_features();
        let arithmetic = match features <= FEW_FEATURES {
            true => Arithmetic::DoubleDouble,
            false => self.arithmetic,
        };
        Ok(SumsPass {
            features,
            targets: encoder.targets().len(),
            arithmetic,
        })
    }

    /// Sums up all rows of a source.
    pub fn add(&mut self, source: &EncodedSource, encoder: &Encoder) -> Result<EncodingCounts> {
        let pass = self.pass(encoder, None)?;
        let (accumulator, counts) = source.run(&Threads::default(), pass)?;
        self.accumulator = accumulator;
        Ok(counts)
    }
}

/// Sums up the rows that an exact fit needs.
#[derive(Deserialize, Serialize)]
pub struct SumsPass {
    features: usize,
    targets: usize,
    arithmetic: Arithmetic,
}

impl RowPass for SumsPass {
    type State = Accumulator;
    type Output = Accumulator;

    fn name() -> String {
        "sums of an exact fit".to_string()
    }

    fn start(&self) -> Accumulator {
        Accumulator::new(self.features, self.targets, self.arithmetic)
    }

    fn update(&self, sums: &mut Accumulator, rows: &RowChunk) -> Result<(), DataError> {
        let rows = rows_of_chunk(rows).map_err(data_error)?;
        sums.update(&rows).map_err(data_error)
    }

    fn merge(&self, sums: &mut Accumulator, later: Accumulator) -> Result<(), DataError> {
        sums.merge(&later).map_err(data_error)
    }

    fn finish(self, sums: Accumulator) -> Result<Accumulator, DataError> {
        Ok(sums)
    }
}

pub fn data_error(error: ExactError) -> DataError {
    DataError::Columns(error.to_string())
}

/// Rows as the exact fit takes them.
pub fn exact_rows<'a>(
    rows: &'a Rows,
    encoder: &Encoder,
) -> Result<linreg_exact::Rows<'a>, ExactError> {
    rows_of(rows, encoder.feature_names().len(), encoder.targets().len())
}

/// Encoded rows in the form that the exact fit takes.
pub fn rows_of(
    rows: &Rows,
    features: usize,
    targets: usize,
) -> Result<linreg_exact::Rows<'_>, ExactError> {
    linreg_exact::Rows::new(&rows.features, &rows.targets, features, targets)?
        .with_weights(rows.weights.as_deref())?
        .with_tails(rows.tails.as_deref())
}

/// The rows of a pass in the form that the exact fit takes.
pub fn rows_of_chunk<'a>(rows: &RowChunk<'a>) -> Result<linreg_exact::Rows<'a>, ExactError> {
    let (features, targets) = (rows.num_features, rows.num_targets);
    linreg_exact::Rows::new(rows.features, rows.targets, features, targets)?
        .with_weights(rows.weights)?
        .with_tails(rows.tails)
}

/// Returns an error if no rows are left to fit to.
pub fn check_rows(counts: &EncodingCounts) -> Result<(), DataError> {
    match counts.rows == counts.dropped {
        true => Err(DataError::NoRows(" left to fit a model to".to_string())),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests;
