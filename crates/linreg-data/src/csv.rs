mod blocks;
mod decode;
mod records;
mod unquoted;

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use arrow_schema::{DataType, Field, Schema, SchemaRef};

use crate::DataError;
use crate::error::quote;
use crate::input::{Compression, FileState};
use crate::source::{ChunkOrder, Part, Parts, Source, check_names};
use blocks::{Block, Blocks, Start, fill, unreadable};
use decode::{Decoder, cells};
use records::locate;

/// How to read a CSV file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CsvOptions {
    /// What separates cells; None finds it in the first two lines: comma,
    /// semicolon, tab or `|`.
    pub delimiter: Option<u8>,
    /// Whether the first line is a row and columns are named `column_1`,
    /// `column_2` and so on.
    pub no_header: bool,
}

/// A CSV file: cells are text, whose kind shows from what they say.
///
/// Cells may be quoted; lines end in LF, CRLF or CR; a byte order mark and blank
/// lines are passed over. The file may be compressed with gzip or Zstandard.
pub(crate) struct CsvSource {
    input: Input,
    name: Arc<str>,
    schema: SchemaRef,
    delimiter: u8,
    /// Where the first record stands.
    start: Start,
    /// The parts of the file, once a pass has ended.
    index: Arc<OnceLock<Index>>,
}

/// Bytes that have been read of a stream, and the stream.
type Begun = (Vec<u8>, Box<dyn Read + Send>);

enum Input {
    File(FileState, Compression),
    /// Can be read once: the bytes that the header was found in, and the rest.
    Once(Mutex<Option<Begun>>),
}

/// What a pass finds out.
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
}

impl CsvSource {
    /// Opens a file, which messages call `name`, and reads its header.
    pub fn open(path: &Path, name: &str, options: &CsvOptions) -> Result<Self, DataError> {
        let name: Arc<str> = name.into();
        let file = FileState::open(path)?;
        let mut input = file.reader()?;
        let mut magic = Vec::new();
        fill(&mut input, &mut magic, 4).map_err(|error| unreadable(&name, &error))?;
        let compression = Compression::of(&magic);
        let mut input = compression.reader(Box::new(Cursor::new(magic).chain(input)));
        let mut bytes = Vec::new();
        let header = Header::read(&mut input, &mut bytes, &name, options)?;
        Ok(Self::new(Input::File(file, compression), name, header))
    }

    /// Reads the header of an input that can be read once.
    pub fn once(
        mut input: Box<dyn Read + Send>,
        name: &str,
        options: &CsvOptions,
    ) -> Result<Self, DataError> {
        let name: Arc<str> = name.into();
        let mut bytes = Vec::new();
        fill(&mut input, &mut bytes, 4).map_err(|error| unreadable(&name, &error))?;
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
        let fields = header.names.into_iter();
        let fields: Vec<Field> = fields
            .map(|name| Field::new(name, DataType::Utf8, true))
            .collect();
        Self {
            input,
            name,
            schema: Arc::new(Schema::new(fields)),
            delimiter: header.delimiter,
            start: header.end,
            index: Arc::default(),
        }
    }

