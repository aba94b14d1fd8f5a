//! Pictures as the tool draws them: of the real rows, to the terminal and to
//! files, and of rows that no picture suits.

use crate::tool::{Tool, diabetes_rows};

/// A tool with the real rows and a model of them.
fn diabetes() -> Tool {
    let tool = diabetes_rows();
    tool.succeed("fit diabetes.csv --target progression");
    tool
}

/// The texts of one class in an SVG.
fn texts<'a>(svg: &'a str, class: &str) -> Vec<&'a str> {
    let start = format!("<text class=\"{class}\"");
    let parts = svg.split(&start).skip(1);
    let of = |part: &'a str| part.split_once('>').unwrap().1.split_once('<').unwrap().0;
    parts.map(of).collect()
}

fn assert_fits_80_by_24(text: &str) {
    assert!(text.lines().count() <= 24, "{text}");
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn the_figures_in_titles_are_those_of_statsmodels() {
    let tool = diabetes();
    let residuals = "plot residuals diabetes.safetensors diabetes.csv";
    let kind = |kind: &str| tool.succeed(format!("{residuals} --kind {kind}"));
    // statsmodels 0.15.0: sm.OLS(y, sm.add_constant(X)).fit(), its rsquared,
    // resid and get_influence(); scipy 1.17.1: skew and kurtosis of
    // resid_studentized_internal; thirds of rows in the order of fittedvalues.
    for (chosen, expected) in [
        (
            "predicted",
            "Predictions explain 51.8 % of the variance of progression",
        ),
        ("predicted", "typical error 53.5"),
        (
            "fitted",
            "The spread of residuals grows 1.5 times from left to right",
        ),
        (
            "fitted",
            "Standard deviation 40.5 in the left third, 59.1 in the right; 442 rows;",
        ),
        (
            "scale",
            "Standardised: 0.757 in the left third, 1.11 in the right",
        ),
        (
            "qq",
            "Skewness 0.0172, excess kurtosis -0.278; 0 of 442 rows beyond ±3, 1.19 if",
        ),
        (
            "leverage",
            "No row has a Cook's distance above 0.5: the largest is 0.0245",
        ),
        ("leverage", "Leverage 0.128 at most"),
    ] {
        let text = kind(chosen);
        assert!(text.contains(expected), "{expected}: {text}");
        assert_fits_80_by_24(&text);
    }
    // Its params and conf_int, times X.std(ddof=1) by default.
    for (per, expected) in [
        ("", ["24.8 ± 6.23", "-11.4 ± 5.73", "-0.477 ± 5.59"]),
        (
            "--per unit",
            ["5.6 ± 1.41", "-22.9 ± 11.5", "-0.0364 ± 0.427"],
        ),
    ] {
        let coefficients = tool.succeed(format!("plot coefficients diabetes.safetensors {per}"));
        let title = "4 of 10 coefficients differ from 0 with 95 % confidence";
        assert!(coefficients.starts_with(title), "{coefficients}");
        for expected in expected {
            assert!(
                coefficients.contains(expected),
                "{expected}: {coefficients}"
            );
        }
    }
    // np.corrcoef.
    let matrix = tool.succeed("plot matrix diabetes.csv --features s1,s2,age");
    let title = "s1 and s2 go together most closely: correlation 0.90";
    assert!(matrix.starts_with(title), "{matrix}");
    let scatter = tool.succeed("plot scatter diabetes.csv --target progression --features bmi");
    for expected in [
        "bmi alone explains 34.4 % of the variance of progression",
        "progression = -117.8 + 10.23 × bmi; standard deviation around the line 62.37",
    ] {
        assert!(scatter.contains(expected), "{expected}: {scatter}");
    }
}

#[test]
fn titles_of_residuals_say_what_the_tests_of_the_fit_say() {
    let tool = Tool::new();
    let mut state = 5_u64;
    let mut uniform = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 40) as f64 / (1 << 24) as f64
    };
    // Errors that meet the assumptions, that grow, and that are skewed.
    for (name, of) in [
        ("even", (|_, z| z) as fn(f64, f64) -> f64),
        ("grows", |x, z| (1.0 + x) * z),
        ("skewed", |_, z| (1.5 * z).exp()),
    ] {
        let mut rows = "x,other,y,n\n".to_string();
        for k in 0..300 {
            let x = f64::from(k % 60) / 10.0;
            let z = (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
            rows += &format!("{x},{},{},{}\n", uniform(), x + of(x, z), k % 3);
        }
        tool.write("rows.csv", rows);
        for options in ["", "--weight n", "--weight n --counts", "--robust hc3"] {
            let fit = "fit rows.csv --target y --diagnostics --force";
            let exclude = if options.contains("--weight") {
                ""
            } else {
                "--exclude n"
            };
            let fit = tool.json(format!("{fit} {options} {exclude}"));
            let found = &fit["diagnostics"]["findings"];
            let has = |kind: &str| found.as_array().unwrap().iter().any(|f| f["kind"] == kind);
            let title = |kind: &str| {
                tool.succeed(format!(
                    "plot residuals rows.safetensors rows.csv --kind {kind}"
                ))
            };
            for kind in ["fitted", "scale"] {
                let title = title(kind);
                let is_even = title.contains("no change of spread found")
                    || title.contains("No change of spread found");
                assert_eq!(
                    is_even,
                    !has("unequal_variance"),
                    "{name} {options:?}: {title}"
                );
            }
            let title = title("qq");
            let is_normal = title.starts_with("No departure from a normal distribution found");
            assert_eq!(is_normal, !has("not_normal"), "{name} {options:?}: {title}");
            assert!(title.contains("Jarque-Bera p"), "{title}");
        }
    }
}

