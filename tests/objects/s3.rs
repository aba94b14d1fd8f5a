//! On a real S3 server, s3s-fs, whose buckets are folders. The variable
//! LINREG_S3S_FS names its program; .ci/run installs it.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::proxy::Proxy;
use super::{one_line, tables};
use crate::tool::Tool;

const KEY: &str = "KEYOFTHETEST";
const SECRET: &str = "SecretOfTheTest/1+2";

struct Server {
    folder: TempDir,
    process: Child,
    address: SocketAddr,
}

impl Server {
    fn start() -> Self {
        let program = std::env::var_os("LINREG_S3S_FS").expect("LINREG_S3S_FS names s3s-fs");
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("bucket/folder")).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let process = Command::new(program)
            .args(["--host", "127.0.0.1", "--port", &address.port().to_string()])
            .args(["--access-key", KEY, "--secret-key", SECRET])
            .arg(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self {
            folder,
            process,
            address,
        };
        while TcpStream::connect(address).is_err() {
            std::thread::sleep(Duration::from_millis(10));
        }
        server
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("bucket/folder").join(name)
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        // Renamed, so that nobody reads half of it.
        let new = self.path("new");
        std::fs::write(&new, content).unwrap();
        std::fs::rename(new, self.path(name)).unwrap();
    }

    fn run(&self, tool: &Tool, arguments: &[&str]) -> Output {
        self.run_at(self.address, SECRET, tool, arguments)
    }

    fn run_at(&self, at: SocketAddr, secret: &str, tool: &Tool, arguments: &[&str]) -> Output {
        let mut command = tool.process(arguments);
        command
            .env("AWS_ENDPOINT", format!("http://{at}"))
            .env("AWS_ALLOW_HTTP", "true")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", KEY)
            .env("AWS_SECRET_ACCESS_KEY", secret);
        command.output().unwrap()
    }

