#[cfg(feature = "files")]
mod parts;
#[cfg(all(test, feature = "csv", feature = "parquet"))]
mod tests;

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
#[cfg(feature = "files")]
use linreg_data::EncodingCounts;
use linreg_data::{Chunk, DataError, Pass, SentBatch, column_indices};
use serde::{Deserialize, Serialize};

use crate::exact::data_error;
use crate::{BoundModel, FitError, FittedModel, Predictions, Table};
#[cfg(feature = "files")]
use parts::PartFiles;
#[cfg(feature = "files")]
pub use parts::{PartsProblem, PredictedParts};

/// A model that predicts the rows of one table, beside columns of the table that are
/// kept.
///
/// # Example
///
/// ```
/// use linreg_fit::{Columns, FitConfig, Table};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let table = Table::from_columns([
///     ("id", vec!["a", "b", "c"].into()),
///     ("area", vec![50.0, 60.0, 80.0].into()),
///     ("price", vec![200.0, 240.0, 320.0].into()),
/// ])?;
/// let columns = Columns::formula("price ~ area");
/// let model = FitConfig::of(columns).run(&table)?.model;
/// let predictor = model.table_predictor(&table, None, &["id".to_string()])?;
/// let mut num_rows = 0;
/// predictor.run(&mut |rows| {
///     let batch = rows.into_batch()?;
///     assert_eq!(batch.schema().field(1).name(), "predicted_price");
///     num_rows += batch.num_rows();
///     Ok(())
/// })?;
/// assert_eq!(num_rows, 3);
/// # Ok(())
/// # }
/// ```
pub struct TablePredictor {
    table: Table,
    pass: PredictPass,
    columns: Vec<usize>,
}

impl FittedModel {
    /// Prepares to predict the rows of a table in the order of the table, with memory
    /// that does not grow with it. `interval` is the probability of the intervals, above 0
    /// and below 1, if there are to be any; `keep` names columns of the table to keep.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind), a column to keep that is not there, one whose values are
    /// not read, or one that has the name of a prediction.
    pub fn table_predictor(
        &self,
        table: &Table,
        interval: Option<f64>,
        keep: &[String],
    ) -> Result<TablePredictor, FitError> {
        let in_table = |error: FitError| error.of_table(table.name());
        let source = table.source().as_ref();
        let bound = self.bind(source, interval).map_err(|error| match error {
            FitError::Data(_) => in_table(error),
            of_model => of_model,
        })?;
        let kept = column_indices(source, keep).map_err(|error| in_table(error.into()))?;
        if let Some(at) = kept.iter().find(|at| !source.has_values(**at)) {
            let column = source.schema().field(*at).name().clone();
            return Err(in_table(FitError::KeptWithoutValues { column }));
        }
        let names = bound.column_names();
        if let Some(column) = keep.iter().find(|column| names.contains(column)) {
            let column = column.clone();
            return Err(in_table(FitError::KeptPrediction { column }));
        }
        Ok(TablePredictor {
            columns: [bound.columns(), &kept].concat(),
            table: table.clone(),
            pass: PredictPass {
                bound,
                #[cfg(feature = "files")]
                parts: None,
            },
        })
    }
}

impl TablePredictor {
    pub(crate) fn bound(&self) -> &BoundModel {
        &self.pass.bound
    }

    /// The columns of [`PredictedRows::into_batch`].
    pub fn schema(&self) -> SchemaRef {
        let fields = self.table.source().schema().fields();
        let kept = &self.columns[self.bound().columns().len()..];
        let kept = kept.iter().map(|at| fields[*at].as_ref().clone());
        self.pass.schema_beside(kept)
    }

    /// Predicts all rows, and calls `each` with some of them at a time, in the order of
    /// the table.
    ///
    /// # Errors
    ///
    /// As [`FittedModel::predict`], or what `each` returns, which ends it.
    pub fn run(
        &self,
        each: &mut (dyn FnMut(PredictedRows) -> Result<(), DataError> + Send),
    ) -> Result<(), FitError> {
        let schema = self.schema();
        self.run_groups(&mut |group| {
            group.into_iter().try_for_each(|mut rows| {
                rows.schema = Some(schema.clone());
                each(rows)
            })
        })
    }

