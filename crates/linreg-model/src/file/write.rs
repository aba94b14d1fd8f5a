//! The bytes of a model file.

use std::borrow::Cow;

use safetensors::tensor::{Dtype, View};

use super::header::Header;
use super::{
    BIAS, ExpectedShape, FORMAT_VERSION, HEADER_KEY, ModelFile, NamesError, WEIGHT, bounded,
};
use crate::ModelFileError;

impl ModelFile {
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
                return Err(NamesError::OwnTensor { name: name.clone() }.into());
            }
            if length != Some(tensor.values.len()) {
                return Err(ModelFileError::Shape {
                    name: name.clone(),
                    found: tensor.shape.clone(),
                    expected: Box::new(ExpectedShape::Values(tensor.values.len())),
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
}

/// A tensor as the safetensors crate writes it: a shape and little-endian bytes.
pub(super) struct F64View {
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl F64View {
    pub fn new(shape: Vec<usize>, values: &[f64]) -> Self {
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
