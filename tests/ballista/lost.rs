//! Programs, executors and schedulers that are lost, come back or join later.

use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::cluster::Cluster;
#[cfg(unix)]
use super::rows;
use super::{tables, wait_for_rest};
use crate::tool::Tool;
#[cfg(unix)]
use crate::tool::signal;

#[test]
fn a_model_has_the_same_bytes_though_an_executor_is_killed() {
    // Most of the time is waiting for executors that are gone, so clusters do it side
    // by side.
    const CLUSTERS: usize = 3;
    let told = std::thread::scope(|scope| {
        let clusters: Vec<_> = (0..CLUSTERS)
            .map(|first| scope.spawn(move || killed_at((first..20).step_by(CLUSTERS))))
            .collect();
        let told = clusters.into_iter().map(|told| told.join().unwrap());
        told.sum::<usize>()
    });
    assert!(told > 0, "nobody said that an executor was lost");
}

/// Kills an executor at these twentieths of the time that a fit takes, and returns how
/// often that was told.
fn killed_at(moments: impl Iterator<Item = usize>) -> usize {
    let tool = Tool::new();
    tables(&tool);
    let fit = "fit t.csv part-1.csv --target y --missing mean --diagnostics";
    tool.warnings(format!("{fit} --output here.safetensors"));
    let here = std::fs::read(tool.path("here.safetensors")).unwrap();
    let mut cluster = Cluster::impatient(&tool, 2);
    let there = format!("{fit} --output there.safetensors --force");
    let begun = Instant::now();
    tool.warnings(cluster.on(&there));
    let whole = begun.elapsed();
    let mut told = 0;
    for moment in moments.map(|index| whole * index as u32 / 20) {
        let process = tool.start(cluster.on(&there));
        sleep(moment);
        cluster.kill_executor();
        let output = process.wait_with_output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "killed after {moment:?}: {error}");
        told += usize::from(error.contains("computed again"));
        let there = std::fs::read(tool.path("there.safetensors")).unwrap();
        assert!(
            here == there,
            "killed after {moment:?}: the model files differ"
        );
        cluster.add_executor();
        cluster.wait_for(2);
    }
    told
}

/// A fit that takes the cluster several seconds, begun.
fn long_fit(tool: &Tool, cluster: &Cluster) -> Child {
    tables(tool);
    let fit = "fit t.csv t.csv t.csv t.csv --target y --missing mean --diagnostics";
    let process = tool.start(cluster.on(fit));
    sleep(Duration::from_millis(1500));
    process
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
        let mut cluster = Cluster::impatient(&tool, 2);
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
    let mut cluster = Cluster::impatient(&tool, 1);
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