    /// Predicts all rows, and calls `each` with the state of each group.
    fn run_groups(
        &self,
        each: &mut (dyn FnMut(Vec<PredictedRows>) -> Result<(), DataError> + Send),
    ) -> Result<(), FitError> {
        let mut problem = None;
        let (engine, source) = (self.table.engine(), self.table.source().as_ref());
        let done = self
            .pass
            .run_in_order(engine, source, &self.columns, &mut |group| {
                each(group).map_err(|error| {
                    problem = Some(error);
                    DataError::Other("nobody takes further rows".into())
                })
            });
        match (problem, done) {
            (Some(error), _) => Err(error.into()),
            (None, done) => done.map_err(|error| FitError::from(error).of_table(self.table.name())),
        }
    }
}

/// Predicted rows of a table, one after the other.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PredictedRows {
    /// The predictions.
    pub predictions: Predictions,
    /// The columns that are kept; None if none is.
    kept: Option<SentBatch>,
    #[serde(skip)]
    schema: Option<SchemaRef>,
}

impl PredictedRows {
    /// The kept columns and those of [`Predictions::into_columns`].
    ///
    /// # Errors
    ///
    /// None that is known: columns that are not as long as each other.
    pub fn into_batch(self) -> Result<RecordBatch, DataError> {
        let mut columns = match self.kept {
            Some(kept) => kept.0.columns().to_vec(),
            None => Vec::new(),
        };
        columns.extend(self.predictions.into_columns());
        let schema = self.schema.unwrap_or_else(|| Arc::new(Schema::empty()));
        Ok(RecordBatch::try_new(schema, columns)?)
    }
}

/// Predicts the rows of a table. Its states are predictions of parts.
#[derive(Deserialize, Serialize)]
pub(crate) struct PredictPass {
    bound: BoundModel,
    /// Where the predictions are written; `None` where they are states.
    #[cfg(feature = "files")]
    parts: Option<PartFiles>,
}

impl Pass for PredictPass {
    type State = Vec<PredictedRows>;
    type Output = Vec<PredictedRows>;

    fn name() -> String {
        "predictions".to_string()
    }

    fn start(&self) -> Self::State {
        Vec::new()
    }

    fn update(&self, state: &mut Self::State, chunk: &Chunk) -> Result<(), DataError> {
        let predictions = self.bound.predict(chunk).map_err(data_error)?;
        state.push(PredictedRows {
            predictions,
            kept: self.kept(chunk)?.map(SentBatch),
            schema: None,
        });
        Ok(())
    }

    #[cfg(feature = "files")]
    fn end_group(&self, state: &mut Self::State, group: u64) -> Result<(), DataError> {
        let Some(parts) = &self.parts else {
            return Ok(());
        };
        let mut rows = std::mem::take(state);
        let mut counts = EncodingCounts::default();
        let schema = self.schema(rows.first());
        for rows in &mut rows {
            counts.merge(&rows.predictions.counts);
            rows.schema = Some(schema.clone());
        }
        parts.write(
            group,
            schema,
            rows.into_iter().map(PredictedRows::into_batch),
        )?;
        state.push(PredictedRows {
            predictions: Predictions {
                targets: Vec::new(),
                counts,
            },
            kept: None,
            schema: None,
        });
        Ok(())
    }

    fn merge(&self, state: &mut Self::State, later: Self::State) -> Result<(), DataError> {
        state.extend(later);
        Ok(())
    }

    fn finish(self, state: Self::State) -> Result<Self::State, DataError> {
        Ok(state)
    }
}

impl PredictPass {
    /// The columns of predicted rows.
    #[cfg(feature = "files")]
    fn schema(&self, rows: Option<&PredictedRows>) -> SchemaRef {
        let kept = rows.and_then(|rows| rows.kept.as_ref());
        let kept = kept.map(|kept| kept.0.schema());
        let kept = kept.iter().flat_map(|kept| kept.fields().iter());
        self.schema_beside(kept.map(|field| field.as_ref().clone()))
    }

    /// The kept columns, followed by those of predictions.
    fn schema_beside(&self, kept: impl Iterator<Item = Field>) -> SchemaRef {
        let names = self.bound.column_names();
        let predicted = names
            .into_iter()
            .map(|name| Field::new(name, DataType::Float64, true));
        Arc::new(Schema::new(kept.chain(predicted).collect::<Vec<_>>()))
    }

    /// The columns of a chunk that follow those of the model.
    fn kept(&self, chunk: &Chunk) -> Result<Option<RecordBatch>, ArrowError> {
        let num_bound = self.bound.columns().len();
        let kept: Vec<usize> = (num_bound..chunk.batch.num_columns()).collect();
        if kept.is_empty() {
            return Ok(None);
        }
        chunk.batch.project(&kept).map(Some)
    }
}
