mod blocks;
mod clean;
mod decode;
mod dialect;
mod foreign;
mod header;
mod layout;
mod records;
mod sample;
mod separator;
mod title;
mod unquoted;

use std::io::{Cursor, Read};
use std::sync::{Arc, Mutex, OnceLock};

use arrow_schema::{DataType, Field, Schema, SchemaRef};

use crate::compression::Compression;
use crate::input::{InputFile, changed};
use crate::source::{ChunkOrder, Part, Parts, Source};
use crate::{CsvOptions, DataError, FileProblem};
use blocks::{Block, Blocks, Start, fill, unreadable};
use decode::Decoder;
use dialect::Dialect;
use header::Header;
use layout::Layout;

/// A CSV file. Its cells are text, and the text shows what kind they are.
///
/// Cells may be quoted; lines end in LF, CRLF or CR; a byte order mark and
/// blank lines are skipped. A column without a name at the start of the lines
/// holds the names of the rows; it is no column of the table, and neither are
/// empty ones at the end. The file may be compressed with gzip or Zstandard.
pub(crate) struct CsvSource {
    input: Input,
    name: Arc<str>,
    schema: SchemaRef,
    /// All cells of a record: those of the table's columns and the others.
    all: SchemaRef,
    layout: Layout,
    dialect: Dialect,
    /// The position of the first record.
    start: Start,
    /// The blocks of the file; set when a pass has ended.
    index: Arc<OnceLock<Index>>,
}

/// Bytes that have already been read from a stream, and the stream.
type Begun = (Vec<u8>, Box<dyn Read + Send>);

enum Input {
    File(InputFile, Compression),
    /// An input that can be read only once: the bytes that were read after the
    /// header row, and the rest.
    Once(Mutex<Option<Begun>>),
}

/// What a pass over the file finds out.
struct Index {
    num_rows: u64,
    blocks: Vec<IndexEntry>,
}

/// A block of an uncompressed file.
#[derive(Clone)]
struct IndexEntry {
    start: Start,
    num_bytes: usize,
    first_row: u64,
    num_rows: u64,
    needs_cleaning: bool,
}

impl CsvSource {
    /// Opens a file and reads its header row.
    pub fn open(file: InputFile, options: &CsvOptions) -> Result<Self, DataError> {
        let name = file.name().clone();
        let mut input = file.reader();
        let mut magic = Vec::new();
        fill(&mut input, &mut magic, 4).map_err(|error| unreadable(&name, error))?;
        let compression = Compression::of(&magic);
        let mut input = compression.reader(Box::new(file.reader()));
        let mut bytes = Vec::new();
        let header = Header::read(&mut input, &mut bytes, &name, options)?;
        Ok(Self::new(Input::File(file, compression), name, header))
    }

    /// Opens an input that can be read only once and reads its header row.
    pub fn once(
        mut input: Box<dyn Read + Send>,
        name: &str,
        options: &CsvOptions,
    ) -> Result<Self, DataError> {
        let name: Arc<str> = name.into();
        let mut bytes = Vec::new();
        fill(&mut input, &mut bytes, 4).map_err(|error| unreadable(&name, error))?;
        let compression = Compression::of(&bytes);
        let mut input = compression.reader(Box::new(Cursor::new(bytes).chain(input)));
        let mut bytes = Vec::new();
        let header = Header::read(&mut input, &mut bytes, &name, options)?;
        bytes.drain(..header.num_bytes);
        Ok(Self::new(
            Input::Once(Mutex::new(Some((bytes, input)))),
            name,
            header,
        ))
    }

    fn new(input: Input, name: Arc<str>, header: Header) -> Self {
        let layout = header.layout;
        let field = |name: &str| Field::new(name, DataType::Utf8, true);
        let named = || layout.names.iter().map(|name| field(name));
        let unnamed = |count: usize| (0..count).map(|_| field(""));
        let all = unnamed(layout.num_index).chain(named());
        let all: Vec<Field> = all.chain(unnamed(layout.num_unnamed)).collect();
        Self {
            input,
            name,
            schema: Arc::new(Schema::new(named().collect::<Vec<Field>>())),
            all: Arc::new(Schema::new(all)),
            layout,
            dialect: header.dialect,
            start: header.end,
            index: Arc::default(),
        }
    }

