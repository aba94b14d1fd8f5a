//! Every kind of bad input gives one clear message and exit code 2, and leaves
//! no file half written.

use crate::tool::Tool;

/// A tool with a good file, a model, and a file for each fault.
fn tool() -> Tool {
    let tool = Tool::new();
    for (name, content) in [
        ("good.csv", "a,b,y\n1,2,3\n2,1,4\n3,5,6\n4,4,8\n"),
        ("empty.csv", ""),
        ("header.csv", "a,b,y\n"),
        ("text.csv", "a,b,y\n1,2,3\n2,one,4\n"),
        ("missing.csv", "a,b,y\n1,2,3\n2,,4\n"),
        ("nan.csv", "a,b,y\nNaN,2,3\n"),
        ("inf.csv", "a,b,y\n1,2,inf\n"),
        ("ragged.csv", "a,b,y\n1,2,3\n2,1\n"),
        ("repeated.csv", "a,a,y\n1,2,3\n"),
        ("other.csv", "a,c,y\n1,2,3\n"),
        ("tiny.csv", "a,b,y\n1e-300,1,1\n-1e-300,2,2\n1e-300,2,3\n"),
        ("large.csv", "a,b,y\n1e300,1,1\n-1e300,2,2\n1,2,3\n"),
        ("foreign.safetensors", "no model at all"),
        ("quote.csv", "a,b,y,note\n1,2,3,\"x\n2,1,4,y\n3,5,6,z\n"),
        ("huge.csv", "a,b,y\n1e200,1,1\n1e200,1e308,1\n"),
    ] {
        tool.write(name, content);
    }
    tool.succeed("fit good.csv --target y");
    tool
}

/// Runs each command line and checks its message, and that no file was created,
/// removed or changed.
fn each_fails(cases: &[(&str, &str)]) {
    let tool = tool();
    let contents = |tool: &Tool| -> Vec<(String, Vec<u8>)> {
        let read = |name: String| {
            let bytes = std::fs::read(tool.path(&name)).unwrap_or_default();
            (name, bytes)
        };
        tool.files().into_iter().map(read).collect()
    };
    let before = contents(&tool);
    for (command, expected) in cases {
        let message = tool.fail(*command);
        assert_eq!(message, format!("error: {expected}"), "linreg {command}");
        assert!(contents(&tool) == before, "linreg {command}");
    }
}

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
fn of_files() {
    each_fails(&[
        (
            "fit quote.csv --target y --features a,b",
            "quote.csv: line 2: the quoted cell that begins here is never closed; close it, or write a quote inside a cell twice",
        ),
        (
            "fit empty.csv --target y",
            "empty.csv: the file is empty, expected a header line with the column names",
        ),
        (
            "fit --method sgd good.csv --target y --output new.safetensors --weight-decay 1e6 --learning-rate 0.03",
            "the weight decay is 1000000 at the learning rate 0.03, expected below 1 when multiplied: each update would turn the weights around",
        ),
        (
            "fit header.csv --target y",
            "header.csv: there are no rows after the header",
        ),
        (
            "fit text.csv --target y",
            "text.csv: line 3 (byte 12): found `one`, where 1 of 2 cells are numbers; --na one takes `one` as missing: the column `b` is neither numbers nor words; correct the cell, take every cell as a level with --categorical, or leave the column out with --exclude",
        ),
        (
            "fit missing.csv --target y",
            "1 missing cell: missing.csv: line 3 (byte 12), column `b`; leave their rows out with --missing drop, or use a feature's mean with --missing mean or indicator",
        ),
        (
            "fit nan.csv --target y --features a",
            "nan.csv: the column `a` cannot be a feature: every cell is missing",
        ),
        (
            "fit inf.csv --target y",
            "inf.csv: line 2 (byte 6), column `y`: found `inf`, expected a finite number; correct the cell or remove the row",
        ),
        (
            "fit ragged.csv --target y",
            "ragged.csv: line 3 (byte 12): found 2 cells, expected 3 as in the header",
        ),
        (
            "fit repeated.csv --target y",
            "repeated.csv: line 1: the column name `a` is there twice; rename one of them",
        ),
        (
            "fit large.csv --target y --method sgd",
            "large.csv: the values of `a` are too large to standardise: their variance overflows; divide the column by a power of ten",
        ),
        (
            "fit tiny.csv --target y --method sgd",
            "tiny.csv: the values of `a` are too close together to standardise: their variance vanishes; multiply the column by a power of ten",
        ),
        (
            "fit absent.csv --target y",
            "absent.csv: No such file or directory (os error 2)",
        ),
        (
            "fit . --target y --output m",
            ".: this is a folder; name the files in it",
        ),
    ]);
}

