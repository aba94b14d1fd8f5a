//! A cluster of real processes on this machine gives the bytes of one process, also
//! when machines are lost, and its errors.

mod cluster;
mod lost;
mod machines;
mod own_pass;
mod training;

use std::fmt::Write;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::tool::Tool;
use cluster::Cluster;

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
                let there = tool.run(cluster.on(&line));
                let error = String::from_utf8_lossy(&there.stderr);
                assert!(there.status.success(), "{line}: {error}");
                assert!(there.stdout == here.stdout, "{line}: {there:?}, {here:?}");
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