    /// The model of a table.
    fn model(&self, tool: &Tool, table: &str) -> Vec<u8> {
        let fit = self.run(tool, &["fit", table, "-t", "y", "-o", "m.st", "--force"]);
        let stderr = String::from_utf8_lossy(&fit.stderr);
        assert!(fit.status.success(), "{table}: {stderr}");
        std::fs::read(tool.path("m.st")).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

const FIT: [&str; 6] = ["-t", "y", "-o", "m.st", "--force", "--json"];

#[test]
#[ignore = "needs an S3 server: .ci/run installs it"]
fn a_model_of_an_object_has_the_bytes_of_the_local_one() {
    let (server, tool) = (Server::start(), Tool::new());
    for (name, bytes) in tables() {
        tool.write(name, &bytes);
        server.put(name, &bytes);
        let url = format!("s3://bucket/folder/{name}");
        assert_eq!(
            server.model(&tool, &url),
            server.model(&tool, name),
            "{name}"
        );
    }
    // Several files as one table.
    for part in 0..3 {
        let rows = (0..1000).map(|row| format!("{},{}\n", row * 7 % 31, row * part % 17));
        let text = format!("x,y\n{}", rows.collect::<String>());
        tool.write(&format!("part-{part}.csv"), &text);
        server.put(&format!("part-{part}.csv"), &text);
    }
    let several = server.model(&tool, "part-*.csv");
    for pattern in ["folder/part-*.csv", "folder/part-[0-2].csv", "*/part-?.csv"] {
        let url = format!("s3://bucket/{pattern}");
        assert_eq!(server.model(&tool, &url), several, "{pattern}");
    }
}

#[test]
#[ignore = "needs an S3 server: .ci/run installs it"]
fn what_is_wrong_with_a_store_is_said_in_a_short_sentence() {
    let (server, tool) = (Server::start(), Tool::new());
    server.put("t.csv", "x,y\n1,2\n2,4\n3,7\n");
    let fail = |secret: &str, url: &str| {
        let output = server.run_at(server.address, secret, &tool, &["describe", url]);
        let line = one_line(&output);
        line.strip_prefix(&format!("error: {url}: "))
            .unwrap_or(&line)
            .to_string()
    };
    let denied = "access is denied; the credentials in the environment are wrong or do not allow it (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)";
    assert_eq!(fail("AnotherSecret", "s3://bucket/folder/t.csv"), denied);
    assert_eq!(fail("AnotherSecret", "s3://bucket/folder/*.csv"), denied);
    let missing = "there is no such file";
    assert_eq!(fail(SECRET, "s3://bucket/folder/other.csv"), missing);
    assert_eq!(
        fail(SECRET, "s3://bucket/folder/*.zip"),
        "no file matches this pattern"
    );
    // This server does not say so of a file.
    assert_eq!(
        fail(SECRET, "s3://nobucket/*.csv"),
        "there is no such bucket or container"
    );
    assert_eq!(fail(SECRET, "s3://nobucket/t.csv"), missing);
    assert!(tool.files().is_empty());
}

#[test]
#[ignore = "needs an S3 server: .ci/run installs it"]
fn an_object_that_is_replaced_between_passes_is_an_error() {
    let (server, tool) = (Server::start(), Tool::new());
    for (name, bytes) in tables() {
        server.put(name, &bytes);
        let url = format!("s3://bucket/folder/{name}");
        let training = ["--method", "sgd", "--epochs", "100000", "--log", "log"];
        let mut command = tool.process(&[&["fit", url.as_str()], &FIT[..5], &training].concat());
        command
            .env("AWS_ENDPOINT", format!("http://{}", server.address))
            .env("AWS_ALLOW_HTTP", "true")
            .env("AWS_ACCESS_KEY_ID", KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .env("AWS_REGION", "us-east-1")
            .args(["--memory", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut fit = command.spawn().unwrap();
        // An epoch is a pass over the object.
        tool.wait(&mut fit, |tool| {
            tool.path("log").exists() && !tool.read("log").is_empty()
        });
        let mut other = bytes.clone();
        other.extend(b"\n");
        server.put(name, other);
        let output = fit.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{name}: {stderr}");
        let expected = "the file was replaced or removed while it was read; run the command again when nothing writes to it";
        assert!(
            stderr.contains(&format!("{url}: {expected}")),
            "{name}: {stderr}"
        );
        std::fs::remove_file(tool.path("log")).unwrap();
    }
}

#[test]
#[ignore = "needs an S3 server: .ci/run installs it"]
fn a_connection_that_is_cut_in_the_middle_goes_on_or_is_one_clear_error() {
    let (server, tool) = (Server::start(), Tool::new());
    for (name, bytes) in tables() {
        tool.write(name, &bytes);
        server.put(name, &bytes);
        let url = format!("s3://bucket/folder/{name}");
        let fit = [&["fit", url.as_str()], &FIT[..]].concat();
        let proxy = Proxy::start(server.address, 100_000, 3);
        let output = server.run_at(proxy.address, SECRET, &tool, &fit);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {stderr}");
        assert!(proxy.cuts() < 3, "{name}: no connection was cut");
        let model = std::fs::read(tool.path("m.st")).unwrap();
        assert_eq!(model, server.model(&tool, name), "{name}");
    }
    // A connection that is always cut before a byte of the file has come.
    let url = "s3://bucket/folder/t.csv";
    let proxy = Proxy::start(server.address, 100, usize::MAX);
    let output = server.run_at(proxy.address, SECRET, &tool, &["describe", url]);
    let expected = "the connection was closed before the end, again and again; try it later";
    assert_eq!(one_line(&output), format!("error: {url}: {expected}"));
}

#[test]
#[ignore = "needs an S3 server: .ci/run installs it"]
fn credentials_are_in_no_output_and_no_file() {
    let (server, tool) = (Server::start(), Tool::new());
    let rows = (0..50).map(|k| format!("{k},{}\n", 2 * k + k % 5));
    server.put("t.csv", format!("x,y\n{}", rows.collect::<String>()));
    let url = "s3://bucket/folder/t.csv";
    let mut all = String::new();
    for (secret, command) in [
        (
            SECRET,
            &["fit", url, "-t", "y", "--report", "r.html", "--json"][..],
        ),
        (SECRET, &["describe", url]),
        (SECRET, &["predict", "t.safetensors", url, "-o", "p.csv"]),
        ("AnotherSecret", &["describe", url]),
        (SECRET, &["describe", "s3://bucket/other.csv"]),
    ] {
        let output = server.run_at(server.address, secret, &tool, command);
        all += &String::from_utf8_lossy(&output.stdout);
        all += &String::from_utf8_lossy(&output.stderr);
    }
    for name in tool.files() {
        all += &String::from_utf8_lossy(&std::fs::read(tool.path(&name)).unwrap());
    }
    assert!(tool.files().contains(&"r.html".to_string()));
    for hidden in [KEY, SECRET, "AnotherSecret", "Signature"] {
        assert!(!all.contains(hidden), "{hidden} is in {all}");
    }
}
