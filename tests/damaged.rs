//! A model file with one changed field is an error, or predicts as before.

use std::panic::{AssertUnwindSafe, catch_unwind};

use linreg_data::{ChunkOrder, CsvOptions, EncodedSource, Encoder, Passes, Set, Split, open};
use linreg_model::ModelFile;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::tool::Tool;

const TABLE: &str = "\
a,b,town,day,w,y
1.5,0.2,Bonn,2024-01-03,1,3.1
2.5,0.4,Kiel,2024-02-03,2,4.2
3.0,0.9,Ulm,2024-03-05,1,5.9
,1.3,Bonn,2024-03-09,1,6.1
4.5,1.1,Kiel,2024-05-01,3,9.2
5.5,2.2,Ulm,2024-06-11,1,8.8
6.0,2.9,,2024-07-12,1,12.5
7.5,3.1,Kiel,2024-08-23,2,15.4
8.0,4.3,Ulm,2024-09-14,1,17.0
9.5,5.2,Bonn,2024-10-30,1,16.3
10.0,6.1,Kiel,2024-11-02,1,22.9
11.5,7.7,Bonn,2024-12-24,1,20.1
";

/// The tool with a model of every kind of term.
fn fitted() -> Tool {
    let tool = Tool::new();
    tool.write("d.csv", TABLE);
    let formula = "y ~ a*town + poly(b, 2) + day";
    let more = "--numeric day --missing indicator --collinear drop --na -99";
    tool.run(format!("fit d.csv --formula '{formula}' --weight w {more}"));
    tool
}

/// A model file, with the JSON texts inside its JSON parsed.
#[derive(Clone)]
struct Parts {
    header: Value,
    tensors: Vec<u8>,
}

impl Parts {
    fn of(bytes: &[u8]) -> Self {
        let (length, rest) = bytes.split_first_chunk::<8>().unwrap();
        let (header, tensors) = rest.split_at(u64::from_le_bytes(*length) as usize);
        let mut header: Value = serde_json::from_slice(header).unwrap();
        let inner = &mut header["__metadata__"]["linreg"];
        *inner = serde_json::from_str(inner.as_str().unwrap()).unwrap();
        for value in inner["metadata"].as_object_mut().unwrap().values_mut() {
            if let Ok(json @ Value::Object(_)) = serde_json::from_str(value.as_str().unwrap()) {
                *value = json;
            }
        }
        Self {
            header,
            tensors: tensors.to_vec(),
        }
    }

    fn without_digest(mut self) -> Self {
        self.header["__metadata__"]["linreg"]["digest"] = Value::Null;
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut header = self.header.clone();
        if let Some(inner @ Value::Object(_)) = header.pointer_mut("/__metadata__/linreg") {
            if let Some(Value::Object(metadata)) = inner.get_mut("metadata") {
                for value in metadata.values_mut().filter(|value| value.is_object()) {
                    *value = json!(value.to_string());
                }
            }
            *inner = json!(inner.to_string());
        }
        let header = header.to_string();
        let length = (header.len() as u64).to_le_bytes();
        [&length[..], header.as_bytes(), &self.tensors].concat()
    }
}

/// The bits of the predictions for the table, computed with the libraries.
fn predicted(tool: &Tool, bytes: &[u8]) -> Result<Vec<u64>, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let model = ModelFile::from_bytes(bytes).map_err(|error| text(&error))?;
    let of = |key: &str| model.metadata.get(key);
    let encoder = match of("encoder") {
        Some(json) => serde_json::from_str::<Encoder>(json).map_err(|error| text(&error))?,
        None => Encoder::of_numbers(&model.feature_names, &model.target_names),
    };
    if encoder.num_features() != model.feature_names.len()
        || encoder.feature_names() != model.feature_names
        || encoder.targets() != model.target_names
    {
        return Err("of another model".to_string());
    }
    let options = of("reading").map(|json| serde_json::from_str::<CsvOptions>(json));
    let options = options.transpose().map_err(|error| text(&error))?;
    let options = options.unwrap_or_default();
    let source = open(&[tool.path("d.csv")], &options, Passes::Several);
    let source = source.map_err(|error| text(&error))?.into();
    let rows = EncodedSource::new(source, &encoder, Split::None, Set::Training);
    let rows = rows.map_err(|error| text(&error))?;
    let mut bits = Vec::new();
    for chunk in rows
        .encoded(ChunkOrder::File)
        .map_err(|error| text(&error))?
    {
        let features = chunk.map_err(|error| text(&error))?.0.features;
        let predictions = model.coefficients.predict(&features).unwrap();
        bits.extend(predictions.iter().map(|number| number.to_bits()));
    }
    Ok(bits)
}

