//! Files that would take much memory are refused, or read with little.

use std::io::Write;
use std::process::Stdio;
use std::sync::Arc;

use arrow_array::DictionaryArray;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::{write_arrow, write_parquet};
use crate::tool::{Arguments, Tool};

/// What the program printed about a file, its exit code, and the most memory
/// that it took, in MiB.
#[cfg(target_os = "linux")]
fn measured(tool: &Tool, arguments: impl Into<Arguments>) -> (String, Option<i32>, u64) {
    // With this limit, a need for more memory ends the program, not the machine.
    let mut child = tool.in_shell("ulimit -v 8000000", arguments);
    let mut child = child
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(&status).unwrap_or_default();
        let found = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let found = found.and_then(|text| text.trim().strip_suffix(" kB")?.parse().ok());
        peak = peak.max(found.unwrap_or(0));
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    (
        stderr.trim_end().to_string(),
        output.status.code(),
        peak >> 10,
    )
}

/// Checks that a file is refused in these words, with little memory.
#[cfg(target_os = "linux")]
#[track_caller]
fn is_refused(tool: &Tool, file: &str, expected: &str) {
    let (message, code, peak) = measured(tool, format!("describe '{file}'"));
    assert_eq!(code, Some(2), "{file}: {message}");
    assert!(message.starts_with("error: "), "{message}");
    assert!(message.contains(expected), "{message}");
    assert!(peak < 300, "{file}: {peak} MiB");
}

/// Columns of zeros, all in one page.
fn zeros(num_rows: usize) -> RecordBatch {
    let zeros: ArrayRef = Arc::new(Float64Array::from(vec![0.0; num_rows]));
    RecordBatch::try_from_iter([("x", zeros.clone()), ("y", zeros)]).unwrap()
}

fn one_page(compression: Compression) -> WriterProperties {
    WriterProperties::builder()
        .set_compression(compression)
        .set_dictionary_enabled(false)
        .set_max_row_group_row_count(None)
        .set_data_page_size_limit(1 << 30)
        .set_data_page_row_count_limit(1 << 30)
        .set_write_batch_size(1 << 30)
        .build()
}

#[test]
#[cfg(target_os = "linux")]
fn a_page_that_unpacks_to_much_more_than_the_file_is_refused() {
    let tool = Tool::new();
    let table = zeros(10_000_000);
    let zstd = one_page(Compression::ZSTD(ZstdLevel::default()));
    write_parquet(&tool.path("t.parquet"), &table, zstd);
    let bytes = std::fs::metadata(tool.path("t.parquet")).unwrap().len();
    assert!(bytes < 100_000, "{bytes}");
    is_refused(
        &tool,
        "t.parquet",
        "t.parquet: row group 1, column `y`: pages of ",
    );
    is_refused(
        &tool,
        "t.parquet",
        "unpack to 152.6 MiB at once, and the limit is 128.0 MiB; write the file with smaller pages",
    );
    let codec = arrow_ipc::CompressionType::ZSTD;
    write_arrow(&tool.path("t.arrow"), &table, Some(codec));
    is_refused(&tool, "t.arrow", "t.arrow: a record batch of ");
}

#[test]
#[cfg(target_os = "linux")]
fn equal_rows_of_a_small_file_are_read_a_few_at_a_time() {
    let tool = Tool::new();
    let num_rows = 10_000;
    let keys = Int32Array::from(vec![0; num_rows]);
    let words: ArrayRef = Arc::new(StringArray::from(vec!["a".repeat(100_000)]));
    let words = DictionaryArray::<Int32Type>::try_new(keys, words).unwrap();
    let ones: ArrayRef = Arc::new(Float64Array::from(vec![1.0; num_rows]));
    let table = RecordBatch::try_from_iter([("w", Arc::new(words) as ArrayRef), ("x", ones)]);
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .build();
    write_parquet(&tool.path("t.parquet"), &table.unwrap(), properties);
    // A gigabyte of text, in 100,000 characters.
    let (message, code, peak) = measured(&tool, "describe t.parquet");
    assert_eq!(code, Some(0), "{message}");
    assert!(peak < 300, "{peak} MiB");
}

