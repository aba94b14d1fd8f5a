//! How far a training is from the exact fit, and how its progress is shown.

use serde_json::Value;

use crate::tool::{Tool, diabetes_rows, number};

const FIT: &str = "fit diabetes.csv --target progression --method sgd --force";

fn assert_close(found: &Value, expected: f64) {
    let found = number(found);
    assert!((found / expected - 1.0).abs() < 1e-9, "{found} {expected}");
}

#[test]
fn the_gap_is_that_to_the_fit_of_statsmodels() {
    let tool = diabetes_rows();
    // Rows in memory, and rows that are read again from the file.
    for memory in ["1024", "0"] {
        let fit = tool.json(format!(
            "{FIT} --epochs 5 --learning-rate 0.001 --memory {memory}"
        ));
        // statsmodels 0.15.0: f = sm.OLS(y, sm.add_constant(X)).fit(), and
        // f.ssr / 442, f.params[3], f.bse[3].
        let bmi = &fit["coefficients"][3];
        assert_close(&fit["from_exact"]["least_loss"], 2859.69634758675);
        assert_close(&bmi["exact"], 5.602962091923725);
        assert_close(&bmi["std_error"], 0.7171055005609119);
        let distance = (number(&bmi["estimate"]) - 5.602962091923725) / 0.7171055005609119;
        assert!((number(&bmi["std_errors_from_exact"]) - distance).abs() < 1e-9);

        let gap = &fit["from_exact"];
        let coefficients = fit["coefficients"].as_array().unwrap().iter();
        let furthest = coefficients
            .map(|entry| (number(&entry["std_errors_from_exact"]).abs(), entry))
            .max_by(|(a, _), (b, _)| a.total_cmp(b))
            .unwrap();
        assert_eq!(number(&gap["std_errors"]), furthest.0);
        assert_eq!(gap["coefficient"], furthest.1["name"]);
        assert_eq!(gap["loss"], fit["metrics"]["mse"]);
        let excess = number(&gap["loss"]) / 2859.69634758675 - 1.0;
        assert!(excess > 0.0);
        assert!((number(&gap["excess_loss"]) - excess).abs() < 1e-9);
    }
}

#[test]
fn rows_that_were_held_out_or_weighted_count_as_in_training() {
    let tool = diabetes_rows();
    let gap = |options: &str| tool.json(format!("{FIT} {options}"))["from_exact"].take();
    let part = gap("--validation 0.5 --epochs 2");
    let fit = tool.json("fit diabetes.csv --target progression --force --validation 0.5");
    let residual = number(&fit["statistics"]["residual_std_error"]).powi(2);
    let least = residual * number(&fit["statistics"]["dof"]) / number(&fit["rows"]);
    assert_close(&part["least_loss"], least);

    let rows = tool.read("diabetes.csv");
    let mut lines = rows.lines();
    let mut weighted = format!("{},n\n", lines.next().unwrap());
    for (row, line) in lines.enumerate() {
        weighted += &format!("{line},{}\n", 1 + row % 3);
    }
    tool.write("diabetes.csv", weighted);
    // statsmodels 0.15.0: f = sm.WLS(y, sm.add_constant(X), w).fit(), and
    // sum(w * f.resid**2) / sum(w).
    let weighted = gap("--weight n --epochs 2");
    assert_close(&weighted["least_loss"], 2872.0087704145026);
}

#[test]
fn a_short_training_is_told_to_go_on_and_a_long_one_that_it_need_not() {
    let tool = diabetes_rows();
    let short = tool.succeed(format!("{FIT} --epochs 5 --learning-rate 0.001"));
    let told: Vec<&str> = short
        .lines()
        .skip_while(|line| *line != "How far from the exact fit")
        .collect();
    assert!(
        told[1].contains(" standard errors at most, the coefficient `"),
        "{short}"
    );
    assert!(told[2].contains(" % above the least possible"), "{short}");
    let advice = "  Not converged: train longer with --epochs 20, or use --method exact";
    assert_eq!(told[3], advice);

    let tool = Tool::new();
    tool.succeed("generate --output data.csv");
    let long = tool.succeed("fit data.csv --target y --method sgd");
    let close = "  Converged: every coefficient is within a tenth of its standard error";
    assert!(long.contains(close), "{long}");
}

