//! Every file that the tool writes is whole or not there at all, and none
//! overwrites another.

use std::collections::BTreeSet;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::tool::{Tool, signal};

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

/// Runs the program where no file may be larger than 8 KiB.
#[cfg(unix)]
fn with_small_files(tool: &Tool, arguments: &str) -> Output {
    tool.in_shell("ulimit -f 16", arguments).output().unwrap()
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

/// A number from 0 to 1, the same in every run.
fn uniform(state: &mut u64) -> f64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*state >> 11) as f64 / (1u64 << 53) as f64
}

/// Whether a file whose content differs from run to run is whole.
#[cfg(unix)]
fn is_whole(name: &str, content: &str) -> bool {
    let mut lines = content.lines();
    let is_json = |line: &str| serde_json::from_str::<serde_json::Value>(line).is_ok();
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => content.ends_with("</html>\n"),
        Some("csv") => content.lines().all(|line| line.split(',').count() == 7),
        // The system may cut the line that it writes when the program is killed.
        // The same training goes on after the lines before.
        Some("log") => {
            let mut whole = content
                .split_inclusive('\n')
                .filter(|line| line.ends_with('\n'));
            whole.all(is_json)
        }
        _ => {
            let first = lines.next().unwrap_or_default();
            first.starts_with("linreg checkpoint ") && lines.all(is_json)
        }
    }
}

/// Runs the command 30 times, stops it each time by a signal at a random
/// moment, and checks that each file is whole or not there.
#[cfg(unix)]
fn stopped(tool: &Tool, command: &str, input: Option<&str>, files: &[&str], others: &[&str]) {
    let temporary = tempfile::tempdir().unwrap();
    let start = || {
        let stdin = match input {
            Some(name) => Stdio::from(std::fs::File::open(tool.path(name)).unwrap()),
            None => Stdio::null(),
        };
        let mut child = tool.process(command);
        child.env("TMPDIR", temporary.path()).stdin(stdin);
        child.stdout(Stdio::null()).stderr(Stdio::null());
        child.spawn().unwrap()
    };
    let before = tool.files();
    let started = Instant::now();
    assert!(start().wait().unwrap().success(), "{command}");
    let mut took = started.elapsed();
    let whole: Vec<Vec<u8>> = files
        .iter()
        .map(|file| std::fs::read(tool.path(file)).unwrap())
        .collect();
    let remove = || {
        for file in files.iter().chain(others) {
            std::fs::remove_file(tool.path(file)).ok();
        }
    };
    remove();
    assert_eq!(tool.files(), before);
    let mut state = 11;
    for round in 0..30 {
        let mut child = start();
        std::thread::sleep(took.mul_f64(uniform(&mut state)));
        if child.try_wait().unwrap().is_some() {
            // The machine is less busy than before.
            took = took.mul_f64(0.9);
        }
        let name = ["-KILL", "-TERM", "-INT", "-HUP"][round % 4];
        signal(&child, name);
        if name != "-KILL" {
            // The program may delay its end after the first signal.
            std::thread::sleep(Duration::from_millis(20));
            signal(&child, "-KILL");
        }
        child.wait().unwrap();
        for (file, whole) in files.iter().zip(&whole) {
            if let Ok(found) = std::fs::read(tool.path(file)) {
                assert!(found == *whole, "{file} after {name}");
            }
        }
        for file in others {
            if let Ok(found) = std::fs::read_to_string(tool.path(file)) {
                assert!(is_whole(file, &found), "{file} after {name}: {found}");
            }
        }
        remove();
        // Only by a rename can a file replace another, so a later checkpoint has a
        // temporary name for an instant. A kill in that instant leaves it, whole.
        if others.contains(&"saved") {
            for left in tool.files() {
                if left.starts_with(".linreg-") {
                    assert!(is_whole(&left, &tool.read(&left)), "{left} after {name}");
                    std::fs::remove_file(tool.path(&left)).unwrap();
                }
            }
        }
        assert_eq!(tool.files(), before, "after {name}");
        let left = std::fs::read_dir(temporary.path()).unwrap().count();
        assert_eq!(left, 0, "temporary files after {name}");
    }
}

