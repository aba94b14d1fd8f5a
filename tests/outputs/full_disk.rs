//! What cannot be written, as on a full disk.

use std::process::Output;

use super::{message, ready, training};
use crate::tool::Tool;

/// Runs the program where no file may be larger than 8 KiB.
#[cfg(unix)]
fn with_small_files(tool: &Tool, arguments: &str) -> Output {
    tool.in_shell("ulimit -f 16", arguments).output().unwrap()
}

#[cfg(unix)]
#[test]
fn what_cannot_be_written_takes_no_model_with_it() {
    let tool = ready();
    let long = training(200);
    for (option, file) in [
        ("--log", "log"),
        ("--history", "history.csv"),
        ("--report", "report.html"),
        ("--checkpoint", "saved"),
    ] {
        let every = match option {
            "--checkpoint" => "--checkpoint-every 1",
            _ => "",
        };
        let output = with_small_files(&tool, &format!("{long} {option} {file} {every}"));
        let said = message(&output);
        assert_eq!(output.status.code(), Some(1), "{option}: {said}");
        let expected = match option {
            "--checkpoint" => {
                "error: saved: the checkpoint cannot be written: File too large".to_string()
            }
            _ => format!("error: {file}: File too large"),
        };
        assert!(said.starts_with(&expected), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        // The model is there, and its results were printed.
        tool.succeed("predict new.st d.csv");
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert!(stdout.contains("Saved new.st"), "{stdout}");
        assert!(!stdout.contains("report.html"), "{stdout}");
        let is_there = tool.files().contains(&file.to_string());
        // A log has the lines that could be written; a checkpoint is an earlier
        // one.
        assert_eq!(
            is_there,
            ["--log", "--checkpoint"].contains(&option),
            "{option}"
        );
        std::fs::remove_file(tool.path("new.st")).unwrap();
        std::fs::remove_file(tool.path(file)).ok();
    }
    assert_eq!(tool.files(), ["d.csv", "d1.csv", "data.csv", "m.st"]);
}

#[cfg(unix)]
#[test]
fn a_disk_without_room_leaves_nothing_behind() {
    let tool = ready();
    let many = "generate --examples 3000 --output many.csv";
    let output = with_small_files(&tool, many);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        message(&output),
        "error: many.csv: File too large (os error 27)\n"
    );
    tool.succeed(many);
    let predict = "predict m.st many.csv --output p.csv";
    let output = with_small_files(&tool, predict);
    assert_eq!(
        message(&output),
        "error: p.csv: File too large (os error 27)\n"
    );
    assert_eq!(
        tool.files(),
        ["d.csv", "d1.csv", "data.csv", "m.st", "many.csv"]
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_warning_that_nobody_can_hear_loses_no_model() {
    let tool = ready();
    // A feature that is there twice, which is warned of.
    let rows: String = (0..20)
        .map(|row| format!("{row},{row},{}\n", row * row))
        .collect();
    tool.write("twice.csv", format!("a,b,y\n{rows}"));
    let fit = "fit twice.csv --target y --collinear drop --output new.st";
    let status = tool.in_shell("exec 2>/dev/full", fit).status();
    assert!(status.unwrap().success());
    assert!(tool.path("new.st").exists());
}
