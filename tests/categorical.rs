//! Categorical columns as a whole: their F tests, and their pictures.

use crate::tool::{Tool, number};

/// 90 houses in four towns, of which every fourth row is in Trier.
fn houses() -> Tool {
    let tool = Tool::new();
    let mut rows = String::from("town,area,price,heat\n");
    for i in 0..90 {
        let town = if i % 4 == 0 {
            "Trier"
        } else {
            ["Bonn", "Kiel", "Ulm"][i % 3]
        };
        let area = i * 37 % 23;
        let price = 10 * (i % 3) + i * 31 % 17 + 2 * area;
        let heat = ["gas", "oil"][usize::from(i % 5 == 0)];
        rows += &format!("{town},{area},{price},{heat}\n");
    }
    tool.write("houses.csv", rows);
    tool
}

#[test]
fn a_categorical_column_has_the_f_test_of_statsmodels() {
    let tool = houses();
    // statsmodels 0.15.0: m = smf.ols("price ~ area + C(town) + C(heat)", d);
    // sm.stats.anova_lm(m.fit(), typ=3) and
    // m.fit(cov_type="HC3", use_t=True).wald_test_terms().
    for (options, f, p) in [
        ("", 38.036198, 1.263562e-15),
        ("--robust hc3", 54.400291, 1.235861e-19),
    ] {
        let fit = format!("fit houses.csv --target price --force {options}");
        let json = tool.succeed(format!("{fit} --json"));
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let tests = json["statistics"]["columns"].as_array().unwrap();
        // A column of two levels has one weight, whose t says the same.
        assert_eq!(tests.len(), 1, "{tests:?}");
        assert_eq!(tests[0]["name"], "town");
        assert_eq!(tests[0]["dof"], 3.0);
        // As many digits as statsmodels prints.
        assert!((number(&tests[0]["f"]) / f - 1.0).abs() < 1e-7, "{tests:?}");
        assert!((number(&tests[0]["p"]) / p - 1.0).abs() < 1e-6, "{tests:?}");
        assert!(number(&tests[0]["digits"]) > 9.0, "{tests:?}");
        let text = tool.succeed(&fit);
        let table = format!(
            "F test that all weights are 0  weights        F        p\n  town                                 3  {f:.4}"
        );
        assert!(text.contains(&table), "{text}");
    }
}

#[test]
fn a_column_in_a_product_or_without_a_reference_level_has_no_f_test() {
    let tool = houses();
    for options in [
        "--formula price~area*C(town)",
        "--target price --features town --no-intercept",
        "--target price --features town,area --ridge",
    ] {
        let text = tool.succeed(format!("fit houses.csv --force {options}"));
        assert!(!text.contains("F test"), "{options}: {text}");
    }
}

#[test]
fn a_categorical_column_is_drawn_by_its_levels() {
    let tool = houses();
    let text = tool.succeed("plot scatter houses.csv --target price --features town");
    // pandas 3.1.1: d.groupby("town").price.agg(["mean", "count"]), and the share of the
    // sums of squares between the towns.
    let title = "town alone explains 14.9 % of the variance of price";
    assert!(text.starts_with(title), "{text}");
    let lines: Vec<&str> = text.lines().filter(|line| line.contains(", n ")).collect();
    for (line, [town, figure]) in lines.iter().zip([
        ["Ulm", "mean 49.26, n 23"],
        ["Kiel", "mean 39.41, n 22"],
        ["Trier", "mean 39.26, n 23"],
        ["Bonn", "mean 31.14, n 22"],
    ]) {
        assert!(line.contains(town) && line.ends_with(figure), "{text}");
    }
    // With the columns of numbers, that of the report, and as a file.
    tool.succeed("plot scatter houses.csv --target price --output all.svg");
    let svg = tool.read("all.svg");
    for title in ["town alone", "area alone", "heat alone"] {
        assert!(svg.contains(title), "{svg}");
    }
    tool.succeed("fit houses.csv --target price --report r.html");
    let page = tool.read("r.html");
    for column in ["town", "heat", "area"] {
        let title = format!("-title\">{column} alone explains ");
        assert_eq!(page.matches(&title).count(), 1, "{column}");
    }
    assert!(!page.contains("town=Kiel alone"));
    let error = tool.fail("plot matrix houses.csv --features town,price");
    assert!(error.contains("`town`"), "{error}");
}

#[test]
fn a_missing_level_is_drawn_too_and_leaves_out_no_number() {
    let tool = Tool::new();
    let rows: String = (0..40)
        .map(|i| format!("{},{i},{}\n", ["a", "b", ""][i % 3], 2 * i + i % 5))
        .collect();
    tool.write("t.csv", format!("word,x,y\n{rows}"));
    let output = tool.run("plot scatter t.csv --target y");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("40 rows"), "{text}");
    for figure in ["n 14", "n 13"] {
        assert!(text.contains(figure), "{text}");
    }
    assert!(text.contains("missing"), "{text}");
    // Filled with the shares of the levels, a missing one is in no level's figures.
    tool.run("fit t.csv --target y --missing mean --report r.html");
    let page = tool.read("r.html");
    let counts: Vec<&str> = page.split(", n ").skip(1).map(|rest| &rest[..2]).collect();
    assert!(
        counts.contains(&"14") && counts.contains(&"13"),
        "{counts:?}"
    );
    assert!(!counts.contains(&"27"), "{counts:?}");
}
