//! Machines: who can reach them, what they leave, and what they say if they cannot work.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::cluster::{Cluster, free_port};
use super::{rows, same_model, tables, wait_for_rest};
use crate::tool::Tool;

#[cfg(target_os = "linux")]
#[test]
fn machines_listen_to_their_own_machine_only() {
    let tool = Tool::new();
    let cluster = Cluster::new(&tool, 1);
    let processes = [&cluster.scheduler, &cluster.executors[0]];
    let mut listened = 0;
    for process in processes {
        let folder = format!("/proc/{}", process.id());
        let links = std::fs::read_dir(format!("{folder}/fd")).unwrap();
        let sockets: Vec<String> = links
            .filter_map(|link| {
                let link = std::fs::read_link(link.ok()?.path()).ok()?;
                let link = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
                Some(link.to_string())
            })
            .collect();
        for table in ["tcp", "tcp6"] {
            let table =
                std::fs::read_to_string(format!("{folder}/net/{table}")).unwrap_or_default();
            for line in table.lines().skip(1) {
                let words: Vec<&str> = line.split_whitespace().collect();
                // 0A: it listens. 0100007F: 127.0.0.1.
                if words[3] == "0A" && sockets.iter().any(|socket| socket == words[9]) {
                    assert!(words[1].starts_with("0100007F:"), "{line}");
                    listened += 1;
                }
            }
        }
    }
    assert_eq!(listened, 3);
}

#[test]
fn tasks_wait_for_the_memory_of_an_executor_and_one_that_needs_more_is_an_error() {
    let tool = Tool::new();
    tables(&tool);
    let fit = "fit t.csv --target y --missing drop";
    let mut cluster = Cluster::impatient(&tool, 0);
    // A task takes about 4 MiB: there is room for one of three.
    cluster.add_executor_with("--slots 3 --memory 6");
    cluster.wait_for(1);
    same_model(&tool, &cluster, fit);
    cluster.kill_executor();
    cluster.wait_for(0);
    cluster.add_executor_with("--slots 3 --memory 1");
    cluster.wait_for(1);
    let output = tool.run(cluster.on(fit));
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    let words = "and an executor has 1 MiB for its tasks; give every executor more memory";
    assert!(error.contains(words), "{error}");
}

#[test]
fn machines_that_cannot_work_say_so_before_they_begin() {
    let tool = Tool::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().port();
    let free = free_port();
    for (line, expected) in [
        (
            format!("executor --port {taken} --work-port {free}"),
            "choose other ports with --port and --work-port",
        ),
        (
            format!("executor --port {free} --work-port {taken}"),
            "choose other ports with --port and --work-port",
        ),
        (
            format!("executor --port {free} --work-port {free}"),
            "it needs two ports",
        ),
        (
            format!("scheduler --port {taken}"),
            "choose another one with --port",
        ),
        ("executor --bind 0.0.0.0".to_string(), "name it with --host"),
        ("scheduler --bind ::".to_string(), "name it with --host"),
        (
            "executor --scheduler http://127.0.0.1:50050".to_string(),
            "expected a host and a port",
        ),
    ] {
        let error = tool.fail(format!("ballista {line}"));
        assert!(error.contains(expected), "{line}: {error}");
    }
    tool.write("t.csv", rows(0, 10));
    let error = tool.fail("describe t.csv --certificates nowhere");
    assert!(error.contains("give --ballista too"), "{error}");
}

