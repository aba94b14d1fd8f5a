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
    /// The file begins as a table or a text does.
    #[error("this is no model file of linreg, but a table or a text")]
    Table,
    /// The file goes on after its tensors.
    #[error("{} after the tensors that its header tells of; copy the file again", if *more == 1 { "there are more bytes".to_string() } else { format!("there are {more} bytes more") })]
    Longer {
        /// Bytes after the tensors, or 1 where they were not counted.
        more: u64,
    },
    /// The names or numbers are not those that were written.
    #[error(
        "the file was changed or damaged after linreg wrote it: its digest is another; copy it again, or fit the model again"
    )]
    Changed,
    /// The names and levels of a model take more than a file may have.
    #[error("the names of features and levels take {} MB, more than the 50 MB of a model file; use fewer levels", .bytes / 1_000_000)]
    TooManyNames {
        /// Bytes that they take.
        bytes: u64,
    },
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