/// The places of all values, but of lists of numbers only the first two.
fn places(value: &Value, place: &str, found: &mut Vec<String>) {
    found.push(place.to_string());
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                places(value, &format!("{place}/{name}"), found);
            }
        }
        Value::Array(values) => {
            let numbers = values.iter().all(Value::is_number);
            let shown = if numbers { 2 } else { values.len() };
            for (index, value) in values.iter().enumerate().take(shown) {
                places(value, &format!("{place}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// Other values to put in the place of a value.
fn damages(value: &Value) -> Vec<Value> {
    let mut damages = vec![
        Value::Null,
        json!(true),
        json!(false),
        json!(-1),
        json!(0),
        json!(1),
        json!(2),
        json!(0.5),
        json!(u32::MAX),
        json!(u64::MAX),
        json!(1e300),
        json!(""),
        json!("x"),
        json!("\u{1b}[2J\u{202e}"),
        json!([]),
        json!({}),
    ];
    match value {
        Value::Array(values) => {
            damages.push([&values[..], values].concat().into());
            damages.push(values[..values.len() / 2].to_vec().into());
            damages.push(values.iter().rev().cloned().collect());
        }
        Value::Number(number) => {
            let number = number.as_f64().unwrap();
            damages.extend([json!(number * 2.0), json!(-number), json!(number + 1.0)]);
        }
        Value::String(text) => damages.push(json!(format!("{text}{text}"))),
        Value::Object(fields) => {
            let reversed: Map<String, Value> = fields
                .iter()
                .rev()
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect();
            damages.push(reversed.into());
        }
        _ => {}
    }
    damages
}

/// Every file with one field changed, removed or renamed.
fn damaged(parts: &Parts) -> Vec<(String, Parts)> {
    let mut all = Vec::new();
    places(&parts.header, "", &mut all);
    let mut found = Vec::new();
    for place in all {
        let value = parts.header.pointer(&place).unwrap();
        for damage in damages(value) {
            let mut changed = parts.clone();
            let what = format!("{place}: {damage}");
            *changed.header.pointer_mut(&place).unwrap() = damage;
            found.push((what, changed));
        }
        let Some((parent, name)) = place.rsplit_once('/') else {
            continue;
        };
        let mut changed = parts.clone();
        if let Some(Value::Object(fields)) = changed.header.pointer_mut(parent) {
            let value = fields.remove(&name.replace("~1", "/").replace("~0", "~"));
            found.push((format!("{place} removed"), changed.clone()));
            if let Some(Value::Object(fields)) = changed.header.pointer_mut(parent) {
                fields.insert(format!("{name}_"), value.unwrap_or_default());
            }
            found.push((format!("{place} renamed"), changed));
        }
    }
    found
}

/// Whether another value at this place is valid too. It means something else,
/// and only the digest shows that it is not the one that was written.
fn has_other_meanings(place: &str) -> bool {
    const PLACES: [&str; 6] = [
        "/spread",
        "/shares",
        "/dates",
        "/reading",
        "/encoder/missing",
        "/encoder/weight",
    ];
    PLACES.iter().any(|name| place.contains(name))
}

fn assert_refused_or_same(tool: &Tool, what: &str, parts: &Parts, whole: &[u64]) {
    let found = catch_unwind(AssertUnwindSafe(|| predicted(tool, &parts.bytes())));
    match found {
        Err(_) => panic!("{what}: panicked"),
        Ok(Err(message)) => assert!(message.len() < 10_000_000, "{what}"),
        Ok(Ok(found)) => assert_eq!(found, whole, "{what}"),
    }
}

#[test]
fn a_changed_field_is_an_error_or_changes_no_prediction() {
    let tool = fitted();
    let parts = Parts::of(&std::fs::read(tool.path("d.safetensors")).unwrap());
    let whole = predicted(&tool, &parts.bytes()).unwrap();
    assert_eq!(whole.len(), 12);
    for (what, changed) in damaged(&parts) {
        assert_refused_or_same(&tool, &what, &changed, &whole);
    }
}

#[test]
fn without_a_digest_too() {
    let tool = fitted();
    let parts = Parts::of(&std::fs::read(tool.path("d.safetensors")).unwrap()).without_digest();
    let whole = predicted(&tool, &parts.bytes()).unwrap();
    for (what, changed) in damaged(&parts) {
        if has_other_meanings(&what) {
            let found = catch_unwind(AssertUnwindSafe(|| predicted(&tool, &changed.bytes())));
            assert!(found.is_ok(), "{what}: panicked");
        } else {
            assert_refused_or_same(&tool, &what, &changed, &whole);
        }
    }
}

#[test]
fn the_program_refuses_or_shows_what_was_changed() {
    let tool = fitted();
    let parts = Parts::of(&std::fs::read(tool.path("d.safetensors")).unwrap()).without_digest();
    let metadata = &parts.header["__metadata__"]["linreg"]["metadata"];
    let keys: Vec<String> = metadata.as_object().unwrap().keys().cloned().collect();
    for key in keys {
        for value in [json!(""), json!("-1"), json!("{}"), json!("\u{1b}[2J")] {
            let mut changed = parts.clone();
            changed.header["__metadata__"]["linreg"]["metadata"][&key] = value.clone();
            tool.write("bad.safetensors", changed.bytes());
            let output = tool.run("inspect bad.safetensors");
            let code = output.status.code();
            assert!(matches!(code, Some(0 | 2)), "{key} {value}: {code:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_value_in_any_place_is_an_error_or_changes_nothing(
        place: prop::sample::Index,
        number: f64,
        text in "\\PC{0,8}",
        kind in 0..4,
    ) {
        thread_local! {
            static FITTED: (Tool, Parts) = {
                let tool = fitted();
                let bytes = std::fs::read(tool.path("d.safetensors")).unwrap();
                (tool, Parts::of(&bytes))
            };
        }
        FITTED.with(|(tool, parts)| {
            let whole = predicted(tool, &parts.bytes()).unwrap();
            let mut all = Vec::new();
            places(&parts.header, "", &mut all);
            let place = place.get(&all);
            let mut changed = parts.clone();
            *changed.header.pointer_mut(place).unwrap() = match kind {
                0 => json!(number),
                1 => json!(number as i64),
                2 => json!([text]),
                _ => json!(text),
            };
            assert_refused_or_same(tool, place, &changed, &whole);
        });
    }
}
