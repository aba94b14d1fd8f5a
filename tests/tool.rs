//! The `linreg` program in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use assert_cmd::cargo::cargo_bin;
use tempfile::TempDir;

/// The precisions of the backend that is used where none is named.
pub const PRECISIONS: &[&str] = if cfg!(feature = "ndarray") {
    &["f32", "f64"]
} else {
    &["f32"]
};

pub struct Tool {
    folder: TempDir,
}

/// The arguments of a command: a list, or a line as it is typed into a shell.
#[derive(Clone, Debug)]
pub struct Arguments(Vec<String>);

impl From<&str> for Arguments {
    fn from(line: &str) -> Self {
        Self(words(line))
    }
}

impl From<String> for Arguments {
    fn from(line: String) -> Self {
        Self(words(&line))
    }
}

impl From<&String> for Arguments {
    fn from(line: &String) -> Self {
        Self(words(line))
    }
}

impl From<&[&str]> for Arguments {
    fn from(list: &[&str]) -> Self {
        Self(list.iter().map(|word| word.to_string()).collect())
    }
}

impl<const N: usize> From<&[&str; N]> for Arguments {
    fn from(list: &[&str; N]) -> Self {
        list.as_slice().into()
    }
}

impl From<&Vec<&str>> for Arguments {
    fn from(list: &Vec<&str>) -> Self {
        list.as_slice().into()
    }
}

impl Arguments {
    fn with_json(mut self) -> Self {
        self.0.push("--json".to_string());
        self
    }
}

