//! Settings that are no such, or that do not work.

use super::{each_fails, tool};

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
