//! Fits with other loss functions than the squared one reach their optimum, say
//! how far they may be from it, and are always evaluated by their own loss.
//!
//! The figures of the diabetes data are those of HiGHS, by scipy 1.17.1 as in
//! `linreg-training`'s `train/linear_program.rs`: with 11 rows met exactly, 403 of
//! 442 rows are at or below the 0.9-quantile and 228 at or below the median. The
//! Huber loss is that of scipy's BFGS with a gradient of 1e-10.

use serde_json::Value;

use crate::tool::{PRECISIONS, Tool, assert_close, diabetes_rows, number};

const FIT: &str = "fit diabetes.csv --target progression --method sgd --force";

/// A fit to the diabetes data with these options besides.
fn fit(tool: &Tool, options: &str) -> Value {
    tool.json(format!("{FIT} {options}"))
}

#[test]
fn a_quantile_fit_is_the_linear_programs_and_judged_by_pinball_loss_and_coverage() {
    let tool = diabetes_rows();
    for precision in PRECISIONS {
        let quantile = format!("--loss quantile --tau 0.9 --precision {precision}");
        let fitted = fit(&tool, &quantile);
        let metrics = &fitted["metrics"];
        let excess = number(&metrics["pinball_loss"]) / 9.08789678385851 - 1.0;
        assert!((-1e-9..1e-5).contains(&excess), "{precision}: {excess:e}");
        assert_close(&metrics["coverage"], 403.0 / 442.0, "coverage");
        assert_eq!(metrics["tau"], 0.9);
        let said = number(&fitted["optimality"]["excess_at_most"]);
        assert!(
            said >= excess - 1e-9 && said < 1e-4,
            "{precision}: {said:e}"
        );
        let least = number(&fitted["optimality"]["lower_bound"]);
        assert!(least <= 9.08789678385851 * (1.0 + 1e-9), "{least}");
    }
}

#[test]
fn a_median_fit_is_judged_by_its_absolute_errors() {
    let tool = diabetes_rows();
    let fitted = fit(&tool, "--loss absolute");
    let excess = number(&fitted["metrics"]["mae"]) / 43.041500685877935 - 1.0;
    assert!((-1e-9..1e-5).contains(&excess), "{excess:e}");
    assert_close(&fitted["metrics"]["coverage"], 228.0 / 442.0, "coverage");
}

#[test]
fn a_huber_fit_is_judged_by_its_loss_and_the_share_within_delta() {
    let tool = diabetes_rows();
    let fitted = fit(&tool, "--loss huber --delta 20");
    let metrics = &fitted["metrics"];
    let excess = number(&metrics["huber_loss"]) / 1361.0215120124813 - 1.0;
    assert!(excess.abs() < 1e-5, "{excess:e}");
    assert_close(
        &metrics["within_delta"],
        131.0 / 442.0,
        "share within delta",
    );
    let said = number(&fitted["optimality"]["excess_at_most"]);
    assert!(said < 1e-3, "{said:e}");
}

#[test]
fn every_set_of_rows_and_every_command_judges_by_the_loss_of_the_fit() {
    let tool = diabetes_rows();
    let quantile = "--loss quantile --tau 0.9 --output q.safetensors";
    let sets = "--validation 0.2 --test 0.2";
    let fitted = fit(&tool, &format!("{quantile} {sets}"));
    for set in ["metrics", "validation", "test"] {
        assert!(
            number(&fitted[set]["pinball_loss"]) > 0.0,
            "{set}: {fitted}"
        );
        assert!(number(&fitted[set]["coverage"]) > 0.7, "{set}: {fitted}");
    }
    let folds = fit(&tool, &format!("{quantile} --k-fold 3"));
    for fold in folds["folds"].as_array().unwrap() {
        assert!(number(&fold["pinball_loss"]) > 0.0, "{fold}");
    }
    let all = fit(&tool, quantile);
    let judged = tool.json(&["evaluate", "q.safetensors", "diabetes.csv"]);
    for figure in ["pinball_loss", "coverage", "tau", "mae", "r_squared"] {
        assert_close(&judged[figure], number(&all["metrics"][figure]), figure);
    }
    let text = tool.succeed(&["evaluate", "q.safetensors", "diabetes.csv"]);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("  pinball loss  9.08"), "{text}");
    assert!(
        lines[1].starts_with("  coverage      0.911765  share of the rows at or below the prediction; this fit aims at 0.9"),
        "{text}"
    );
    assert!(text.contains("which this fit does not aim at"), "{text}");
}

