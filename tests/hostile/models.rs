//! Model files whose parts do not fit, and files that are none.

use serde_json::{Value, json};

use super::fails;
use crate::tool::Tool;

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
