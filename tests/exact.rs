//! The exact fit through the tool: every figure, what it says about linearly
//! dependent features, and intervals of predictions.

use linreg_exact::nist::references;

use crate::tool::{Tool, assert_close, dependent_rows, diabetes, summary};

#[test]
fn every_figure_is_that_of_statsmodels() {
    let (_, fit) = diabetes("");
    // statsmodels 0.15.0: sm.OLS(y, sm.add_constant(X)).fit(), and R 4.2.2's lm.
    let bmi = &fit["coefficients"][3];
    assert_eq!(bmi["name"], "bmi");
    for (key, expected) in [
        ("estimate", 5.602962091923725),
        ("std_error", 0.7171055005609119),
        ("t", 7.813302348874958),
        ("p", 4.296391419518213e-14),
        ("lower", 4.193503191647371),
        ("upper", 7.01242099220008),
        ("variance_inflation", 1.5094373738445483),
    ] {
        assert_close(&bmi[key], expected, key);
    }
    assert!(bmi["digits"].as_f64().unwrap() > 15.0);
    let statistics = &fit["statistics"];
    for (key, expected) in [
        ("r_squared", 0.5177484222203499),
        ("adjusted_r_squared", 0.5065592904853231),
        ("f", 46.27243958524321),
        ("f_p", 3.828649038185432e-62),
        ("residual_std_error", 54.15423932805569),
        ("log_likelihood", -2385.9928621235194),
        ("aic", 4793.985724247039),
        ("bic", 4838.990132949893),
        ("rows", 442.0),
        ("dof", 431.0),
    ] {
        assert_close(&statistics[key], expected, key);
    }
    let method = "normal equations in double-double arithmetic, one pass";
    assert_eq!(statistics["method"], method);
    assert_eq!(fit["method"], "exact");
}

#[test]
fn confidence_and_intercept_are_the_users() {
    // statsmodels 0.15.0: sm.OLS(y, X).fit().conf_int(0.01)
    let (_, fit) = diabetes("--no-intercept --confidence 0.99");
    assert_eq!(fit["coefficients"].as_array().unwrap().len(), 10);
    let age = &fit["coefficients"][0];
    assert_close(&age["estimate"], 0.022296429852853038, "age");
    let width = age["upper"].as_f64().unwrap() - age["lower"].as_f64().unwrap();
    // t of 432 degrees of freedom, from scipy 1.17.1: t.isf(0.005, 432).
    let expected = 2.0 * 2.5872576916510237 * age["std_error"].as_f64().unwrap();
    assert!((width / expected - 1.0).abs() < 1e-10, "{width} {expected}");
    assert_close(&fit["statistics"]["r_squared"], 0.8960283788293706, "R²");
}

#[test]
fn predictions_have_intervals_long_after_the_rows_are_gone() {
    let (tool, _) = diabetes("");
    let rows = tool.read("diabetes.csv");
    let first: Vec<&str> = rows.lines().take(2).collect();
    tool.write("new.csv", first.join("\n"));
    std::fs::remove_file(tool.path("diabetes.csv")).unwrap();
    let predict = "predict diabetes.safetensors new.csv --interval 0.95";
    let text = tool.succeed(predict);
    let mut lines = text.lines();
    let names = [
        "predicted_progression",
        "lower_progression",
        "upper_progression",
        "mean_lower_progression",
        "mean_upper_progression",
    ];
    assert_eq!(lines.next(), Some(names.join(",").as_str()));
    let found: Vec<f64> = lines
        .next()
        .unwrap()
        .split(',')
        .map(|cell| cell.parse().unwrap())
        .collect();
    // statsmodels 0.15.0: get_prediction(A[:1]).summary_frame(alpha=0.05)
    let expected = [
        206.11667724510522,
        98.74256616846962,
        313.4907883217408,
        191.97861122405385,
        220.2547432661566,
    ];
    for (found, expected) in found.iter().zip(expected) {
        assert!((found / expected - 1.0).abs() < 1e-10, "{text}");
    }
    let message = tool.fail("predict diabetes.safetensors new.csv --interval 1.5");
    assert_eq!(
        message,
        "error: diabetes.safetensors: the confidence is 1.5, expected a number above 0 and below 1, such as 0.95"
    );
}

#[test]
fn a_trained_model_has_no_intervals() {
    let (tool, _) = diabetes("--method sgd --epochs 1");
    let message = tool.fail("predict diabetes.safetensors diabetes.csv --interval 0.9");
    assert!(message.contains("linreg fit --method exact"), "{message}");
}