#[test]
fn leverages_of_a_robust_model_are_those_of_its_rows() {
    let tool = diabetes();
    let plot = "plot residuals diabetes.safetensors diabetes.csv --kind leverage";
    let plain = tool.succeed(plot);
    tool.succeed("fit diabetes.csv --target progression --force --robust hc3");
    assert_eq!(tool.succeed(plot), plain);
}

#[test]
fn a_loss_rises_only_beyond_its_noise() {
    let tool = Tool::new();
    let noise = |k: i32| f64::from(k * 37 % 11 - 5) / 500.0;
    let history = |of: &dyn Fn(i32) -> f64| -> String {
        let rows = (0..40).map(|k| format!("{k},{},{}\n", 5.0 / f64::from(k + 1), of(k)));
        format!("epoch,loss,validation_loss\n{}", rows.collect::<String>())
    };
    let fall = |k: i32| 4.0 * (-f64::from(k) / 3.0).exp();
    for (validation, said) in [
        (history(&|k| 1.0 + fall(k) + noise(k)), "level after it"),
        (
            history(&|k| 1.0 + fall(k) + noise(k) + 0.02 * f64::from(k)),
            "and rises after it",
        ),
        (history(&|k| 1.0 + fall(k)), "is least at the end"),
    ] {
        tool.write("history.csv", validation);
        let picture = tool.succeed("plot loss history.csv");
        assert!(picture.contains(said), "{said}: {picture}");
    }
}

#[test]
fn pictures_in_a_terminal_are_as_reviewed() {
    let tool = diabetes();
    tool.write(
        "history.csv",
        "epoch,loss,validation_loss,learning_rate,seconds\n\
         0,20000,21000,0.1,0.2\n1,6000,6500,0.1,0.2\n2,3200,3900,0.1,0.2\n3,2900,4100,0.1,0.2\n",
    );
    let scatter = "plot scatter diabetes.csv --target progression";
    let residuals = "plot residuals diabetes.safetensors diabetes.csv --kind";
    let mut text = String::new();
    for arguments in [
        format!("{scatter} --features bmi"),
        format!("{residuals} fitted"),
        format!("{residuals} qq"),
        format!("{residuals} leverage"),
        "plot coefficients diabetes.safetensors".to_string(),
        "plot loss history.csv".to_string(),
        "plot matrix diabetes.csv --features bmi,bp,s5,progression".to_string(),
    ] {
        let picture = tool.succeed(&arguments);
        assert_fits_80_by_24(&picture);
        text += &format!("$ linreg {arguments}\n{picture}\n");
    }
    insta::assert_snapshot!(text);
}

