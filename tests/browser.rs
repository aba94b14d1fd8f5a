//! A headless Chromium without a network, driven through two pipes in the
//! DevTools protocol: https://chromedevtools.github.io/devtools-protocol.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long a step may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Browser {
    process: Child,
    commands: File,
    messages: Receiver<Value>,
    number: u64,
    session: Option<String>,
    /// The events since the last page was opened.
    events: Vec<Value>,
    _folder: TempDir,
}

impl Browser {
    /// `None`, with a message, if there is no Chromium.
    #[expect(clippy::disallowed_methods, reason = "the program has its own way")]
    pub fn start() -> Option<Self> {
        let Some(program) = program() else {
            // The output of a macro would be hidden in a test that passes.
            let message =
                "skipped: the report is not tried in a browser, for there is no chromium\n";
            std::io::stderr().write_all(message.as_bytes()).unwrap();
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let [commands, messages] = ["commands", "messages"].map(|name| folder.path().join(name));
        let made = Command::new("mkfifo").args([&commands, &messages]).status();
        assert!(made.unwrap().success(), "no pipes");
        let mut process = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<commands 4>messages", "sh"])
            .arg(program)
            .args([
                "--headless",
                "--remote-debugging-pipe",
                "--user-data-dir=profile",
                // Containers run tests as root and have little shared memory.
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--host-resolver-rules=MAP * ~NOTFOUND",
            ])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Each waits for the shell to open the other end.
        let commands = File::options().write(true).open(commands);
        let messages = File::open(messages);
        let (Ok(commands), Ok(messages)) = (commands, messages) else {
            let _ = process.kill();
            panic!("the pipes do not open");
        };
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(messages).split(0) {
                let Ok(message) = message else { return };
                let message = serde_json::from_slice(&message).unwrap();
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let mut browser = Self {
            process,
            commands,
            messages: receiver,
            number: 0,
            session: None,
            events: Vec::new(),
            _folder: folder,
        };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let target = json!({"targetId": target["targetId"], "flatten": true});
        let session = browser.call("Target.attachToTarget", target);
        browser.session = session["sessionId"].as_str().map(String::from);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser.call(
            "Network.emulateNetworkConditions",
            json!({"offline": true, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}),
        );
        Some(browser)
    }

    /// Sends a command and waits for its result.
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.number += 1;
        let mut command = json!({"id": self.number, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            command["sessionId"] = json!(session);
        }
        let mut bytes = command.to_string().into_bytes();
        bytes.push(0);
        self.commands.write_all(&bytes).unwrap();
        let number = json!(self.number);
        loop {
            let message = self.next(method);
            if message["id"] == number {
                assert_eq!(message["error"], Value::Null, "{method}");
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    fn next(&mut self, wanted: &str) -> Value {
        let message = self.messages.recv_timeout(PATIENCE);
        message.unwrap_or_else(|error| panic!("waiting for {wanted}: {error}"))
    }

    /// Opens a file and waits until it is loaded.
    pub fn open(&mut self, path: &Path) {
        self.events.clear();
        let url = format!("file://{}", path.display());
        self.call("Page.navigate", json!({"url": url}));
        while !self.events_of("Page.loadEventFired").any(|_| true) {
            let message = self.next("the page");
            self.events.push(message);
        }
    }

    /// The events of a kind since the page was opened.
    pub fn events_of(&self, method: &str) -> impl Iterator<Item = &Value> {
        let events = self.events.iter();
        events.filter(move |event| event["method"] == method)
    }

    /// The value of an expression in the page.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let parameters =
            json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let result = self.call("Runtime.evaluate", parameters);
        assert_eq!(result["exceptionDetails"], Value::Null, "{expression}");
        result["result"]["value"].clone()
    }

    /// Sets the width of the screen and the colours that its user prefers.
    pub fn screen(&mut self, width: u32, scheme: &str) {
        let is_phone = width < 600;
        self.call(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": is_phone}),
        );
        let scheme = json!({"name": "prefers-color-scheme", "value": scheme});
        self.call("Emulation.setEmulatedMedia", json!({"features": [scheme]}));
    }

    /// Moves the pointer, to a point of the screen.
    pub fn point_at(&mut self, (x, y): (f64, f64)) {
        self.call(
            "Input.dispatchMouseEvent",
            json!({"type": "mouseMoved", "x": x, "y": y}),
        );
    }

    pub fn press(&mut self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            let text = if key == "Enter" { "\r" } else { "" };
            let mut event = json!({"type": kind, "key": key, "code": key});
            if key == "ArrowRight" {
                // Without the number of the key, nothing is scrolled.
                event["windowsVirtualKeyCode"] = json!(39);
            }
            if kind == "keyDown" && !text.is_empty() {
                event["text"] = json!(text);
            }
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// The whole page as PNG.
    pub fn screenshot(&mut self) -> Vec<u8> {
        let parameters = json!({"captureBeyondViewport": true});
        let result = self.call("Page.captureScreenshot", parameters);
        BASE64_STANDARD
            .decode(result["data"].as_str().unwrap())
            .unwrap()
    }

    pub fn pdf(&mut self) -> Vec<u8> {
        let result = self.call("Page.printToPDF", json!({"preferCSSPageSize": true}));
        BASE64_STANDARD
            .decode(result["data"].as_str().unwrap())
            .unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Chromium ends its own processes if it is asked to.
        let _ = self
            .commands
            .write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let asked = Instant::now();
        while asked.elapsed() < Duration::from_secs(5) {
            if let Ok(Some(_)) = self.process.try_wait() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program() -> Option<PathBuf> {
    if !cfg!(unix) {
        return None;
    }
    let folders = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&folders).collect();
    let names = ["chromium", "chromium-browser", "google-chrome"].into_iter();
    let mut paths = names.flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    paths.find(|path| path.is_file())
}