    /// The blocks of the whole file, one after the other.
    fn in_file_order(&self, input: Box<dyn Read + Send>, rest: Vec<u8>, decoder: Decoder) -> Parts {
        let (delimiter, num_columns) = (self.delimiter, self.schema.fields().len());
        let name = self.name.clone();
        let mut blocks = Blocks::new(
            input,
            rest,
            self.start,
            name.clone(),
            delimiter,
            num_columns,
        );
        let state = match &self.input {
            Input::File(file, _) => Some(file.clone()),
            Input::Once(_) => None,
        };
        let index = self.index.clone();
        let mut entries = Vec::new();
        let mut num_rows = 0;
        let parts = std::iter::from_fn(move || {
            let Some(block) = blocks.next() else {
                // The pass has ended; an index of another pass is the same.
                let unchanged = state.as_ref().map_or(Ok(()), FileState::check);
                let blocks = std::mem::take(&mut entries);
                let before = index.get_or_init(|| Index { num_rows, blocks });
                let same = before.num_rows == num_rows;
                return match unchanged {
                    Err(error) => Some(Err(error)),
                    Ok(()) if !same => Some(Err(DataError::changed(&name))),
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
                });
                part(block, decoder.clone())
            }))
        });
        Box::new(ended_by_error(parts))
    }

    /// The blocks of an uncompressed file in an order of their own.
    fn in_shuffled_order(
        &self,
        file: &FileState,
        index: &Index,
        order: ChunkOrder,
        decoder: Decoder,
    ) -> Result<Parts, DataError> {
        let (file, name, delimiter) = (file.clone(), self.name.clone(), self.delimiter);
        let opened = Arc::new(file.reader()?);
        let mut blocks = index.blocks.clone();
        order.arrange(&mut blocks);
        let parts = blocks.into_iter().map(move |entry| {
            let (name, decoder) = (name.clone(), decoder.clone());
            let (file, opened) = (file.clone(), opened.clone());
            let (first_row, num_rows) = (entry.first_row, entry.num_rows);
            Ok(Part {
                first_row,
                num_rows,
                read: Box::new(move || {
                    file.check()?;
                    let mut bytes = vec![0; entry.num_bytes];
                    read_at(&opened, &mut bytes, entry.start.byte)
                        .map_err(|error| unreadable(&name, &error))?;
                    let rows = first_row..first_row + num_rows;
                    let block = Block::new(bytes, rows, entry.start, name, delimiter);
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
        let decoder = Decoder::new(&self.schema, columns, self.delimiter);
        let (file, compression) = match &self.input {
            Input::File(file, compression) => (file, compression),
            Input::Once(input) => {
                let input = input.lock().ok().and_then(|mut input| input.take());
                let (rest, input) = input.ok_or_else(|| DataError::File {
                    file: self.name.to_string(),
                    problem: "this is needed twice and can be read once; save it as a file first"
                        .to_string(),
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
        let mut input = compression.reader(Box::new(file.reader()?));
        skip(&mut input, self.start.byte).map_err(|error| unreadable(&self.name, &error))?;
        Ok(self.in_file_order(input, Vec::new(), decoder))
    }

    fn num_rows(&self) -> Option<u64> {
        self.index.get().map(|index| index.num_rows)
    }
}

fn part(block: Block, decoder: Decoder) -> Part {
    Part {
        first_row: block.first_row,
        num_rows: block.num_rows,
        read: Box::new(move || Ok(Box::new(std::iter::once(decoder.decode(block))))),
    }
}

/// Nothing after the first error.
fn ended_by_error<T>(
    items: impl Iterator<Item = Result<T, DataError>>,
) -> impl Iterator<Item = Result<T, DataError>> {
    let mut failed = false;
    items.take_while(move |item| !std::mem::replace(&mut failed, item.is_err()))
}

fn skip(input: &mut impl Read, bytes: u64) -> std::io::Result<()> {
    std::io::copy(&mut input.take(bytes), &mut std::io::sink()).map(drop)
}

/// Reads from an offset without a cursor, which threads would share.
fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> std::io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset);
    #[cfg(windows)]
    {
        use std::os::windows::fs::FileExt;
        let mut done = 0;
        while done < bytes.len() {
            match file.seek_read(&mut bytes[done..], offset + done as u64)? {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                read => done += read,
            }
        }
        Ok(())
    }
}

/// What the first line says.
struct Header {
    names: Vec<String>,
    delimiter: u8,
    /// Where the first record begins, and how many of the bytes read that is.
    end: Start,
    num_bytes: usize,
}

impl Header {
    fn read(
        input: &mut impl Read,
        bytes: &mut Vec<u8>,
        file: &str,
        options: &CsvOptions,
    ) -> Result<Self, DataError> {
        // The first bytes hold the header, or it is one of very many columns.
        let mut size = 1 << 16;
        loop {
            let last = fill(input, bytes, size).map_err(|error| unreadable(file, &error))?;
            let mark = check_encoding(bytes, file)?;
            let text = &bytes[mark..];
            let delimiter = options.delimiter.unwrap_or_else(|| find_delimiter(text));
            let Some(first) = locate(text, delimiter, last, 0) else {
                if !last && size < 1 << 26 {
                    size *= 4;
                    continue;
                }
                let problem = match text.iter().all(|byte| matches!(byte, b'\n' | b'\r')) {
                    true => "the file is empty, expected a header line with the column names",
                    false => "the header line does not end; is a quote never closed?",
                };
                return Err(DataError::File {
                    file: file.to_string(),
                    problem: problem.to_string(),
                });
            };
            let names = Self::parse(&text[first.start..first.end], delimiter, options.no_header);
            let names = names.map_err(|problem| DataError::Row {
                place: format!("{file}: line {}", first.line + 1),
                problem,
            })?;
            let (num_bytes, line) = match options.no_header {
                true => (mark, 0),
                false => (mark + first.end, first.lines),
            };
            return Ok(Self {
                names,
                delimiter,
                end: Start {
                    byte: num_bytes as u64,
                    line,
                },
                num_bytes,
            });
        }
    }

    fn parse(record: &[u8], delimiter: u8, no_header: bool) -> Result<Vec<String>, String> {
        let cells = cells(record, delimiter);
        if no_header {
            return Ok((1..=cells.len()).map(|n| format!("column_{n}")).collect());
        }
        let mut names = Vec::new();
        for cell in cells {
            let name = String::from_utf8(cell);
            let name = name.map_err(|_| "not UTF-8 text; save the file as UTF-8".to_string())?;
            names.push(name.trim().to_string());
        }
        check_names(&names)?;
        if names.iter().all(|name| name.parse::<f64>().is_ok()) {
            return Err(format!(
                "the column names are numbers, such as {}; if the file has no header, say so with --no-header",
                quote(&names[0])
            ));
        }
        Ok(names)
    }
}

/// The separator that divides the first two records into the same number of
/// cells, the most of them; comma where none does.
fn find_delimiter(bytes: &[u8]) -> u8 {
    let num_cells = |delimiter: u8| {
        let count = |record| {
            let found = locate(bytes, delimiter, true, record)?;
            Some(cells(&bytes[found.start..found.end], delimiter).len())
        };
        let header = count(0).unwrap_or(0);
        // Rows that differ tell less.
        (
            header > 1 && count(1).is_none_or(|cells| cells == header),
            header,
        )
    };
    // One cell is no division.
    let mut best = (b',', num_cells(b',').max((true, 1)));
    for delimiter in [b';', b'\t', b'|'] {
        let found = num_cells(delimiter);
        if found > best.1 {
            best = (delimiter, found);
        }
    }
    best.0
}

/// The length of a byte order mark; an error for one that is not of UTF-8.
fn check_encoding(bytes: &[u8], file: &str) -> Result<usize, DataError> {
    match bytes {
        [0xEF, 0xBB, 0xBF, ..] => Ok(3),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Err(DataError::File {
            file: file.to_string(),
            problem: "this is UTF-16 text; save it as UTF-8".to_string(),
        }),
        _ => Ok(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cells, file};
    use proptest::prelude::*;
    use std::io::Write;

    fn rows(content: impl AsRef<[u8]>) -> Result<Vec<Vec<String>>, String> {
        let file = file("t.csv", content);
        let source = file.open().map_err(|error| file.message(&error))?;
        cells(source.as_ref(), ChunkOrder::File).map_err(|error| file.message(&error))
    }

    fn columns(content: impl AsRef<[u8]>, options: &CsvOptions) -> Result<Vec<String>, String> {
        let file = file("t.csv", content);
        let source = CsvSource::open(&file.path, "t.csv", options);
        let source = source.map_err(|error| error.to_string())?;
        Ok(crate::column_names(&source))
    }

    #[test]
    fn reads_what_spreadsheets_write() {
        let file = "\u{feff}\"a\" , y\r\n\r\n\"1\", 2e3\r\n-0.5 ,\"two\r\nlines, quoted \"\"\"\r\n";
        assert_eq!(
            rows(file).unwrap(),
            [["1", " 2e3"], ["-0.5 ", "two\r\nlines, quoted \""]]
        );
        assert_eq!(rows("a,y\r1,2\r3,4").unwrap(), [["1", "2"], ["3", "4"]]);
    }

    #[test]
    fn finds_the_separator() {
        for (header, expected) in [
            ("a,b", vec!["a", "b"]),
            ("a;b,c;d", vec!["a", "b,c", "d"]),
            ("a\tb", vec!["a", "b"]),
            ("a|b|c", vec!["a", "b", "c"]),
            ("\"a;b;c\",d", vec!["a;b;c", "d"]),
            ("only", vec!["only"]),
        ] {
            let found = columns(format!("{header}\n"), &CsvOptions::default());
            assert_eq!(found.unwrap(), expected, "{header}");
        }
        let options = CsvOptions {
            delimiter: Some(b' '),
            ..CsvOptions::default()
        };
        assert_eq!(columns("a b,c\n1 2\n", &options).unwrap(), ["a", "b,c"]);
    }

    #[test]
    fn names_columns_where_there_is_no_header() {
        let options = CsvOptions {
            no_header: true,
            ..CsvOptions::default()
        };
        let file = file("t.csv", "1,2\n3,4\n");
        let source = CsvSource::open(&file.path, "t.csv", &options).unwrap();
        assert_eq!(crate::column_names(&source), ["column_1", "column_2"]);
        let rows = cells(&source, ChunkOrder::File).unwrap();
        assert_eq!(rows, [["1", "2"], ["3", "4"]]);
    }

    #[test]
    fn says_what_is_wrong_with_a_file() {
        for (content, expected) in [
            (
                &b""[..],
                "t.csv: the file is empty, expected a header line with the column names",
            ),
            (
                b"\n\n",
                "t.csv: the file is empty, expected a header line with the column names",
            ),
            (
                b"a,a,y\n",
                "t.csv: line 1: the column name `a` is there twice; rename one of them",
            ),
            (
                b"\na,,y\n",
                "t.csv: line 2: column 2 has no name; name each column",
            ),
            (
                b"1,2\n3,4\n",
                "t.csv: line 1: the column names are numbers, such as `1`; if the file has no header, say so with --no-header",
            ),
            (
                b"a,\"y\n1,2\n",
                "t.csv: the header line does not end; is a quote never closed?",
            ),
            (
                b"\xff\xfea\0,\0",
                "t.csv: this is UTF-16 text; save it as UTF-8",
            ),
            (
                b"a,y\n1,2\n1,2,3\n",
                "t.csv: line 3 (byte 8): found 3 cells, expected 2 as in the header",
            ),
            (
                b"a,y\n1,2\n\n\n3\n",
                "t.csv: line 5 (byte 10): found 1 cells, expected 2 as in the header",
            ),
            (
                b"a,y\n1,2\n\n\n1,K\xf6ln\n",
                "t.csv: line 5 (byte 10), column `y`: found `K\u{fffd}ln`, expected UTF-8 text; save the file as UTF-8",
            ),
            (
                // The halves of a character that a line break splits.
                b"a,y\n1,\xef\xbb\r\xbf,2\n",
                "t.csv: line 2 (byte 4), column `y`: found `\u{fffd}`, expected UTF-8 text; save the file as UTF-8",
            ),
            (
                b"a,y\n1,\"two\n2,x\n3,y\n",
                "t.csv: line 2: the quoted cell that begins here is never closed; close it, or write a quote inside a cell twice",
            ),
            (
                b"a,y\n1,\"two\n2,\"x\"\n",
                "t.csv: line 3: there is text after the closing quote of the cell that begins on line 2; write a quote inside a cell twice",
            ),
            (
                b"a\n1\n\n3\n",
                "t.csv: line 3: blank, and in a file of one column that may be a missing cell; remove the line, or write the cell",
            ),
        ] {
            let name = String::from_utf8_lossy(content);
            assert_eq!(rows(content).unwrap_err(), expected, "{name:?}");
        }
        assert_eq!(rows("a\n\n1\n2\n\n\n").unwrap(), [["1"], ["2"]]);
    }

    /// Enough rows for several blocks.
    fn long(rows: usize) -> String {
        let mut text = "n,word\n".to_string();
        for row in 0..rows {
            text += &format!("{row},{}\n", "x".repeat(row % 50));
        }
        text
    }

    fn numbers(source: &dyn Source, order: ChunkOrder) -> Vec<usize> {
        let rows = cells(source, order).unwrap();
        rows.iter().map(|row| row[0].parse().unwrap()).collect()
    }

    #[test]
    fn a_long_file_comes_in_order_and_its_parts_in_any_other() {
        let file = file("t.csv", long(200_000));
        let source = file.open().unwrap();
        assert!(source.num_rows().is_none());
        let in_order: Vec<usize> = (0..200_000).collect();
        assert_eq!(numbers(source.as_ref(), ChunkOrder::File), in_order);
        assert_eq!(source.num_rows(), Some(200_000));
        let shuffled = |seed| numbers(source.as_ref(), ChunkOrder::Shuffled { seed });
        assert_eq!(shuffled(1), shuffled(1));
        assert_ne!(shuffled(1), shuffled(2));
        assert_ne!(shuffled(1), in_order);
        let mut sorted = shuffled(1);
        sorted.sort_unstable();
        assert_eq!(sorted, in_order);
    }

    #[test]
    fn a_wrong_row_far_down_is_found_by_its_line() {
        let text = long(200_000) + "1,2,3\n";
        let found = rows(&text).unwrap_err();
        let byte = text.len() - 6;
        let expected =
            format!("t.csv: line 200002 (byte {byte}): found 3 cells, expected 2 as in the header");
        assert_eq!(found, expected);
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Default::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn reads_compressed_files_and_says_where_they_are_cut_short() {
        let text = long(100_000);
        let zstandard = zstd::encode_all(text.as_bytes(), 1).unwrap();
        for bytes in [gzip(&text), zstandard] {
            assert_eq!(rows(&bytes).unwrap().len(), 100_000);
            for length in [bytes.len() - 1, bytes.len() / 2] {
                let error = rows(&bytes[..length]).unwrap_err();
                assert!(error.starts_with("t.csv: "), "{error}");
                assert!(
                    error.contains("ends early") || error.contains("incomplete"),
                    "{error}"
                );
            }
        }
        // Files that were joined.
        let joined = [gzip("a,b\n1,2\n"), gzip("3,4\n")].concat();
        assert_eq!(rows(joined).unwrap(), [["1", "2"], ["3", "4"]]);
    }

    #[test]
    fn notices_a_file_that_changes_between_passes() {
        let file = file("t.csv", long(10));
        let source = file.open().unwrap();
        cells(source.as_ref(), ChunkOrder::File).unwrap();
        std::fs::write(&file.path, long(11)).unwrap();
        for order in [ChunkOrder::File, ChunkOrder::Shuffled { seed: 0 }] {
            let error = cells(source.as_ref(), order).unwrap_err();
            assert_eq!(
                file.message(&error),
                "t.csv: the file changed while it was read; run the command again when nothing writes to it"
            );
        }
    }

    #[test]
    fn reads_ten_thousand_columns() {
        let names: Vec<String> = (0..10_000).map(|i| format!("x{i}")).collect();
        let row = vec!["1"; 10_000].join(",");
        let text = format!("{}\n{row}\n{row}\n", names.join(","));
        let rows = rows(text).unwrap();
        assert_eq!((rows.len(), rows[0].len()), (2, 10_000));
    }

    proptest! {
        #[test]
        fn any_table_written_reads_back(
            table in prop::collection::vec(prop::collection::vec("[a-z ,;\"\n\ré]{0,6}", 3), 1..20),
            end in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        ) {
            let terminator = match end { "\r\n" => csv::Terminator::CRLF, end => csv::Terminator::Any(end.as_bytes()[0]) };
            let mut writer = csv::WriterBuilder::new().terminator(terminator).quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
            writer.write_record(["a", "b", "c"]).unwrap();
            for row in &table {
                writer.write_record(row).unwrap();
            }
            prop_assert_eq!(rows(writer.into_inner().unwrap()).unwrap(), table);
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[a,y0-9\"\n\r;]*") {
            let _ = rows(bytes);
            let _ = rows(text);
        }
    }
}