#[test]
fn an_svg_has_its_axes_and_a_mark_for_each_row() {
    let tool = diabetes();
    tool.succeed("plot residuals diabetes.safetensors diabetes.csv --output four.svg");
    let svg = tool.read("four.svg");
    assert_eq!(svg.matches("<circle ").count(), 4 * 442);
    assert_eq!(svg.matches("class=\"axis\"").count(), 4);
    assert_eq!(texts(&svg, "title").len(), 4);
    let names = [
        "predicted progression",
        "normal quantile",
        "predicted progression",
        "leverage",
    ];
    assert_eq!(texts(&svg, "x-name"), names);
    // Nothing is drawn outside of the picture.
    for part in svg.split("<circle cx=\"").skip(1) {
        let x: f64 = part.split_once('"').unwrap().0.parse().unwrap();
        assert!((0.0..1280.0).contains(&x), "{x}");
    }

    tool.succeed("plot scatter diabetes.csv --target progression --output all.svg");
    let svg = tool.read("all.svg");
    assert_eq!(svg.matches("<circle ").count(), 10 * 442);
    assert_eq!(texts(&svg, "y-name"), ["progression"; 10]);
    tool.succeed("plot matrix diabetes.csv --target progression --exclude s1 --output matrix.svg");
    assert_eq!(texts(&tool.read("matrix.svg"), "correlation").len(), 45);
}

#[test]
fn a_picture_is_written_whole_and_only_where_it_may() {
    let tool = diabetes();
    let scatter = "plot scatter diabetes.csv --target progression --output";
    let to = |file: &'static str| format!("{scatter} {file}");
    tool.succeed(to("plot.png"));
    let png = std::fs::read(tool.path("plot.png")).unwrap();
    assert!(png.starts_with(b"\x89PNG"));
    assert!(
        tool.fail(to("plot.png"))
            .ends_with("use --force to replace it, or another name")
    );
    tool.succeed(to("plot.png --force"));
    assert_eq!(std::fs::read(tool.path("plot.png")).unwrap(), png);
    let error = tool.fail(to("plot.pdf"));
    assert_eq!(error, "error: plot.pdf: a picture is a .svg or a .png");
}

#[test]
fn what_the_training_printed_is_drawn() {
    let tool = Tool::new();
    let json = tool.json("lesson --epochs 4");
    tool.write("lesson.json", json.to_string());
    tool.succeed("plot loss lesson.json --output loss.svg");
    let svg = tool.read("loss.svg");
    assert_eq!(svg.matches("<circle ").count(), 4);
    assert_eq!(texts(&svg, "x-tick"), ["0", "1", "2", "3"]);
    assert!(
        texts(&svg, "title")[0].starts_with("The loss goes from 0.000"),
        "{svg}"
    );
    let error = tool.fail("plot loss missing.csv");
    assert!(error.starts_with("error: missing.csv: "), "{error}");
    tool.write("bad.csv", "epoch,loss\n0,NaN\n");
    let error = tool.fail("plot loss bad.csv");
    assert_eq!(
        error,
        "error: bad.csv: `loss` holds NaN, expected finite numbers"
    );
}

#[test]
fn rows_that_no_picture_suits_are_drawn_or_refused_with_a_reason() {
    let tool = Tool::new();
    let name = "\"<script>alert(1)</script> 'a name of sixty characters and more'\"";
    tool.write("one.csv", format!("{name},\"מחיר \u{202e}\"\n1,2\n"));
    let columns = "plot scatter one.csv --target 'מחיר \u{202e}'";
    tool.succeed(format!("{columns} --output one.svg"));
    let svg = tool.read("one.svg");
    assert!(
        !svg.contains("<script") && !svg.contains('\u{202e}') && !svg.contains("NaN"),
        "{svg}"
    );
    assert!(svg.contains("&lt;script&gt;"), "{svg}");
    assert_eq!(svg.matches("<circle ").count(), 1);

    tool.write("same.csv", "x,y\n5,5\n5,5\n5,5\n");
    let same = tool.succeed("plot scatter same.csv --target y");
    assert!(same.starts_with("y is constant"), "{same}");
    tool.succeed("plot matrix same.csv --output same.png");

    tool.write("far.csv", "x,y\n1e-300,1e300\n2e-300,5e300\n3e-300,2e300\n");
    for arguments in [
        [
            "plot", "scatter", "far.csv", "--target", "y", "--output", "far.svg",
        ],
        [
            "plot", "matrix", "far.csv", "--target", "y", "--output", "far.png",
        ],
    ] {
        tool.succeed(&arguments);
    }
    let far = tool.read("far.svg");
    assert!(!far.contains("inf") && !far.contains("NaN"), "{far}");

    tool.write("empty.csv", "x,y\n");
    let error = tool.fail("plot scatter empty.csv --target y");
    assert!(error.starts_with("error: empty.csv: "), "{error}");
    tool.write("words.csv", "town,y\nBonn,1\nUlm,2\n");
    let error = tool.fail("plot scatter words.csv --target y");
    assert_eq!(
        error,
        "error: words.csv: `y` is the only column of numbers; a picture needs two"
    );
    let error = tool.fail("plot scatter words.csv --target price");
    assert!(error.contains("`price`"), "{error}");
}

