//! A cluster of real processes on this machine gives the bytes of one process, also
//! when machines are lost, and its errors.

mod cluster;
mod own_pass;
mod training;

use std::fmt::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::tool::Tool;
#[cfg(unix)]
use crate::tool::signal;
use cluster::{Cluster, free_port};

/// Three groups of rows, with words and missing cells.
const ROWS: u32 = 300_000;

fn rows(from: u32, to: u32) -> String {
    let mut text = "a,b,town,w,y\n".to_string();
    for row in from..to {
        let a = f64::from(row.wrapping_mul(2_654_435_761) % 100_003) / 7e4;
        let b = f64::from(row.wrapping_mul(40_503) % 65_537).sqrt() / 99.0;
        let town = ["Bonn", "Kiel", "Ulm"][row as usize % 3];
        let y = a - 3.0 * b + f64::from(row % 11) / 3.0 + f64::from(row % 3);
        let a = if row % 97 == 5 {
            String::new()
        } else {
            a.to_string()
        };
        writeln!(text, "{a},{b},{town},{},{y}", 1 + row % 4).unwrap();
    }
    text
}

/// The same table in every form.
fn tables(tool: &Tool) -> [&'static str; 4] {
    let text = rows(0, ROWS);
    tool.write("t.csv", &text);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, text.as_bytes()).unwrap();
    tool.write("t.csv.gz", gzip.finish().unwrap());
    for (part, rows) in [rows(0, 99_999), rows(99_999, 131_080), rows(131_080, ROWS)]
        .iter()
        .enumerate()
    {
        tool.write(&format!("part-{part}.csv"), rows);
    }
    tool.write("x.csv", "y\n1\n2\n4\n");
    ["t.csv", "t.csv.gz", "part-*.csv", "t.csv part-0.csv"]
}

#[track_caller]
fn same_model(tool: &Tool, cluster: &Cluster, line: &str) {
    let fit = |line: String, model: &str| {
        let output = tool.run(format!("{line} --output {model} --force"));
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {error}");
        (std::fs::read(tool.path(model)).unwrap(), output.stdout)
    };
    let here = fit(line.to_string(), "here.safetensors");
    let there = fit(cluster.on(line), "there.safetensors");
    assert!(here.0 == there.0, "{line}: the model files differ");
}

#[test]
fn models_have_the_bytes_of_one_machine() {
    let tool = Tool::new();
    let tables = tables(&tool);
    for num_executors in [1, 2] {
        let cluster = Cluster::new(&tool, num_executors);
        for table in tables {
            let fit = format!("fit {table} --target y --missing drop");
            same_model(&tool, &cluster, &fit);
            for command in ["describe", "evaluate here.safetensors"] {
                let line = format!("{command} {table}");
                let line = if command == "describe" {
                    line
                } else {
                    line + " --missing drop"
                };
                let here = tool.run(&line);
                assert!(here.status.success(), "{line}");
                assert!(tool.run(cluster.on(&line)).stdout == here.stdout, "{line}");
            }
        }
        if num_executors == 2 {
            for options in [
                "--validation 0.2 --test 0.1",
                "--weight w --robust hc3",
                "--ridge",
                "--k-fold 3",
                "--diagnostics",
                "--method sgd --optimizer lbfgs --epochs 3",
            ] {
                let line = format!("fit t.csv --target y --missing drop {options}");
                same_model(&tool, &cluster, &line);
            }
        }
    }
}

#[test]
fn predictions_have_the_bytes_of_one_machine() {
    let tool = Tool::new();
    tables(&tool);
    let cluster = Cluster::new(&tool, 2);
    tool.warnings("fit t.csv --target y --missing mean --output m.safetensors");
    for table in ["t.csv", "t.csv.gz", "part-*.csv"] {
        for output in ["p.csv", "p.parquet", "p.arrow"] {
            let line = format!(
                "predict m.safetensors {table} --interval 0.9 --keep town,b --output {output} --force"
            );
            let written = |line: String| {
                tool.warnings(line);
                std::fs::read(tool.path(output)).unwrap()
            };
            let here = written(line.clone());
            let there = written(cluster.on(&line));
            assert!(here == there, "{table}, {output}: other bytes");
        }
    }
    let parts = |line: String, folder: &str| {
        tool.warnings(line + " --output " + folder);
        let files = std::fs::read_dir(tool.path(folder)).unwrap();
        let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        files.sort();
        let name = |path: &Path| path.file_name().unwrap().to_owned();
        let read = |path: &std::path::PathBuf| (name(path), std::fs::read(path).unwrap());
        files.iter().map(read).collect::<Vec<_>>()
    };
    for format in ["csv", "parquet"] {
        let line =
            format!("predict m.safetensors t.csv --interval 0.9 --keep town --parts {format}");
        let here = parts(line.clone(), &format!("here-{format}"));
        let there = parts(cluster.on(&line), &format!("there-{format}"));
        assert_eq!(here.len(), 3);
        assert!(here == there, "{format}: other bytes");
    }
    let line = "predict m.safetensors t.csv --missing error";
    assert_eq!(tool.fail(cluster.on(line)), tool.fail(line));
}

