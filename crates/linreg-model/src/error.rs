use safetensors::tensor::Dtype;
use thiserror::Error;

use crate::{CoefficientsError, FORMAT_VERSION, OutputError};

/// Why a model file cannot be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelFileError {
    /// The file cannot be opened or read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The file cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The bytes are no safetensors file, or only the first part of one.
    #[error("not a whole .safetensors file")]
    NotSafetensors(#[source] safetensors::SafeTensorError),
    /// A safetensors file, but not of a linear model.
    #[error("a .safetensors file, but not one that linreg wrote: its header has no `linreg` entry")]
    NotLinreg,
    /// The `linreg` header entry is not the JSON it should be.
    #[error("the header's `linreg` entry cannot be read")]
    Header(#[source] serde_json::Error),
    /// Written in another format version.
    #[error("format version {found}, but this linreg reads version {FORMAT_VERSION}: {}",
        if *found > FORMAT_VERSION { "the file is from a newer linreg, so update this one" }
        else { "the file is from an older linreg, so fit the model again" })]
    Version {
        /// The version in the file.
        found: u64,
    },
    /// A tensor that every model has is not there.
    #[error("the tensor `{0}` is missing")]
    MissingTensor(&'static str),
    /// A tensor is not of 64-bit floats.
    #[error("the tensor `{name}` is of type {found}, expected F64")]
    Dtype {
        /// The tensor's name.
        name: String,
        /// The type found.
        found: Dtype,
    },
    /// A tensor's shape does not fit the names in the header, or its values.
    #[error("the tensor `{name}` is of shape {found:?}, expected {expected}")]
    Shape {
        /// The tensor's name.
        name: String,
        /// The shape found.
        found: Vec<usize>,
        /// What would fit, in words.
        expected: String,
    },
    /// The coefficients are not those of a model.
    #[error(transparent)]
    Coefficients(#[from] CoefficientsError),
    /// The number of names is not that of features or targets, or a name is
    /// empty or there twice.
    #[error("{0}")]
    Names(String),
}
