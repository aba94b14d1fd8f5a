//! Files of every format, without a header, several of them, and larger than memory.

use std::io::Write;
use std::sync::Arc;

use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Float64Array, ListArray, RecordBatch};
use linreg_data::{TableFormat, TableWriter};
use serde_json::Value;

use super::{HOUSES, assert_estimates, estimates, houses};
use crate::tool::Tool;

#[test]
fn a_column_whose_values_are_not_read_is_not_kept() {
    let lists = vec![Some(vec![Some(1), None]), None, Some(vec![])];
    let lists = ListArray::from_iter_primitive::<Int64Type, _, _>(lists);
    let numbers =
        |numbers: [f64; 3]| -> ArrayRef { Arc::new(Float64Array::from(numbers.to_vec())) };
    let batch = RecordBatch::try_from_iter([
        ("x", numbers([1.0, 2.0, 4.0])),
        ("y", numbers([2.0, 1.0, 1.0])),
        ("tags", Arc::new(lists)),
    ]);
    let batch = batch.unwrap();
    let tool = Tool::new();
    for format in [TableFormat::Parquet, TableFormat::Arrow] {
        let mut bytes = Vec::new();
        let mut writer = TableWriter::new(&mut bytes, format, batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        writer.finish().unwrap();
        tool.write(&format!("t.{format}").to_lowercase(), bytes);
    }
    tool.warnings("fit t.arrow --target y --features x --output m");
    let predict = "predict m t.parquet --keep tags --output p.arrow";
    let error = tool.fail(predict);
    assert!(
        error.contains("the values of the column `tags` are not read"),
        "{error}"
    );
    // Files of Arrow's format have them.
    tool.warnings(predict.replace("t.parquet", "t.arrow"));
}

#[test]
fn a_table_is_the_same_in_every_format_and_in_several_files() {
    let tool = Tool::new();
    let csv = houses();
    tool.write("houses.csv", &csv);
    let fit = |files: &str| {
        estimates(&tool.warned_json(format!("fit {files} -t price --output model --force")))
    };
    let expected = fit("houses.csv");

    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(csv.as_bytes()).unwrap();
    tool.write("houses.csv.gz", gzip.finish().unwrap());
    tool.write(
        "houses.csv.zst",
        zstd::encode_all(csv.as_bytes(), 1).unwrap(),
    );
    tool.write("semicolons.csv", csv.replace(',', ";"));
    tool.write(
        "windows.csv",
        format!("\u{feff}{}", csv.replace('\n', "\r\n")),
    );
    let (header, rows) = csv.split_once('\n').unwrap();
    let half = rows.match_indices('\n').nth(59).unwrap().0 + 1;
    tool.write("part-1.csv", format!("{header}\n{}", &rows[..half]));
    tool.write("part-2.csv", format!("{header}\n{}", &rows[half..]));
    for extension in ["parquet", "arrow"] {
        let output = format!("houses.{extension}");
        let keep = format!("--keep town,area,age,price,rooms --output {output}");
        tool.succeed(format!("predict model houses.csv {keep}"));
    }
    for files in [
        "houses.csv.gz",
        "houses.csv.zst",
        "semicolons.csv",
        "windows.csv",
        "part-1.csv part-2.csv",
        "part-*.csv",
    ] {
        assert_eq!(fit(files), expected, "{files:?}");
    }
    let options = "fit - -t price --output model --force --json";
    let piped: Value = serde_json::from_str(&tool.pipe(options, &csv)).unwrap();
    assert_eq!(estimates(&piped), expected);
    for file in ["houses.parquet", "houses.arrow"] {
        let options = format!("fit {file} -t price --exclude predicted_price");
        let fit = tool.json(format!("{options} --output model --force"));
        assert_eq!(estimates(&fit), expected, "{file}");
    }
}

#[test]
fn a_table_without_a_header_has_numbered_columns() {
    let tool = Tool::new();
    let (_, rows) = {
        let csv = houses();
        let (header, rows) = csv.split_once('\n').unwrap();
        (header.to_string(), rows.to_string())
    };
    tool.write("rows.csv", rows);
    let options = "--no-header -t column_4 --features column_2,column_3,column_1";
    let fit = tool.json(format!("fit rows.csv {options}"));
    assert_eq!(estimates(&fit)[1].0, "column_2");
    assert!((estimates(&fit)[1].1 - 2.0).abs() < 1e-2);
}

#[test]
fn a_file_larger_than_memory_gives_the_same_model_but_for_the_order_of_rows() {
    let tool = Tool::new();
    tool.write("houses.csv", houses());
    let streamed = "--memory 0 --exclude rooms";
    let fit = tool.json(format!("fit houses.csv -t price {streamed}"));
    assert_estimates(&fit, &HOUSES, 1e-3);
    let first = std::fs::read(tool.path("houses.safetensors")).unwrap();
    tool.succeed(format!("fit houses.csv -t price {streamed} --force"));
    assert_eq!(
        std::fs::read(tool.path("houses.safetensors")).unwrap(),
        first
    );
}
