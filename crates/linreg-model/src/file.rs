mod bounded;
mod digest;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};

use crate::{Coefficients, Existing, ModelFileError, OutputFile};

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

/// A further tensor of a [`ModelFile`].
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// Values, row-major.
    pub values: Vec<f64>,
}

#[derive(Deserialize, Serialize)]
struct Header {
    format_version: u64,
    feature_names: Vec<String>,
    target_names: Vec<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    /// Digest of names, metadata and tensors. Older files have none.
    #[serde(default)]
    digest: Option<String>,
}

/// The version is read first, because another version may have changed the other
/// fields.
#[derive(Deserialize)]
struct Version {
    format_version: u64,
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

    /// Returns the bytes of the file.
    ///
    /// # Errors
    ///
    /// Fields that were changed so that they no longer fit together, or names
    /// that take too many bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelFileError> {
        self.check_names()?;
        let header = serde_json::to_string(&Header {
            format_version: FORMAT_VERSION,
            feature_names: self.feature_names.clone(),
            target_names: self.target_names.clone(),
            metadata: self.metadata.clone(),
            digest: Some(self.digest()),
        })
        .map_err(ModelFileError::Header)?;

        let (num_features, num_targets) = (
            self.coefficients.num_features(),
            self.coefficients.num_targets(),
        );
        let mut tensors = vec![
            (
                WEIGHT,
                F64View::new(vec![num_features, num_targets], self.coefficients.weight()),
            ),
            (
                BIAS,
                F64View::new(vec![num_targets], self.coefficients.bias()),
            ),
        ];
        for (name, tensor) in &self.tensors {
            let length = tensor
                .shape
                .iter()
                .try_fold(1usize, |n, axis| n.checked_mul(*axis));
            if name == WEIGHT || name == BIAS {
                return Err(ModelFileError::Names(format!(
                    "a further tensor is named `{name}`, which is the model's own"
                )));
            }
            if length != Some(tensor.values.len()) {
                return Err(ModelFileError::Shape {
                    name: name.clone(),
                    found: tensor.shape.clone(),
                    expected: format!("a shape of {} values", tensor.values.len()),
                });
            }
            tensors.push((name, F64View::new(tensor.shape.clone(), &tensor.values)));
        }
        // The type of map depends on the features of safetensors.
        let metadata = [(HEADER_KEY.to_string(), header)].into_iter().collect();
        let bytes = safetensors::serialize(tensors, Some(metadata));
        let bytes = bytes.map_err(ModelFileError::NotSafetensors)?;
        // A file that could not be read again is not written.
        let size = bytes
            .first_chunk()
            .map_or(0, |size| u64::from_le_bytes(*size));
        if size > bounded::MAX_HEADER_BYTES as u64 {
            Err(ModelFileError::TooManyNames { bytes: size })
        } else {
            Ok(bytes)
        }
    }

    /// Reads a model from the bytes of a file.
    ///
    /// # Errors
    ///
    /// Those of [`load`](Self::load), except those of the file system.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelFileError> {
        Self::of_whole(&bounded::read(bytes, Some(bytes.len() as u64))?)
    }

    /// Reads a model from bytes whose number agrees with their header.
    fn of_whole(bytes: &[u8]) -> Result<Self, ModelFileError> {
        let (_, metadata) =
            SafeTensors::read_metadata(bytes).map_err(ModelFileError::NotSafetensors)?;
        let header = metadata
            .metadata()
            .as_ref()
            .and_then(|entries| entries.get(HEADER_KEY))
            .ok_or(ModelFileError::NotLinreg)?;
        let version: Version = serde_json::from_str(header).map_err(ModelFileError::Header)?;
        if version.format_version != FORMAT_VERSION {
            return Err(ModelFileError::Version {
                found: version.format_version,
            });
        }
        let header: Header = serde_json::from_str(header).map_err(ModelFileError::Header)?;

        let file = SafeTensors::deserialize(bytes).map_err(ModelFileError::NotSafetensors)?;
        let mut tensors = BTreeMap::new();
        for (name, view) in file.iter() {
            tensors.insert(name.to_string(), read_tensor(name, &view)?);
        }
        let (num_features, num_targets) = (header.feature_names.len(), header.target_names.len());
        let mut take = |name: &'static str, shape: &[usize]| {
            let tensor: NamedTensor = tensors
                .remove(name)
                .ok_or(ModelFileError::MissingTensor(name))?;
            if tensor.shape == shape {
                return Ok(tensor.values);
            }
            Err(ModelFileError::Shape {
                name: name.to_string(),
                found: tensor.shape,
                expected: format!(
                    "{shape:?} for {num_features} feature names and {num_targets} target names"
                ),
            })
        };
        let weight = take(WEIGHT, &[num_features, num_targets])?;
        let bias = take(BIAS, &[num_targets])?;
        let model = Self {
            coefficients: Coefficients::new(weight, bias)?,
            feature_names: header.feature_names,
            target_names: header.target_names,
            metadata: header.metadata,
            tensors,
        };
        model.check_names()?;
        match header.digest {
            Some(digest) if digest != model.digest() => Err(ModelFileError::Changed),
            _ => Ok(model),
        }
    }

    fn check_names(&self) -> Result<(), ModelFileError> {
        let names = [
            (
                "feature",
                &self.feature_names,
                self.coefficients.num_features(),
            ),
            (
                "target",
                &self.target_names,
                self.coefficients.num_targets(),
            ),
        ];
        for (what, names, expected) in names {
            if names.len() != expected {
                return Err(ModelFileError::Names(format!(
                    "{} {what} names for {expected} {what}s",
                    names.len()
                )));
            }
            let mut seen = BTreeSet::new();
            for name in names {
                if name.is_empty() {
                    return Err(ModelFileError::Names(format!("a {what} name is empty")));
                }
                if !seen.insert(name) {
                    return Err(ModelFileError::Names(format!(
                        "the {what} name `{name}` is there twice"
                    )));
                }
            }
        }
        Ok(())
    }
}

