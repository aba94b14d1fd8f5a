//! Files that were made to do harm, or that change while they are read, give a
//! correct message and take no more memory than other files.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use arrow_array::DictionaryArray;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::tool::{Arguments, Tool};

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
    let keys = Int32Array::from(vec![0; 1000]);
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

/// Runs the program with the rows of a file on standard input.
fn piped(tool: &Tool, arguments: &str, input: &[u8]) -> std::process::Output {
    let mut command = assert_cmd::Command::from_std(tool.process(arguments));
    command.env("TMPDIR", tool.path("tmp"));
    command.write_stdin(input).output().unwrap()
}

#[test]
#[cfg(unix)]
fn standard_input_of_any_format_is_kept_without_a_name() {
    let tool = Tool::new();
    std::fs::create_dir(tool.path("tmp")).unwrap();
    let table = numbers(&["a", "b", "y"]);
    write_parquet(&tool.path("t.parquet"), &table, WriterProperties::default());
    write_arrow(&tool.path("t.arrow"), &table, None);
    let mut expected = None;
    for file in ["t.parquet", "t.arrow"] {
        let input = std::fs::read(tool.path(file)).unwrap();
        let output = piped(&tool, "fit - -t y -o m.st --force", &input);
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{message}");
        // The first line is left out: it has the time that the fit took.
        let found = String::from_utf8(output.stdout).unwrap();
        let found = found.lines().skip(1).collect::<Vec<_>>().join("\n");
        assert_eq!(expected.get_or_insert(found.clone()), &found);
    }
    assert_eq!(std::fs::read_dir(tool.path("tmp")).unwrap().count(), 0);
    std::fs::remove_dir(tool.path("tmp")).unwrap();
    let output = piped(&tool, "fit - -t y -o n.st", b"a,y\n1,2\n2,3\n");
    let message = String::from_utf8(output.stderr).unwrap();
    let start = "error: standard input: it is read several times, and cannot be kept in ";
    let end = "/tmp: No such file or directory (os error 2); save it as a file first, or name a folder with room for it in TMPDIR";
    assert!(message.starts_with(start), "{message}");
    assert!(message.trim_end().ends_with(end), "{message}");
}

#[test]
#[cfg(target_os = "linux")]
fn an_interrupted_fit_from_standard_input_leaves_no_file() {
    let tool = Tool::new();
    std::fs::create_dir(tool.path("tmp")).unwrap();
    let mut child = tool.process("fit - -t y -o m.st");
    child
        .env("TMPDIR", tool.path("tmp"))
        .stdin(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = child.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"a,y\n").unwrap();
    input.write_all(&b"1,2\n".repeat(1 << 19)).unwrap();
    assert_eq!(std::fs::read_dir(tool.path("tmp")).unwrap().count(), 0);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(std::fs::read_dir(tool.path("tmp")).unwrap().count(), 0);
    assert_eq!(tool.files(), ["tmp"]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_limit_on_the_size_of_files_is_told_of_with_what_it_stopped() {
    let tool = Tool::new();
    let rows: String = (0..20_000)
        .map(|row| format!("{row},{}\n", row % 7))
        .collect();
    let limited = tool.in_shell("ulimit -f 64", "fit - -t y -o m.st");
    let mut limited = assert_cmd::Command::from_std(limited);
    limited
        .env("TMPDIR", tool.path("."))
        .write_stdin(format!("a,y\n{rows}"));
    let output = limited.output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(
        message.starts_with("error: standard input: it is read several times"),
        "{message}"
    );
    assert!(
        message.contains(": File too large (os error 27); save it"),
        "{message}"
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

#[test]
#[cfg(target_os = "linux")]
fn without_any_thread_more_the_work_is_done_by_the_one_there_is() {
    use std::os::unix::fs::PermissionsExt;
    let tool = Tool::new();
    let rows: String = (0..3000)
        .map(|row| format!("{},{},{}\n", row % 17, row % 5, row % 7))
        .collect();
    tool.write("t.csv", format!("a,b,y\n{rows}"));
    let everyone = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(tool.path("."), everyone).unwrap();
    let program = assert_cmd::cargo::cargo_bin("linreg");
    let limited = |arguments: &str| {
        // The limit does not bind the root user, who becomes another.
        std::process::Command::new("setpriv")
            .args(["--reuid", "64123", "--clear-groups", "prlimit", "--nproc=1"])
            .arg(&program)
            .args(arguments.split(' '))
            .current_dir(tool.path("."))
            .output()
    };
    match limited("--version") {
        Ok(output) if output.status.success() => (),
        other => {
            eprintln!("skipped, because this user cannot become another: {other:?}");
            return;
        }
    }
    for arguments in [
        "fit t.csv -t y --diagnostics --force",
        "fit t.csv -t y --method sgd --epochs 2 --force",
        "fit t.csv -t y --method sgd --search --epochs 2 --force",
        "describe t.csv",
        "predict t.safetensors t.csv",
    ] {
        let expected = tool.run(arguments);
        let output = limited(arguments).unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), expected.status.code(), "{message}");
        assert!(!message.contains("panicked"), "{arguments:?}: {message}");
    }
}
