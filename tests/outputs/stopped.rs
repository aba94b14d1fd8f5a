//! Files of programs that are stopped at any moment are whole or not there.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{ready, training};
use crate::tool::{Tool, signal};

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
