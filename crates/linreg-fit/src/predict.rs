use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array};
use linreg_data::{BoundEncoder, Chunk, EncodingCounts, Source};
use linreg_exact::{ExactError, PredictionErrors};
use serde::{Deserialize, Serialize};

use crate::{FitError, FittedModel, Predictor, Table};

/// The predictions of some rows.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Predictions {
    /// The predictions of each target.
    pub targets: Vec<TargetPredictions>,
    /// What was done about missing cells and levels that the model does not know.
    pub counts: EncodingCounts,
}

/// The predictions of one target.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct TargetPredictions {
    /// The name of the target.
    pub name: String,
    /// The prediction of each row; `None` for a row that the policies of the
    /// model leave out.
    pub values: Vec<Option<f64>>,
    /// The intervals of each row, if they were asked for.
    pub intervals: Option<Vec<Option<Interval>>>,
}

impl TargetPredictions {
    /// The prediction and the intervals of each row; `None` for a row that is left
    /// out, or without intervals.
    pub fn rows(&self) -> impl Iterator<Item = Option<(f64, Interval)>> {
        let intervals = self.intervals.iter().flatten();
        let rows = self.values.iter().zip(intervals);
        rows.map(|(value, interval)| Some(((*value)?, (*interval)?)))
    }
}

/// Between what a target lies with the probability that was asked for.
///
/// After a fit with robust standard errors, both use the robust covariance; the
/// interval of the row also assumes the same residual variance in all rows.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Interval {
    /// The lower end for the target of such a row.
    pub lower: f64,
    /// The upper end for the target of such a row.
    pub upper: f64,
    /// The lower end for the mean of all such rows.
    pub mean_lower: f64,
    /// The upper end for the mean of all such rows.
    pub mean_upper: f64,
}

/// A model that knows where its columns are in a source, to predict chunks of
/// its rows on any thread.
#[derive(Deserialize, Serialize)]
pub struct BoundModel {
    encoder: BoundEncoder,
    predictor: Predictor,
    targets: Vec<String>,
    intervals: Option<Intervals>,
}

/// What the ends of intervals are computed from.
#[derive(Deserialize, Serialize)]
struct Intervals {
    errors: PredictionErrors,
    quantile: f64,
}

impl FittedModel {
    /// Predicts every row of a table.
    ///
    /// # Errors
    ///
    /// A table that lacks columns of the model or cannot be read, missing cells
    /// or unknown levels where they are errors, or predictions beyond 64-bit
    /// floats.
    pub fn predict(&self, table: &Table) -> Result<Predictions, FitError> {
        self.predict_all(table, None)
    }

    /// Predicts every row of a table, with intervals of a probability such as
    /// 0.95.
    ///
    /// # Errors
    ///
    /// As [`predict`](Self::predict), a model without intervals (see
    /// [`interval_errors`](Self::interval_errors)), or a probability that is not
    /// between 0 and 1.
    pub fn predict_with_intervals(
        &self,
        table: &Table,
        probability: f64,
    ) -> Result<Predictions, FitError> {
        self.predict_all(table, Some(probability))
    }

    fn predict_all(&self, table: &Table, interval: Option<f64>) -> Result<Predictions, FitError> {
        let rows = self.table_predictor(table, interval, &[])?;
        let mut all = Predictions {
            targets: rows.bound().no_rows(),
            counts: EncodingCounts::default(),
        };
        rows.run(&mut |predicted| {
            all.append(predicted.predictions);
            Ok(())
        })?;
        Ok(all)
    }

    /// Finds the columns of the model in a source, to predict its chunks.
    /// `interval` is the probability of the intervals, if there are to be any.
    ///
    /// # Errors
    ///
    /// A column that the source lacks, a model without intervals, or a
    /// probability that is not between 0 and 1.
    pub fn bind(&self, source: &dyn Source, interval: Option<f64>) -> Result<BoundModel, FitError> {
        let intervals = match interval {
            None => None,
            Some(probability) => {
                let errors = self.interval_errors()?.clone();
                let quantile = errors.quantile(probability)?;
                Some(Intervals { errors, quantile })
            }
        };
        Ok(BoundModel {
            encoder: self.encoder().bind(source, false)?,
            predictor: self.predictor().clone(),
            targets: self.target_names().to_vec(),
            intervals,
        })
    }
}

