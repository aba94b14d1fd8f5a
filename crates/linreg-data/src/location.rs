use std::ops::Range;
use std::path::PathBuf;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::CsvOptions;

/// Where the files of a table are, and where its rows are in them: what another
/// machine, which sees the same files, needs to read any of its rows. It holds no
/// credentials: a table with a URL that has some in it has no location.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct TableLocation {
    /// The files in the order of the table.
    pub files: Vec<FileLocation>,
    /// How their text is read.
    pub reading: CsvOptions,
    /// The number of the first row of the first file in the table, from 0.
    pub first_row: u64,
}

/// Where a file is, and where its rows are in it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct FileLocation {
    /// The name of the file in messages.
    pub name: String,
    /// The absolute path, or the URL. Credentials for it are those of whoever
    /// opens it.
    pub path: PathBuf,
    /// The size of the file in bytes, when it was opened.
    pub num_bytes: u64,
    /// The time of its last change, when it was opened; None where the system
    /// does not tell.
    pub modified: Option<SystemTime>,
    /// The mark of this version of a file behind a URL; None where the server
    /// gives none.
    #[serde(default)]
    pub etag: Option<String>,
    /// Where its rows are; None for text that nobody has read through yet.
    pub index: Option<FileIndex>,
}

/// Where the rows of a file are.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub enum FileIndex {
    /// The file itself says where: Parquet and Arrow.
    InFile {
        /// Number of rows.
        num_rows: u64,
    },
    /// Compressed text, any row of which is read from the beginning.
    FromStart {
        /// Number of rows.
        num_rows: u64,
    },
    /// Text, in blocks of whole rows.
    Blocks {
        /// Number of rows.
        num_rows: u64,
        /// The blocks, or those that somebody needs.
        blocks: Vec<TextBlock>,
    },
}

/// Some whole rows of a text file.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct TextBlock {
    /// The number of the first row in the file, from 0.
    pub first_row: u64,
    /// Number of rows.
    pub num_rows: u64,
    /// The offset of the first byte in the file.
    pub byte: u64,
    /// Number of bytes.
    pub num_bytes: usize,
    /// The number of lines before it.
    pub line: u64,
    /// Whether there are lines between its rows that are no rows.
    pub has_other_lines: bool,
}

impl FileIndex {
    /// Number of rows of the file.
    pub fn num_rows(&self) -> u64 {
        match self {
            Self::InFile { num_rows }
            | Self::FromStart { num_rows }
            | Self::Blocks { num_rows, .. } => *num_rows,
        }
    }

    /// The index without what no row of this range of the file needs.
    fn within(&self, rows: Range<u64>) -> Self {
        match self {
            Self::Blocks { num_rows, blocks } => {
                let is_needed = |block: &&TextBlock| {
                    let end = block.first_row.saturating_add(block.num_rows);
                    block.first_row < rows.end && rows.start < end
                };
                Self::Blocks {
                    num_rows: *num_rows,
                    blocks: blocks.iter().filter(is_needed).cloned().collect(),
                }
            }
            other => other.clone(),
        }
    }
}

impl TableLocation {
    /// Number of rows, `u64::MAX` if there were more; None if a file has no index yet.
    pub fn num_rows(&self) -> Option<u64> {
        let mut files = self.files.iter();
        files.try_fold(0u64, |sum, file| {
            Some(sum.saturating_add(file.index.as_ref()?.num_rows()))
        })
    }

    /// The ranges of rows that are best read by one reader: each file of
    /// compressed text that has rows. None if a file has no index yet.
    pub fn from_start(&self) -> Option<Vec<Range<u64>>> {
        let mut ranges = Vec::new();
        let mut first_row = self.first_row;
        for file in &self.files {
            let index = file.index.as_ref()?;
            let end = first_row.saturating_add(index.num_rows());
            if matches!(index, FileIndex::FromStart { .. }) && end > first_row {
                ranges.push(first_row..end);
            }
            first_row = end;
        }
        Some(ranges)
    }

    /// The location of the files that have rows of this range of the table, with
    /// what is needed to read them; the first file where no file has any. Files
    /// without an index are taken to have no rows.
    pub fn within(&self, rows: Range<u64>) -> Self {
        let mut first_row = self.first_row;
        let mut found = Self {
            files: Vec::new(),
            reading: self.reading.clone(),
            first_row,
        };
        for file in &self.files {
            let index = file.index.as_ref();
            let end = first_row.saturating_add(index.map_or(0, FileIndex::num_rows));
            let of_file = rows.start.clamp(first_row, end)..rows.end.clamp(first_row, end);
            if !of_file.is_empty() {
                if found.files.is_empty() {
                    found.first_row = first_row;
                }
                let of_file = of_file.start - first_row..of_file.end - first_row;
                found.files.push(FileLocation {
                    index: index.map(|index| index.within(of_file)),
                    ..file.clone()
                });
            }
            first_row = end;
        }
        if found.files.is_empty() {
            found.files.extend(self.files.first().cloned());
        }
        found
    }
}

#[cfg(all(test, feature = "csv", feature = "parquet"))]
mod tests;
