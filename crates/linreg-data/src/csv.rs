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
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock};

use arrow_schema::{DataType, Field, Schema, SchemaRef};

use crate::compression::Compression;
use crate::input::{InputFile, changed};
use crate::source::{ChunkOrder, Part, Parts, Source, overlapping};
use crate::{CsvOptions, DataError, FileIndex, FileProblem, TableLocation, TextBlock};
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
    options: CsvOptions,
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
    blocks: Vec<TextBlock>,
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
        let input = Input::File(file, compression);
        Ok(Self::new(input, name, header, options.clone()))
    }

    /// Takes what is known of the places of rows.
    pub fn with_index(self, index: &FileIndex) -> Self {
        let blocks = match index {
            FileIndex::Blocks { blocks, .. } => blocks.clone(),
            FileIndex::FromStart { .. } | FileIndex::InFile { .. } => Vec::new(),
        };
        let num_rows = index.num_rows();
        self.index.get_or_init(|| Index { num_rows, blocks });
        self
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
            options.clone(),
        ))
    }

    fn new(input: Input, name: Arc<str>, header: Header, options: CsvOptions) -> Self {
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
            options,
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
            let mut next = || blocks.next();
            let next = match &state {
                Some(file) => file.checked(next),
                None => Ok(next()),
            };
            let block = match next {
                Ok(Some(block)) => block,
                Ok(None) => {
                    // The pass has ended; the index of an earlier pass must be the
                    // same.
                    let blocks = std::mem::take(&mut entries);
                    let before = index.get_or_init(|| Index { num_rows, blocks });
                    let same = before.num_rows == num_rows;
                    return (!same).then(|| Err(changed(&name)));
                }
                Err(error) => return Some(Err(error)),
            };
            Some(block.map(|block| {
                num_rows += block.num_rows;
                entries.push(TextBlock {
                    first_row: block.first_row,
                    num_rows: block.num_rows,
                    byte: block.start.byte,
                    num_bytes: block.bytes.len(),
                    line: block.start.line,
                    has_other_lines: block.needs_cleaning,
                });
                part(block, decoder.clone())
            }))
        });
        Box::new(ended_by_error(parts))
    }

    /// Returns these blocks of an uncompressed file.
    fn in_blocks(&self, file: &InputFile, blocks: Vec<TextBlock>, decoder: Decoder) -> Parts {
        let (file, name, dialect) = (file.clone(), self.name.clone(), self.dialect);
        Box::new(blocks.into_iter().map(move |block| {
            let (file, name, decoder) = (file.clone(), name.clone(), decoder.clone());
            Ok(Part {
                first_row: block.first_row,
                num_rows: block.num_rows,
                read: Box::new(move || {
                    let bytes = file
                        .bytes_at(block.byte, block.num_bytes)
                        .map_err(|error| unreadable(&name, error))?;
                    let rows = block.first_row..block.first_row + block.num_rows;
                    let start = Start {
                        byte: block.byte,
                        line: block.line,
                    };
                    let mut read = Block::new(bytes, rows, start, name, dialect);
                    read.needs_cleaning = block.has_other_lines;
                    Ok(Box::new(std::iter::once(decoder.decode(read))))
                }),
            })
        }))
    }

    /// Returns what decodes the columns at these indices of the table.
    fn decoder(&self, columns: &[usize]) -> Result<Decoder, DataError> {
        self.schema().project(columns)?;
        let layout = &self.layout;
        let columns = columns.iter().map(|column| layout.num_index + column);
        let columns: Vec<usize> = columns.collect();
        let num_cells = layout.num_cells();
        let unnamed = num_cells - layout.num_unnamed..num_cells;
        let delimiter = self.dialect.delimiter;
        Ok(Decoder::new(&self.all, &columns, unnamed, delimiter))
    }

    /// Returns the file and its blocks, if they are known and can be read in any
    /// order.
    fn known_blocks(&self) -> Option<(&InputFile, &[TextBlock])> {
        match (&self.input, self.index.get()) {
            (Input::File(file, Compression::None), Some(index)) => Some((file, &index.blocks)),
            _ => None,
        }
    }
}

impl Source for CsvSource {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn parts(&self, columns: &[usize], order: ChunkOrder) -> Result<Parts, DataError> {
        let decoder = self.decoder(columns)?;
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
        file.begin_pass()?;
        if let (ChunkOrder::Shuffled { .. }, Some((file, blocks))) = (order, self.known_blocks()) {
            let mut blocks = blocks.to_vec();
            order.arrange(&mut blocks);
            return Ok(self.in_blocks(file, blocks, decoder));
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

    fn parts_of(&self, columns: &[usize], rows: Range<u64>) -> Result<Parts, DataError> {
        let Some((file, blocks)) = self.known_blocks() else {
            let parts = self.parts(columns, ChunkOrder::File)?;
            return Ok(overlapping(parts, rows));
        };
        file.begin_pass()?;
        let ends_before = |block: &TextBlock| block.first_row + block.num_rows <= rows.start;
        let first = blocks.partition_point(ends_before);
        let after = blocks.partition_point(|block| block.first_row < rows.end);
        let blocks = blocks.get(first..after).unwrap_or_default();
        Ok(self.in_blocks(file, blocks.to_vec(), self.decoder(columns)?))
    }

    fn location(&self) -> Option<TableLocation> {
        let Input::File(file, compression) = &self.input else {
            return None;
        };
        let index = self.index.get().map(|index| match compression {
            Compression::None => FileIndex::Blocks {
                num_rows: index.num_rows,
                blocks: index.blocks.clone(),
            },
            _ => FileIndex::FromStart {
                num_rows: index.num_rows,
            },
        });
        Some(TableLocation {
            files: vec![file.location(index)?],
            reading: self.options.clone(),
            first_row: 0,
        })
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
