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
    let source = CsvSource::open(InputFile::open_as(&file.path, "t.csv").unwrap(), options);
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
    let source =
        CsvSource::open(InputFile::open_as(&file.path, "t.csv").unwrap(), &options).unwrap();
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
            "t.csv: line 1: the column names are numbers, such as `1`",
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
            // A line break splits a character into two halves.
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

/// A table of `rows` rows, for several blocks.
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
fn lines_that_are_no_rows_are_passed_over_in_every_order() {
    let mut text = "T\nn  word\n".to_string();
    for row in 0..200_000 {
        if row % 1000 == 7 {
            text += "# \"a comment\n   \n";
        }
        text += &format!(" {row}   {}\n", "x".repeat(1 + row % 50));
    }
    let options = CsvOptions {
        delimiter: Some(b' '),
        skip: 1,
        comment: Some(b'#'),
        ..CsvOptions::default()
    };
    let file = file("t.csv", &text);
    let source =
        CsvSource::open(InputFile::open_as(&file.path, "t.csv").unwrap(), &options).unwrap();
    let in_order: Vec<usize> = (0..200_000).collect();
    assert!(numbers(&source, ChunkOrder::File) == in_order);
    let mut shuffled = numbers(&source, ChunkOrder::Shuffled { seed: 1 });
    assert!(shuffled != in_order);
    shuffled.sort_unstable();
    assert!(shuffled == in_order);
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
    // Compressed files that were joined.
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

#[test]
fn a_column_that_is_not_there_is_an_error() {
    let file = file("t.csv", "a,y\n1,2\n");
    let source = file.open().unwrap();
    assert!(source.parts(&[2], ChunkOrder::File).is_err());
}

#[test]
fn a_header_of_more_cells_than_the_rows_have_bytes_takes_no_memory_for_them() {
    let header: Vec<String> = (0..10_000).map(|column| format!("c{column}")).collect();
    let file = format!("{}\n{}", header.join(","), "1\n".repeat(300_000));
    let error = rows(file).unwrap_err();
    assert!(error.contains("found 1 cell"), "{error}");
}