#[test]
#[cfg(target_os = "linux")]
fn a_text_of_many_rows_that_is_longer_than_texts_are_is_refused() {
    let tool = Tool::new();
    let keys = Int32Array::from(vec![0; 40]);
    let words: ArrayRef = Arc::new(StringArray::from(vec!["a".repeat(20 << 20)]));
    let words = DictionaryArray::<Int32Type>::try_new(keys, words).unwrap();
    let table = RecordBatch::try_from_iter([("w", Arc::new(words) as ArrayRef)]).unwrap();
    let properties = WriterProperties::builder()
        .set_dictionary_page_size_limit(64 << 20)
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .build();
    write_parquet(&tool.path("t.parquet"), &table, properties);
    write_arrow(&tool.path("t.arrow"), &table, None);
    let told = "a text takes 20.0 MiB, and the limit is 16.0 MiB; leave the column out of the file";
    for (file, place) in [
        ("t.parquet", "row group 1, column `w`"),
        ("t.arrow", "column `w`"),
    ] {
        is_refused(&tool, file, &format!("{file}: {place}: {told}"));
    }
}

/// A Parquet file with this footer and nothing else.
fn with_footer(footer: &[u8]) -> Vec<u8> {
    let length = (footer.len() as u32).to_le_bytes();
    [&b"PAR1"[..], footer, &length, b"PAR1"].concat()
}

#[test]
#[cfg(target_os = "linux")]
fn a_footer_that_asks_for_more_memory_than_there_is_is_damage() {
    let tool = Tool::new();
    let damaged = "t.parquet: cut short, or no Parquet file: its footer is none, or contradicts itself; copy or write it again";
    // A root that says that it has 2^31 - 1 columns.
    let root = [0x48, 1, b'r', 0x15, 0xFE, 0xFF, 0xFF, 0xFF, 0x0F, 0];
    let schema = [&[0x15, 2, 0x19, 0x1C][..], &root, &[0x16, 0, 0x19, 0x0C, 0]].concat();
    // 2^31 - 1 row groups.
    let groups = [0x15, 2, 0x29, 0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0];
    for footer in [&schema[..], &groups] {
        tool.write("t.parquet", with_footer(footer));
        is_refused(&tool, "t.parquet", damaged);
    }
    // Columns that are nested 100,000 deep.
    let column = [0x35, 2, 0x18, 1, b'c', 0x15, 2, 0];
    let mut deep = vec![0x15, 2, 0x19, 0xFC, 0xA1, 0x8D, 0x06];
    deep.extend([0x48, 1, b'r', 0x15, 2, 0]);
    deep.extend(column.repeat(100_000 - 1));
    deep.extend([0x15, 10, 0x25, 2, 0x18, 1, b'c', 0, 0]);
    tool.write("t.parquet", with_footer(&deep));
    is_refused(
        &tool,
        "t.parquet",
        "t.parquet: columns consist of columns, more than 64 times over",
    );
    tool.write("t.parquet", with_footer(&vec![0x15; 60_000_000]));
    is_refused(
        &tool,
        "t.parquet",
        "t.parquet: the footer, which describes the columns and row groups, takes 57.2 MiB, and the limit is 16.0 MiB; write the columns that are needed, in larger row groups",
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_header_of_60_mb_is_refused() {
    let tool = Tool::new();
    let long = format!("a,{}\n1,2\n", "b".repeat(60_000_000));
    let many = format!("{}\n1\n", "c,".repeat(30_000_000));
    let expected = "error: t.csv: line 1: the header is longer than 16.0 MiB or has more than 262144 columns; is a quote never closed, or is this no CSV file?";
    for content in [long, many] {
        tool.write("t.csv", content);
        is_refused(&tool, "t.csv", expected);
    }
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&vec![b'a'; 100_000_000]).unwrap();
    tool.write("t.csv", packed.finish().unwrap());
    is_refused(&tool, "t.csv", expected);
    // A stream whose first message claims to have 64 MiB.
    let mut stream = vec![0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 4];
    stream.extend(vec![0; 100]);
    tool.write("t.arrow", stream);
    is_refused(
        &tool,
        "t.arrow",
        "t.arrow: the description of the columns takes 64.0 MiB, and the limit is 16.0 MiB; write the columns that are needed",
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_row_that_does_not_end_is_refused_with_its_line() {
    let tool = Tool::new();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(b"a,b\n1,2\n3,").unwrap();
    packed.write_all(&vec![b'1'; 200_000_000]).unwrap();
    tool.write("t.csv.gz", packed.finish().unwrap());
    is_refused(
        &tool,
        "t.csv.gz",
        "t.csv.gz: line 3 (byte 8): the row that begins here is longer than",
    );
}
