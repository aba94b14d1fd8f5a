//! The `linreg` program in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use tempfile::TempDir;

pub struct Tool {
    folder: TempDir,
}

impl Tool {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The names in the folder, in order.
    pub fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let name = |entry: std::fs::DirEntry| entry.file_name().into_string().unwrap();
        let mut names: Vec<String> = entries.map(|entry| name(entry.unwrap())).collect();
        names.sort();
        names
    }

    /// `linreg` with these arguments in the folder, in English wherever it runs,
    /// and with every sentence in one line, so that tests find it.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::cargo_bin("linreg").unwrap();
        command.current_dir(self.folder.path()).args(arguments);
        command.env_remove("LANGUAGE").env("LC_ALL", "C");
        command.env("COLUMNS", "1000");
        command
    }

    /// Runs `linreg` with these arguments in the folder.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        command.output().unwrap()
    }

    /// As [`run`](Self::run), with a variable in its environment.
    pub fn run_with(&self, variable: &str, value: &str, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        command.env(variable, value).output().unwrap()
    }

    /// Starts it without waiting for its end.
    pub fn start(&self, arguments: &[&str]) -> std::process::Child {
        std::process::Command::new(assert_cmd::cargo::cargo_bin("linreg"))
            .current_dir(self.folder.path())
            .args(arguments)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Runs it with so many threads for each pool.
    pub fn succeed_on_threads(&self, threads: usize, arguments: &[&str]) {
        let mut command = self.command(arguments);
        command.env("RAYON_NUM_THREADS", threads.to_string());
        command.assert().success();
    }

    /// Runs it with this on standard input, and gives what it printed.
    pub fn pipe(&self, arguments: &[&str], input: &str) -> String {
        let mut command = self.command(arguments);
        let output = command.write_stdin(input).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs it, and gives what it printed; it must succeed and say nothing on
    /// standard error.
    pub fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {stderr}");
        assert_eq!(stderr, "", "{arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// As [`succeed`](Self::succeed), with a variable in its environment.
    pub fn succeed_with(&self, variable: &str, value: &str, arguments: &[&str]) -> String {
        let output = self.run_with(variable, value, arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs it with `--json`, and gives the object.
    pub fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let arguments = [arguments, &["--json"]].concat();
        serde_json::from_str(&self.succeed(&arguments)).unwrap()
    }

    /// Runs it, and gives the one line that it says on standard error; it must
    /// fail with exit code 2 and print nothing else.
    pub fn fail(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        stderr.trim_end().to_string()
    }
}

/// A file of the top-level tests.
pub fn test_file(name: &str) -> PathBuf {
    let tests = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests");
    Path::new(tests).join(name)
}

/// The tool with the real rows.
pub fn diabetes_rows() -> Tool {
    let tool = Tool::new();
    let rows = std::fs::read_to_string(test_file("data/diabetes.csv")).unwrap();
    tool.write("diabetes.csv", rows);
    tool
}

/// The real rows, fitted: the tool with the model, and what it printed.
pub fn diabetes(options: &[&str]) -> (Tool, serde_json::Value) {
    let tool = diabetes_rows();
    let fit = ["fit", "diabetes.csv", "--target", "progression"];
    let fit = tool.json(&[&fit[..], options].concat());
    (tool, fit)
}

/// Checks a figure of a JSON object to ten digits.
#[track_caller]
pub fn assert_close(found: &serde_json::Value, expected: f64, what: &str) {
    let found = found.as_f64().unwrap_or(f64::NAN);
    let error = (found - expected).abs() / expected.abs();
    assert!(error < 1e-10, "{what}: {found}, expected {expected}");
}
