//! Files, formulas and numbers made to do harm: each ends soon, with little memory
//! and one message.

use std::fmt::Write;
use std::process::Output;

use linreg_model::Digest;
use serde_json::{Value, json};

use crate::tool::{Arguments, Tool};

/// Runs the program with at most 4 GB of address space.
fn run_in_little_memory(tool: &Tool, arguments: impl Into<Arguments>) -> Output {
    tool.in_shell("ulimit -v 4000000", arguments)
        .output()
        .unwrap()
}

#[track_caller]
fn fails(tool: &Tool, arguments: impl Into<Arguments>) -> String {
    let arguments = arguments.into();
    let output = run_in_little_memory(tool, arguments.clone());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
    assert!(stderr.len() < 2000, "{stderr}");
    assert!(!stderr.contains('\u{1b}'), "{stderr:?}");
    stderr.trim_end().to_string()
}

fn column(name: &str, kind: Value) -> Value {
    json!({"name": name, "kind": kind, "why": "", "missing": 0, "spread": null})
}

fn levels(levels: &[&str]) -> Value {
    let share = 1.0 / levels.len().max(1) as f64;
    json!({"categorical": {"levels": levels, "shares": vec![share; levels.len()]}})
}

/// An encoder for the feature `area`, with these columns and terms.
fn encoder(columns: Vec<Value>, terms: Value) -> Value {
    json!({
        "columns": columns, "terms": terms, "intercept": true, "targets": ["y"],
        "weight": null, "missing": "error", "unseen": "error",
    })
}

/// A model file of one feature with this in its metadata.
fn model(tool: &Tool, name: &str, metadata: &[(&str, Value)]) {
    let texts = metadata.iter();
    let texts = texts.map(|(key, value)| (key.to_string(), json!(value.to_string())));
    let header = json!({
        "format_version": 1, "feature_names": ["area"], "target_names": ["y"],
        "metadata": texts.collect::<serde_json::Map<_, _>>(),
    });
    let header = json!({
        "__metadata__": {"linreg": header.to_string()},
        "bias": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]},
        "weight": {"dtype": "F64", "shape": [1, 1], "data_offsets": [8, 16]},
    });
    let header = header.to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend([1.5f64, 2.0].map(f64::to_le_bytes).concat());
    tool.write(name, bytes);
}

#[test]
fn models_whose_parts_do_not_fit_are_refused_by_every_command() {
    let tool = Tool::new();
    tool.write("d.csv", "area,y,t\n1,2,a\n2,3,b\n3,5,a\n");
    let area = || column("area", json!("numeric"));
    let y = || column("y", json!("numeric"));
    let one = || json!([[{"Column": "area"}]]);
    let many: Vec<String> = (0..30).map(|index| format!("t{index}")).collect();
    let of_many = many
        .iter()
        .map(|name| column(name, levels(&["a", "b", "c"])));
    let of_many = of_many.chain([y()]).collect();
    let product: Vec<Value> = many.iter().map(|name| json!({"Column": name})).collect();
    let fine = || encoder(vec![area(), y()], one());
    let with = |field: &str, value: Value| {
        let mut encoder = fine();
        encoder[field] = value;
        encoder
    };
    for (encoder, message) in [
        (
            encoder(
                vec![area(), y()],
                json!([[{"Powers": {"column": "area", "degree": u32::MAX}}]]),
            ),
            "the highest power of `area` is 4294967295, expected a number from 1 to 30",
        ),
        (
            encoder(of_many, json!([product])),
            "the number of features is 205891132094649, expected at most 1000000",
        ),
        (
            encoder(vec![y(), area()], one()),
            "the place of the column `y` is taken by `area`, expected targets and the weight after the features",
        ),
        (
            encoder(vec![area(), column("t", levels(&[])), y()], one()),
            "the number of levels of a categorical column is 0, expected at least 1",
        ),
        (
            with("missing", json!("\u{1b}]0;PWNED\u{7}\u{1b}[2J")),
            "unknown variant",
        ),
        (
            with("missing", json!("x".repeat(100_000))),
            "unknown variant",
        ),
        (
            with("missing", json!("mean")),
            "the mean of the column `area` is unknown, expected a number, which missing cells take",
        ),
        (
            with("weight", json!("y")),
            "the role of the column `y` is there twice",
        ),
        (with("terms", json!([])), "the column `area` is of no term"),
        (
            with("terms", json!([[{"Column": "town"}]])),
            "the term `town` is of the column `town`, expected one of the columns of features",
        ),
        (
            with("terms", json!([[{"Categorical": "area"}]])),
            "the levels of the column `area` are not known",
        ),
        (
            with("targets", json!([])),
            "the number of targets is 0, expected at least 1",
        ),
    ] {
        model(&tool, "bad.safetensors", &[("encoder", encoder)]);
        for arguments in [
            &["predict", "bad.safetensors", "d.csv"][..],
            &["evaluate", "bad.safetensors", "d.csv"],
            &["inspect", "bad.safetensors"],
        ] {
            let found = fails(&tool, arguments);
            let start = "error: bad.safetensors: the encoder is damaged in the model: ";
            assert!(found.starts_with(start), "{found}");
            assert!(found.contains(message), "{found}");
        }
    }
    let schema = json!({"num_rows": 3, "columns": [column("t", levels(&[]))]});
    for (key, value, message) in [
        (
            "schema",
            schema,
            "the schema of its table is damaged in the model: the number of levels of a categorical column is 0",
        ),
        (
            "reading",
            json!({"delimiter": 34}),
            "the way its table was read is damaged in the model: the delimiter is `\"`",
        ),
        (
            "reading",
            json!({"text": {"decimal": "7"}}),
            "the way its table was read is damaged in the model: the decimal mark is `7`",
        ),
        (
            "training",
            json!({"loss": {"quantile": {"tau": 7}}}),
            "the training is damaged in the model: the quantile is 7",
        ),
        (
            "degrees_of_freedom",
            json!(-3),
            "the degrees of freedom in the model file are not a number above 0",
        ),
        (
            "degrees_of_freedom",
            json!(3),
            "the model file has degrees of freedom, but not all that intervals need with them",
        ),
    ] {
        let metadata = [("encoder", fine()), (key, value)];
        model(&tool, "bad.safetensors", &metadata);
        let found = fails(&tool, "inspect bad.safetensors");
        assert!(found.contains(message), "{found}");
    }
    model(&tool, "good.safetensors", &[("encoder", fine())]);
    tool.succeed("inspect good.safetensors");
}

