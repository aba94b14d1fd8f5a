//! Robust standard errors and assumption checks, through the tool.

use serde_json::Value;

use crate::tool::{Tool, assert_close, diabetes, summary, without_time};

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
fn diagnostics_are_those_of_statsmodels() {
    let (_, fit) = diabetes("--diagnostics");
    let found = &fit["diagnostics"];
    // statsmodels 0.15.0: durbin_watson, jarque_bera, het_breuschpagan of the
    // residuals, OLSInfluence's hat_matrix_diag and cooks_distance.
    for (pointer, expected) in [
        ("/durbin_watson", 2.028543219254429),
        // numpy 2.4.6: the mean of the eigenvalues of M A M.
        ("/durbin_watson_mean", 2.0009741166770283),
        ("/jarque_bera/statistic", 1.4037553754121266),
        ("/jarque_bera/p", 0.4956537465319756),
        ("/jarque_bera/skewness", 0.01653357371436012),
        ("/jarque_bera/kurtosis", 2.725904076835276),
        ("/breusch_pagan/statistic", 26.145362742107928),
        ("/breusch_pagan/p", 0.00354952241928149),
        ("/breusch_pagan/dof", 10.0),
        ("/mean_leverage", 11.0 / 442.0),
        ("/leverages/0/value", 0.12761835049800763),
        ("/leverages/4/value", 0.09417343269353246),
        ("/cooks_distances/0/value", 0.024474959836224355),
        ("/cooks_distances/4/value", 0.01813289473039317),
    ] {
        let figure = found.pointer(pointer).unwrap_or(&Value::Null);
        assert_close(figure, expected, pointer);
    }
    // numpy 2.4.6: Imhof's integral of these eigenvalues through the saddle
    // point. Beyond 200 rows, linreg uses a beta distribution, which is near
    // it.
    let p = found["durbin_watson_p"].as_f64().unwrap();
    assert!((p / 0.7718158567538735 - 1.0).abs() < 1e-4, "{p}");
    let kinds: Vec<&Value> = found["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| &finding["kind"])
        .collect();
    assert_eq!(kinds, ["unequal_variance"]);
    // Row 322 from 0, which stands below the header.
    assert_eq!(found["leverages"][0]["row"], 323);
    assert_eq!(found["leverages"][0]["place"], "diabetes.csv: line 324");
    assert_eq!(found["leverages"].as_array().unwrap().len(), 5);
}

#[test]
fn the_section_is_as_reviewed() {
    let (tool, _) = diabetes("");
    let text = summary(&tool, "--diagnostics --robust hc3");
    insta::assert_snapshot!(text);
}

#[test]
fn what_is_said_fits_the_width_of_the_terminal() {
    let (tool, _) = diabetes("");
    let fit = "fit diabetes.csv --target progression --force";
    let options = "--diagnostics --validation 0.2";
    let arguments = format!("{fit} {options}");
    let whole = without_time(&tool.succeed(&arguments));
    for columns in [80, 100] {
        let text = tool.succeed_with("COLUMNS", &columns.to_string(), &arguments);
        let text = without_time(&text);
        let is_within = |line: &str| line.chars().count() <= columns;
        assert!(text.lines().all(is_within), "{text}");
        // Only spaces are broken, and none of the words.
        let words: Vec<&str> = text.split_whitespace().collect();
        assert_eq!(words, whole.split_whitespace().collect::<Vec<_>>());
        insta::assert_snapshot!(format!("a_fit_in_{columns}_columns"), text);
    }
}

#[test]
fn rows_are_named_as_they_stand_in_the_file() {
    // Two files, with rows left out for missing cells and rows held out.
    let tool = Tool::new();
    let line = |k: i32| format!("{},{}\n", k, 2 * k + k % 3);
    let first: String = (0..30).map(line).collect();
    let second: String = (30..60).map(line).collect();
    tool.write("a.csv", format!("x,y\n,5\n{first}"));
    tool.write("b.csv", format!("x,y\n{second}\n1000,3\n"));
    let fit = "fit a.csv b.csv --target y --missing drop --output m.safetensors --diagnostics";
    let output = tool.run(format!("{fit} --json"));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let far = &found["diagnostics"]["leverages"][0];
    let last = tool.read("b.csv").lines().count();
    assert_eq!(far["place"], format!("b.csv: line {last}"));
    assert_eq!(far["row"], 62);
    assert_eq!(found["diagnostics"]["cooks_distances"][0]["row"], 62);
}

#[test]
fn standard_input_can_be_read_again() {
    let tool = Tool::new();
    let rows: String = (0..40)
        .map(|k| format!("{k},{}\n", 3 * k + k * k % 7))
        .collect();
    let fit = "fit - --target y --output m.safetensors --diagnostics --json";
    let text = tool.pipe(fit, &format!("x,y\n{rows}"));
    let found: Value = serde_json::from_str(&text).unwrap();
    assert!(
        found["diagnostics"]["durbin_watson"].as_f64().is_some(),
        "{text}"
    );
    assert_eq!(
        found["diagnostics"]["leverages"][0]["place"],
        "standard input: line 2"
    );
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

#[test]
fn what_does_not_hold_is_said_with_what_to_do() {
    // Residuals whose spread grows with x, and an outlier.
    let tool = Tool::new();
    let mut rows = "x,y\n".to_string();
    for k in 1..80 {
        let sign = if k % 2 == 0 { 1.0 } else { -1.0 };
        let x = f64::from(k);
        rows += &format!("{x},{}\n", x + sign * x * x / 80.0);
    }
    rows += "400,-900\n";
    tool.write("rows.csv", rows);
    let text = tool.succeed("fit rows.csv --target y --diagnostics");
    for said in [
        "residuals are not normally distributed",
        "add --robust hc3",
        "those above 1 change the fit",
        "rows.csv: line 81",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
}

/// Rows of k and y, where y is a pseudo-random number plus a part of the y
/// before.
fn series(rows: u32, part: f64) -> String {
    let (mut state, mut last, mut text) = (1_u64, 0.0, "x,y\n".to_string());
    for k in 0..rows {
        state = (state * 1_103_515_245 + 12_345) % (1 << 31);
        last = part * last + (state >> 16) as f64;
        text += &format!("{k},{last}\n");
    }
    text
}

#[test]
fn durbin_watson_is_judged_by_its_distribution_for_these_rows() {
    // numpy 2.4.6 and mpmath 1.3.0: Imhof's integral of the eigenvalues of M A
    // M, as in the unit tests of linreg-exact. A statistic of 1.65 shows
    // dependence in a thousand rows; one of 1.59 shows none in five.
    let tool = Tool::new();
    for (rows, part, statistic, p, said) in [
        (
            5,
            0.0,
            1.592471437367518,
            0.13213602282710113,
            "5 rows are too few to tell",
        ),
        (
            12,
            0.5,
            1.094713083141238,
            0.031187106992392577,
            "are positively autocorrelated",
        ),
        (
            100,
            0.25,
            1.4040105558074312,
            0.0015639512724228922,
            "are positively autocorrelated",
        ),
        (
            1000,
            0.125,
            1.6488560354172004,
            1.8144947521422574e-8,
            "are positively autocorrelated",
        ),
        (
            1000,
            0.0,
            f64::NAN,
            f64::NAN,
            "no dependence on the row before found in 1,000 rows",
        ),
    ] {
        tool.write("rows.csv", series(rows, part));
        let fit = "fit rows.csv --target y --diagnostics --force";
        let found = tool.json(fit);
        let found = &found["diagnostics"];
        if p.is_finite() {
            assert_close(&found["durbin_watson"], statistic, "statistic");
            let of_json = found["durbin_watson_p"].as_f64().unwrap();
            assert!((of_json / p - 1.0).abs() < 1e-4, "{of_json} {p}");
        }
        let text = tool.succeed(fit);
        let line = text
            .lines()
            .find(|line| line.contains("Durbin-Watson"))
            .unwrap();
        assert!(line.contains(said), "{line}");
    }
}

#[test]
fn few_rows_reassure_nobody() {
    // With eight rows, the Jarque-Bera and Breusch-Pagan tests find next to
    // nothing.
    let tool = Tool::new();
    tool.write(
        "rows.csv",
        "x,y\n1,1\n2,2.5\n3,2.9\n4,4.2\n5,5.5\n6,5.7\n7,7.4\n8,7.9\n",
    );
    let fit = "fit rows.csv --target y --diagnostics";
    let text = tool.succeed(fit);
    let few = "8 rows are too few to tell";
    tool.succeed(format!("{fit} --force --report r.html"));
    let page = tool.read("r.html");
    assert!(!page.contains("None of the checks"), "{page}");
    assert_eq!(text.matches(few).count(), 3, "{text}");
    let plot = "plot residuals rows.safetensors rows.csv --kind";
    for kind in ["fitted", "qq", "scale"] {
        let picture = tool.succeed(format!("{plot} {kind}"));
        assert!(
            picture.starts_with("8 rows are too few to tell"),
            "{picture}"
        );
    }
}

#[test]
fn nothing_is_found_in_rounding_or_in_as_many_rows_as_coefficients() {
    let tool = Tool::new();
    let line: String = (0..40)
        .map(|k| f64::from(k) * 0.1)
        .map(|x| format!("{x},{}\n", 3.0 + 0.7 * x))
        .collect();
    let constant: String = (0..40).map(|k| format!("{},0.1\n", k * k % 7)).collect();
    for (rows, why) in [
        (line, "-  undefined: there are no residuals beyond rounding"),
        (
            constant,
            "-  undefined: there are no residuals beyond rounding",
        ),
        (
            "1,2\n2,3.7\n".to_string(),
            "-  undefined: there are no more rows than coefficients",
        ),
    ] {
        tool.write("rows.csv", format!("x,y\n{rows}"));
        let fit = "fit rows.csv --target y --diagnostics --force";
        let output = tool.run(format!("{fit} --report r.html"));
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.matches(why).count(), 3, "{text}");
        assert!(!text.contains("Cook"), "{text}");
        let found = tool.run(format!("{fit} --json"));
        let found: Value = serde_json::from_slice(&found.stdout).unwrap();
        let found = &found["diagnostics"];
        for pointer in [
            "/durbin_watson",
            "/durbin_watson_p",
            "/jarque_bera/p",
            "/breusch_pagan/p",
        ] {
            assert_eq!(found.pointer(pointer), Some(&Value::Null), "{pointer}");
        }
        assert_eq!(found["findings"].as_array().unwrap().len(), 0);
        let page = tool.read("r.html");
        assert!(
            page.contains("There are no residuals beyond rounding"),
            "{why}"
        );
        assert!(!page.contains("the checks below"), "{why}");
    }
}

#[test]
fn rows_that_count_for_several_have_the_figures_of_the_rows_written_out() {
    let tool = Tool::new();
    let (mut counted, mut written) = ("x,y,n\n".to_string(), "x,y\n".to_string());
    for (index, line) in series(60, 0.0).lines().skip(1).enumerate() {
        counted += &format!("{line},{}\n", index % 4);
        written += &format!("{line}\n").repeat(index % 4);
    }
    tool.write("counted.csv", counted);
    tool.write("written.csv", written);
    let options = "--target y --diagnostics";
    let weight = "--weight n --counts";
    let counted = format!("fit counted.csv {options} {weight}");
    let written = format!("fit written.csv {options}");
    let json = |fit: &str| tool.json(format!("{fit} --force"));
    let (of_counted, of_written) = (json(&counted), json(&written));
    for pointer in [
        "/durbin_watson",
        "/durbin_watson_p",
        "/jarque_bera/p",
        "/breusch_pagan/p",
        "/cooks_distances/0/value",
    ] {
        let expected = of_written["diagnostics"].pointer(pointer).unwrap();
        let found = of_counted["diagnostics"].pointer(pointer).unwrap();
        assert_close(found, expected.as_f64().unwrap(), pointer);
    }
    let text = tool.succeed(format!("{counted} --force"));
    let said =
        "no conclusion, since with --counts a row can stand for several equal rows in sequence";
    assert!(text.contains(said), "{text}");
    // The pictures say the same.
    let title = |name: &str, kind: &str| {
        let (model, file) = (format!("{name}.safetensors"), format!("{name}.csv"));
        let picture = tool.succeed(&["plot", "residuals", &model, &file, "--kind", kind]);
        picture.lines().next().unwrap().to_string()
    };
    for kind in ["fitted", "qq", "scale", "leverage"] {
        assert_eq!(title("counted", kind), title("written", kind));
    }
}

#[test]
fn powers_overlap_as_they_should() {
    let (tool, _) = diabetes("");
    let text = summary_of(&tool, "--formula 'progression ~ poly(bmi, 3)'");
    assert!(
        text.contains("VIF            -  not given for products and powers"),
        "{text}"
    );
    let text = summary_of(&tool, "--formula 'progression ~ poly(bmi, 3) + bp'");
    assert!(
        text.contains("the variance inflation factor of `bp`, the largest; none"),
        "{text}"
    );
}

fn summary_of(tool: &Tool, options: &str) -> String {
    tool.succeed(format!("fit diabetes.csv --force --diagnostics {options}"))
}
