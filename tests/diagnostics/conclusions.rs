//! What is concluded from the checks, and where nothing can be.

use serde_json::Value;

use crate::tool::{Tool, assert_close};

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
