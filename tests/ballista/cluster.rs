//! A cluster of processes of `linreg`.

use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::tool::Tool;

/// A scheduler with its executors, which end with this value.
pub struct Cluster<'a> {
    pub tool: &'a Tool,
    /// The options of every machine and program.
    pub options: &'static str,
    /// The options of the scheduler alone.
    of_scheduler: &'static str,
    port: u16,
    pub scheduler: Child,
    pub executors: Vec<Child>,
}

/// A port that nobody listens at. Systems do not take those below 32768 for
/// connections, so that none is in use before it is listened at.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + (std::process::id() % 100 * 100) as u16;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed) % 2_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn scheduler(tool: &Tool, port: u16, options: [&str; 2]) -> Child {
    let options = options.join(" ");
    let mut scheduler = tool.process(format!("ballista scheduler --port {port} {options}"));
    scheduler.stderr(Stdio::null()).spawn().unwrap()
}

impl<'a> Cluster<'a> {
    pub fn new(tool: &'a Tool, num_executors: usize) -> Self {
        Self::with(tool, num_executors, "", "")
    }

    /// A cluster that soon takes silent executors for lost, which a busy machine may make
    /// of those that live.
    pub fn impatient(tool: &'a Tool, num_executors: usize) -> Self {
        Self::with(tool, num_executors, "", "--executor-timeout 3")
    }

    pub fn with_options(tool: &'a Tool, num_executors: usize, options: &'static str) -> Self {
        Self::with(tool, num_executors, options, "")
    }

    fn with(
        tool: &'a Tool,
        num_executors: usize,
        options: &'static str,
        of_scheduler: &'static str,
    ) -> Self {
        let port = free_port();
        let mut cluster = Self {
            tool,
            options,
            of_scheduler,
            port,
            scheduler: scheduler(tool, port, [options, of_scheduler]),
            executors: Vec::new(),
        };
        for _ in 0..num_executors {
            cluster.add_executor();
        }
        cluster.wait_for(num_executors);
        cluster
    }

    pub fn add_executor(&mut self) {
        self.add_executor_with("--slots 1");
    }

    pub fn add_executor_with(&mut self, its_options: &str) {
        let (port, work) = (free_port(), free_port());
        let line = format!(
            "ballista executor --scheduler 127.0.0.1:{} {its_options} --port {port} --work-port {work} --folder work-{port} {}",
            self.port, self.options
        );
        let mut executor = self.tool.process(line);
        self.executors
            .push(executor.stderr(Stdio::null()).spawn().unwrap());
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Waits until the scheduler has this many executors.
    pub fn wait_for(&self, num_executors: usize) {
        let begun = Instant::now();
        loop {
            let status = self.tool.run(format!(
                "ballista status {} --json {}",
                self.address(),
                self.options
            ));
            let status = serde_json::from_slice::<serde_json::Value>(&status.stdout);
            if status.is_ok_and(|status| status["executors"] == num_executors) {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "no cluster");
            sleep(Duration::from_millis(50));
        }
    }

    /// A command on the cluster.
    pub fn on(&self, line: &str) -> String {
        format!("{line} --ballista {} {}", self.address(), self.options)
    }

    /// Ends the scheduler, and starts another one after some time.
    pub fn replace_scheduler(&mut self, after: Duration) {
        self.scheduler.kill().unwrap();
        self.scheduler.wait().unwrap();
        sleep(after);
        self.scheduler = scheduler(self.tool, self.port, [self.options, self.of_scheduler]);
    }

    pub fn kill_executor(&mut self) {
        let mut executor = self.executors.remove(0);
        executor.kill().unwrap();
        executor.wait().unwrap();
    }
}

impl Drop for Cluster<'_> {
    fn drop(&mut self) {
        for process in self.executors.iter_mut().chain([&mut self.scheduler]) {
            process.kill().ok();
            process.wait().ok();
        }
    }
}

/// What `linreg ballista status` says.
pub fn status_of(tool: &Tool, cluster: &Cluster) -> String {
    let line = format!(
        "ballista status {} --json {}",
        cluster.address(),
        cluster.options
    );
    String::from_utf8(tool.run(line).stdout).unwrap()
}