#[test]
fn a_model_has_the_same_bytes_though_an_executor_is_killed() {
    let tool = Tool::new();
    tables(&tool);
    let fit =
        "fit t.csv t.csv part-0.csv part-1.csv part-2.csv --target y --missing mean --diagnostics";
    tool.warnings(format!("{fit} --output here.safetensors"));
    let here = std::fs::read(tool.path("here.safetensors")).unwrap();
    let mut told = 0;
    for moment in (0..20).map(|index| 100 + 150 * index) {
        let mut cluster = Cluster::new(&tool, 2);
        let line = cluster.on(&format!("{fit} --output there.safetensors --force"));
        let process = tool.start(line);
        sleep(Duration::from_millis(moment));
        cluster.kill_executor();
        let output = process.wait_with_output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "killed after {moment} ms: {error}");
        told += usize::from(error.contains("computed again"));
        let there = std::fs::read(tool.path("there.safetensors")).unwrap();
        assert!(
            here == there,
            "killed after {moment} ms: the model files differ"
        );
    }
    assert!(told > 0, "nobody said that an executor was lost");
}

/// A fit that takes the cluster several seconds, begun.
fn long_fit(tool: &Tool, cluster: &Cluster) -> Child {
    tables(tool);
    let fit = "fit t.csv t.csv t.csv t.csv --target y --missing mean --diagnostics";
    let process = tool.start(cluster.on(fit));
    sleep(Duration::from_millis(1500));
    process
}

/// Waits until no pass runs any more, and executors have no results.
fn wait_for_rest(tool: &Tool, cluster: &Cluster) {
    let begun = Instant::now();
    let is_at_rest = || {
        let line = format!(
            "ballista status {} --json {}",
            cluster.address(),
            cluster.options
        );
        let status = tool.run(line);
        let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
        let files = tool.files();
        let mut folders = files.iter().filter(|name| name.starts_with("work-"));
        let is_empty = |name: &String| std::fs::read_dir(tool.path(name)).unwrap().next().is_none();
        status["passes"].as_array().unwrap().is_empty() && folders.all(is_empty)
    };
    while !is_at_rest() {
        let waited = begun.elapsed();
        assert!(waited < Duration::from_secs(40), "work or results are left");
        sleep(Duration::from_millis(100));
    }
}

#[test]
fn the_work_of_a_program_that_dies_or_is_interrupted_is_ended() {
    let tool = Tool::new();
    let cluster = Cluster::new(&tool, 2);
    for (signal, code) in [("-KILL", None), ("-INT", Some(130))] {
        let process = long_fit(&tool, &cluster);
        let id = process.id().to_string();
        let mut kill = std::process::Command::new("kill");
        assert!(kill.args([signal, &id]).status().unwrap().success());
        let output = process.wait_with_output().unwrap();
        assert_eq!(output.status.code(), code);
        wait_for_rest(&tool, &cluster);
    }
}

