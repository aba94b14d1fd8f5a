//! Every file that the tool writes is whole or not there at all, and none
//! overwrites another.

#[cfg(unix)]
mod checkpoint;
#[cfg(unix)]
mod full_disk;
#[cfg(unix)]
mod stopped;

use std::process::{Command, Output};

use crate::tool::Tool;

/// A small table, a model of it, and another table.
fn ready() -> Tool {
    let tool = Tool::new();
    let rows = |name: &str, examples: &str| {
        tool.succeed(format!(
            "generate --noise 1 --examples {examples} --output {name}"
        ));
    };
    rows("data.csv", "200");
    rows("d1.csv", "50");
    rows("d.csv", "50");
    tool.succeed("fit data.csv --target y --output m.st");
    tool
}

/// A training of so many epochs, whose model goes to this file.
fn training_to(output: &str, epochs: u32) -> String {
    let fit = "fit data.csv --target y --method sgd --optimizer adam";
    format!("{fit} --epochs {epochs} --output {output}")
}

fn training(epochs: u32) -> String {
    training_to("new.st", epochs)
}

fn message(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn no_output_is_an_input_whatever_it_is_called() {
    let tool = ready();
    let before = tool.read("d.csv");
    #[cfg(unix)]
    std::os::unix::fs::symlink("d.csv", tool.path("link.csv")).unwrap();
    let fit = "fit d*.csv --target y --force --method sgd --epochs 2";
    let exact = "fit d*.csv --target y --force";
    for (command, file) in [
        ("predict m.st d*.csv --force -o", "d.csv"),
        ("predict m.st d*.csv --force -o", "link.csv"),
        ("predict m.st d*.csv --force -o", "./../{}/d.csv"),
        (exact, "-o d1.csv"),
        (exact, "-o new.st --report d.csv"),
        (fit, "-o d.csv"),
        (fit, "-o new.st --log d1.csv"),
        (fit, "-o new.st --history d.csv"),
        (fit, "-o new.st --checkpoint d.csv"),
        ("plot scatter d*.csv --target y --force -o", "d.svg"),
    ] {
        let folder = tool.path("");
        let folder = folder.file_name().unwrap().to_str().unwrap();
        let command = format!("{command} {}", file.replace("{}", folder));
        if file == "d.svg" {
            std::fs::rename(tool.path("d.csv"), tool.path("d.svg")).unwrap();
            let found = tool.fail("plot scatter d*.svg --target y --force -o d.svg");
            assert_eq!(found, "error: d.svg: this file is read; write another");
            std::fs::rename(tool.path("d.svg"), tool.path("d.csv")).unwrap();
            continue;
        }
        if file == "link.csv" && cfg!(not(unix)) {
            continue;
        }
        let found = tool.fail(&command);
        assert!(
            found.ends_with(": this file is read; write another"),
            "{command}: {found}"
        );
        assert_eq!(tool.read("d.csv"), before, "{command}");
    }
    assert!(!tool.files().contains(&"new.st".to_string()));
}

#[cfg(unix)]
#[test]
fn a_file_on_standard_input_is_no_output() {
    let tool = ready();
    let before = tool.read("d.csv");
    for arguments in [
        "fit - --target y --output d.csv --force",
        "predict m.st - --output d.csv --force",
    ] {
        let input = std::fs::File::open(tool.path("d.csv")).unwrap();
        let output = tool.process(arguments).stdin(input).output().unwrap();
        assert_eq!(
            message(&output),
            "error: d.csv: this file is read; write another\n"
        );
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(tool.read("d.csv"), before);
    }
}

#[test]
fn no_two_outputs_are_one_file() {
    let tool = ready();
    let outputs = [
        ("--checkpoint", "checkpoint"),
        ("--output", "model"),
        ("--report", "report"),
        ("--history", "history"),
        ("--log", "log"),
    ];
    for (first, a) in outputs {
        for (second, b) in outputs.iter().skip_while(|other| other.0 != first).skip(1) {
            let mut fit = "fit data.csv --target y --method sgd --epochs 2".to_string();
            if first != "--output" && *second != "--output" {
                fit += " --output new.st";
            }
            fit += &format!(" {first} same.csv {second} ./same.csv");
            let found = tool.fail(&fit);
            let expected =
                format!(": the {a} and the {b} are the same file; name another for one of them");
            assert!(found.ends_with(&expected), "{fit}: {found}");
        }
    }
    assert_eq!(tool.files(), ["d.csv", "d1.csv", "data.csv", "m.st"]);
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_never_written_or_replaced() {
    use std::os::unix::fs::FileTypeExt;
    let tool = ready();
    let pipe = Command::new("mkfifo").arg(tool.path("pipe")).status();
    assert!(pipe.unwrap().success());
    let trained = training(2);
    for file in ["/dev/null", "/dev/full", "pipe"] {
        let what = if file == "pipe" { "a pipe" } else { "a device" };
        let expected = format!(
            "error: {file}: this is {what}, and only a regular file can be written whole or not at all; name a file"
        );
        for option in ["--log", "--checkpoint", "--report"] {
            let found = tool.fail(format!("{trained} {option} {file} --force"));
            assert_eq!(found, expected);
        }
        // The format of a table comes from its name, but the error is the same.
        assert_eq!(
            tool.fail(format!("predict m.st d.csv --force -o {file}")),
            expected
        );
    }
    let null = std::fs::metadata("/dev/null").unwrap().file_type();
    assert!(null.is_char_device());
    assert!(!tool.files().contains(&"new.st".to_string()));
}

#[test]
fn a_folder_with_anything_but_predictions_is_never_replaced() {
    let tool = ready();
    tool.succeed("predict m.st data.csv --parts csv --output p");
    std::fs::create_dir(tool.path("tables")).unwrap();
    tool.write("tables/part-00000.csv", "x,y\n1,2\n");
    std::fs::create_dir_all(tool.path("nested/part-00000.csv")).unwrap();
    tool.write("nested/part-00000.csv/notes.txt", "mine");
    std::fs::create_dir(tool.path("other")).unwrap();
    tool.write("other/notes.txt", "mine");
    for (folder, file) in [
        ("tables", "part-00000.csv"),
        ("nested", "part-00000.csv"),
        ("other", "notes.txt"),
    ] {
        let predict = format!("predict m.st data.csv --parts parquet --output {folder} --force");
        let error = tool.fail(predict);
        let expected = format!("it contains `{file}`, which is not a file of predictions");
        assert!(error.contains(&expected), "{error}");
    }
    assert_eq!(tool.read("tables/part-00000.csv"), "x,y\n1,2\n");
    assert_eq!(tool.read("nested/part-00000.csv/notes.txt"), "mine");
    // Predictions of another format are replaced.
    tool.succeed("predict m.st data.csv --parts parquet --output p --force");
    assert!(tool.path("p/part-00000.parquet").exists());
    assert!(!tool.path("p/part-00000.csv").exists());
    let error = tool.fail("predict m.st data.csv --parts csv --output data.csv --force");
    assert!(error.contains("this is a file; name a folder"), "{error}");
}
