//! Ridge regression through the tool.

use crate::tool::{assert_close, dependent_rows, diabetes, summary};

#[test]
fn a_penalty_is_that_of_scikit_learn() {
    let (_, fit) = diabetes("--ridge=10");
    // scikit-learn 1.9.1: Ridge(alpha=10, solver="svd") after StandardScaler,
    // weights divided by its scale_.
    for (index, expected) in [
        (0, -255.95804017948484),
        (1, -0.019699500092357786),
        (3, 5.574307903714113),
        (10, 0.30678508998284915),
    ] {
        let found = &fit["coefficients"][index];
        assert_close(&found["estimate"], expected, "estimate");
        assert!(found.get("std_error").is_none());
    }
    // NumPy 2.4.6: the trace of the matrix that turns y into predictions, and
    // n RSS / (n - trace)².
    let statistics = &fit["statistics"];
    assert_close(&statistics["effective_dof"], 9.82905657744308, "dof");
    assert_close(&statistics["gcv"], 3004.3360360785464, "gcv");
    assert_eq!(statistics["chosen_by"], "given");
}

#[test]
fn the_least_cross_validation_of_a_list_is_chosen() {
    let (_, fit) = diabetes("--ridge=0.01,1,10,1000");
    let statistics = &fit["statistics"];
    assert_eq!(statistics["penalty"], 10.0);
    assert_eq!(statistics["chosen_by"], "generalised cross-validation");
    let path = statistics["path"].as_array().unwrap();
    let expected = [
        3007.4858094418896,
        3004.9405804342177,
        3004.3360360785464,
        3752.8240782521552,
    ];
    for (fit, expected) in path.iter().zip(expected) {
        assert_close(&fit["gcv"], expected, "gcv");
    }
    assert_eq!(path[2]["estimates"][0], fit["coefficients"][0]["estimate"]);
}

#[test]
fn the_summary_is_as_reviewed() {
    let (tool, _) = diabetes("");
    insta::assert_snapshot!(summary(&tool, "--ridge"));
}

#[test]
fn a_shrunken_model_predicts_and_says_what_it_is() {
    let (tool, fit) = diabetes("--ridge");
    let inspected = tool.succeed("inspect diabetes.safetensors");
    assert!(inspected.contains("ridge: {\"penalties\":["), "{inspected}");
    let predictions = tool.succeed("predict diabetes.safetensors diabetes.csv");
    let first: f64 = predictions.lines().nth(1).unwrap().parse().unwrap();
    let row = [59.0, 2.0, 32.1, 101.0, 157.0, 93.2, 38.0, 4.0, 4.8598, 87.0];
    let coefficient = |index: usize| fit["coefficients"][index]["estimate"].as_f64().unwrap();
    let products = row.iter().enumerate().map(|(k, x)| x * coefficient(k + 1));
    let expected = coefficient(0) + products.sum::<f64>();
    assert!((first / expected - 1.0).abs() < 1e-12, "{first} {expected}");
    assert_eq!(
        tool.fail("predict diabetes.safetensors diabetes.csv --interval 0.9"),
        "error: diabetes.safetensors: the weights of the model are shrunk, so there are no intervals; fit without --ridge"
    );
}

#[test]
fn features_may_make_each_other_up() {
    let tool = dependent_rows();
    let text = tool.succeed("fit rows.csv --target y --ridge");
    assert!(
        text.contains("which share their effect:\n    c = 2*a + b"),
        "{text}"
    );
}

#[test]
fn what_does_not_go_with_a_penalty_is_refused() {
    let (tool, _) = diabetes("");
    let fit = "fit diabetes.csv --target progression --force";
    for (options, message) in [
        (
            "--ridge=-1",
            "found `-1`, expected penalties of 0 or more, or gcv",
        ),
        (
            "--ridge=1,two",
            "found `two`, expected penalties of 0 or more, or gcv",
        ),
        ("--ridge --robust hc3", "cannot be used with"),
        ("--ridge --diagnostics", "cannot be used with"),
        ("--ridge --confidence 0.9", "cannot be used with"),
        (
            "--ridge --method sgd",
            "error: --ridge is a setting of the exact fit; leave out --method sgd",
        ),
    ] {
        let found = tool.fail(format!("{fit} {options}"));
        assert!(found.contains(message), "{found}");
    }
}
