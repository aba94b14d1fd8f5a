//! The state of Burn's optimizers as JSON. It is checked here, because Burn's own
//! readers trust the lengths and shapes in a file.

use burn::record::{DoublePrecisionSettings, Record};
use burn::tensor::backend::AutodiffBackend;
use serde_json::Value;

use crate::CheckpointProblem;
use crate::expected::{Checked, wrong};

pub(super) fn to_json<B: AutodiffBackend>(
    record: impl Record<B>,
) -> Result<Value, CheckpointProblem> {
    let item = record.into_item::<DoublePrecisionSettings>();
    serde_json::to_value(item).map_err(CheckpointProblem::Record)
}

/// Reads a record that has passed [`has_form`].
pub(super) fn from_json<B: AutodiffBackend, R: Record<B>>(
    json: Value,
    device: &B::Device,
) -> Result<R, CheckpointProblem> {
    let item = serde_json::from_value::<R::Item<DoublePrecisionSettings>>(json);
    let item = item.map_err(CheckpointProblem::Json)?;
    Ok(R::from_item(item, device))
}

/// Returns an error unless a record has the parts and shapes of the expected one,
/// and was made after this number of updates.
pub(super) fn has_form(found: &Value, expected: &Value, updates: usize) -> Checked {
    const WHAT: &str = "state of the optimizer";
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            let same = found.len() == expected.len()
                && expected.keys().all(|name| found.contains_key(name));
            if !same {
                return wrong(WHAT, "other parts", "those of the settings");
            }
            let is_tensor = expected.contains_key("bytes") && expected.contains_key("shape");
            for (name, expected) in expected {
                let found = &found[name];
                match name.as_str() {
                    "bytes" if is_tensor => has_numbers(found, expected)?,
                    // The number of updates, which is 1 in the expected record.
                    "time" if found.as_u64() == Some(updates as u64) => {}
                    _ => has_form(found, expected, updates)?,
                }
            }
            Ok(())
        }
        (found, expected) if found == expected => Ok(()),
        (Value::Number(found), expected) => wrong(WHAT, found, expected),
        _ => wrong(WHAT, "something of another form", "that of the settings"),
    }
}

/// Returns an error unless these are the bytes of as many 64-bit floats, all of
/// them finite.
fn has_numbers(found: &Value, expected: &Value) -> Checked {
    const WHAT: &str = "numbers that the optimizer remembers";
    let (Some(found), Some(expected)) = (found.as_array(), expected.as_array()) else {
        return wrong(WHAT, "something else", "bytes");
    };
    if found.len() != expected.len() {
        let what = format!("number of bytes of the {WHAT}");
        return wrong(what, found.len(), expected.len());
    }
    let bytes = found.iter().map(|byte| u8::try_from(byte.as_u64()?).ok());
    let Some(bytes) = bytes.collect::<Option<Vec<u8>>>() else {
        return wrong(WHAT, "something else", "bytes");
    };
    let (numbers, _) = bytes.as_chunks::<8>();
    let mut numbers = numbers.iter().map(|number| f64::from_ne_bytes(*number));
    if numbers.all(f64::is_finite) {
        Ok(())
    } else {
        wrong(WHAT, "one that is not finite", "finite numbers")
    }
}