/// The words of a command, as a shell reads quotes.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None, None);
    for character in command.chars() {
        match (quote, character) {
            (None, ' ') => words.extend(word.take()),
            (None, '\'' | '"') => {
                word.get_or_insert_with(String::new);
                quote = Some(character);
            }
            (Some(mark), character) if mark == character => quote = None,
            _ => word.get_or_insert_with(String::new).push(character),
        }
    }
    words.extend(word);
    words
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
    pub fn process(&self, arguments: impl Into<Arguments>) -> Command {
        self.prepare(Command::new(cargo_bin("linreg")), arguments)
    }

    /// The same, started by a shell after another command, such as a limit.
    pub fn in_shell(&self, before: &str, arguments: impl Into<Arguments>) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{before}; exec \"$@\""), "sh"]);
        shell.arg(cargo_bin("linreg"));
        self.prepare(shell, arguments)
    }

    fn prepare(&self, mut command: Command, arguments: impl Into<Arguments>) -> Command {
        command
            .current_dir(self.folder.path())
            .args(arguments.into().0);
        command.env_remove("LANGUAGE").env("LC_ALL", "C");
        command.env("COLUMNS", "1000");
        command
    }

    /// Runs `linreg` with these arguments in the folder.
    pub fn run(&self, arguments: impl Into<Arguments>) -> Output {
        self.process(arguments).output().unwrap()
    }

    /// As [`run`](Self::run), with a variable in its environment.
    pub fn run_with(&self, name: &str, value: &str, arguments: impl Into<Arguments>) -> Output {
        let mut command = self.process(arguments);
        command.env(name, value).output().unwrap()
    }

    /// Starts it without waiting for its end.
    pub fn start(&self, arguments: impl Into<Arguments>) -> Child {
        let mut command = self.process(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// Waits until something is so, which a program that runs brings about, however
    /// slow the machine is.
    #[track_caller]
    pub fn wait(&self, program: &mut Child, is_so: impl Fn(&Self) -> bool) {
        while !is_so(self) {
            let ended = program.try_wait().unwrap();
            assert!(
                ended.is_none() || is_so(self),
                "the program ended: {ended:?}"
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Runs it with so many threads for each pool. One thread is also one for passes,
    /// where the system can keep a program to one core; otherwise they have as many as
    /// there are cores.
    #[track_caller]
    pub fn succeed_on_threads(&self, threads: usize, arguments: impl Into<Arguments>) {
        let arguments = arguments.into();
        let mut command = if threads == 1 && cfg!(target_os = "linux") {
            let first = "$(taskset -pc $$ | sed 's/.*: //; s/[,-].*//')";
            let one_core = format!("taskset -pc {first} $$ >/dev/null");
            self.in_shell(&one_core, arguments.clone())
        } else {
            self.process(arguments.clone())
        };
        command.env("RAYON_NUM_THREADS", threads.to_string());
        printed(&arguments, command.output().unwrap());
    }

    /// Runs it with this on standard input, and gives what it printed.
    #[track_caller]
    pub fn pipe(&self, arguments: impl Into<Arguments>, input: &str) -> String {
        let arguments = arguments.into();
        let command = self.process(arguments.clone());
        let mut command = assert_cmd::Command::from_std(command);
        printed(&arguments, command.write_stdin(input).output().unwrap()).0
    }

    /// Runs it, and gives what it printed; it must succeed and say nothing on
    /// standard error.
    #[track_caller]
    pub fn succeed(&self, arguments: impl Into<Arguments>) -> String {
        let arguments = arguments.into();
        let (stdout, stderr) = printed(&arguments, self.run(arguments.clone()));
        assert_eq!(stderr, "", "{arguments:?}");
        stdout
    }

    /// Runs it with a variable in its environment, and gives what it printed; it
    /// must succeed.
    #[track_caller]
    pub fn succeed_with(&self, name: &str, value: &str, arguments: impl Into<Arguments>) -> String {
        let arguments = arguments.into();
        printed(&arguments, self.run_with(name, value, arguments.clone())).0
    }

    /// Runs it with `--json`, and gives the object.
    #[track_caller]
    pub fn json(&self, arguments: impl Into<Arguments>) -> serde_json::Value {
        serde_json::from_str(&self.succeed(arguments.into().with_json())).unwrap()
    }

    /// The same where there are warnings.
    #[track_caller]
    pub fn warned_json(&self, arguments: impl Into<Arguments>) -> serde_json::Value {
        let arguments = arguments.into().with_json();
        let (stdout, _) = printed(&arguments, self.run(arguments.clone()));
        serde_json::from_str(&stdout).unwrap()
    }

    /// Runs it, and gives the warnings that it says on standard error; it must
    /// succeed.
    #[track_caller]
    pub fn warnings(&self, arguments: impl Into<Arguments>) -> String {
        let arguments = arguments.into();
        printed(&arguments, self.run(arguments.clone())).1
    }

    /// Runs it, and gives the one line that it says on standard error; it must
    /// fail with exit code 2 and print nothing else.
    #[track_caller]
    pub fn fail(&self, arguments: impl Into<Arguments>) -> String {
        let arguments = arguments.into();
        let output = self.run(arguments.clone());
        let [stdout, stderr] = texts(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert_eq!(stdout, "", "{arguments:?}");
        stderr.trim_end().to_string()
    }
}

/// Sends a signal such as `-INT` to a program, which may have ended already.
#[cfg(unix)]
pub fn signal(program: &Child, name: &str) {
    let id = program.id().to_string();
    Command::new("kill").args([name, &id]).status().unwrap();
}

/// What a program printed and what it said on standard error; it must have
/// succeeded.
#[track_caller]
fn printed(arguments: &Arguments, output: Output) -> (String, String) {
    let [stdout, stderr] = texts(&output);
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    (stdout, stderr)
}

/// What a program printed, and what it said on standard error.
fn texts(output: &Output) -> [String; 2] {
    [&output.stdout, &output.stderr].map(|text| String::from_utf8(text.clone()).unwrap())
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
pub fn diabetes(options: &str) -> (Tool, serde_json::Value) {
    let tool = diabetes_rows();
    let fit = tool.json(format!("fit diabetes.csv --target progression {options}"));
    (tool, fit)
}

/// The summary of a fit of the real rows, without the time that it took.
pub fn summary(tool: &Tool, options: &str) -> String {
    let fit = "fit diabetes.csv --target progression --force";
    without_time(&tool.succeed(format!("{fit} {options}")))
}

/// A summary without the time that the fit took.
pub fn without_time(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    lines[0] = lines[0].split(" in ").next().unwrap_or_default();
    lines.join("\n")
}

/// Rows of y from a, b and c = 2 a + b, in `rows.csv`.
pub fn dependent_rows() -> Tool {
    let tool = Tool::new();
    let mut rows = "a,b,c,y\n".to_string();
    for k in 0..30 {
        let (a, b) = (k % 7, k * k % 11);
        rows += &format!("{a},{b},{},{}\n", 2 * a + b, a - b + k % 2);
    }
    tool.write("rows.csv", rows);
    tool
}

/// A number in a JSON object; NaN if it is none.
pub fn number(value: &serde_json::Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// Checks a figure of a JSON object to ten digits.
#[track_caller]
pub fn assert_close(found: &serde_json::Value, expected: f64, what: &str) {
    let found = number(found);
    let error = (found - expected).abs() / expected.abs();
    assert!(error < 1e-10, "{what}: {found}, expected {expected}");
}
