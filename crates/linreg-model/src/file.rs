mod bounded;
mod digest;
mod header;
mod names;
mod read;
mod tensor;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use crate::{Coefficients, Existing, ModelFileError, OutputFile};

pub use names::{NameKind, NamesError};
pub use tensor::{ExpectedShape, NamedTensor};

/// The version of the model file that this crate writes, and the only one that it
/// reads.
pub const FORMAT_VERSION: u64 = 1;

/// The only key that linreg adds to the safetensors header. It is a single key,
/// because the safetensors crate writes several keys in random order, and the
/// same model must give the same bytes.
const HEADER_KEY: &str = "linreg";
const WEIGHT: &str = "weight";
const BIAS: &str = "bias";

/// A linear model as one `.safetensors` file: coefficients, names, metadata.
///
/// The file holds an `F64` tensor `weight` of shape
/// `[num_features, num_targets]`, an `F64` tensor `bias` of shape `[num_targets]`
/// and any further tensors; in the header's `__metadata__`, the key `linreg`
/// holds a JSON object with `format_version`, `feature_names`, `target_names`,
/// `metadata` and a `digest` of all of these and the tensors. The digest shows if
/// a file was changed; a file without one is read unchecked. The file does not
/// depend on the machine or the time: the same model gives the same bytes.
///
/// NumPy reads it with `safetensors.numpy.load_file(path)`, PyTorch with
/// `safetensors.torch.load_file(path)`; then `X @ weight + bias` predicts.
///
/// # Example
///
/// ```
/// use linreg_model::{Coefficients, ModelFile};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("prices.safetensors");
/// let coefficients = Coefficients::new(vec![2.0, -3.4], vec![4.2])?;
/// let mut file = ModelFile::new(coefficients, ["area", "age"], ["price"])?;
/// file.metadata.insert("source".into(), "prices.csv".into());
/// file.save(&path)?;
/// assert_eq!(ModelFile::load(&path)?, file);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ModelFile {
    /// Weights and bias.
    pub coefficients: Coefficients,
    /// One name a feature, in the order of the weight's rows.
    pub feature_names: Vec<String>,
    /// One name a target, in the order of the weight's columns.
    pub target_names: Vec<String>,
    /// Further information as text, by key.
    pub metadata: BTreeMap<String, String>,
    /// Further tensors by name, such as a covariance matrix.
    pub tensors: BTreeMap<String, NamedTensor>,
}

impl ModelFile {
    /// Creates a model file with no metadata and no further tensors.
    ///
    /// # Errors
    ///
    /// [`ModelFileError::Names`] if there is not one distinct, non-empty name
    /// for each feature and each target.
    pub fn new<S: Into<String>, T: Into<String>>(
        coefficients: Coefficients,
        feature_names: impl IntoIterator<Item = S>,
        target_names: impl IntoIterator<Item = T>,
    ) -> Result<Self, ModelFileError> {
        let file = Self {
            coefficients,
            feature_names: feature_names.into_iter().map(Into::into).collect(),
            target_names: target_names.into_iter().map(Into::into).collect(),
            metadata: BTreeMap::new(),
            tensors: BTreeMap::new(),
        };
        file.check_names()?;
        Ok(file)
    }

    /// Reads a model from a file. If the first bytes show that the file is a
    /// table, or its length is not the one in its header, no more than the header
    /// is read.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, is cut short or changed, was not written by
    /// linreg, or has another format version; see [`ModelFileError`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ModelFileError> {
        let file = File::open(path)?;
        let kind = file.metadata()?;
        let length = kind.is_file().then_some(kind.len());
        Self::of_whole(&bounded::read(file, length)?)
    }

    /// Writes the model to a file by an atomic write, which replaces an existing
    /// file; see [`OutputFile`].
    ///
    /// # Errors
    ///
    /// A path that cannot be written, or fields that do not fit together.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), ModelFileError> {
        self.save_to(&OutputFile::new(path, Existing::Replace)?)
    }

    /// Writes the model to an output that was checked before.
    ///
    /// # Errors
    ///
    /// A file that cannot be written, or fields that do not fit together.
    pub fn save_to(&self, output: &OutputFile) -> Result<(), ModelFileError> {
        Ok(output.save(&self.to_bytes()?)?)
    }

    /// Reads a model from the bytes of a file.
    ///
    /// # Errors
    ///
    /// Those of [`load`](Self::load), except those of the file system.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelFileError> {
        Self::of_whole(&bounded::read(bytes, Some(bytes.len() as u64))?)
    }
}