#[test]
fn where_weights_are_not_unique_the_gap_is_that_of_the_loss() {
    let tool = Tool::new();
    let rows = (0..60).map(|i| {
        let (a, b) = (f64::from(i % 7), f64::from(i % 5));
        format!("{a},{b},{},{}\n", a + b, a - 2.0 * b + f64::from(i % 3))
    });
    tool.write("sum.csv", format!("a,b,c,y\n{}", rows.collect::<String>()));
    let fit = "fit sum.csv --target y --method sgd --force";
    let found = tool.json(fit);
    let gap = &found["from_exact"];
    assert!(number(&gap["excess_loss"]) < 0.01, "{gap}");
    assert!(gap["std_errors"].is_null() && gap["coefficient"].is_null());
    assert!(found["coefficients"][1]["std_errors_from_exact"].is_null());
    let text = tool.succeed(fit);
    assert!(!text.contains(" standard errors at most"), "{text}");
    assert!(text.contains(" % above the least possible"), "{text}");
}

#[test]
fn features_that_give_the_target_leave_no_loss_to_compare_with() {
    let tool = Tool::new();
    let rows = (0..50).map(|i| format!("{i},{}\n", 2 * i + 1));
    tool.write("line.csv", format!("x,y\n{}", rows.collect::<String>()));
    let fit = "fit line.csv --target y --method sgd --force";
    let gap = tool.json(fit)["from_exact"].take();
    assert!(
        gap["excess_loss"].is_null() && gap["std_errors"].is_null(),
        "{gap}"
    );
    let text = tool.succeed(fit);
    assert!(text.contains(", the least possible is 0\n"), "{text}");
}

#[test]
fn a_penalised_training_is_not_compared() {
    let tool = diabetes_rows();
    let fit = tool.json(format!("{FIT} --epochs 2 --weight-decay 0.1"));
    assert!(fit["from_exact"].is_null());
    assert!(fit["coefficients"][0].get("exact").is_none());
}

#[test]
fn a_log_has_a_line_of_json_for_every_epoch() {
    let tool = diabetes_rows();
    let fit = tool.json(format!(
        "{FIT} --epochs 3 --learning-rate 0.01 --log log.jsonl"
    ));
    let log = tool.read("log.jsonl");
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    for (epoch, line) in lines.iter().enumerate() {
        assert_eq!(line["epoch"], epoch);
        assert!(line["validation_loss"].is_null());
        assert!(number(&line["rows_per_second"]) > 0.0);
        assert!(number(&line["seconds"]) > 0.0);
        assert!((0.0..0.01).contains(&number(&line["learning_rate"])));
    }
    // The loss of 32-bit floats against that of 64-bit floats.
    let (last, mse) = (number(&lines[2]["loss"]), number(&fit["metrics"]["mse"]));
    assert!((last / mse - 1.0).abs() < 1e-4, "{last} {mse}");
}

#[test]
fn the_log_of_a_training_that_fails_tells_of_the_epochs_before() {
    let tool = diabetes_rows();
    let options = "--epochs 50 --learning-rate 0.3 --log log.jsonl";
    let message = tool.fail(format!("{FIT} {options} --schedule constant"));
    assert!(message.contains("the loss "), "{message}");
    let log = tool.read("log.jsonl");
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(number(&line["loss"]) > 0.0);
    }
}

#[test]
fn a_log_replaces_no_file_and_is_for_training() {
    let tool = diabetes_rows();
    tool.write("there.jsonl", "old");
    let fit = "fit diabetes.csv --target progression --method sgd";
    let message = tool.fail(format!("{fit} --log there.jsonl"));
    let expected =
        "error: there.jsonl: the file exists; use --force to replace it, or another name";
    assert_eq!(message, expected);
    assert_eq!(tool.read("there.jsonl"), "old");
    let message = tool.fail(format!("{fit} --log diabetes.csv"));
    assert_eq!(
        message,
        "error: diabetes.csv: this file is read; write another"
    );
    let message = tool.fail(format!("{fit} --log diabetes.safetensors"));
    let expected = "error: diabetes.safetensors: the model and the log are the same file; name another for one of them";
    assert_eq!(message, expected);
    let message = tool.fail("fit diabetes.csv --target progression --log log.jsonl");
    let expected = "error: --log is a setting of training; add --method sgd";
    assert_eq!(message, expected);
}
