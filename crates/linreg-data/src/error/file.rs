use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::{Limit, RemoteProblem};
use crate::other_column::{OtherColumn, name_and_type};

/// Why a file cannot be read as a table.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FileProblem {
    /// The system cannot read it, or it has changed.
    #[error("{}", match .0.kind() {
        io::ErrorKind::UnexpectedEof => "the file ends early; it is cut short or damaged".to_string(),
        _ => .0.to_string(),
    })]
    Unreadable(io::Error),
    /// It is behind a URL, and cannot be read from there.
    #[error(transparent)]
    Remote(#[from] RemoteProblem),
    /// It is compressed, and it ends early.
    #[error("the compressed file ends early; it is cut short or damaged")]
    CutShort,
    /// It is a folder.
    #[error("this is a folder; name the files in it")]
    Folder,
    /// It is no pattern of file names.
    #[error("Pattern syntax error near position {position}: {problem}")]
    Pattern {
        /// The position of the error in characters, from 0.
        position: usize,
        /// What is wrong there.
        problem: &'static str,
    },
    /// It is a pattern, and a folder in which files may match cannot be read.
    #[error("attempting to read `{}` resulted in an error: {problem}", folder.display())]
    NotListed {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        problem: io::Error,
    },
    /// It is a pattern that no file matches.
    #[error("no file matches this pattern")]
    NoMatch,
    /// It is not a table of text, nor of a format that is read.
    #[error(transparent)]
    Foreign(Foreign),
    /// It is text in another encoding.
    #[error("this is UTF-16 text; save it as UTF-8")]
    Utf16,
    /// It has no lines, or only lines that are passed over.
    #[error("the file is empty, expected a header line with the column names")]
    Empty,
    /// Its header line has no end.
    #[error("the header line does not end; is a quote never closed?")]
    OpenHeader,
    /// It has too few lines for the number of lines to pass over.
    #[error("there are {lines} lines, and {skip} are to be passed over")]
    AllSkipped {
        /// The number of its lines.
        lines: u64,
        /// The number of lines to pass over.
        skip: u64,
    },
    /// It is a binary file, and comes from a pipe.
    #[error("a Parquet or Arrow file cannot be read from a pipe; give the file's name")]
    Piped,
    /// It is needed several times and can be read only once.
    #[error("this is needed twice and can be read once; save it as a file first")]
    ReadBefore,
    /// It is needed several times, and it cannot be copied into this folder.
    #[error("it is read several times, and cannot be kept in {}: {problem}; save it as a file first, or name a folder with room for it in TMPDIR", folder.display())]
    NotKept {
        /// The folder for temporary files.
        folder: PathBuf,
        /// What the system says.
        problem: String,
    },
    /// It has other columns than the first file of the table.
    #[error(
        "files that are read as one table need the same columns; column {} is {} here and {} in {first}",
        column.number, name_and_type(&column.found), name_and_type(&column.expected)
    )]
    OtherColumns {
        /// The first column that differs from the first file.
        column: Box<OtherColumn>,
        /// The name of the first file.
        first: String,
    },
    /// A part of it is larger than what is read at once.
    #[error(transparent)]
    Limit(#[from] Limit),
}

/// A file of a format that is not read.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("this is {what}; {instead}")]
pub struct Foreign {
    /// What it is, in words.
    pub what: &'static str,
    /// What to do with it, in words.
    pub instead: &'static str,
}