#[test]
fn a_cluster_that_is_lost_is_one_clear_error_within_half_a_minute() {
    let tool = Tool::new();
    for is_scheduler in [false, true] {
        let mut cluster = Cluster::new(&tool, 2);
        let process = long_fit(&tool, &cluster);
        let begun = Instant::now();
        if is_scheduler {
            cluster.scheduler.kill().unwrap();
        } else {
            cluster.kill_executor();
            cluster.kill_executor();
        }
        let output = process.wait_with_output().unwrap();
        assert!(begun.elapsed() < Duration::from_secs(30));
        assert_eq!(output.status.code(), Some(2));
        let error = String::from_utf8(output.stderr).unwrap();
        let expected = if is_scheduler {
            "does not answer"
        } else {
            "has had no executors"
        };
        let last = error.lines().last().unwrap();
        assert!(
            last.starts_with("error: ") && last.contains(expected),
            "{error}"
        );
        assert!(
            is_scheduler || last.contains(" parts of the pass "),
            "{error}"
        );
    }
}

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
fn an_executor_that_joins_later_is_used() {
    let tool = Tool::new();
    tables(&tool);
    let mut cluster = Cluster::new(&tool, 0);
    let process =
        tool.start(cluster.on("fit t.csv --target y --missing drop --output m.safetensors"));
    sleep(Duration::from_secs(2));
    cluster.add_executor();
    assert!(process.wait_with_output().unwrap().status.success());
}

#[cfg(unix)]
#[test]
fn an_executor_that_was_taken_for_lost_or_lost_its_scheduler_comes_back() {
    let tool = Tool::new();
    tool.write("t.csv", rows(0, 1000));
    let mut cluster = Cluster::new(&tool, 1);
    for _ in 0..2 {
        signal(&cluster.executors[0], "-STOP");
        cluster.wait_for(0);
        signal(&cluster.executors[0], "-CONT");
        cluster.wait_for(1);
    }
    cluster.replace_scheduler(Duration::from_secs(7));
    cluster.wait_for(1);
    tool.succeed(cluster.on("describe t.csv"));
    signal(&cluster.executors[0], "-TERM");
    let ended = cluster.executors[0].wait().unwrap();
    assert!(ended.success(), "{ended}");
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
fn a_wrong_cell_is_the_error_of_one_machine() {
    let tool = Tool::new();
    let mut text = rows(0, 200_000);
    text += "0.5,0.25,Ulm,1,many\n0.5,0.25,Ulm,1,more\n";
    tool.write("t.csv", text);
    let cluster = Cluster::new(&tool, 2);
    for line in [
        "fit t.csv --target y --missing drop --numeric y",
        "fit t.csv --target y",
        "fit t.csv --target z",
        "fit none.csv --target y",
    ] {
        let here = tool.fail(line);
        assert_eq!(tool.fail(cluster.on(line)), here);
    }
    // Standard input is not in a file.
    let piped = tool.process(cluster.on("fit - --target y --output m.safetensors"));
    let piped = assert_cmd::Command::from_std(piped)
        .write_stdin("x,y\n1,2\n2,3\n4,5\n")
        .output();
    let piped = String::from_utf8(piped.unwrap().stderr).unwrap();
    assert!(piped.contains("executors read files only"), "{piped}");
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
    let cluster = Cluster::with(&tool, 2, "--certificates cluster");
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
        let mut executor = executor.stderr(Stdio::null()).spawn().unwrap();
        sleep(Duration::from_secs(2));
        let status = tool.run(cluster.on("ballista status").replace("--ballista ", "") + " --json");
        let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
        executor.kill().unwrap();
        executor.wait().unwrap();
        assert_eq!(status["executors"], 2, "{options}");
    }
    let error = tool.fail(format!("{fit} --certificates nowhere"));
    assert!(
        error.contains("expected ca.pem, cert.pem and key.pem"),
        "{error}"
    );
}

#[cfg(feature = "object-store")]
#[test]
fn a_table_behind_a_url_has_the_model_of_the_local_one_unless_it_is_replaced() {
    use crate::objects::web::Web;

    let (tool, web) = (Tool::new(), Web::start());
    tables(&tool);
    let cluster = Cluster::new(&tool, 2);
    let fit = "--target y --missing drop --force";
    tool.warnings(format!("fit t.csv {fit} --output here.safetensors"));
    let text = tool.read("t.csv");
    web.put("t.csv", text.clone());
    let url = web.url("t.csv");
    let line = cluster.on(&format!("fit {url} {fit} --output there.safetensors"));
    tool.warnings(&line);
    let model = |name: &str| std::fs::read(tool.path(name)).unwrap();
    assert!(model("here.safetensors") == model("there.safetensors"));
    for after in [1, 3, 5] {
        web.put("t.csv", text.clone());
        web.replace_after(after);
        let error = tool.fail(&line);
        let expected = "while it was read; run the command again when nothing writes to it";
        assert!(error.contains(expected), "after {after} requests: {error}");
    }
}