#[test]
fn of_columns() {
    each_fails(&[
        (
            "fit good.csv --force --target z",
            "good.csv: there is no column `z`; the columns are `a`, `b`, `y`",
        ),
        (
            "fit good.csv --force --target y --features a,c",
            "good.csv: there is no column `c`; the columns are `a`, `b`, `y`",
        ),
        (
            "fit good.csv --force --target y --features a,y",
            "good.csv: the target `y` is among the features; a column cannot be both",
        ),
        (
            "fit good.csv --force --target y --features a,a",
            "good.csv: the feature `a` is named twice",
        ),
        (
            "predict good.safetensors other.csv",
            "other.csv: the columns do not match the model good.safetensors: there is no column `b`; the columns are `a`, `c`, `y`",
        ),
        (
            "evaluate good.safetensors other.csv",
            "other.csv: the columns do not match the model good.safetensors: there is no column `b`; the columns are `a`, `c`, `y`",
        ),
    ]);
}

#[test]
fn of_a_file_to_judge_on() {
    each_fails(&[
        (
            "fit good.csv --target y --force --validation-file none.csv",
            "none.csv: No such file or directory (os error 2)",
        ),
        (
            "fit good.csv --target y --force --validation-file other.csv",
            "other.csv: there is no column `b`; the columns are `a`, `c`, `y`",
        ),
        (
            "fit good.csv --target y --force --validation-file header.csv",
            "header.csv: there are no rows to judge the model on",
        ),
        (
            "fit good.csv --target y --force --validation-file text.csv",
            "text.csv: line 3 (byte 12), column `b`: found `one`, expected a number",
        ),
        (
            "fit good.csv --target y --force --output other.csv --validation-file other.csv",
            "other.csv: this file is read; write another",
        ),
        (
            "fit - --target y --output m --validation-file -",
            "both tables cannot come from standard input; give a file for one of them",
        ),
    ]);
}

#[test]
fn of_ten_thousand_columns() {
    let tool = Tool::new();
    let row = |cell: &dyn Fn(usize) -> String| (0..10_000).map(cell).collect::<Vec<_>>().join(",");
    let mut table = format!("{},y\n", row(&|column| format!("c{column}")));
    for line in 0..3 {
        let cells = row(&|column| (column % 7 * line).to_string());
        table += &format!("{cells},{line}\n");
    }
    tool.write("wide.csv", table);
    let message = tool.fail("fit wide.csv --target y");
    assert_eq!(
        message,
        "error: wide.csv: 8,571 features are more than the 4,000 of an exact fit, whose time grows with their cube; choose fewer with --features, train with --method sgd, or allow more with --max-features"
    );
    // Thousands of similar columns give only a few lines of warnings.
    let output = tool.run("fit wide.csv --target y --method sgd --epochs 1 --learning-rate 1e-6");
    assert!(output.status.success());
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(
        stdout.contains("  c0    ignored      every cell is 0\n"),
        "{}",
        &stdout[..2000]
    );
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.lines().count() < 20, "{stderr}");
    assert!(stderr.contains("more columns like these"), "{stderr}");
    assert!(
        stderr.contains("the same cells as the target `y`"),
        "{stderr}"
    );
}

