use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a file cannot be written.
#[derive(Debug, Error)]
#[error("{path}: {problem}", path = path.display())]
pub struct OutputError {
    /// The path as it was given.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: OutputProblem,
}

/// What is wrong with a file that is to be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OutputProblem {
    /// The path is that of a folder.
    #[error("this is a folder; name a file in it")]
    Folder,
    /// The path is that of a device, a pipe or a socket.
    #[error("this is {0}, and only a regular file can be written whole or not at all; name a file")]
    NotRegular(&'static str),
    /// The path is that of a symbolic link whose target does not exist.
    #[error("this links to {target}, which does not exist; remove the link", target = .0.display())]
    DanglingLink(PathBuf),
    /// The path is a URL.
    #[error("results are written to files of this machine; name one, and copy it from there")]
    Url,
    /// The folder of the file does not exist.
    #[error("there is no folder {folder}", folder = .0.display())]
    NoFolder(PathBuf),
    /// The file exists, and is to be kept.
    #[error("the file exists")]
    Exists,
    /// The file is also an input.
    #[error("this file is read; write another")]
    IsRead,
    /// Two outputs are the same file.
    #[error("the {first} and the {second} are the same file; name another for one of them")]
    Twice {
        /// Name of the output that was added first.
        first: &'static str,
        /// Name of the other output.
        second: &'static str,
    },
    /// An error of the file system.
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
