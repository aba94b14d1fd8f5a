//! Checkpoints: no other file is touched, and trainings go on from them.

use std::collections::BTreeSet;

use super::{message, ready, training, training_to};
use crate::tool::signal;

#[cfg(unix)]
#[test]
fn a_checkpoint_touches_no_other_file_and_may_have_any_name() {
    let tool = ready();
    let before = tool.read("data.csv");
    std::os::unix::fs::symlink("data.csv", tool.path("saved.tmp")).unwrap();
    tool.write(".linreg-1-0", "another's");
    let saving = format!("{} --checkpoint-every 3 --checkpoint", training(20));
    tool.succeed(format!("{saving} saved"));
    assert_eq!(tool.read("data.csv"), before);
    assert_eq!(tool.read(".linreg-1-0"), "another's");
    let longest = "c".repeat(255);
    tool.succeed(format!("{saving} {longest} --force"));
    let mut expected = vec![
        ".linreg-1-0",
        "d.csv",
        "d1.csv",
        "data.csv",
        "m.st",
        "new.st",
        "saved",
        "saved.tmp",
    ];
    expected.insert(1, &longest);
    assert_eq!(tool.files(), expected);
    let longer = "c".repeat(256);
    let found = tool.fail(format!("{saving} {longer}"));
    assert!(found.contains(": File name too long"), "{found}");
}

#[cfg(unix)]
#[test]
fn the_same_command_with_resume_goes_on_and_so_does_its_log() {
    let tool = ready();
    tool.succeed(training_to("whole.st", 3000));
    let long = training(3000);
    let files = "--checkpoint saved --log log --history history.csv";
    let command = format!("{long} {files}");
    let mut child = tool.start(&command);
    tool.wait(&mut child, |tool| {
        tool.path("log").exists() && tool.read("log").lines().count() >= 20
    });
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    let said = message(&output);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(
        said.ends_with("; go on with the same command and --resume saved\n"),
        "{said}"
    );
    let first = tool.read("log");
    assert!(first.lines().count() < 3000);
    tool.write("log", "my notes\n");
    assert_eq!(
        tool.fail(format!("{command} --resume saved")),
        "error: log: this file is not a training log, so it cannot be continued; name another file"
    );
    // A line that a full disk cut short.
    tool.write("log", first + "{\"epoch\":29");
    tool.succeed(format!("{command} --resume saved"));
    let log = tool.read("log");
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3000);
    let epochs: BTreeSet<u64> = lines
        .iter()
        .map(|line| line["epoch"].as_u64().unwrap())
        .collect();
    assert_eq!(epochs.len(), 3000);
    let seconds: Vec<f64> = lines
        .iter()
        .map(|line| line["seconds"].as_f64().unwrap())
        .collect();
    assert!(seconds.is_sorted(), "{seconds:?}");
    assert_eq!(tool.read("history.csv").lines().count(), 3001);
    let bytes = |name: &str| std::fs::read(tool.path(name)).unwrap();
    assert!(bytes("new.st") == bytes("whole.st"));
    // A finished training that is resumed ends at once with the same model, and
    // is saved to the checkpoint that is named.
    tool.succeed(format!("{long} --resume saved --checkpoint other --force"));
    assert!(bytes("new.st") == bytes("whole.st"));
    std::fs::remove_file(tool.path("saved")).unwrap();
    tool.succeed(format!("{long} --resume other --force"));
    assert!(bytes("new.st") == bytes("whole.st"));
}

/// A program that runs until this is dropped.
#[cfg(unix)]
struct Endless(std::process::Child);

#[cfg(unix)]
impl Drop for Endless {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[cfg(unix)]
#[test]
fn a_second_training_is_refused_a_checkpoint_that_one_saves_to() {
    let tool = ready();
    let endless = format!("{} --checkpoint saved", training(100_000_000));
    let mut first = Endless(tool.start(endless));
    tool.wait(&mut first.0, |tool| tool.path("saved").exists());
    let other = training_to("other.st", 5);
    let expected = "error: saved: another training saves to this file; wait until it ends, or name another file";
    for option in [
        "--resume saved",
        "--checkpoint saved --force",
        "--checkpoint saved --resume saved",
    ] {
        assert_eq!(tool.fail(format!("{other} {option}")), expected);
    }
    drop(first);
    tool.succeed(format!("{other} --checkpoint saved --force"));
}

/// Whether the tests were started by `nohup` or the like. The programs that
/// they start ignore hangups too then.
#[cfg(unix)]
fn ignores_hangups() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.is_some_and(|bits| u64::from_str_radix(bits.trim(), 16).unwrap() & 1 == 1)
}

#[cfg(unix)]
#[test]
fn a_signal_in_a_cross_validation_leaves_the_model() {
    let tool = ready();
    for (name, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        if name == "-HUP" && ignores_hangups() {
            continue;
        }
        let folds = "--k-fold 200 --checkpoint saved --force";
        let mut child = tool.start(format!("{} {folds}", training(2000)));
        tool.wait(&mut child, |tool| tool.path("new.st").exists());
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        let said = message(&output);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains("the model was saved to new.st"), "{said}");
        tool.succeed("predict new.st d.csv");
        std::fs::remove_file(tool.path("new.st")).unwrap();
    }
}