#[test]
fn the_text_of_a_fit_says_what_it_aims_at_and_how_far_it_may_be_off() {
    let tool = diabetes_rows();
    let fit = |options: &str| tool.succeed(format!("{FIT} {options}"));
    let quantile = "--loss quantile --tau 0.9";
    let text = fit(&format!("{quantile} --report report.html"));
    let aim =
        "A quantile fit: 90 % of the rows should have `progression` at or below the prediction";
    assert!(text.contains(aim), "{text}");
    assert!(
        text.contains("How far from the optimum\n  mean pinball loss "),
        "{text}"
    );
    assert!(
        text.contains("Converged: more training would lower it by at most 0.1 %"),
        "{text}"
    );
    let report = tool.read("report.html");
    for words in [
        "A quantile fit: 90 % of the rows",
        "mean pinball loss",
        "aim 0.9",
    ] {
        assert!(report.contains(words), "{words}");
    }
    assert!(!report.contains("near those of least squares"));
    assert!(
        tool.succeed(&["inspect", "diabetes.safetensors"])
            .contains(aim)
    );

    let minibatches = fit(&format!("{quantile} --batch-size 32 --epochs 3"));
    assert!(
        minibatches.contains(
            " above the least possible\n  Not converged: train longer with --epochs 12, or use --optimizer lbfgs"
        ),
        "{minibatches}"
    );
    let folds = fit(&format!("{quantile} --k-fold 3"));
    assert!(folds.contains("  pinball loss  "), "{folds}");
    assert!(folds.contains("  coverage  "), "{folds}");

    fit("--loss huber --delta 20");
    let inspected = tool.json(&["inspect", "diabetes.safetensors"]);
    assert_eq!(
        inspected["meaning"],
        "A Huber fit: rows further than 20 from the prediction count by their distance, nearer ones by its square"
    );
}

/// A table that does not fit in memory is trained on by minibatches, and the
/// output still says how far the model may be from the optimum.
#[test]
fn a_stream_says_how_far_it_may_be_off() {
    let tool = diabetes_rows();
    let fitted = fit(&tool, "--memory 0 --epochs 50 --loss quantile --tau 0.5");
    assert_eq!(fitted["training"]["optimizer"]["sgd"]["nesterov"], true);
    let excess = number(&fitted["metrics"]["pinball_loss"]) / 21.520750342938957 - 1.0;
    let said = number(&fitted["optimality"]["excess_at_most"]);
    assert!(
        excess > 0.0 && said >= excess && said < 0.5,
        "{excess:e} {said:e}"
    );
}

/// Patience and a search use the fit's own loss on held-out rows.
#[test]
fn a_search_and_patience_go_by_the_loss_of_the_fit() {
    let tool = diabetes_rows();
    let quantile = "--loss quantile --tau 0.9";
    let searched = fit(&tool, &format!("{quantile} --search=3 --search-l2 0,10"));
    let losses = searched["search"]["candidates"].as_array().unwrap();
    let loss = |index: usize| number(&losses[index]["loss"]);
    assert!(loss(0) > 8.0 && loss(0) < 12.0, "{losses:?}");
    let patient = "--validation 0.3 --patience 3 --history history.json";
    let patient = fit(&tool, &format!("{quantile} {patient}"));
    let history: Value = serde_json::from_str(&tool.read("history.json")).unwrap();
    let losses = history.as_array().unwrap().iter();
    let least = losses
        .map(|epoch| number(&epoch["validation_loss"]))
        .fold(f64::INFINITY, f64::min);
    assert_close(
        &patient["validation"]["pinball_loss"],
        least,
        "validation loss",
    );
}

/// A checkpoint holds the widths that the loss is smoothed by, and what L-BFGS
/// remembers.
#[test]
fn resumed_from_a_checkpoint_it_gives_the_model_of_training_without_a_break() {
    let tool = diabetes_rows();
    let quantile = "--loss quantile --tau 0.9";
    // The last checkpoint is some updates before the end.
    let saved = "--checkpoint saved --checkpoint-every 7";
    let whole = fit(&tool, &format!("{quantile} {saved}"));
    let resumed = fit(&tool, &format!("{quantile} --resume saved"));
    assert_eq!(whole["coefficients"], resumed["coefficients"]);
    assert_eq!(whole["epochs"], resumed["epochs"]);
}
