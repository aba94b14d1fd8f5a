//! One pass over a file: `cargo bench -p linreg-data --bench read -- FILE...`.
//!
//! `linreg generate` and `linreg predict --keep` write files to measure. Times are of the whole program's threads; the peak of
//! memory is the process's own, so name one file at a time to compare peaks.

use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

use linreg_data::{
    ChunkOrder, ColumnChoice, CsvOptions, DataError, Encoder, EncoderConfig, Passes, RowChunk,
    RowPass, Threads, column_names, describe, learn_and_encode, learn_schema, open, read,
};
use serde::{Deserialize, Serialize};

fn main() {
    let files: Vec<PathBuf> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .map(PathBuf::from)
        .collect();
    for path in files {
        for _ in 0..3 {
            measure(&path);
        }
    }
}

fn measure(path: &PathBuf) {
    let options = CsvOptions::default();
    let source = open(std::slice::from_ref(path), &options, Passes::Several).unwrap();
    let all: Vec<usize> = (0..source.schema().fields().len()).collect();
    let time = |what: &str, work: &mut dyn FnMut() -> u64| {
        let (start, before) = (Instant::now(), ticks());
        let rows = work();
        println!(
            "{what}: {rows} rows in {:.3} s, {} ticks of all cores, peak {}",
            start.elapsed().as_secs_f64(),
            ticks() - before,
            peak()
        );
    };
    time("chunks", &mut || {
        let chunks = read(source.as_ref(), &all, ChunkOrder::File, |chunk| {
            Ok(chunk.num_rows() as u64)
        });
        chunks.unwrap().map(Result::unwrap).sum()
    });
    let mut schema = None;
    time("schema", &mut || {
        let learned = learn_schema(source.as_ref(), &ColumnChoice::default()).unwrap();
        let rows = learned.num_rows;
        schema = Some(learned);
        rows
    });
    let schema = schema.expect("it was learned");
    time("described", &mut || {
        let description = describe(source.as_ref(), &schema, None).unwrap();
        for column in 0..description.columns.len() {
            black_box(description.sample.quantiles(column, &[0.25, 0.5, 0.75]));
        }
        schema.num_rows
    });
    let config = EncoderConfig {
        targets: vec![column_names(source.as_ref()).pop().unwrap()],
        ..EncoderConfig::default()
    };
    let encoder = Encoder::new(&schema, &config).unwrap();
    let bound = encoder.bind(source.as_ref(), true).unwrap();
    let columns = bound.columns().to_vec();
    time("encoded", &mut || {
        let bound = bound.clone();
        let chunks = read(source.as_ref(), &columns, ChunkOrder::File, move |chunk| {
            Ok(bound.encode(&chunk, None)?.rows.targets.len() as u64)
        });
        chunks.unwrap().map(Result::unwrap).sum()
    });
    time("one pass", &mut || {
        let (engine, choice) = (Threads::default(), ColumnChoice::default());
        let make = |_: &Encoder, _| Ok(CountRows);
        let learned = learn_and_encode(&engine, source.as_ref(), &choice, &config, make);
        let (learned, rows) = learned.unwrap();
        assert_eq!(learned.passes, 1);
        rows
    });
}

#[derive(Clone, Deserialize, Serialize)]
struct CountRows;

impl RowPass for CountRows {
    type State = u64;
    type Output = u64;

    fn name() -> String {
        "count rows".to_string()
    }

    fn start(&self) -> u64 {
        0
    }

    fn update(&self, count: &mut u64, rows: &RowChunk) -> Result<(), DataError> {
        *count += rows.num_rows() as u64;
        Ok(())
    }

    fn merge(&self, count: &mut u64, later: u64) -> Result<(), DataError> {
        *count += later;
        Ok(())
    }

    fn finish(self, count: u64) -> Result<u64, DataError> {
        Ok(count)
    }
}

/// Hundredths of a second that the cores have worked, which other programs do not
/// add to, where the system tells.
fn ticks() -> u64 {
    let status = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = status.rsplit(") ").next().unwrap_or_default();
    let fields = after_name.split(' ').skip(11).take(2);
    fields.filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}

/// The most memory that the process has had, where the system tells.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    line.unwrap_or("unknown").to_string()
}
