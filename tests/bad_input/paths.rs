//! Files that cannot be written, or are no models.

use super::{each_fails, tool};

#[test]
fn of_outputs() {
    each_fails(&[
        (
            "fit good.csv --target y --force --output good.csv",
            "good.csv: this file is read; write another",
        ),
        (
            "predict good.safetensors good.csv --force --output good.safetensors",
            "good.safetensors: this file is read; write another",
        ),
        (
            "fit good.csv --target y --output -",
            "a model cannot go to standard output; name a file with --output",
        ),
    ]);
}

#[test]
fn of_paths() {
    each_fails(&[
        (
            "fit good.csv --target y",
            "good.safetensors: the file exists; use --force to replace it, or another name",
        ),
        (
            "fit good.csv --target y --output absent/model.safetensors",
            "absent/model.safetensors: there is no folder absent",
        ),
        (
            "fit good.csv --target y --output .",
            ".: this is a folder; name a file in it",
        ),
        (
            "predict good.safetensors good.csv --output text.csv",
            "text.csv: the file exists; use --force to replace it, or another name",
        ),
        (
            "generate --output good.csv",
            "good.csv: the file exists; use --force to replace it, or another name",
        ),
        (
            "lesson --plots good.csv",
            "good.csv: this is a file; name a folder for the plots",
        ),
        (
            "fit - --target y",
            "standard input: name the model file with --output",
        ),
    ]);
}

#[test]
fn of_models() {
    let foreign = "foreign.safetensors: this is no model file of linreg, but a table or a text; are the arguments swapped? The model comes first, then the table";
    each_fails(&[
        ("predict foreign.safetensors good.csv", foreign),
        ("evaluate foreign.safetensors good.csv", foreign),
        (
            "inspect foreign.safetensors",
            "foreign.safetensors: this is no model file of linreg, but a table or a text",
        ),
        (
            "inspect absent",
            "absent: No such file or directory (os error 2)",
        ),
    ]);
    let tool = tool();
    let whole = std::fs::read(tool.path("good.safetensors")).unwrap();
    tool.write("half.safetensors", &whole[..whole.len() / 2]);
    let message = tool.fail("inspect half.safetensors");
    assert!(
        message.contains("half.safetensors: not a whole .safetensors file"),
        "{message}"
    );
}