#[test]
fn machines_that_listen_at_every_address_or_at_one_of_ipv6_work() {
    let tool = Tool::new();
    tool.write("t.csv", rows(0, 1000));
    for (listens, called, at) in [
        ("--bind 0.0.0.0", "--host 127.0.0.1", "127.0.0.1"),
        ("--bind ::1", "", "[::1]"),
    ] {
        if at == "[::1]" && TcpListener::bind("[::1]:0").is_err() {
            continue;
        }
        let [port, results, work] = [free_port(), free_port(), free_port()];
        let start = |line: String| {
            let mut process = tool.process(format!("ballista {line} {listens} {called}"));
            process.stderr(Stdio::null()).spawn().unwrap()
        };
        let mut machines = [
            start(format!("scheduler --port {port}")),
            start(format!(
                "executor --scheduler {at}:{port} --port {results} --work-port {work}"
            )),
        ];
        let begun = Instant::now();
        let status = format!("ballista status {at}:{port}");
        while !String::from_utf8_lossy(&tool.run(&status).stdout).contains("1 executor") {
            assert!(begun.elapsed() < Duration::from_secs(60), "{listens}");
            sleep(Duration::from_millis(50));
        }
        let here = tool.run("describe t.csv").stdout;
        let there = tool.run(format!("describe t.csv --ballista {at}:{port}"));
        for machine in &mut machines {
            machine.kill().unwrap();
            machine.wait().unwrap();
        }
        let error = String::from_utf8_lossy(&there.stderr);
        assert!(there.stdout == here, "{listens}: {error}");
    }
}

#[test]
fn a_cluster_that_cannot_work_is_one_clear_error() {
    let tool = Tool::new();
    tool.write("t.csv", rows(0, 1000));
    let fit = "fit t.csv --target y --missing drop";
    let port = free_port();
    let error = tool.fail(format!("{fit} --ballista 127.0.0.1:{port}"));
    assert!(error.contains("does not answer"), "{error}");
    let error = tool.fail(format!("{fit} --ballista here"));
    assert!(
        error.contains("found the address `here`") || error.contains("found the address \"here\""),
        "{error}"
    );
    let begun = Instant::now();
    let cluster = Cluster::new(&tool, 0);
    let error = tool.fail(cluster.on(fit));
    assert!(error.contains("has had no executors"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(40));
}

#[test]
fn nothing_is_left_in_the_folder_of_an_executor() {
    let tool = Tool::new();
    tool.write("t.csv", rows(0, 150_000));
    let cluster = Cluster::new(&tool, 1);
    tool.warnings(cluster.on("fit t.csv --target y --missing drop"));
    wait_for_rest(&tool, &cluster);
}

#[test]
fn nobody_gets_in_without_a_certificate() {
    let tool = Tool::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/certificates");
    for authority in ["cluster", "stranger"] {
        std::fs::create_dir(tool.path(authority)).unwrap();
        for file in ["ca.pem", "cert.pem", "key.pem"] {
            let content = std::fs::read(folder.join(authority).join(file)).unwrap();
            tool.write(&format!("{authority}/{file}"), content);
        }
    }
    tables(&tool);
    let mut cluster = Cluster::with_options(&tool, 2, "--certificates cluster");
    same_model(&tool, &cluster, "fit t.csv --target y --missing drop");
    wait_for_rest(&tool, &cluster);
    let fit = format!(
        "fit t.csv --target y --missing drop --ballista {}",
        cluster.address()
    );
    for options in ["", "--certificates stranger"] {
        let error = tool.fail(format!("{fit} {options}"));
        assert!(error.contains("does not answer"), "{options}: {error}");
        let (port, work) = (free_port(), free_port());
        let mut executor = tool.process(format!(
            "ballista executor --scheduler {} --port {port} --work-port {work} --folder x {options}",
            cluster.address()
        ));
        let executor = executor.stderr(Stdio::null()).spawn().unwrap();
        // The cluster ends it too if this fails.
        cluster.executors.push(executor);
        sleep(Duration::from_secs(2));
        // If it had come in, there would be three.
        cluster.wait_for(2);
        let mut executor = cluster.executors.pop().unwrap();
        executor.kill().unwrap();
        executor.wait().unwrap();
    }
    let error = tool.fail(format!("{fit} --certificates nowhere"));
    assert!(
        error.contains("expected ca.pem, cert.pem and key.pem"),
        "{error}"
    );
}
