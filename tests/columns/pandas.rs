//! Parquet files in `data/pandas`, which pandas 3.1.1 and pyarrow 26.0.1 wrote.

use super::{column, names};
use crate::tool::{Tool, test_file};

/// The tool with a file that pandas wrote.
fn pandas(name: &str) -> Tool {
    let tool = Tool::new();
    let bytes = std::fs::read(test_file("data/pandas").join(name)).unwrap();
    tool.write(name, bytes);
    tool
}

#[test]
fn levels_are_exact_and_the_same_in_csv_and_parquet() {
    let tool = pandas("ids.parquet");
    let csv = std::fs::read_to_string(test_file("data/pandas/ids.csv")).unwrap();
    tool.write("ids.csv", csv);
    let levels = |file: &str| {
        let described = tool.json(format!("describe {file} --categorical id"));
        column(&described["columns"], "id")["levels"].clone()
    };
    assert_eq!(levels("ids.csv"), levels("ids.parquet"));
    // 2^53 and the numbers after it.
    let first = &levels("ids.parquet")[1]["level"];
    assert_eq!(
        (levels("ids.parquet").as_array().unwrap().len(), first),
        (4, &"9007199254740993".into())
    );
    for (file, model) in [
        ("ids.csv", "csv.safetensors"),
        ("ids.parquet", "parquet.safetensors"),
    ] {
        tool.succeed(format!("fit {file} -t y --categorical id -o {model}"));
    }
    let predictions = |model, file| tool.succeed(format!("predict {model} {file}"));
    let expected = predictions("csv.safetensors", "ids.csv");
    for (model, file) in [
        ("csv.safetensors", "ids.parquet"),
        ("parquet.safetensors", "ids.csv"),
        ("parquet.safetensors", "ids.parquet"),
    ] {
        assert_eq!(predictions(model, file), expected);
    }
}

#[test]
fn categories_and_bytes_of_parquet_are_levels() {
    for (file, column, levels) in [
        (
            "cat_int.parquet",
            "zip",
            "(intercept) a zip=20095 zip=80331",
        ),
        (
            "cat_str.parquet",
            "zip",
            "(intercept) a zip=20095 zip=80331",
        ),
        ("bin.parquet", "town", "(intercept) a town=y"),
    ] {
        let tool = pandas(file);
        let levels: Vec<&str> = levels.split(' ').collect();
        let fit = format!("fit {file} -t y -o m.safetensors --force");
        assert_eq!(names(&tool.json(&fit)), levels, "{file}");
        assert_eq!(
            names(&tool.json(format!("{fit} --categorical {column}"))),
            levels,
            "{file}"
        );
    }
    // The columns are numbers if `--numeric` asks for it.
    for file in ["cat_int.parquet", "cat_str.parquet"] {
        let tool = pandas(file);
        let fit = format!("fit {file} -t y -o m.safetensors --numeric zip");
        assert_eq!(names(&tool.json(fit)), ["(intercept)", "a", "zip"]);
        tool.succeed(&["predict", "m.safetensors", file]);
    }
    let tool = pandas("bin.parquet");
    let message = tool.fail("fit bin.parquet -t y --numeric town");
    assert!(message.contains("expected a number"), "{message}");
}

#[test]
fn the_index_that_pandas_stores_is_ignored_unless_it_is_named() {
    let tool = pandas("idx.parquet");
    let fit = "fit idx.parquet -t y --force";
    let found = tool.json(fit);
    assert_eq!(names(&found), ["(intercept)", "a"]);
    let index = "__index_level_0__";
    let why = &column(&found["columns"]["columns"], index)["why"];
    assert_eq!(why, "the index that pandas stored");
    let described = tool.succeed("describe idx.parquet");
    assert!(
        described.contains("the index that pandas stored"),
        "{described}"
    );
    let dot = tool.json("fit idx.parquet --formula 'y ~ .' --force");
    assert_eq!(names(&dot), ["(intercept)", "a"]);
    let named = tool.json(format!("{fit} --features {index}"));
    assert_eq!(names(&named), ["(intercept)", index]);
}