#[cfg(unix)]
#[test]
fn a_table_that_is_stopped_at_any_moment_is_whole_or_not_there() {
    let tool = ready();
    tool.succeed("generate --examples 20000 --output many.csv");
    let predict = "predict m.st many.csv --output p.csv";
    stopped(&tool, predict, None, &["p.csv"], &[]);
    let generate = "generate --examples 20000 --output g.parquet";
    stopped(&tool, generate, None, &["g.parquet"], &[]);
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

#[cfg(unix)]
#[test]
fn a_folder_of_predictions_that_is_interrupted_is_whole_or_not_there() {
    let tool = ready();
    tool.succeed("generate --examples 300000 --output many.parquet");
    let predict = "predict m.st many.parquet --parts parquet --output p";
    let parts = |tool: &Tool| -> Vec<(String, Vec<u8>)> {
        let names = [
            "part-00000.parquet",
            "part-00001.parquet",
            "part-00002.parquet",
        ];
        assert_eq!(
            std::fs::read_dir(tool.path("p")).unwrap().count(),
            names.len()
        );
        let read = |name: &str| std::fs::read(tool.path("p").join(name)).unwrap();
        names.map(|name| (name.to_string(), read(name))).to_vec()
    };
    let before = tool.files();
    let started = Instant::now();
    tool.succeed(predict);
    let took = started.elapsed();
    let whole = parts(&tool);
    let error = tool.fail(predict);
    assert!(
        error.contains("use --force to replace a folder of predictions"),
        "{error}"
    );
    tool.succeed(format!("{predict} --force"));
    assert!(parts(&tool) == whole);
    let error = tool.fail("predict m.st many.parquet --parts csv --output -");
    assert_eq!(
        error,
        "error: --parts writes files to a folder: name it with --output"
    );
    std::fs::remove_dir_all(tool.path("p")).unwrap();
    let mut state = 5;
    for round in 0..24 {
        // Every other time the folder is there before, with the same predictions.
        let is_there = round % 2 == 1;
        if is_there {
            tool.succeed(predict);
        }
        let child = tool.start(format!("{predict} --force"));
        std::thread::sleep(took.mul_f64(uniform(&mut state)));
        let (name, number) = [("-TERM", 15), ("-INT", 2), ("-HUP", 1)][round % 3];
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        // It may have ended before, or not have listened to signals yet.
        let code = output.status.code();
        assert!(
            [None, Some(0), Some(128 + number)].contains(&code),
            "{code:?} after {name}"
        );
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!stderr.contains("error"), "{stderr} after {name}");
        assert!(!is_there || tool.path("p").exists(), "lost after {name}");
        if tool.path("p").exists() {
            assert!(parts(&tool) == whole, "after {name}");
            std::fs::remove_dir_all(tool.path("p")).unwrap();
        }
        assert_eq!(tool.files(), before, "after {name}");
    }
}

#[cfg(unix)]
#[test]
fn a_fit_that_is_stopped_at_any_moment_leaves_whole_files_and_no_others() {
    let tool = ready();
    tool.succeed("generate --examples 20000 --output many.csv");
    let exact = "fit - --target y --output new.st";
    stopped(&tool, exact, Some("many.csv"), &["new.st"], &[]);
    let report = "fit data.csv --target y --output new.st --report r.html";
    stopped(&tool, report, None, &["new.st"], &["r.html"]);
    let files = "--checkpoint saved --checkpoint-every 5";
    let files = format!("{files} --log t.log --history history.csv");
    let trained = format!("{} {files}", training(60));
    // Times differ from run to run.
    stopped(
        &tool,
        &trained,
        None,
        &["new.st"],
        &["saved", "t.log", "history.csv"],
    );
}

#[cfg(unix)]
#[test]
fn a_picture_that_is_stopped_at_any_moment_is_whole_or_not_there() {
    let tool = ready();
    let picture = "plot scatter data.csv --target y -o p.png";
    stopped(&tool, picture, None, &["p.png"], &[]);
}