#[test]
fn a_table_in_place_of_a_model_is_told_from_its_first_bytes() {
    let tool = Tool::new();
    model(&tool, "m.safetensors", &[]);
    let message = "this is no model file of linreg, but a table or a text";
    // A sparse file of 8 GB.
    tool.write("d.csv", "area,y\n1,2\n");
    let file = std::fs::File::options()
        .append(true)
        .open(tool.path("d.csv"));
    file.unwrap().set_len(8 << 30).unwrap();
    let found = fails(&tool, "predict d.csv m.safetensors");
    let advice = "are the arguments swapped? The model comes first, then the table";
    assert_eq!(found, format!("error: d.csv: {message}; {advice}"));
    tool.write("d.parquet", b"PAR1\x15\x04\x15\x10");
    let found = fails(&tool, "inspect d.parquet");
    assert_eq!(found, format!("error: d.parquet: {message}"));
}

#[test]
fn a_header_that_lies_about_lengths_is_refused_before_it_is_read() {
    let tool = Tool::new();
    let with_size = |name: &str, header: u64, size: u64| {
        tool.write(name, header.to_le_bytes());
        let file = std::fs::File::options().append(true).open(tool.path(name));
        file.unwrap().set_len(size).unwrap();
        fails(&tool, format!("inspect '{name}'"))
    };
    let found = with_size("header", 60_000_000, 60_000_008);
    assert_eq!(
        found,
        "error: header: not a whole .safetensors file: header too large"
    );
    let found = with_size("short", 40_000_000, 1000);
    assert_eq!(
        found,
        "error: short: not a whole .safetensors file: invalid header length"
    );
    // A model with 8 GB after it.
    model(&tool, "long", &[]);
    let size = std::fs::metadata(tool.path("long")).unwrap().len();
    let file = std::fs::File::options()
        .append(true)
        .open(tool.path("long"));
    file.unwrap().set_len(size + (8 << 30)).unwrap();
    let found = fails(&tool, "inspect long");
    assert_eq!(
        found,
        "error: long: there are 8589934592 bytes more after the tensors that its header tells of; copy the file again"
    );
}

#[test]
fn a_model_that_was_changed_after_it_was_written_is_refused() {
    let tool = Tool::new();
    tool.write("d.csv", "a,y\n1,2\n2,3\n3,5\n4,4\n");
    tool.succeed("fit d.csv --target y");
    let mut bytes = std::fs::read(tool.path("d.safetensors")).unwrap();
    // Changes one bit of a number.
    *bytes.last_mut().unwrap() ^= 1;
    tool.write("d.safetensors", &bytes);
    let found = fails(&tool, "predict d.safetensors d.csv");
    assert_eq!(
        found,
        "error: d.safetensors: the file was changed or damaged after linreg wrote it: its digest is another; copy it again, or fit the model again"
    );
}

fn numbers(columns: usize, rows: usize) -> String {
    let names: Vec<String> = (0..columns).map(|index| format!("x{index}")).collect();
    let mut text = format!("{},y\n", names.join(","));
    for row in 0..rows {
        for column in 0..columns {
            write!(
                text,
                "{},",
                (row * (column + 1) + column * 104_729) % 10_007
            )
            .unwrap();
        }
        writeln!(text, "{}", row % 17).unwrap();
    }
    text
}

