use std::time::Duration;

use anyhow::Result;
use linreg_data::{EncodingCounts, Set};
use linreg_exact::Weighting;
use linreg_model::{Coefficients, ModelFile};
use linreg_training::{EpochRecord, Loss, Metrics, StopReason, TrainingConfig};

use super::exact::ExactFit;
use super::gap::Gap;
use super::intervals::Predictor;
use super::optimum::Optimum;
use super::search::Search;
use super::table::Table;
use crate::input::{COUNTS, ENCODER, SCHEMA, TRAINING, WEIGHTS};

/// A model fitted to the training rows of a split.
pub struct Fitted {
    pub coefficients: Coefficients,
    pub counts: EncodingCounts,
    pub num_rows: usize,
    pub how: How,
    /// The metrics of each target on each set.
    pub sets: Vec<(Set, Vec<Metrics>)>,
}

pub enum How {
    Exact(Box<ExactFit>),
    Trained(Box<Trained>),
}

pub struct Trained {
    pub config: TrainingConfig,
    /// The record of each epoch.
    pub history: Vec<EpochRecord>,
    pub stopped: StopReason,
    pub elapsed: Duration,
    /// The backend in words, its name and its float type.
    pub backend: String,
    pub kind: String,
    pub precision: String,
    /// How far the model is from the exact fit, where that is known.
    pub gap: Option<Gap>,
    /// A bound on how far the objective is above the least possible, where
    /// there is no gap.
    pub optimum: Option<Optimum>,
    pub search: Option<Search>,
}

impl Fitted {
    pub fn on(&self, set: Set) -> &[Metrics] {
        let found = self.sets.iter().find(|(other, _)| *other == set);
        found.map_or(&[], |(_, metrics)| metrics)
    }

    /// The loss that the model was fitted with.
    pub fn loss(&self) -> Loss {
        match &self.how {
            How::Exact(_) => Loss::Squared,
            How::Trained(trained) => trained.config.loss,
        }
    }

    /// A predictor with all digits that the fit has.
    pub fn predictor(&self) -> Predictor {
        let errors = match &self.how {
            How::Exact(fit) => fit.prediction_errors(),
            How::Trained(_) => None,
        };
        Predictor::with(self.coefficients.clone(), errors.cloned())
    }

    pub fn model(&self, table: &Table) -> Result<ModelFile> {
        let mut model = ModelFile::new(
            self.coefficients.clone(),
            table.encoder.feature_names(),
            table.encoder.targets(),
        )?;
        let mut metadata = vec![
            (ENCODER, serde_json::to_string(&table.encoder)?),
            (SCHEMA, serde_json::to_string(&table.schema)?),
            ("rows", self.num_rows.to_string()),
            ("linreg", env!("CARGO_PKG_VERSION").to_string()),
        ];
        match &self.how {
            How::Exact(fit) => {
                metadata.push(("method", "exact".to_string()));
                if fit.weighting == Weighting::Counts {
                    metadata.push((WEIGHTS, COUNTS.to_string()));
                }
                fit.store(&mut model);
            }
            How::Trained(trained) => metadata.extend([
                ("method", "sgd".to_string()),
                ("backend", trained.backend.clone()),
                (TRAINING, serde_json::to_string(&trained.config)?),
            ]),
        }
        for (key, value) in metadata {
            model.metadata.insert(key.to_string(), value);
        }
        Ok(model)
    }
}
