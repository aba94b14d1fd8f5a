//! Checkpoints with a right checksum and wrong numbers.

use linreg_model::Digest;
use serde_json::{Value, json};

use super::{fails, numbers};
use crate::tool::Tool;

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
