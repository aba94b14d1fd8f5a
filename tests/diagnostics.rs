//! Robust standard errors and assumption checks, through the tool.

mod conclusions;
mod robust;

use serde_json::Value;

use crate::tool::{Tool, assert_close, diabetes, summary, without_time};

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
