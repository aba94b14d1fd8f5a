//! Standard input, which is kept in a file without a name.

use std::io::Write;
use std::process::Stdio;

use parquet::file::properties::WriterProperties;

use super::{numbers, write_arrow, write_parquet};
use crate::tool::Tool;

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