fn read_tensor(
    name: &str,
    view: &safetensors::tensor::TensorView<'_>,
) -> Result<NamedTensor, ModelFileError> {
    if view.dtype() != Dtype::F64 {
        return Err(ModelFileError::Dtype {
            name: name.to_string(),
            found: view.dtype(),
        });
    }
    let (values, _) = view.data().as_chunks::<8>();
    Ok(NamedTensor {
        shape: view.shape().to_vec(),
        values: values.iter().copied().map(f64::from_le_bytes).collect(),
    })
}

/// A tensor as the safetensors crate writes it: a shape and little-endian bytes.
struct F64View {
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl F64View {
    fn new(shape: Vec<usize>, values: &[f64]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes());
        Self {
            shape,
            bytes: bytes.collect(),
        }
    }
}

impl View for F64View {
    fn dtype(&self) -> Dtype {
        Dtype::F64
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        (&self.bytes).into()
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn example() -> ModelFile {
        let coefficients = Coefficients::new(vec![2.0, -3.4], vec![4.2]).unwrap();
        let mut file = ModelFile::new(coefficients, ["area", "age"], ["price"]).unwrap();
        file.metadata.insert("b".into(), "2".into());
        file.metadata.insert("a".into(), "1".into());
        file.tensors.insert(
            "covariance".into(),
            NamedTensor {
                shape: vec![3, 3],
                values: (0..9).map(f64::from).collect(),
            },
        );
        file
    }

    /// Returns the bytes of a file with this `linreg` header entry and these
    /// tensors.
    fn raw(header: &str, tensors: Vec<(&str, F64View)>) -> Vec<u8> {
        let metadata = [(HEADER_KEY.to_string(), header.to_string())];
        let metadata = metadata.into_iter().collect();
        safetensors::serialize(tensors, Some(metadata)).unwrap()
    }

    fn message(bytes: &[u8]) -> String {
        ModelFile::from_bytes(bytes).unwrap_err().to_string()
    }

    #[test]
    fn reads_back_what_it_wrote_and_writes_the_same_bytes_again() {
        let bytes = example().to_bytes().unwrap();
        assert_eq!(ModelFile::from_bytes(&bytes).unwrap(), example());
        for _ in 0..20 {
            assert_eq!(example().to_bytes().unwrap(), bytes);
        }
    }

    #[test]
    fn saves_over_an_older_file_and_leaves_nothing_else_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        std::fs::write(&path, "older").unwrap();
        example().save(&path).unwrap();
        assert_eq!(ModelFile::load(&path).unwrap(), example());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn says_that_a_file_is_cut_short_wherever_it_is_cut() {
        let bytes = example().to_bytes().unwrap();
        for length in 0..bytes.len() {
            let error = ModelFile::from_bytes(&bytes[..length]).unwrap_err();
            assert!(
                matches!(error, ModelFileError::NotSafetensors(_)),
                "cut at {length}: {error}"
            );
        }
    }

    #[test]
    fn recognises_an_older_and_a_newer_format() {
        assert_eq!(
            message(&raw(r#"{"format_version": 2, "feature_names": 7}"#, vec![])),
            "format version 2, but this linreg reads version 1: \
             the file is from a newer linreg, so update this one"
        );
        assert_eq!(
            message(&raw(r#"{"format_version": 0}"#, vec![])),
            "format version 0, but this linreg reads version 1: \
             the file is from an older linreg, so fit the model again"
        );
    }

    #[test]
    fn says_what_is_wrong_with_a_foreign_file() {
        let foreign = safetensors::serialize([("weight", F64View::new(vec![1], &[1.0]))], None);
        assert!(message(&foreign.unwrap()).contains("not one that linreg wrote"));

        let header = r#"{"format_version": 1, "feature_names": ["x"], "target_names": ["y"]}"#;
        let weight = || ("weight", F64View::new(vec![1, 1], &[1.0]));
        assert_eq!(
            message(&raw(header, vec![weight()])),
            "the tensor `bias` is missing"
        );
        let bias = ("bias", F64View::new(vec![2], &[1.0, 2.0]));
        assert_eq!(
            message(&raw(header, vec![weight(), bias])),
            "the tensor `bias` is of shape [2], expected [1] for 1 feature names and 1 target names"
        );
        let bias = ("bias", F64View::new(vec![1], &[f64::NAN]));
        assert_eq!(
            message(&raw(header, vec![weight(), bias])),
            "the bias at index 0 is NaN, expected a finite number"
        );
    }

    #[test]
    fn refuses_tensors_of_another_type() {
        struct F32(Vec<u8>);
        impl View for F32 {
            fn dtype(&self) -> Dtype {
                Dtype::F32
            }
            fn shape(&self) -> &[usize] {
                &[1, 1]
            }
            fn data(&self) -> Cow<'_, [u8]> {
                (&self.0).into()
            }
            fn data_len(&self) -> usize {
                4
            }
        }
        let header = r#"{"format_version": 1, "feature_names": ["x"], "target_names": ["y"]}"#;
        let metadata = [(HEADER_KEY.to_string(), header.to_string())];
        let metadata = metadata.into_iter().collect();
        let bytes = safetensors::serialize([("weight", F32(vec![0; 4]))], Some(metadata)).unwrap();
        assert_eq!(
            message(&bytes),
            "the tensor `weight` is of type F32, expected F64"
        );
    }

    #[test]
    fn refuses_names_that_do_not_name_each_feature_once() {
        let coefficients = || Coefficients::new(vec![1.0, 2.0], vec![0.0]).unwrap();
        for (names, expected) in [
            (vec!["a"], "1 feature names for 2 features"),
            (vec!["a", "a"], "the feature name `a` is there twice"),
            (vec!["a", ""], "a feature name is empty"),
        ] {
            let error = ModelFile::new(coefficients(), names, ["y"]).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn refuses_to_write_tensors_that_could_not_be_read() {
        let mut file = example();
        file.tensors.get_mut("covariance").unwrap().shape = vec![2, 2];
        let error = file.to_bytes().unwrap_err().to_string();
        assert_eq!(
            error,
            "the tensor `covariance` is of shape [2, 2], expected a shape of 9 values"
        );
    }

    proptest! {
        #[test]
        fn any_model_reads_back_bit_for_bit(
            values in prop::collection::vec(-1e300..1e300f64, 2..40),
            name in "\\PC{1,12}",
        ) {
            let (bias, weight) = values.split_at(1);
            let coefficients = Coefficients::new(weight.to_vec(), bias.to_vec()).unwrap();
            let names = (0..weight.len()).map(|i| format!("{name}{i}"));
            let mut file = ModelFile::new(coefficients, names, [name.clone()]).unwrap();
            file.metadata.insert(name.clone(), name);
            let read = ModelFile::from_bytes(&file.to_bytes().unwrap()).unwrap();
            prop_assert_eq!(read, file);
        }

        #[test]
        fn no_damaged_byte_panics(index in 0usize..4096, byte: u8) {
            let mut bytes = example().to_bytes().unwrap();
            let index = index % bytes.len();
            bytes[index] = byte;
            let _ = ModelFile::from_bytes(&bytes);
        }
    }
}
