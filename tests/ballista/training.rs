//! Training by full-batch methods, whose gradients executors compute.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::cluster::{Cluster, status_of};
use super::{same_model, tables};
use crate::tool::{PRECISIONS, Tool};

/// Two groups of rows, 131,080 in all.
const TABLES: &str = "part-0.csv part-1.csv";

const FIT: &str = "--target y --missing drop --method sgd";

#[test]
fn training_on_all_rows_has_the_bytes_of_one_machine() {
    let tool = Tool::new();
    tables(&tool);
    let cluster = Cluster::new(&tool, 3);
    let precision = PRECISIONS.last().unwrap();
    for options in [
        "",
        &format!("--precision {precision} --validation 0.2 --patience 2"),
        "--loss huber --delta 0.5 --weight w",
        "--loss quantile --tau 0.9",
        "--loss absolute --l2 0.01",
        "--l1 0.1 --l2 0.01",
        "--nonnegative",
        "--optimizer proximal",
    ] {
        // Once with three groups of rows.
        let tables = if options.is_empty() { "t.csv" } else { TABLES };
        let line = format!("fit {tables} {FIT} --epochs 4 {options}");
        same_model(&tool, &cluster, &line);
    }
    // Minibatches are made on this machine.
    same_model(
        &tool,
        &cluster,
        "fit part-1.csv --target y --missing drop --method sgd --optimizer sgd --epochs 1",
    );
}

#[test]
fn training_goes_on_though_an_executor_is_killed_and_from_a_checkpoint() {
    let tool = Tool::new();
    tables(&tool);
    let fit = format!("fit {TABLES} {FIT} --tolerance 1e-300");
    tool.warnings(format!("{fit} --epochs 12 --output here.safetensors"));
    let here = std::fs::read(tool.path("here.safetensors")).unwrap();
    let mut cluster = Cluster::impatient(&tool, 2);
    let line = format!("{fit} --epochs 12 --output there.safetensors");
    let mut process = tool.start(cluster.on(&line));
    let begun = Instant::now();
    while !status_of(&tool, &cluster).contains("loss and gradient") {
        assert!(begun.elapsed() < Duration::from_secs(60), "no such pass");
        let ended = process.try_wait().unwrap();
        assert!(ended.is_none(), "it ended before such a pass was seen");
        sleep(Duration::from_millis(20));
    }
    cluster.kill_executor();
    let output = process.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let there = std::fs::read(tool.path("there.safetensors")).unwrap();
    assert!(here == there, "the model files differ");

    // The first half is trained here, the second there.
    cluster.add_executor();
    cluster.wait_for(2);
    let save = "--checkpoint c.json";
    tool.warnings(format!(
        "{fit} --epochs 12 --max-steps 6 {save} --output half.safetensors"
    ));
    let resume = format!("{fit} --epochs 12 --resume c.json --output resumed.safetensors");
    tool.warnings(cluster.on(&resume));
    let resumed = std::fs::read(tool.path("resumed.safetensors")).unwrap();
    assert!(here == resumed, "the model files differ");
}