#[test]
fn products_of_too_many_features_are_refused_before_they_are_made() {
    let tool = Tool::new();
    tool.write("d.csv", numbers(5, 50));
    let powers: Vec<String> = (0..5).map(|index| format!("poly(x{index},30)")).collect();
    let formula = format!("y ~ {}", powers.join("*"));
    for method in ["exact", "sgd"] {
        let found = fails(
            &tool,
            format!("fit d.csv --formula '{formula}' --method '{method}'"),
        );
        assert_eq!(
            found,
            "error: d.csv: the model has 28629150 features, more than the limit of 10000; 24300000 of them are of the term `poly(x0, 30):poly(x1, 30):poly(x2, 30):p…`: use fewer of its factors, powers or levels"
        );
    }
    // Four factors of 90 levels.
    let mut text = "p,q,r,s,y\n".to_string();
    for row in 0..180 {
        let level = |step: usize| (row * step + row / 90) % 90;
        let (p, q, r, s) = (level(1), level(7), level(11), level(13));
        writeln!(text, "p{p},q{q},r{r},s{s},{row}").unwrap();
    }
    tool.write("levels.csv", text);
    let fit = "fit levels.csv --formula 'y ~ p*q*r*s'";
    let found = fails(&tool, fit);
    let message =
        "error: levels.csv: the model has 65609999 features, more than the limit of 10000";
    assert!(found.starts_with(message), "{found}");
    let found = fails(&tool, format!("{fit} --max-features 2000000"));
    assert!(
        found.contains("the largest number of features is 2000000, expected at most 1000000"),
        "{found}"
    );
}

#[test]
fn a_hundred_thousand_levels_are_refused_in_training() {
    let tool = Tool::new();
    let mut text = "t,y\n".to_string();
    for row in 0..200_000 {
        writeln!(text, "l{},{}", row % 100_000, row % 7).unwrap();
    }
    tool.write("d.csv", text);
    let found = fails(
        &tool,
        "fit d.csv -t y --method sgd --categorical t --max-levels 1000000",
    );
    assert_eq!(
        found,
        "error: d.csv: the model has 99999 features, more than the limit of 10000; 99999 of them are of the term `t`: use fewer of its factors, powers or levels, or allow more with --max-features"
    );
}

#[test]
fn rows_that_determine_few_of_many_coefficients_are_refused_before_the_work() {
    let tool = Tool::new();
    tool.write("d.csv", numbers(4000, 20));
    let found = fails(&tool, "fit d.csv -t y");
    assert_eq!(
        found,
        "error: d.csv: 20 rows do not determine 4,000 coefficients; choose fewer features with --features, shrink the weights with --ridge, or train with --method sgd"
    );
    let found = fails(&tool, "fit d.csv -t y --collinear drop --memory 100");
    assert_eq!(
        found,
        "error: d.csv: an exact fit of 4,000 features takes about 978 MiB, more than the 100 of --memory; choose fewer with --features, train with --method sgd, or allow more with --memory"
    );
}

#[test]
fn more_folds_than_rows_are_refused() {
    let tool = Tool::new();
    tool.write("d.csv", numbers(2, 20));
    for folds in ["21", "1000000000", "18446744073709551615"] {
        let k_fold = ["fit", "d.csv", "-t", "y", "--k-fold", folds];
        let search = format!("--search={folds}");
        let search = ["fit", "d.csv", "-t", "y", "--method", "sgd", &search];
        for arguments in [&k_fold[..], &search] {
            assert_eq!(
                fails(&tool, arguments),
                format!(
                    "error: d.csv: the number of folds is {folds}, expected at most 20, the number of rows"
                )
            );
        }
    }
}

#[test]
fn checkpoints_with_a_right_checksum_are_checked_all_the_same() {
    let tool = Tool::new();
    tool.write("d.csv", numbers(2, 40));
    let fit = "fit d.csv -t y --method sgd --optimizer adam --epochs 3 --force";
    tool.run(format!("{fit} --checkpoint ck --checkpoint-every 1"));
    let text = tool.read("ck");
    let (first, json) = text.split_once('\n').unwrap();
    let state: Value = serde_json::from_str(json).unwrap();
    let format = first.rsplit_once(' ').unwrap().0;
    for (place, value, message) in [
        ("/progress/seconds", json!(-5), "found -5 as the time"),
        (
            "/progress/seconds",
            json!(1e300),
            "as the time, expected at most",
        ),
        (
            "/method/minibatches/update",
            json!(1u64 << 63),
            "found 9223372036854775808 as the number of updates",
        ),
        (
            "/method/minibatches/weight",
            json!([1, 2, 3]),
            "found 3 as the number of values of the weights, expected 2",
        ),
        (
            "/method/minibatches/optimizer",
            json!({"x": 1}),
            "found other parts as the state of the optimizer",
        ),
        (
            "/progress/epoch",
            json!(1u64 << 40),
            "as the epoch, expected at most 3",
        ),
    ] {
        let mut damaged = state.clone();
        *damaged.pointer_mut(place).unwrap() = value;
        let json = damaged.to_string();
        let sum = Digest::of(json.as_bytes());
        tool.write("bad", format!("{format} {sum:016x}\n{json}"));
        let found = fails(&tool, format!("{fit} --resume bad"));
        assert!(
            found.starts_with("error: bad: the checkpoint is damaged: "),
            "{found}"
        );
        assert!(found.contains(message), "{found}");
    }
}
