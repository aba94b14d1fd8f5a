use safetensors::tensor::Dtype;
use thiserror::Error;

use crate::{CoefficientsError, ExpectedShape, FORMAT_VERSION, NamesError, OutputError};

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
    /// The bytes are not a safetensors file, or only the first part of one.
    #[error("not a whole .safetensors file")]
    NotSafetensors(#[source] safetensors::SafeTensorError),
    /// The file begins like a table or a text.
    #[error("this is no model file of linreg, but a table or a text")]
    Table,
    /// There are more bytes after the tensors.
    #[error("{} after the tensors that its header tells of; copy the file again", if *more == 1 { "there are more bytes".to_string() } else { format!("there are {more} bytes more") })]
    Longer {
        /// Number of bytes after the tensors, or 1 if they were not counted.
        more: u64,
    },
    /// The names, metadata or numbers differ from those that were written.
    #[error(
        "the file was changed or damaged after linreg wrote it: its digest is another; copy it again, or fit the model again"
    )]
    Changed,
    /// The header, with the names and levels of the model, is longer than
    /// allowed.
    #[error("the names of features and levels take {} MB, more than the 50 MB of a model file; use fewer levels", .bytes / 1_000_000)]
    TooManyNames {
        /// Length of the header in bytes.
        bytes: u64,
    },
    /// The safetensors file is not one of a linear model.
    #[error("a .safetensors file, but not one that linreg wrote: its header has no `linreg` entry")]
    NotLinreg,
    /// The header's `linreg` entry is not the expected JSON.
    #[error("the header's `linreg` entry cannot be read")]
    Header(#[source] serde_json::Error),
    /// The file has another format version.
    #[error("format version {found}, but this linreg reads version {FORMAT_VERSION}: {}",
        if *found > FORMAT_VERSION { "the file is from a newer linreg, so update this one" }
        else { "the file is from an older linreg, so fit the model again" })]
    Version {
        /// The version in the file.
        found: u64,
    },
    /// A tensor that every model has is missing.
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
        /// What would fit.
        expected: Box<ExpectedShape>,
    },
    /// The coefficients are not those of a linear model.
    #[error(transparent)]
    Coefficients(#[from] CoefficientsError),
    /// The number of names is not that of features or targets, a name is empty or
    /// occurs twice, or a further tensor has the name of one of the model's own.
    #[error(transparent)]
    Names(#[from] NamesError),
}
