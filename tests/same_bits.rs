//! The same numbers give the same model file, byte for byte: from one file or
//! several, of whatever format, on any number of threads.

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::tool::{PRECISIONS, Tool};

/// Rows whose sums depend, in their last bits, on the order of additions; more
/// than a part of the table and less than three.
const ROWS: u32 = 20_000;

fn rows(range: std::ops::Range<u32>) -> String {
    let mut text = "a,b,town,y\n".to_string();
    for row in range {
        let a = f64::from(row.wrapping_mul(2_654_435_761) % 100_003) / 7.0;
        let b = f64::from(row.wrapping_mul(40_503) % 65_537).sqrt();
        let town = ["Bonn", "Kiel", "Ulm"][row as usize % 3];
        let y = a - 3.0 * b + f64::from(row % 11) / 3.0 + f64::from(row % 3);
        writeln!(text, "{a},{b},{town},{y}").unwrap();
    }
    text
}

/// Tables of the same numbers: how a command names their files.
fn tables(tool: &Tool) -> [&'static str; 3] {
    let all = rows(0..ROWS);
    tool.write("one.csv", &all);
    tool.write("1.csv", rows(0..7));
    tool.write("2.csv", rows(7..12_345));
    tool.write("3.csv", rows(12_345..ROWS));
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(all.as_bytes()).unwrap();
    tool.write("one.csv.gz", packed.finish().unwrap());
    ["one.csv", "1.csv 2.csv 3.csv", "one.csv.gz"]
}

#[test]
fn a_model_does_not_depend_on_files_or_threads() {
    let tool = Tool::new();
    let tables = tables(&tool);
    for options in [
        "--target y",
        "--target y --robust hc3",
        "--target y --ridge",
        "--target y --validation 0.2 --missing mean",
        "--formula 'y ~ a:b + poly(a, 4) + town'",
    ] {
        let model = |files: &str, threads| {
            let fit = format!("fit {files} {options} --output m.safetensors --force");
            tool.succeed_on_threads(threads, fit);
            std::fs::read(tool.path("m.safetensors")).unwrap()
        };
        let expected = model(tables[0], 1);
        for files in tables {
            for threads in [1, 2] {
                assert!(
                    model(files, threads) == expected,
                    "{files} on {threads} threads with {options}"
                );
            }
        }
    }
}

#[test]
fn a_model_trained_on_all_rows_does_not_depend_on_where_they_are() {
    let tool = Tool::new();
    tables(&tool);
    let mut kinds = vec![
        "--optimizer lbfgs --loss quantile --tau 0.8".to_string(),
        "--optimizer proximal --weight b --loss huber --delta 0.5 --l1 0.01".to_string(),
    ];
    for precision in PRECISIONS {
        let lbfgs = format!("--optimizer lbfgs --precision {precision}");
        kinds.push(format!("{lbfgs} --validation 0.2 --patience 3"));
        kinds.push(lbfgs);
    }
    for options in kinds {
        let fit = format!("fit one.csv --target y --method sgd --epochs 5 {options}");
        let model = |memory: &str, threads| {
            let line = format!("{fit} {memory} --output m.safetensors --force");
            tool.succeed_on_threads(threads, line);
            std::fs::read(tool.path("m.safetensors")).unwrap()
        };
        let expected = model("", 1);
        for (memory, threads) in [("", 2), ("--memory 0", 1), ("--memory 0", 2)] {
            assert!(
                model(memory, threads) == expected,
                "{memory} on {threads} threads with {options}"
            );
        }
    }
}

#[test]
fn a_parquet_file_of_the_same_numbers_gives_the_same_coefficients() {
    let tool = Tool::new();
    tables(&tool);
    let csv = tool.json("fit one.csv --target y --output csv.safetensors");
    // Predictions keep the columns that they are asked to keep.
    tool.succeed("predict csv.safetensors one.csv --keep a,b,town,y --output all.parquet");
    let parquet = tool.json("fit all.parquet --target y --exclude predicted_y --output m");
    assert_eq!(parquet["coefficients"], csv["coefficients"]);
    assert_eq!(parquet["statistics"], csv["statistics"]);
}
