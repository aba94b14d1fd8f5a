//! The parts of a model file that linreg keeps as text in its metadata.

use std::collections::HashSet;

use linreg_data::{CsvOptions, Encoder, Schema};
use linreg_exact::Weighting;
use linreg_model::{Coefficients, ModelFile, ModelFileError};
use linreg_training::Loss;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::ModelProblem;
use crate::Table;
use crate::encoded_table::EncodedTable;

/// The encoder, as JSON.
pub const ENCODER: &str = "encoder";
/// The schema of the table that the model was fitted to, as JSON.
pub const SCHEMA: &str = "schema";
/// How that table was read, as JSON; absent where all options had their defaults.
pub const READING: &str = "reading";
/// What row weights are: [`COUNTS`]; absent where they are precisions.
pub const WEIGHTS: &str = "weights";
pub const COUNTS: &str = "counts";
/// The configuration of the training, as JSON; absent for an exact fit.
pub const TRAINING: &str = "training";

/// `exact` or `sgd`.
pub const METHOD: &str = "method";
/// The backend and the float type that a model was trained with.
pub const BACKEND: &str = "backend";
/// Number of rows that the model was fitted to.
const ROWS: &str = "rows";
/// The version of linreg that wrote the file.
const VERSION: &str = "linreg";

/// What the metadata of a model file says.
pub(crate) struct Stored {
    pub encoder: Encoder,
    pub schema: Option<Schema>,
    pub reading: CsvOptions,
    pub weighting: Weighting,
    pub loss: Loss,
}

impl Stored {
    /// What there is to say of a model of a table.
    pub fn new(encoded: &EncodedTable, table: &Table, weighting: Weighting, loss: Loss) -> Self {
        Self {
            encoder: encoded.encoder.clone(),
            schema: Some(encoded.schema.clone()),
            reading: table.reading().clone(),
            weighting,
            loss,
        }
    }

    /// A model file that says it.
    pub fn file(
        &self,
        coefficients: Coefficients,
        num_rows: usize,
    ) -> Result<ModelFile, ModelProblem> {
        let (features, targets) = (self.encoder.feature_names(), self.encoder.targets());
        let mut file = ModelFile::new(coefficients, features, targets)?;
        put_json(&mut file, ENCODER, &self.encoder)?;
        put_json(&mut file, SCHEMA, &self.schema)?;
        put(&mut file, ROWS, num_rows);
        put(&mut file, VERSION, env!("CARGO_PKG_VERSION"));
        if self.reading != CsvOptions::default() {
            put_json(&mut file, READING, &self.reading)?;
        }
        if self.weighting == Weighting::Counts {
            put(&mut file, WEIGHTS, COUNTS);
        }
        Ok(file)
    }

    pub fn of(file: &ModelFile) -> Result<Self, ModelProblem> {
        let of = |key: &str| file.metadata.get(key);
        let encoder = encoder(file)?;
        let schema = match of(SCHEMA) {
            None => None,
            Some(text) => Some(parse::<Schema>(text, "schema of its table")?),
        };
        if let Some(schema) = &schema {
            check_schema(schema, &encoder)?;
        }
        let reading = match of(READING) {
            None => CsvOptions::default(),
            Some(text) => parse(text, "way its table was read")?,
        };
        let weighting = match of(WEIGHTS).map(String::as_str) {
            None => Weighting::Precision,
            Some(COUNTS) => Weighting::Counts,
            Some(found) => {
                return Err(ModelProblem::Weights {
                    found: found.to_string(),
                });
            }
        };
        Ok(Self {
            encoder,
            schema,
            reading,
            weighting,
            loss: loss(file)?,
        })
    }
}

/// Returns an error unless each column of the encoder is one of the table.
fn check_schema(schema: &Schema, encoder: &Encoder) -> Result<(), ModelProblem> {
    let known: HashSet<&str> = schema.columns.iter().map(|c| c.name.as_str()).collect();
    let mut names = encoder.columns().iter().map(|column| column.name.as_str());
    match names.find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(name) => Err(ModelProblem::LacksColumn {
            column: name.to_string(),
        }),
    }
}

fn encoder(file: &ModelFile) -> Result<Encoder, ModelProblem> {
    let Some(text) = file.metadata.get(ENCODER) else {
        return Ok(Encoder::of_numbers(&file.feature_names, &file.target_names));
    };
    let encoder: Encoder = parse(text, "encoder")?;
    // The number is compared first, since making the names takes memory.
    if encoder.num_features() != file.feature_names.len()
        || encoder.feature_names() != file.feature_names
        || encoder.targets() != file.target_names
    {
        return Err(ModelProblem::OtherEncoder);
    }
    Ok(encoder)
}

fn loss(file: &ModelFile) -> Result<Loss, ModelProblem> {
    let Some(text) = file.metadata.get(TRAINING) else {
        return Ok(Loss::Squared);
    };
    #[derive(Deserialize)]
    struct Training {
        #[serde(default = "squared")]
        loss: Loss,
    }
    fn squared() -> Loss {
        Loss::Squared
    }
    Ok(parse::<Training>(text, "training")?.loss)
}

/// Reads a JSON text of the metadata.
fn parse<T: DeserializeOwned>(text: &str, part: &'static str) -> Result<T, ModelProblem> {
    serde_json::from_str(text).map_err(|error| ModelProblem::Damaged { part, error })
}

/// Stores a text.
pub fn put(file: &mut ModelFile, key: &str, text: impl ToString) {
    file.metadata.insert(key.to_string(), text.to_string());
}

/// Stores a value as JSON.
pub fn put_json(
    file: &mut ModelFile,
    key: &str,
    value: &impl Serialize,
) -> Result<(), ModelProblem> {
    let text = serde_json::to_string(value).map_err(ModelFileError::Header)?;
    put(file, key, text);
    Ok(())
}