#[test]
fn of_settings() {
    let rate = "expected a finite number above 0";
    each_fails(&[
        (
            "fit --method sgd good.csv --target y --force --batch-size 0",
            "the batch size is 0, expected at least 1",
        ),
        (
            "fit --method sgd good.csv --target y --force --epochs 0",
            "the number of epochs is 0, expected at least 1",
        ),
        (
            "fit --method sgd good.csv --target y --force --learning-rate 0",
            &format!("the learning rate is 0, {rate}"),
        ),
        (
            "fit --method sgd good.csv --target y --force --learning-rate -0.1",
            &format!("the learning rate is -0.1, {rate}"),
        ),
        (
            "fit --method sgd good.csv --target y --force --learning-rate NaN",
            &format!("the learning rate is NaN, {rate}"),
        ),
        (
            "fit good.csv --target y --force --validation 0.1",
            "good.csv: there are no rows left for validation",
        ),
        (
            "fit good.csv --target y --force --validation 2",
            "the validation fraction is 2, expected a number from 0 to below 1",
        ),
        (
            "fit --method sgd good.csv --target y --force --momentum 1",
            "the momentum is 1, expected a number from 0 to below 1",
        ),
        (
            "fit --method sgd good.csv --target y --force --weight-decay -1",
            "the weight decay is -1, expected a finite number, 0 or more",
        ),
        (
            "fit --method sgd good.csv --target y --force --l1 -1",
            "the L1 penalty is -1, expected a finite number, 0 or more",
        ),
        (
            "fit --method sgd good.csv --target y --force --loss huber",
            "--loss huber needs --delta",
        ),
        (
            "fit --method sgd good.csv --target y --force --loss quantile --tau 1.5",
            "the quantile is 1.5, expected a number above 0 and below 1",
        ),
        (
            "fit --method sgd good.csv --target y --force --tau 0.5",
            "--tau is a setting of --loss quantile",
        ),
        (
            "fit --method sgd good.csv --target y --force --optimizer lbfgs --l1 1",
            "the optimizer is lbfgs, expected proximal or sgd, whose zeros are right under an L1 penalty",
        ),
        (
            "fit --method sgd good.csv --target y --force --optimizer lbfgs --batch-size 4",
            "--batch-size is a setting of minibatches, and --optimizer lbfgs takes all rows at once; leave out one of them",
        ),
        (
            "fit --method sgd good.csv --target y --force --optimizer adam --heavy-ball",
            "--heavy-ball is no setting of --optimizer adam",
        ),
        (
            "fit --method sgd good.csv --target y --force --patience 3",
            "--patience goes by rows held out; add --validation or --validation-file",
        ),
        (
            "fit --method sgd good.csv --target y --force --history losses.txt",
            "losses.txt: the history is written as .csv or .json; name it so",
        ),
        (
            "fit --method sgd good.csv --target y --force --resume good.csv",
            "good.csv: this is no checkpoint of linreg",
        ),
        (
            "fit --method sgd good.csv --target y --force --resume none",
            "none: there is no such checkpoint; start without --resume",
        ),
        (
            "fit good.csv --target y --force --l1 1",
            "--l1 is a setting of training; add --method sgd",
        ),
        (
            "lesson --batch-size 0",
            "the batch size is 0, expected at least 1",
        ),
        (
            "lesson --learning-rate -1",
            &format!("the learning rate is -1, {rate}"),
        ),
        (
            "lesson --learning-rate NaN",
            &format!("the learning rate is NaN, {rate}"),
        ),
        (
            "lesson --examples 0",
            "the number of examples is 0, expected at least 1",
        ),
        (
            "lesson --examples 99999999999999999",
            "the number of examples is 99999999999999999, expected fewer, such that the rows fit in memory",
        ),
        (
            "lesson --noise -1",
            "the noise is -1, expected a finite number, 0 or more",
        ),
        (
            "generate --weights 1,2,3 --features a,b",
            "2 names for 3 features; give one for each",
        ),
        (
            "generate --weights 1,inf",
            "the true weight is inf, expected a finite number",
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

#[test]
fn of_rows_that_turn_bad_while_predictions_are_written() {
    let tool = tool();
    let mut rows = "a,b\n".to_string() + &"1,2\n".repeat(20_000);
    rows += "1,two\n";
    tool.write("late.csv", rows);
    let before = tool.files();
    let message = tool.fail("predict good.safetensors late.csv --output out.csv");
    assert_eq!(
        message,
        "error: late.csv: line 20002 (byte 80004), column `b`: found `two`, expected a number"
    );
    assert_eq!(tool.files(), before);
}

#[test]
fn of_training_that_diverges() {
    let tool = tool();
    let before = tool.files();
    let fit = "fit good.csv --target y --force --method sgd --no-standardize --learning-rate 9";
    let message = tool.fail(fit);
    assert!(message.contains("lower it to"), "{message}");
    assert_eq!(tool.files(), before);
}

#[test]
fn of_arguments() {
    let tool = tool();
    for (arguments, expected) in [
        ("fit good.csv", "--target <NAMES>"),
        (
            "fit good.csv --target y --backend cuda",
            "there is no backend `cuda`",
        ),
        ("lesson --weights 1,two", "invalid value 'two'"),
        (
            "lesson --weights ''",
            "cannot parse float from empty string",
        ),
        ("lesson --precision f16", "expected f32 or f64"),
        (
            "lesson --batch-size -1",
            "invalid value '-1' for '--batch-size <NUMBER>'",
        ),
        (
            "generate --features ,b",
            "expected names separated by commas",
        ),
        ("lessen", "unrecognized subcommand 'lessen'"),
    ] {
        let message = tool.fail(arguments);
        assert!(message.contains(expected), "{arguments:?}: {message}");
    }
}

#[test]
fn of_backends_that_are_not_there() {
    use linreg_backend::BackendKind;
    let tool = tool();
    for backend in [BackendKind::Ndarray, BackendKind::Flex] {
        let name = backend.to_string();
        let compiled_in = BackendKind::available().contains(&backend);
        if !compiled_in {
            let message = tool.fail(&["lesson", "--backend", &name]);
            assert!(message.contains("is not compiled in"), "{message}");
            assert!(message.contains(&format!("--features {name}")), "{message}");
        } else if backend == BackendKind::Flex {
            let message = tool.fail("lesson --backend flex --precision f64");
            assert!(message.contains("computes in f32 only"), "{message}");
        } else {
            tool.succeed(&["lesson", "--backend", &name, "--precision", "f64"]);
        }
    }
}