#[test]
fn features_that_others_make_up_are_explained() {
    let tool = dependent_rows();
    let message = tool.fail("fit rows.csv --target y");
    assert_eq!(
        message,
        "error: rows.csv: the features are linearly dependent, and `c` is redundant:\n  c = 2*a + b\n  leave out `c` with --exclude c, or go on with --collinear drop or --collinear minimum-norm"
    );
    let without = tool.json("fit rows.csv --target y --exclude c");
    let dropped = tool.json("fit rows.csv --target y --force --collinear drop");
    assert_eq!(dropped["relations"], serde_json::json!(["c = 2*a + b"]));
    assert_eq!(dropped["coefficients"][3]["dropped"], true);
    for index in 0..3 {
        let expected = without["coefficients"][index]["estimate"].as_f64().unwrap();
        assert_close(
            &dropped["coefficients"][index]["estimate"],
            expected,
            "dropped",
        );
    }
    let text = tool.succeed("fit rows.csv --target y --force --collinear minimum-norm");
    assert!(
        text.contains("linearly dependent features:\n    c = 2*a + b"),
        "{text}"
    );

    tool.write("few.csv", "a,b,y\n1,2,3\n2,1,4\n");
    assert_eq!(
        tool.fail("fit few.csv --target y"),
        "error: few.csv: 2 rows do not determine 3 coefficients; use fewer features or more rows, or go on with --collinear drop or --collinear minimum-norm"
    );
}

#[test]
fn settings_of_the_other_method_are_refused() {
    let tool = Tool::new();
    tool.write("rows.csv", "a,y\n1,2\n2,4\n3,7\n");
    for (options, message) in [
        (
            "--epochs 3",
            "error: --epochs is a setting of training; add --method sgd",
        ),
        (
            "--backend ndarray",
            "error: --backend is a setting of training; add --method sgd",
        ),
    ] {
        if options == "--backend ndarray" && !cfg!(feature = "ndarray") {
            continue;
        }
        let found = tool.fail(format!("fit rows.csv --target y {options}"));
        assert_eq!(found, message);
    }
    let fit = "fit rows.csv --target y --method sgd --confidence 0.9";
    assert_eq!(
        tool.fail(fit),
        "error: --confidence is a setting of the exact fit; leave out --method sgd"
    );
}

#[test]
fn the_summary_is_as_reviewed() {
    let (tool, _) = diabetes("");
    insta::assert_snapshot!(summary(&tool, ""));
}

#[test]
fn weights_of_products_and_powers_are_not_explained_one_by_one() {
    let (tool, _) = diabetes("");
    let formula = "progression ~ bmi * bp + poly(s5, 2) + sex";
    let text = tool.succeed(format!("fit diabetes.csv --formula '{formula}' --force"));
    let heading = "Coefficients significant at 5 %\n";
    let (_, said) = text.split_once(heading).unwrap();
    assert!(said.starts_with("  1 more of `sex`: "), "{text}");
    assert!(
        said.contains("products and powers have no meaning one by one"),
        "{text}"
    );
    assert_eq!(said.matches("more of").count(), 1, "{text}");
}

#[test]
fn digits_have_a_column_where_some_are_lost() {
    // The features differ from each other by this factor only.
    let header = |distance: f64| {
        let row = |k: i32| {
            let (x, noise) = (f64::from(k % 7), f64::from(k * k % 5));
            format!("{x},{},{}\n", x + distance * noise, k % 11)
        };
        let tool = Tool::new();
        let rows: String = (0..30).map(row).collect();
        tool.write("rows.csv", format!("a,b,y\n{rows}"));
        let text = tool.succeed("fit rows.csv --target y");
        text.lines().nth(4).unwrap().to_string()
    };
    assert!(header(1e-12).ends_with("  to  digits"));
    assert!(header(1.0).ends_with("  to"));
}

#[test]
fn powers_of_a_formula_keep_the_digits_that_64_bits_lose() {
    let all = references().iter();
    let polynomials: Vec<_> = all.filter(|reference| reference.is_polynomial()).collect();
    assert_eq!(polynomials.len(), 7);
    for reference in polynomials {
        let tool = Tool::new();
        let (features, _) = reference.features();
        let degree = features.len() / reference.num_rows();
        let mut rows = "x,y\n".to_string();
        for (x, y) in features.iter().step_by(degree).zip(reference.targets()) {
            rows += &format!("{x},{y}\n");
        }
        tool.write("rows.csv", rows);
        let fit = tool.json(format!("fit rows.csv --formula 'y ~ poly(x, {degree})'"));
        let coefficients = fit["coefficients"].as_array().unwrap();
        assert_eq!(coefficients.len(), reference.estimates.len());
        let certified = reference.estimates.iter().zip(reference.std_errors);
        for (coefficient, (estimate, std_error)) in coefficients.iter().zip(certified) {
            for (key, certified) in [("estimate", *estimate), ("std_error", *std_error)] {
                let found = coefficient[key].as_f64().unwrap();
                let error = (found - certified).abs() / certified.abs();
                // A perfect fit leaves no more than the rounding of one pass.
                let error = if certified == 0.0 {
                    found * 1e-3
                } else {
                    error
                };
                assert!(
                    error <= 1e-12,
                    "{} {coefficient}: {certified}",
                    reference.name
                );
            }
        }
    }
}

#[test]
fn nist_is_met_on_this_machine() {
    let tool = Tool::new();
    let found = tool.json("check --accuracy");
    assert_eq!(found["all_right"], true, "{found}");
    assert_eq!(found["nist"].as_array().unwrap().len(), 18);
    let text = tool.succeed("check --accuracy");
    assert!(text.contains("All as they should be"), "{text}");
}
