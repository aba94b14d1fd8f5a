mod intervals;
mod predictor;
mod problem;
mod stored;

use std::path::Path;

use burn::tensor::backend::Backend;
use burn::tensor::{Element, Tensor, TensorData};
use linreg_backend::Outcome;
use linreg_data::{
    ChunkOrder, CsvOptions, DataError, Encoder, MissingPolicy, Schema, UnseenPolicy, read,
};
use linreg_exact::{PredictionErrors, Robust, Weighting};
use linreg_model::{Coefficients, LinearRegression, ModelFile, OutputFile};
use linreg_training::Loss;

use crate::encoded_table::EncodedTable;
use crate::{BackendName, ExactFit, FitError, Table};
pub use predictor::Predictor;
pub use problem::ModelProblem;
use stored::Stored;

/// A model of a table, with all that it takes to apply it to other tables: the
/// encoder that makes features of columns, what intervals need, and how the
/// table was read that it was fitted to.
///
/// It is what [`linreg fit`](https://crates.io/crates/linreg-cli) writes, in one
/// [`ModelFile`].
#[derive(Clone, Debug)]
pub struct FittedModel {
    file: ModelFile,
    encoder: Encoder,
    schema: Option<Schema>,
    reading: CsvOptions,
    loss: Loss,
    weighting: Weighting,
    std_errors: Option<Robust>,
    predictor: Predictor,
}

impl FittedModel {
    /// Takes a model file, and checks all that is stored in it. A file of
    /// coefficients alone predicts from columns of numbers with the names of its
    /// features.
    ///
    /// # Errors
    ///
    /// [`ModelProblem`] if a part of the file is damaged or of another model.
    pub fn new(file: ModelFile) -> Result<Self, ModelProblem> {
        let stored = Stored::of(&file)?;
        Self::with(file, stored)
    }

    /// A model of the exact fit to a table.
    pub(crate) fn of_exact(
        fit: &ExactFit,
        encoded: &EncodedTable,
        table: &Table,
        num_rows: usize,
    ) -> Result<Self, FitError> {
        let coefficients = fit.coefficients()?;
        let (weighting, loss) = (fit.weighting, Loss::Squared);
        let stored = Stored::new(encoded, table, weighting, loss);
        let mut file = stored.file(coefficients, num_rows)?;
        stored::put(&mut file, stored::METHOD, "exact");
        match &fit.ridge {
            Some(ridge) => ridge.store(&mut file),
            None => intervals::store(fit.errors(), fit.robust, &mut file),
        }
        Ok(Self::with(file, stored)?)
    }

    /// A model that was trained on a table.
    pub(crate) fn of_training(
        outcome: &Outcome,
        backend: &BackendName,
        encoded: &EncodedTable,
        table: &Table,
        num_rows: usize,
    ) -> Result<Self, FitError> {
        let loss = outcome.config.loss;
        let stored = Stored::new(encoded, table, Weighting::Precision, loss);
        let mut file = stored.file(outcome.coefficients.clone(), num_rows)?;
        stored::put(&mut file, stored::METHOD, "sgd");
        stored::put(&mut file, stored::BACKEND, backend);
        stored::put_json(&mut file, stored::TRAINING, &outcome.config)?;
        Ok(Self::with(file, stored)?)
    }

    fn with(file: ModelFile, stored: Stored) -> Result<Self, ModelProblem> {
        let errors = intervals::found(&file, stored.encoder.intercept())?;
        Ok(Self {
            predictor: Predictor::new(file.coefficients.clone(), errors),
            std_errors: intervals::std_errors(&file)?,
            encoder: stored.encoder,
            schema: stored.schema,
            reading: stored.reading,
            loss: stored.loss,
            weighting: stored.weighting,
            file,
        })
    }