#[test]
fn rows_with_missing_cells_are_left_out_aloud() {
    let tool = Tool::new();
    tool.write("gaps.csv", "x,y\n1,2\n,3\n3,4\n5,\n6,7\n");
    let output = tool.run("plot scatter gaps.csv --target y");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        stderr,
        "warning: 2 of 5 rows are left out for missing cells\n"
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("3 rows"), "{text}");
}

#[test]
fn a_trained_model_is_drawn_without_what_it_does_not_know() {
    let tool = Tool::new();
    tool.succeed("generate --examples 200 --output data.csv");
    tool.succeed("fit data.csv --target y --method sgd --output model.safetensors");
    let residuals = "plot residuals model.safetensors data.csv";
    tool.succeed(format!("{residuals} --output two.svg"));
    assert_eq!(texts(&tool.read("two.svg"), "title").len(), 2);
    let error = tool.fail(format!("{residuals} --kind leverage"));
    assert!(
        error.contains("has no covariance of the coefficients"),
        "{error}"
    );
    let error = tool.fail("plot coefficients model.safetensors");
    assert!(
        error.contains("has no covariance of the coefficients"),
        "{error}"
    );
}

#[test]
fn a_standard_deviation_is_that_of_the_rows_of_the_fit() {
    let tool = Tool::new();
    let mut rows = String::from("x,gap,w,y\n");
    let mut fitted = Vec::new();
    for i in 0..60 {
        let (x, y) = (i * 7 % 23, 3 * (i * 7 % 23) + i % 5);
        // Every sixth row is dropped, and has another x.
        let is_dropped = i % 6 == 0;
        let (x, gap) = if is_dropped {
            (1000, String::new())
        } else {
            fitted.push(f64::from(x));
            (x, (i % 7).to_string())
        };
        rows += &format!("{x},{gap},{},{y}\n", 1 + i % 3);
    }
    tool.write("t.csv", rows);
    let mean = fitted.iter().sum::<f64>() / fitted.len() as f64;
    let squares: f64 = fitted.iter().map(|x| (x - mean).powi(2)).sum();
    let deviation = (squares / (fitted.len() - 1) as f64).sqrt();
    let drawn = |options: &str, per: &str| {
        let fit = format!("fit t.csv --target y --features x,gap --missing drop {options}");
        tool.warnings(format!(
            "{fit} --collinear drop --output m.safetensors --force"
        ));
        tool.succeed(format!("plot coefficients m.safetensors {per}"))
    };
    let effect = |text: &str| -> f64 {
        let line = text
            .lines()
            .find(|line| line.trim_start().starts_with("x┤"));
        let line = line.unwrap();
        let (before, _) = line.split_once(" ± ").unwrap();
        before.split_whitespace().last().unwrap().parse().unwrap()
    };
    let ratio = effect(&drawn("", "")) / effect(&drawn("", "--per unit"));
    // Both have three digits.
    assert!(
        (ratio / deviation - 1.0).abs() < 0.01,
        "{ratio}, {deviation}"
    );
    // The sum of precisions is not in the model file.
    let weighted = drawn("--weight w", "");
    assert!(weighted.contains("y per unit of the feature"), "{weighted}");
    let powers = "fit t.csv --formula y~poly(w,2)+x --missing drop --output p.safetensors";
    tool.warnings(powers);
    let text = tool.succeed("plot coefficients p.safetensors");
    assert_eq!(text.matches(" ± ").count(), 3, "{text}");
    assert!(text.contains("per standard deviation"), "{text}");
}
