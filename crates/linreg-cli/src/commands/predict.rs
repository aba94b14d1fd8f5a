use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use arrow_array::{ArrayRef, Float64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use linreg_data::{
    BoundEncoder, Chunk, ChunkOrder, ColumnIndex, DataError, EncodingCounts, MissingPolicy, Passes,
    RowProblem, TableWriter, UnseenPolicy, column_indices, read,
};
use linreg_exact::PredictionErrors;

use super::fit::intervals::{Predictor, caution, in_basis, load};
use crate::columns::{applied_missing, unseen, warn_of_counts};
use crate::input::{SourceArgs, encoder_of, load_model_before_table};
use crate::names::{Names, all};
use crate::number::plain;
use crate::output::Files;
use crate::terminal;

/// Predict for each row of a table
///
/// Writes a column predicted_NAME for each target, a row for each row read, in
/// the same order; with --interval also lower_NAME and upper_NAME, between which
/// the target of such a row lies with that probability, and mean_lower_NAME and
/// mean_upper_NAME, between which the mean of all such rows does. After fit --robust,
/// both use the robust covariance; the one of the row also assumes that the residual
/// variance is the same in all rows.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  linreg predict houses.safetensors new.csv --output predictions.csv
  linreg predict houses.safetensors new.parquet --keep id --output predictions.parquet
  linreg predict houses.safetensors new.csv --interval 0.95
  cat new.csv | linreg predict houses.safetensors -")]
pub struct Args {
    /// Model file that linreg fit wrote
    model: PathBuf,

    #[command(flatten)]
    source: SourceArgs,

    /// File to write, of the format that its extension names: .csv, .parquet,
    /// .arrow [default: CSV to standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Replace the file if it exists
    #[arg(long)]
    force: bool,

    /// Write intervals of this probability, such as 0.95
    #[arg(long, value_name = "PROBABILITY", allow_negative_numbers = true)]
    interval: Option<f64>,

    /// Columns to write beside the predictions
    #[arg(long, value_name = "NAMES")]
    keep: Vec<Names>,

    /// What to do about missing cells: error, drop (no prediction for the row), mean
    /// (of the rows that the model was fitted to) [default: as the model was
    /// fitted]
    #[arg(long, value_name = "POLICY", value_parser = applied_missing)]
    missing: Option<MissingPolicy>,

    /// What to do about levels that the model does not know: error, baseline, or
    /// drop (no prediction) [default: as the model was fitted]
    #[arg(long, value_name = "POLICY", value_parser = unseen)]
    unseen: Option<UnseenPolicy>,
}

pub fn run(args: Args) -> Result<()> {
    let mut files = Files::new(&args.source.paths(), args.force)?;
    files.read(&args.model);
    let output = files.output("predictions", args.output.as_deref())?;
    let format = output.table_format()?;
    let model = load_model_before_table(&args.model)?;
    let mut encoder = encoder_of(&model, &args.model)?;
    if let Some(policy) = args.unseen {
        encoder = encoder.with_unseen(policy);
    }
    if let Some(policy) = args.missing {
        let changed = encoder.with_missing(policy);
        encoder = changed.with_context(|| args.model.display().to_string())?;
    }
    let source = match output.is_file() {
        true => args.source.open_for(&model, Passes::One)?,
        false => args.source.open_quietly_for(&model, Passes::One)?,
    };
    let bound = encoder.bind(source.as_ref(), false);
    let bound = bound.with_context(|| {
        format!(
            "{}: the columns do not match the model {}",
            args.source.name(),
            args.model.display()
        )
    })?;
    let keep = all(&args.keep);
    let kept = column_indices(source.as_ref(), &keep);
    let kept = kept.map_err(|error| args.source.say_where(error))?;
    let intervals = args.interval.map(|probability| {
        let errors = load(&model, encoder.intercept())?;
        let quantile = errors.quantile(probability)?;
        anyhow::Ok(Intervals { errors, quantile })
    });
    let intervals = intervals
        .transpose()
        .with_context(|| args.model.display().to_string())?;
    if let Some(caution) = intervals.as_ref().and_then(|_| caution(&model)) {
        terminal::stderr().warning(caution)?;
    }
    let targets = columns_of(&model.target_names, intervals.is_some());
    let is_kept = ColumnIndex::new(&keep);
    if let Some(name) = targets.iter().find(|name| is_kept.contains(name)) {
        bail!(
            "{}: the column `{}` is the prediction's own name; it cannot be kept",
            args.source.name(),
            plain(name)
        );
    }
    let mut fields: Vec<Field> = kept
        .iter()
        .map(|index| source.schema().field(*index).clone())
        .collect();
    let predicted = targets.iter();
    fields.extend(predicted.map(|name| Field::new(name, DataType::Float64, true)));
    let schema = Arc::new(Schema::new(fields));

    let columns = [bound.columns(), &kept].concat();
    let task = Prediction {
        encoder: bound,
        predictor: Predictor::new(&model, encoder.intercept()),
        num_features: model.feature_names.len(),
        intervals,
        schema: schema.clone(),
        targets: model.target_names.clone(),
    };
    let chunks = read(source.as_ref(), &columns, ChunkOrder::File, move |chunk| {
        task.of(&chunk)
    })?;
    let mut counts = EncodingCounts::default();
    output.write(|file| {
        let mut writer = TableWriter::new(file, format, schema)?;
        for chunk in chunks {
            let (batch, of_chunk) = chunk?;
            counts.merge(&of_chunk);
            writer.write(&batch)?;
        }
        Ok(writer.finish()?)
    })?;
    warn_of_counts(&counts, "")?;
    Ok(())
}

/// The columns that are written for each target.
fn columns_of(targets: &[String], with_intervals: bool) -> Vec<String> {
    let kinds: &[&str] = match with_intervals {
        true => &["predicted", "lower", "upper", "mean_lower", "mean_upper"],
        false => &["predicted"],
    };
    let of_target = |target: &String| {
        kinds
            .iter()
            .map(|kind| format!("{kind}_{target}"))
            .collect()
    };
    targets
        .iter()
        .flat_map::<Vec<String>, _>(of_target)
        .collect()
}

/// What the ends of intervals are computed from.
struct Intervals {
    errors: PredictionErrors,
    quantile: f64,
}

/// The prediction of each chunk of rows.
struct Prediction {
    encoder: BoundEncoder,
    predictor: Predictor,
    num_features: usize,
    intervals: Option<Intervals>,
    schema: Arc<Schema>,
    targets: Vec<String>,
}

impl Prediction {
    fn of(&self, chunk: &Chunk) -> Result<(RecordBatch, EncodingCounts), DataError> {
        let encoded = self.encoder.encode(chunk, None)?;
        let predictions = self.predictor.predict(&encoded.rows);
        let num_targets = self.targets.len();
        let mut columns: Vec<ArrayRef> =
            chunk.batch.columns()[self.encoder.columns().len()..].to_vec();
        for (target, name) in self.targets.iter().enumerate() {
            let mut values = predictions[target.min(predictions.len())..]
                .iter()
                .step_by(num_targets);
            // A row that was left out has no prediction.
            let of_row = |kept: &bool| kept.then(|| values.next().copied()).flatten();
            let values: Vec<Option<f64>> = encoded.kept.iter().map(of_row).collect();
            let overflow = |value: &Option<f64>| value.is_some_and(|value| !value.is_finite());
            if let Some(row) = values.iter().position(overflow) {
                return Err(DataError::Row {
                    place: chunk.origin.place(row),
                    problem: RowProblem::Other(
                        format!(
                            "the predicted {} is beyond 64-bit floats; are its features in the units the model was fitted on?",
                            plain(name)
                        )
                        .into(),
                    ),
                });
            }
            let mut ends = vec![Vec::new(); if self.intervals.is_some() { 4 } else { 0 }];
            if let Some(Intervals { errors, quantile }) = &self.intervals {
                let size = self.num_features;
                let mut starts = (0..).map(|row| row * size);
                for value in values.iter() {
                    let of_row = value.and_then(|value| Some((value, starts.next()?)));
                    let of_row = of_row.map(|(value, start)| {
                        let row = in_basis(errors, &encoded.rows, start..start + size);
                        let found = errors.std_errors(target, &row);
                        let (row, mean) = (quantile * found.row, quantile * found.mean);
                        [value - row, value + row, value - mean, value + mean]
                    });
                    for (index, end) in ends.iter_mut().enumerate() {
                        end.push(of_row.map(|of_row| of_row[index]));
                    }
                }
            }
            columns.push(Arc::new(Float64Array::from(values)));
            for end in ends {
                columns.push(Arc::new(Float64Array::from(end)));
            }
        }
        let batch = RecordBatch::try_new(self.schema.clone(), columns)?;
        Ok((batch, encoded.counts))
    }
}
