//! A pass of another program than `linreg`.

use std::thread::sleep;
use std::time::{Duration, Instant};

use linreg_ballista::{Ballista, ConnectOptions, Executor, Scheduler};
use linreg_data::{Chunk, DataError, KnownPasses, Pass, Threads};
use linreg_fit::Table;
use serde::{Deserialize, Serialize};

use super::cluster::free_port;
use super::{ROWS, rows};
use crate::tool::Tool;

/// A pass whose state is 64 MiB: the numbers of rows by what is left of their number.
#[derive(Deserialize, Serialize)]
struct Wide;

impl Wide {
    const WIDTH: u64 = 8 << 20;
}

impl Pass for Wide {
    type State = Vec<f64>;
    type Output = Vec<f64>;

    fn name() -> String {
        "wide".to_string()
    }

    fn start(&self) -> Vec<f64> {
        vec![0.0; Self::WIDTH as usize]
    }

    fn update(&self, counts: &mut Vec<f64>, chunk: &Chunk) -> Result<(), DataError> {
        for row in chunk.first_row..chunk.first_row + chunk.num_rows() as u64 {
            counts[(row * 2_654_435_761 % Self::WIDTH) as usize] += 1.0 / (row + 1) as f64;
        }
        Ok(())
    }

    fn merge(&self, counts: &mut Vec<f64>, later: Vec<f64>) -> Result<(), DataError> {
        let pairs = counts.iter_mut().zip(later);
        pairs.for_each(|(count, later)| *count += later);
        Ok(())
    }

    fn finish(self, counts: Vec<f64>) -> Result<Vec<f64>, DataError> {
        Ok(counts)
    }
}

#[test]
fn a_program_s_own_pass_with_a_large_state_runs_on_executors_that_know_it() {
    let tool = Tool::new();
    tool.write("t.csv", rows(0, ROWS));
    let mut known = KnownPasses::default();
    known.add::<Wide>();
    let port = free_port();
    let scheduler = Scheduler {
        port,
        ..Scheduler::default()
    };
    std::thread::spawn(move || scheduler.run());
    let address = format!("127.0.0.1:{port}");
    for folder in ["own-0", "own-1"] {
        let executor = Executor {
            folder: Some(tool.path(folder)),
            port: free_port(),
            work_port: free_port(),
            slots: 1,
            known: known.clone(),
            ..Executor::default()
        };
        let executor = executor.with_scheduler(&address).unwrap();
        std::thread::spawn(move || executor.run());
    }
    let begun = Instant::now();
    let cluster = loop {
        let mut options = ConnectOptions::default();
        options.known = known.clone();
        match Ballista::connect_with(&address, options) {
            Ok(cluster) => break cluster,
            Err(error) => assert!(begun.elapsed() < Duration::from_secs(30), "{error}"),
        }
        sleep(Duration::from_millis(50));
    };
    let table = Table::open(tool.path("t.csv")).unwrap();
    let source = table.source().as_ref();
    let here = Wide.run(&Threads::new(2), source, &[0]).unwrap();
    let there = Wide.run(&cluster, source, &[0]).unwrap();
    assert!(here == there, "other states");
}
