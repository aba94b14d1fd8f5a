use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a file cannot be written.
#[derive(Debug, Error)]
#[error("{path}: {problem}", path = path.display())]
pub struct OutputError {
    /// The file as it was named.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: OutputProblem,
}

/// What is wrong with a file that is to be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OutputProblem {
    /// The name is that of a folder.
    #[error("this is a folder; name a file in it")]
    Folder,
    /// The name is that of a device, a pipe or a socket.
    #[error("this is {0}, and only a regular file can be written whole or not at all; name a file")]
    NotRegular(&'static str),
    /// The name is that of a link to nothing.
    #[error("this links to {target}, which does not exist; remove the link", target = .0.display())]
    DanglingLink(PathBuf),
    /// The folder is not there.
    #[error("there is no folder {folder}", folder = .0.display())]
    NoFolder(PathBuf),
    /// The file is there, and is to be kept.
    #[error("the file exists")]
    Exists,
    /// The file is one of those that are read.
    #[error("this file is read; write another")]
    IsRead,
    /// Two outputs are one file.
    #[error("the {first} and the {second} are the same file; name another for one of them")]
    Twice {
        /// What the output is that was named first.
        first: &'static str,
        /// What the other is.
        second: &'static str,
    },
    /// The file system refuses, in its own words.
    #[error("{0}")]
    Io(io::Error),
}

impl OutputError {
    pub(super) fn new(path: &Path, problem: OutputProblem) -> Self {
        Self {
            path: path.to_path_buf(),
            problem,
        }
    }
}
