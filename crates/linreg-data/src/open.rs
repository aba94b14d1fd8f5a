mod files;
mod formats;
mod with_text;

use std::fs::File;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::files::Files;
use self::with_text::with_text;
use crate::input::{InputFile, not_kept, unreadable};
use crate::other_column::OtherColumn;
use crate::source::{Chunk, Part, Source};
use crate::url::Url;
use crate::{
    CellReader, CsvOptions, DataError, FileIndex, FileProblem, TableLocation, is_url, shown_name,
};

/// The name of standard input in messages.
const STANDARD_INPUT: &str = "standard input";

/// How often a table is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Passes {
    /// Once, as the rows arrive.
    One,
    /// Several times: standard input is first copied into a temporary file.
    Several,
}

/// Opens files as one table. Their first bytes show whether they are CSV (also
/// compressed with gzip or Zstandard), Parquet or Arrow IPC.
///
/// A name with `*`, `?` or `[` that is no file stands for all files that match,
/// in alphabetical order; `-` is standard input. All files must have the same
/// columns.
///
/// # Files behind a URL
///
/// With the feature `object-store`, a file may be in Amazon S3 and stores that speak
/// its protocol (`s3://bucket/folder/houses.csv`), in Google Cloud Storage (`gs://`),
/// in Azure Blob Storage (`az://container/…`, `abfs://`) or on a web server
/// (`https://`, `http://`). It is not copied: Parquet and Arrow files are read by
/// ranges, text as it arrives. Only a web server that gives no parts of a file is
/// asked for the whole file, which is kept in a temporary one.
///
/// - Settings and credentials of a store are those of the environment that the crate
///   `object_store` knows: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`,
///   `AWS_ENDPOINT` and so on, `GOOGLE_SERVICE_ACCOUNT`, `AZURE_STORAGE_ACCOUNT_NAME`.
///   They are in no message, and neither are the user, the password and the query of a
///   web server's URL.
/// - In the name of a store's file, `*`, `?` and `[` are wildcards, for which its folder
///   is listed. A web server cannot be listed.
/// - A file that is replaced while it is open gives an error: each request names the
///   version (ETag) that was opened; where there is none, the time of the last change
///   and the size are compared.
/// - A server that sends nothing for 30 seconds is an error. Servers that are too busy
///   and connections that are closed too early are tried again a few times.
///
/// # Example
///
/// ```
/// use linreg_data::{ColumnChoice, CsvOptions, Passes, learn_schema, open};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("houses.csv");
/// std::fs::write(&path, "area,town,price\n50,Bonn,200\n70,Kiel,260\n60,Bonn,230\n")?;
/// let source = open(&[path], &CsvOptions::default(), Passes::Several)?;
/// let schema = learn_schema(source.as_ref(), &ColumnChoice::default())?;
/// let kinds: Vec<_> = schema.columns.iter().map(|column| column.kind.name()).collect();
/// assert_eq!(kinds, ["numeric", "categorical", "numeric"]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// A file that is not there or cannot be read, a pattern that no file matches,
/// files with different columns, a header row that cannot be used, a
/// [`TextFormat`](crate::TextFormat) that contradicts itself, or a file of a format whose feature
/// is not enabled.
pub fn open(
    files: &[PathBuf],
    csv: &CsvOptions,
    passes: Passes,
) -> Result<Box<dyn Source>, DataError> {
    // What is wrong with the text format is told before a file is read.
    CellReader::new(&csv.text)?;
    with_text(open_as_text(files, csv, passes)?, &csv.text)
}

/// Opens the table that another program has opened.
///
/// # Errors
///
/// As [`open`], or a file that is not as it was when that program opened it.
pub fn open_location(table: &TableLocation) -> Result<Box<dyn Source>, DataError> {
    let mut sources: Vec<Arc<dyn Source>> = Vec::new();
    for file in &table.files {
        let input = InputFile::at(file)?;
        let source = source_of(input, &table.reading, file.index.as_ref())?;
        sources.push(source.into());
    }
    if sources.is_empty() {
        return Err(DataError::NoFile);
    }
    let files = Files {
        sources,
        first_row: table.first_row,
    };
    with_text(Box::new(files), &table.reading.text)
}

/// Opens a file as it is, whatever its format; also one behind a URL, as [`open`]
/// reads it.
///
/// # Errors
///
/// A file that is not there or cannot be read.
pub fn open_bytes(path: &Path) -> Result<Box<dyn Read + Send>, DataError> {
    Ok(Box::new(InputFile::open(path)?.reader()))
}

/// Opens files without regard to the [`TextFormat`](crate::TextFormat).
fn open_as_text(
    files: &[PathBuf],
    csv: &CsvOptions,
    passes: Passes,
) -> Result<Box<dyn Source>, DataError> {
    let mut sources = Vec::new();
    let files = files_of(files)?;
    for path in &files {
        sources.push(if path == Path::new("-") {
            open_standard_input(csv, passes)?
        } else {
            open_file(path, csv)?
        });
    }
    if sources.len() == 1 {
        return Ok(sources.remove(0));
    }
    let Some(first) = sources.first() else {
        return Err(DataError::NoFile);
    };
    for (path, source) in files.iter().zip(&sources) {
        if let Some(column) = OtherColumn::find(source.schema(), first.schema()) {
            return Err(DataError::File {
                file: shown_name(path),
                problem: FileProblem::OtherColumns {
                    column: Box::new(column),
                    first: shown_name(&files[0]),
                },
            });
        }
    }
    Ok(Box::new(Files {
        sources: sources.into_iter().map(Arc::from).collect(),
        first_row: 0,
    }))
}