    /// Reads a model file.
    ///
    /// # Errors
    ///
    /// [`FitError::ModelFile`] for a file that cannot be read, that is no model,
    /// or whose parts do not fit together.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, FitError> {
        let path = path.as_ref();
        let file = ModelFile::load(path).map_err(ModelProblem::from);
        let model = file.and_then(Self::new);
        model.map_err(|problem| FitError::ModelFile {
            file: path.to_path_buf(),
            problem,
        })
    }

    /// Reads a model from the bytes of a model file.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), without the name of a file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FitError> {
        Ok(Self::new(ModelFile::from_bytes(bytes)?)?)
    }

    /// Writes the model to a file, which is there as a whole or not at all, and
    /// replaces one of the same name.
    ///
    /// # Errors
    ///
    /// A path that cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), FitError> {
        Ok(self.file.save(path)?)
    }

    /// Writes the model to an output that was checked before.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub fn save_to(&self, output: &OutputFile) -> Result<(), FitError> {
        Ok(self.file.save_to(output)?)
    }

    /// The model as a file, with the metadata and tensors that it stores.
    pub fn file(&self) -> &ModelFile {
        &self.file
    }

    /// The weights and the bias.
    pub fn coefficients(&self) -> &Coefficients {
        &self.file.coefficients
    }

    /// The names of the features, in the order of the weights.
    pub fn feature_names(&self) -> &[String] {
        &self.file.feature_names
    }

    /// The names of the targets.
    pub fn target_names(&self) -> &[String] {
        &self.file.target_names
    }

    /// The index of the target of this name.
    ///
    /// # Errors
    ///
    /// [`FitError::UnknownTarget`] if there is none.
    pub fn target_index(&self, name: &str) -> Result<usize, FitError> {
        let targets = self.target_names();
        let found = targets.iter().position(|target| target == name);
        found.ok_or_else(|| FitError::UnknownTarget {
            name: name.to_string(),
            targets: targets.into(),
        })
    }

    /// What turns the columns of a table into the features of the model.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// What the columns of the table were that it was fitted to, if known.
    pub fn schema(&self) -> Option<&Schema> {
        self.schema.as_ref()
    }

    /// How the text of that table was read.
    pub fn reading(&self) -> &CsvOptions {
        &self.reading
    }

    /// The loss function that it was fitted with.
    pub fn loss(&self) -> Loss {
        self.loss
    }

    /// What the row weights of its table were.
    pub fn weighting(&self) -> Weighting {
        self.weighting
    }

    /// The kind of its robust standard errors; `None` for the usual ones.
    pub fn std_errors(&self) -> Option<Robust> {
        self.std_errors
    }

    /// What predicts encoded rows.
    pub fn predictor(&self) -> &Predictor {
        &self.predictor
    }

    /// What the intervals of its predictions are computed from.
    ///
    /// # Errors
    ///
    /// [`ModelProblem::Shrunken`] for a ridge fit, and
    /// [`ModelProblem::NoCovariance`] for a trained model or one of no more rows
    /// than coefficients.
    pub fn interval_errors(&self) -> Result<&PredictionErrors, ModelProblem> {
        let is_shrunken = self.file.metadata.contains_key("ridge");
        self.predictor.stored_errors().ok_or(if is_shrunken {
            ModelProblem::Shrunken
        } else {
            ModelProblem::NoCovariance
        })
    }

    /// The model as a module of Burn, on a device.
    pub fn on<B: Backend>(&self, device: &B::Device) -> LinearRegression<B> {
        LinearRegression::from_coefficients(self.coefficients(), device)
    }

    /// The features of every row of a table on a device, `[rows, features]`: what
    /// [`on`](Self::on) predicts from.
    ///
    /// # Errors
    ///
    /// A table that lacks columns of the model or cannot be read, or missing cells
    /// or unknown levels where they are errors.
    pub fn features<B: Backend>(
        &self,
        table: &Table,
        device: &B::Device,
    ) -> Result<Tensor<B, 2>, FitError> {
        let source = table.source().as_ref();
        let in_table = |error: DataError| FitError::from(error).of_table(table.name());
        let bound = self.encoder.bind(source, false).map_err(in_table)?;
        let columns = bound.columns().to_vec();
        let chunks = read(source, &columns, ChunkOrder::File, move |chunk| {
            Ok(bound.encode(&chunk, None)?.rows.features)
        });
        let mut features = Vec::new();
        for chunk in chunks.map_err(in_table)? {
            features.extend(chunk.map_err(in_table)?);
        }
        let width = self.feature_names().len();
        let shape = [features.len() / width.max(1), width];
        let features = TensorData::new(features, shape);
        Ok(Tensor::from_data(features, (device, B::FloatElem::dtype())))
    }

    /// The same model with another policy for levels that it does not know.
    pub fn with_unseen(mut self, policy: UnseenPolicy) -> Self {
        self.encoder = self.encoder.with_unseen(policy);
        self
    }

    /// The same model with another policy for missing cells.
    ///
    /// # Errors
    ///
    /// A policy that needs features or means that the model lacks.
    pub fn with_missing(mut self, policy: MissingPolicy) -> Result<Self, FitError> {
        self.encoder = self.encoder.with_missing(policy)?;
        Ok(self)
    }
}