    /// Returns the blocks of the whole file in their order.
    fn in_file_order(&self, input: Box<dyn Read + Send>, rest: Vec<u8>, decoder: Decoder) -> Parts {
        let (dialect, num_cells) = (self.dialect, self.layout.num_cells());
        let name = self.name.clone();
        let start = self.start;
        let mut blocks = Blocks::new(input, rest, start, name.clone(), dialect, num_cells);
        let state = match &self.input {
            Input::File(file, _) => Some(file.clone()),
            Input::Once(_) => None,
        };
        let index = self.index.clone();
        let mut entries = Vec::new();
        let mut num_rows = 0;
        let parts = std::iter::from_fn(move || {
            let Some(block) = blocks.next() else {
                // The pass has ended; the index of an earlier pass must be the
                // same.
                let unchanged = state.as_ref().map_or(Ok(()), InputFile::check);
                let blocks = std::mem::take(&mut entries);
                let before = index.get_or_init(|| Index { num_rows, blocks });
                let same = before.num_rows == num_rows;
                return match unchanged {
                    Err(error) => Some(Err(error)),
                    Ok(()) if !same => Some(Err(changed(&name))),
                    Ok(()) => None,
                };
            };
            Some(block.map(|block| {
                num_rows += block.num_rows;
                entries.push(IndexEntry {
                    start: block.start,
                    num_bytes: block.bytes.len(),
                    first_row: block.first_row,
                    num_rows: block.num_rows,
                    needs_cleaning: block.needs_cleaning,
                });
                part(block, decoder.clone())
            }))
        });
        Box::new(ended_by_error(parts))
    }

    /// Returns the blocks of an uncompressed file in a shuffled order.
    fn in_shuffled_order(
        &self,
        file: &InputFile,
        index: &Index,
        order: ChunkOrder,
        decoder: Decoder,
    ) -> Result<Parts, DataError> {
        let (file, name, dialect) = (file.clone(), self.name.clone(), self.dialect);
        let mut blocks = index.blocks.clone();
        order.arrange(&mut blocks);
        let parts = blocks.into_iter().map(move |entry| {
            let (name, decoder) = (name.clone(), decoder.clone());
            let file = file.clone();
            let (first_row, num_rows) = (entry.first_row, entry.num_rows);
            Ok(Part {
                first_row,
                num_rows,
                read: Box::new(move || {
                    let bytes = file
                        .bytes_at(entry.start.byte, entry.num_bytes)
                        .map_err(|error| unreadable(&name, error))?;
                    let rows = first_row..first_row + num_rows;
                    let mut block = Block::new(bytes, rows, entry.start, name, dialect);
                    block.needs_cleaning = entry.needs_cleaning;
                    Ok(Box::new(std::iter::once(decoder.decode(block))))
                }),
            })
        });
        Ok(Box::new(parts))
    }
}

impl Source for CsvSource {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn parts(&self, columns: &[usize], order: ChunkOrder) -> Result<Parts, DataError> {
        self.schema().project(columns)?;
        let layout = &self.layout;
        let columns: Vec<usize> = columns
            .iter()
            .map(|column| layout.num_index + column)
            .collect();
        let num_cells = layout.num_cells();
        let unnamed = num_cells - layout.num_unnamed..num_cells;
        let decoder = Decoder::new(&self.all, &columns, unnamed, self.dialect.delimiter);
        let (file, compression) = match &self.input {
            Input::File(file, compression) => (file, compression),
            Input::Once(input) => {
                let input = input.lock().ok().and_then(|mut input| input.take());
                let (rest, input) = input.ok_or_else(|| DataError::File {
                    file: self.name.to_string(),
                    problem: FileProblem::ReadBefore,
                })?;
                return Ok(self.in_file_order(input, rest, decoder));
            }
        };
        file.check()?;
        if let (ChunkOrder::Shuffled { .. }, Compression::None, Some(index)) =
            (order, compression, self.index.get())
        {
            return self.in_shuffled_order(file, index, order, decoder);
        }
        let start = self.start.byte;
        let input: Box<dyn Read + Send> = match compression {
            Compression::None => Box::new(file.reader_at(start)),
            _ => {
                let mut input = compression.reader(Box::new(file.reader()));
                skip(&mut input, start).map_err(|error| unreadable(&self.name, error))?;
                input
            }
        };
        Ok(self.in_file_order(input, Vec::new(), decoder))
    }

    fn num_rows(&self) -> Option<u64> {
        self.index.get().map(|index| index.num_rows)
    }

    fn notes(&self) -> Vec<String> {
        let note = self.layout.note.iter();
        note.map(|note| format!("{}: {note}", self.name)).collect()
    }
}

fn part(block: Block, decoder: Decoder) -> Part {
    Part {
        first_row: block.first_row,
        num_rows: block.num_rows,
        read: Box::new(move || Ok(Box::new(std::iter::once(decoder.decode(block))))),
    }
}

/// Ends an iterator after its first error.
fn ended_by_error<T>(
    items: impl Iterator<Item = Result<T, DataError>>,
) -> impl Iterator<Item = Result<T, DataError>> {
    let mut failed = false;
    items.take_while(move |item| !std::mem::replace(&mut failed, item.is_err()))
}

fn skip(input: &mut impl Read, bytes: u64) -> std::io::Result<()> {
    std::io::copy(&mut input.take(bytes), &mut std::io::sink()).map(drop)
}

#[cfg(test)]
mod tests;
