//! Files that were made to do harm, or that change while they are read, give a
//! correct message and take no more memory than other files.

#[cfg(target_os = "linux")]
mod memory;
#[cfg(unix)]
mod standard_input;
#[cfg(target_os = "linux")]
mod threads;

use std::io::Write;
use std::path::Path;
#[cfg(unix)]
use std::process::Stdio;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;

use crate::tool::Tool;

/// A table of these columns of numbers, whatever their names.
fn numbers(names: &[&str]) -> RecordBatch {
    let field = |name: &&str| Field::new(*name, DataType::Float64, true);
    let schema = Schema::new(names.iter().map(field).collect::<Vec<Field>>());
    let column = |factor: usize| {
        let numbers = (0..20).map(|row| ((row * factor) % 7) as f64);
        Arc::new(numbers.collect::<Float64Array>()) as ArrayRef
    };
    let columns = (1..=names.len()).map(column).collect();
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

fn write_parquet(path: &Path, table: &RecordBatch, properties: WriterProperties) {
    let file = std::fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, table.schema(), Some(properties)).unwrap();
    writer.write(table).unwrap();
    writer.close().unwrap();
}

fn write_arrow(path: &Path, table: &RecordBatch, codec: Option<arrow_ipc::CompressionType>) {
    use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
    let options = IpcWriteOptions::default()
        .try_with_compression(codec)
        .unwrap();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = FileWriter::try_new_with_options(file, &table.schema(), options).unwrap();
    writer.write(table).unwrap();
    writer.finish().unwrap();
}

#[test]
fn names_that_are_no_names_are_refused_in_every_format() {
    let tool = Tool::new();
    for (names, problem) in [
        (
            ["a", "a", "y"],
            "the column name `a` is there twice; rename one of them",
        ),
        (["a", "", "y"], "column 2 has no name; name each column"),
        (["a", " ", "y"], "column 2 has no name; name each column"),
    ] {
        let table = numbers(&names);
        tool.write("t.csv", format!("{}\n1,2,3\n", names.join(",")));
        write_parquet(&tool.path("t.parquet"), &table, WriterProperties::default());
        write_arrow(&tool.path("t.arrow"), &table, None);
        for (file, place) in [
            ("t.csv", "t.csv: line 1"),
            ("t.parquet", "t.parquet"),
            ("t.arrow", "t.arrow"),
        ] {
            for command in [&["describe", file][..], &["fit", file, "-t", "y"]] {
                assert_eq!(tool.fail(command), format!("error: {place}: {problem}"));
            }
        }
    }
}

#[test]
fn zeros_after_a_gzip_file_are_nothing_and_anything_else_is_told() {
    let tool = Tool::new();
    let rows: String = (0..50)
        .map(|row| format!("{row},{}\n", row * row))
        .collect();
    let text = format!("a,y\n{rows}");
    tool.write("t.csv", &text);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let expected = tool.succeed("describe t.csv");
    tool.write("t.csv", [&packed[..], &[0; 1000]].concat());
    assert_eq!(tool.succeed("describe t.csv"), expected);
    tool.write("t.csv", [&packed[..], b"more"].concat());
    assert_eq!(
        tool.fail("describe t.csv"),
        "error: t.csv: after the end of the compressed data there is something else; remove it, or decompress the file first"
    );
}

#[test]
#[cfg(unix)]
fn a_file_that_changes_while_it_is_read_is_told_of() {
    let tool = Tool::new();
    type Change = fn(&Tool);
    let changes: [(Change, &str); 3] = [
        (
            |tool| {
                let mut options = std::fs::OpenOptions::new();
                let file = options.write(true).open(tool.path("t.csv")).unwrap();
                file.set_len(8).unwrap();
            },
            "changed",
        ),
        (
            |tool| {
                tool.write("new.csv", "a,y\n1,2\n5,3\n");
                std::fs::rename(tool.path("new.csv"), tool.path("t.csv")).unwrap();
            },
            "was replaced or removed",
        ),
        (
            |tool| std::fs::remove_file(tool.path("t.csv")).unwrap(),
            "was replaced or removed",
        ),
    ];
    for (change, expected) in changes {
        tool.write("t.csv", "a,y\n1,2\n5,3\n");
        let mut child = tool.process("fit t.csv - -t y -o m.st");
        child.stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut child = child.spawn().unwrap();
        // When more of standard input is taken than a pipe holds, the first file
        // has been opened.
        let mut input = child.stdin.take().unwrap();
        input.write_all(b"a,y\n").unwrap();
        input.write_all(&b"1,2\n2,5\n".repeat(1 << 17)).unwrap();
        change(&tool);
        drop(input);
        let output = child.wait_with_output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{message}");
        let expected = format!(
            "error: t.csv: the file {expected} while it was read; run the command again when nothing writes to it"
        );
        assert_eq!(message.trim_end(), expected);
    }
}
