use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::DataError;

/// A file, and how it was when it was opened.
#[derive(Clone)]
pub(crate) struct FileState {
    path: PathBuf,
    num_bytes: u64,
    modified: Option<SystemTime>,
}

impl FileState {
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let metadata = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
        if metadata.is_dir() {
            return Err(DataError::File {
                file: path.display().to_string(),
                problem: "this is a folder; name the files in it".to_string(),
            });
        }
        Ok(Self {
            path: path.to_path_buf(),
            num_bytes: metadata.len(),
            modified: metadata.modified().ok(),
        })
    }

    pub fn num_bytes(&self) -> u64 {
        self.num_bytes
    }

    pub fn reader(&self) -> Result<File, DataError> {
        File::open(&self.path).map_err(|error| unreadable(&self.path, &error))
    }

    /// An error if the file is another one than when it was opened.
    pub fn check(&self) -> Result<(), DataError> {
        let now = Self::open(&self.path)?;
        match (now.num_bytes, now.modified) == (self.num_bytes, self.modified) {
            true => Ok(()),
            false => Err(DataError::changed(&self.path.display().to_string())),
        }
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> DataError {
    DataError::File {
        file: path.display().to_string(),
        problem: error.to_string(),
    }
}

/// How a file is compressed, which its first bytes tell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstandard,
}

impl Compression {
    pub fn of(magic: &[u8]) -> Self {
        match magic {
            [0x1F, 0x8B, ..] => Self::Gzip,
            [0x28, 0xB5, 0x2F, 0xFD, ..] => Self::Zstandard,
            _ => Self::None,
        }
    }

    pub fn reader(self, input: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
        match self {
            Self::None => input,
            // Several gzip files one after the other are one.
            Self::Gzip => Box::new(flate2::read::MultiGzDecoder::new(input)),
            Self::Zstandard => match zstd::Decoder::new(input) {
                Ok(decoder) => Box::new(decoder),
                Err(error) => Box::new(Failed(Some(error))),
            },
        }
    }
}

/// A decompressor that could not be made, which says so when it is read.
struct Failed(Option<std::io::Error>);

impl Read for Failed {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
