//! A model from the bytes of its file.

use std::collections::BTreeMap;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::header::{Header, Version};
use super::{BIAS, ExpectedShape, FORMAT_VERSION, HEADER_KEY, ModelFile, NamedTensor, WEIGHT};
use crate::{Coefficients, ModelFileError};

impl ModelFile {
    /// Reads a model from bytes whose number agrees with their header.
    pub(super) fn of_whole(bytes: &[u8]) -> Result<Self, ModelFileError> {
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
                expected: Box::new(ExpectedShape::Names {
                    shape: shape.to_vec(),
                    features: num_features,
                    targets: num_targets,
                }),
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
}

fn read_tensor(name: &str, view: &TensorView<'_>) -> Result<NamedTensor, ModelFileError> {
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
