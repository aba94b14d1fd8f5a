//! The same numbers give the same model file, byte for byte: from one file or
//! several, of whatever format, on any number of threads.

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::tool::Tool;

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

/// Tables of the same numbers: their names for the program.
fn tables(tool: &Tool) -> Vec<Vec<String>> {
    let all = rows(0..ROWS);
    tool.write("one.csv", &all);
    tool.write("1.csv", rows(0..7));
    tool.write("2.csv", rows(7..12_345));
    tool.write("3.csv", rows(12_345..ROWS));
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(all.as_bytes()).unwrap();
    tool.write("one.csv.gz", packed.finish().unwrap());
    let name = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
    vec![
        name(&["one.csv"]),
        name(&["1.csv", "2.csv", "3.csv"]),
        name(&["one.csv.gz"]),
    ]
}

fn model(tool: &Tool, threads: usize, files: &[String], more: &[&str]) -> Vec<u8> {
    let mut arguments = vec!["fit"];
    arguments.extend(files.iter().map(String::as_str));
    arguments.extend(["--target", "y", "--output", "m.safetensors", "--force"]);
    arguments.extend(more);
    tool.succeed_on_threads(threads, &arguments);
    std::fs::read(tool.path("m.safetensors")).unwrap()
}

#[test]
fn a_model_does_not_depend_on_files_or_threads() {
    let tool = Tool::new();
    let tables = tables(&tool);
    for more in [
        &[][..],
        &["--robust", "hc3"],
        &["--ridge"],
        &["--validation", "0.2", "--missing", "mean"],
        &["--formula", "y ~ a:b + poly(a, 4) + town"],
    ] {
        let more: Vec<&str> = more.to_vec();
        let files = |table: &[String], threads| -> Vec<u8> {
            if more.first() == Some(&"--formula") {
                let mut arguments = vec!["fit"];
                arguments.extend(table.iter().map(String::as_str));
                arguments.extend(["--output", "m.safetensors", "--force"]);
                arguments.extend(&more);
                tool.succeed_on_threads(threads, &arguments);
                return std::fs::read(tool.path("m.safetensors")).unwrap();
            }
            model(&tool, threads, table, &more)
        };
        let expected = files(&tables[0], 1);
        for table in &tables {
            for threads in [1, 2] {
                assert!(
                    files(table, threads) == expected,
                    "{table:?} on {threads} threads with {more:?}"
                );
            }
        }
    }
}

#[test]
fn a_parquet_file_of_the_same_numbers_gives_the_same_coefficients() {
    let tool = Tool::new();
    let tables = tables(&tool);
    let fitted = [
        "fit",
        "one.csv",
        "--target",
        "y",
        "--output",
        "csv.safetensors",
    ];
    tool.succeed(&fitted);
    // Predictions keep the columns that they are asked to keep.
    tool.succeed(&[
        "predict",
        "csv.safetensors",
        "one.csv",
        "--keep",
        "a,b,town,y",
        "--output",
        "all.parquet",
    ]);
    let of_parquet = [
        "fit",
        "all.parquet",
        "--target",
        "y",
        "--exclude",
        "predicted_y",
        "--output",
        "parquet.safetensors",
    ];
    let parquet = tool.json(&of_parquet);
    let csv = tool.json(&["fit", &tables[0][0], "--target", "y", "--output", "m"]);
    assert_eq!(parquet["coefficients"], csv["coefficients"]);
    assert_eq!(parquet["statistics"], csv["statistics"]);
}