impl BoundModel {
    /// The indices of the columns that a chunk to predict begins with.
    pub fn columns(&self) -> &[usize] {
        self.encoder.columns()
    }

    /// The names of [`Predictions::into_columns`].
    pub fn column_names(&self) -> Vec<String> {
        let kinds: &[&str] = match self.intervals {
            Some(_) => &["predicted", "lower", "upper", "mean_lower", "mean_upper"],
            None => &["predicted"],
        };
        let of_target = |target: &String| -> Vec<String> {
            let names = kinds.iter().map(|kind| format!("{kind}_{target}"));
            names.collect()
        };
        self.targets.iter().flat_map(of_target).collect()
    }

    /// The predictions of no rows.
    fn no_rows(&self) -> Vec<TargetPredictions> {
        let targets = self.targets.iter();
        let of_target = targets.map(|name| TargetPredictions {
            name: name.clone(),
            values: Vec::new(),
            intervals: self.intervals.as_ref().map(|_| Vec::new()),
        });
        of_target.collect()
    }

    /// Predicts the rows of a chunk, whose first columns are
    /// [`columns`](Self::columns).
    ///
    /// # Errors
    ///
    /// As [`FittedModel::predict`].
    pub fn predict(&self, chunk: &Chunk) -> Result<Predictions, FitError> {
        let encoded = self.encoder.encode(chunk, None)?;
        let predictions = self
            .predictor
            .predict(&encoded.rows.features, encoded.rows.tails.as_deref())?;
        let num_features = self.encoder.num_features();
        let num_targets = self.targets.len();
        let mut targets = self.no_rows();
        for (target, of_target) in targets.iter_mut().enumerate() {
            let mut values = predictions[target.min(predictions.len())..]
                .iter()
                .step_by(num_targets);
            let of_row = |kept: &bool| kept.then(|| values.next().copied()).flatten();
            of_target.values = encoded.kept.iter().map(of_row).collect();
            let overflow = |value: &Option<f64>| value.is_some_and(|value| !value.is_finite());
            if let Some(row) = of_target.values.iter().position(overflow) {
                return Err(FitError::PredictionOverflow {
                    place: chunk.origin.place(row),
                    target: of_target.name.clone(),
                });
            }
            if let Some(Intervals { errors, quantile }) = &self.intervals {
                let mut start = 0;
                let of_row = |value: &Option<f64>| {
                    let Some(value) = *value else {
                        return Ok(None);
                    };
                    let at = start..start + num_features;
                    start = at.end;
                    let tails = encoded.rows.tails.as_deref();
                    let tails = tails.map(|tails| &tails[at.clone()]);
                    let row = errors.in_basis(&encoded.rows.features[at], tails)?;
                    let found = errors.std_errors(target, &row)?;
                    let (row, mean) = (quantile * found.row, quantile * found.mean);
                    Ok(Some(Interval {
                        lower: value - row,
                        upper: value + row,
                        mean_lower: value - mean,
                        mean_upper: value + mean,
                    }))
                };
                let intervals = of_target.values.iter().map(of_row);
                of_target.intervals = Some(intervals.collect::<Result<_, ExactError>>()?);
            }
        }
        Ok(Predictions {
            targets,
            counts: encoded.counts,
        })
    }
}

impl Predictions {
    /// Adds the predictions of later rows.
    fn append(&mut self, later: Self) {
        self.counts.merge(&later.counts);
        for (target, later) in self.targets.iter_mut().zip(later.targets) {
            target.values.extend(later.values);
            if let (Some(intervals), Some(later)) = (&mut target.intervals, later.intervals) {
                intervals.extend(later);
            }
        }
    }

    /// The predictions as columns of Arrow, in the order of
    /// [`BoundModel::column_names`].
    pub fn into_columns(self) -> Vec<ArrayRef> {
        let mut columns: Vec<ArrayRef> = Vec::new();
        for target in self.targets {
            columns.push(Arc::new(Float64Array::from(target.values)));
            let Some(intervals) = target.intervals else {
                continue;
            };
            let ends: [fn(&Interval) -> f64; 4] = [
                |interval| interval.lower,
                |interval| interval.upper,
                |interval| interval.mean_lower,
                |interval| interval.mean_upper,
            ];
            for end in ends {
                let of_row = |row: &Option<Interval>| row.as_ref().map(end);
                let values: Float64Array = intervals.iter().map(of_row).collect();
                columns.push(Arc::new(values));
            }
        }
        columns
    }
}
