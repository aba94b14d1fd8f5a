//! Robust standard errors, and intervals with them.

use crate::tool::{Tool, assert_close, diabetes};

#[test]
fn robust_errors_are_those_of_statsmodels() {
    // statsmodels 0.15.0: fit(cov_type="HC3", use_t=True) of
    // sm.OLS(y, sm.add_constant(X)): bse and fvalue, f_pvalue.
    for (kind, intercept, bmi, f, p) in [
        (
            "hc0",
            64.23701422370677,
            0.7172008052091029,
            69.01948056716269,
            4.564138180619877e-83,
        ),
        (
            "hc1",
            65.0515795064519,
            0.7262953573725279,
            67.30180118653305,
            1.223029532306302e-81,
        ),
        (
            "hc2",
            65.65655675460346,
            0.7280992485595331,
            66.78484822818078,
            3.322759972841399e-81,
        ),
        (
            "HC3",
            67.14196672198771,
            0.7392795935536194,
            64.61152921992235,
            2.336153003459241e-79,
        ),
    ] {
        let (_, fit) = diabetes(&format!("--robust {kind}"));
        let coefficients = &fit["coefficients"];
        assert_close(&coefficients[0]["std_error"], intercept, kind);
        assert_close(&coefficients[3]["std_error"], bmi, kind);
        // The estimate is that of least squares.
        let estimate = 5.602962091923725;
        assert_close(&coefficients[3]["estimate"], estimate, kind);
        assert_close(&coefficients[3]["t"], estimate / bmi, kind);
        // scipy 1.17.1: t.isf(0.025, 431).
        assert_close(
            &coefficients[3]["lower"],
            estimate - 1.9654833203397442 * bmi,
            kind,
        );
        assert_close(&fit["statistics"]["f"], f, kind);
        assert_close(&fit["statistics"]["f_p"], p, kind);
        assert_eq!(fit["statistics"]["std_errors"], kind.to_lowercase());
        assert_eq!(
            fit["statistics"]["method"],
            "normal equations in double-double arithmetic, 2 passes"
        );
        assert!(fit.get("diagnostics").is_none());
    }
    let (_, plain) = diabetes("");
    assert_eq!(plain["statistics"]["std_errors"], "equal variances");
}

#[test]
fn intervals_of_robust_models_say_what_they_are() {
    let (tool, _) = diabetes("--robust hc3");
    let predict = "predict diabetes.safetensors diabetes.csv --interval 0.95";
    let output = tool.run(predict);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.starts_with("warning: the model was fitted with --robust hc3: "),
        "{stderr}"
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let first = text.lines().nth(1).unwrap();
    let cells: Vec<f64> = first.split(',').map(|cell| cell.parse().unwrap()).collect();
    // statsmodels 0.15.0: fit(cov_type="HC3", use_t=True)
    // .get_prediction(A[:1]).summary_frame(0.05): mean_ci_lower, mean_ci_upper.
    let [_, lower, upper, mean_lower, mean_upper] = cells[..] else {
        panic!("{first}")
    };
    for (found, expected) in [
        (mean_lower, 192.07998599073548),
        (mean_upper, 220.15336849947428),
    ] {
        assert!(
            (found / expected - 1.0_f64).abs() < 1e-10,
            "{found} {expected}"
        );
    }
    assert!(lower < mean_lower && upper > mean_upper);
    let inspected = tool.succeed("inspect diabetes.safetensors");
    assert!(inspected.contains("std_errors: hc3"), "{inspected}");
    // Predictions without intervals need no caution.
    tool.succeed("predict diabetes.safetensors diabetes.csv");
}

#[test]
fn what_robust_errors_cannot_be_had_of_is_said() {
    let tool = Tool::new();
    let rows: String = (0..20)
        .map(|k| format!("{k},{},{}\n", u8::from(k == 7), k * k % 11))
        .collect();
    tool.write("rows.csv", format!("x,once,y\n{rows}"));
    let fit = "fit rows.csv --target y --robust";
    assert_eq!(
        tool.fail(format!("{fit} hc3")),
        "error: rows.csv: line 9: this row alone determines a coefficient: its leverage is 1, and hc2 and hc3 divide by 1 - leverage; leave it out, or use --robust hc1"
    );
    assert!(!tool.path("rows.safetensors").exists());
    tool.succeed(format!("{fit} hc1"));
    for (options, message) in [
        ("--robust hc4", "expected hc0, hc1, hc2 or hc3"),
        (
            "--robust hc1 --method sgd",
            "error: --robust is a setting of the exact fit; leave out --method sgd",
        ),
        (
            "--diagnostics --method sgd",
            "error: --diagnostics is a setting of the exact fit; leave out --method sgd",
        ),
    ] {
        let found = tool.fail(format!("fit rows.csv --target y --force {options}"));
        assert!(found.contains(message), "{found}");
    }
}