fn open_file(path: &Path, csv: &CsvOptions) -> Result<Box<dyn Source>, DataError> {
    if !is_url(path) {
        // What is no plain file, such as a pipe, can be read only once.
        let name = shown_name(path);
        let metadata = std::fs::metadata(path).map_err(|error| unreadable(&name, error))?;
        if !metadata.is_file() && !metadata.is_dir() {
            let input = File::open(path).map_err(|error| unreadable(&name, error))?;
            return once(Box::new(input), &name, csv);
        }
    }
    source_of(InputFile::open(path)?, csv, None)
}

/// Opens the table in a file, in the format that its first bytes show.
pub(crate) fn source_of(
    file: InputFile,
    csv: &CsvOptions,
    index: Option<&FileIndex>,
) -> Result<Box<dyn Source>, DataError> {
    let mut magic = Vec::new();
    let read = file.reader().take(6).read_to_end(&mut magic);
    read.map_err(|error| unreadable(file.name(), error))?;
    match &magic[..] {
        [b'P', b'A', b'R', b'1', ..] => formats::parquet(file),
        b"ARROW1" | [0xFF, 0xFF, 0xFF, 0xFF, ..] => formats::arrow(file),
        _ => formats::csv(file, csv, index),
    }
}

/// Opens an input of unknown length that can be read only once.
fn once(
    mut input: Box<dyn Read + Send>,
    name: &str,
    csv: &CsvOptions,
) -> Result<Box<dyn Source>, DataError> {
    let mut magic = Vec::new();
    let read = input.as_mut().take(6).read_to_end(&mut magic);
    read.map_err(|error| unreadable(name, error))?;
    if magic.starts_with(b"PAR1") || magic == b"ARROW1" {
        return Err(DataError::File {
            file: name.to_string(),
            problem: FileProblem::Piped,
        });
    }
    let input = Box::new(Cursor::new(magic).chain(input));
    formats::csv_once(input, name, csv)
}

fn open_standard_input(csv: &CsvOptions, passes: Passes) -> Result<Box<dyn Source>, DataError> {
    let input = std::io::stdin();
    match passes {
        Passes::One => once(Box::new(input), STANDARD_INPUT, csv),
        Passes::Several => {
            let kept = InputFile::unnamed(keep(input, STANDARD_INPUT)?, STANDARD_INPUT)?;
            source_of(kept, csv, None)
        }
    }
}

/// Copies an input that can be read only once into a temporary file without a
/// name, which disappears with the program however it ends.
fn keep(mut input: impl Read, name: &str) -> Result<File, DataError> {
    let folder = std::env::temp_dir();
    let full = |error: std::io::Error| not_kept(name, &folder, &error);
    let mut file = tempfile::tempfile_in(&folder).map_err(full)?;
    let mut bytes = vec![0; 1 << 18];
    loop {
        match input.read(&mut bytes) {
            Ok(0) => return Ok(file),
            Ok(read) => file.write_all(&bytes[..read]).map_err(full)?,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => (),
            Err(error) => return Err(unreadable(name, error)),
        }
    }
}

/// Returns the files that names and patterns stand for, as [`open`] reads them.
///
/// # Errors
///
/// A pattern that no file matches.
pub fn files_of(files: &[PathBuf]) -> Result<Vec<PathBuf>, DataError> {
    let mut all = Vec::new();
    for path in files {
        if let Some(url) = Url::of_path(path) {
            match matching(&url) {
                Ok(None) => all.push(path.clone()),
                Ok(Some(files)) => all.extend(files),
                Err(problem) => {
                    let file = shown_name(path);
                    return Err(DataError::File { file, problem });
                }
            }
            continue;
        }
        let text = path.to_string_lossy();
        if !text.contains(['*', '?', '[']) || path.exists() {
            all.push(path.clone());
            continue;
        }
        let wrong = |problem: FileProblem| DataError::File {
            file: text.to_string(),
            problem,
        };
        let matches = glob::glob(&text).map_err(|error| {
            wrong(FileProblem::Pattern {
                position: error.pos,
                problem: error.msg,
            })
        })?;
        let before = all.len();
        for path in matches {
            all.push(path.map_err(|error| {
                wrong(FileProblem::NotListed {
                    folder: error.path().to_path_buf(),
                    problem: error.into(),
                })
            })?);
        }
        if all.len() == before {
            return Err(wrong(FileProblem::NoMatch));
        }
    }
    Ok(all)
}

/// The files of a URL with wildcards; None for one without.
fn matching(url: &Url) -> Result<Option<Vec<PathBuf>>, FileProblem> {
    #[cfg(feature = "object-store")]
    return crate::remote::matching(url);
    // That URLs are not read is told when it is opened.
    #[cfg(not(feature = "object-store"))]
    {
        let _ = url;
        Ok(None)
    }
}

/// Returns a part with `change` applied to each of its chunks.
fn changed(part: Part, change: impl Fn(&mut Chunk) + Send + 'static) -> Part {
    let read = part.read;
    Part {
        read: Box::new(move || {
            let chunks = read()?;
            Ok(Box::new(chunks.map(move |chunk| {
                chunk.map(|mut chunk| {
                    change(&mut chunk);
                    chunk
                })
            })))
        }),
        ..part
    }
}
