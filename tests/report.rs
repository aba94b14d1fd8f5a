//! The report of a fit: what is in it, and how it behaves in a real browser.

mod browser;
mod hostile;
mod lesson;

use crate::tool::{Tool, diabetes_rows};

/// The sections, in order.
const SECTIONS: [&str; 5] = ["summary", "model", "checks", "columns", "reproduce"];

/// The most bytes of a page, whatever the number of rows, columns and targets.
const MOST_BYTES: usize = 2_000_000;

/// The real rows and their report.
fn diabetes(options: &str) -> (Tool, String) {
    let tool = diabetes_rows();
    let report = "--report report.html --seed 5";
    tool.succeed(format!(
        "fit diabetes.csv --target progression {report} {options}"
    ));
    let page = tool.read("report.html");
    (tool, page)
}

/// The texts of a page, without tags.
fn words(page: &str) -> String {
    let mut words = String::new();
    let mut is_tag = false;
    for character in page.chars() {
        match character {
            '<' => is_tag = true,
            '>' => is_tag = false,
            _ if !is_tag => words.push(character),
            _ => {}
        }
    }
    words
}

fn check_page(page: &str) {
    assert!(page.len() < MOST_BYTES, "{} bytes", page.len());
    for id in SECTIONS {
        let section = format!("<section id=\"{id}\" ");
        assert_eq!(page.matches(&section).count(), 1, "{id}");
    }
    // One script and one style, and nothing from elsewhere.
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("<style").count(), 1);
    for forbidden in [
        "NaN",
        " src=",
        "<link",
        "<img",
        "url(",
        "@import",
        "href=\"http",
    ] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn a_report_tells_the_same_figures_as_the_fit() {
    let (tool, page) = diabetes("");
    check_page(&page);
    let words = words(&page);
    for found in [
        // R 4.2.2's lm, as in tests/exact.rs.
        "5.60296",
        "0.717106",
        "0.517748",
        "54.1542",
        "442 rows of diabetes.csv",
        "linreg fit diabetes.csv --target progression --report report.html --seed 5",
    ] {
        assert!(words.contains(found), "{found}");
    }
    // sha256sum tests/data/diabetes.csv
    let hash = "9193026b7622ff944f0a6855a10107b24caf50dad69787c46e6890e69c27faca";
    assert!(words.contains(hash));
    assert_eq!(
        tool.files(),
        ["diabetes.csv", "diabetes.safetensors", "report.html"]
    );
}

#[test]
fn a_report_looks_for_findings_itself_and_puts_them_first() {
    let tool = Tool::new();
    // Residuals that depend on the row before, residuals that grow with x, and
    // rows that meet the assumptions.
    let (mut lasting, mut growing, mut plain) = (0.0, String::new(), String::new());
    let mut rows = String::new();
    for (k, z) in normal(400).into_iter().enumerate() {
        let x = k as f64 / 40.0;
        lasting = 0.3 * lasting + z;
        rows += &format!("{x},{}\n", x + lasting);
        growing += &format!("{x},{}\n", x + (0.2 + x) * z);
        plain += &format!("{x},{}\n", x + z);
    }
    for (name, rows, finding) in [
        ("lasting", rows, "residuals are positively autocorrelated"),
        (
            "growing",
            growing,
            "the spread of residuals changes with the features",
        ),
        ("plain", plain, ""),
    ] {
        tool.write(&format!("{name}.csv"), format!("x,y\n{rows}"));
        let printed = tool.succeed(format!("fit {name}.csv --target y --report r.html --force"));
        // Only the report has these checks.
        assert!(!printed.contains("Durbin-Watson"), "{printed}");
        let page = tool.read("r.html");
        check_page(&page);
        let section = |id: &str| {
            let start = format!("<section id=\"{id}\"");
            let section = page.split(&start).nth(1).unwrap();
            words(section.split("</section>").next().unwrap())
        };
        assert!(section("checks").contains("Durbin-Watson"), "{page}");
        let found = section("summary");
        let none = "None of the checks below found anything in 400 rows";
        if finding.is_empty() {
            assert!(
                found.contains(none) && !found.contains("Warnings"),
                "{found}"
            );
        } else {
            let (_, warnings) = found.split_once("Warnings").unwrap();
            assert!(
                warnings.contains(finding) && !found.contains(none),
                "{found}"
            );
        }
        // The titles of its pictures say the same.
        let is_growing = page.contains("The spread of residuals grows");
        let is_even = page.contains("No bend and no change of spread found in 400 rows");
        assert_eq!(
            (is_growing, is_even),
            (name == "growing", name != "growing"),
            "{name}"
        );
    }
}

/// Pseudo-random numbers that are nearly normal: sums of twelve uniform ones.
fn normal(count: usize) -> Vec<f64> {
    let mut state = 7_u64;
    let mut uniform = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 40) as f64 / (1 << 24) as f64
    };
    let mut next = || (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
    (0..count).map(|_| next()).collect()
}

#[test]
fn the_own_lines_are_those_of_scipy() {
    let (_, page) = diabetes("");
    // scipy 1.17.1: linregress(bmi, y) and linregress(sex, y): slope, rvalue²;
    // numpy: std(y - intercept - slope x), of 3890.46 and 5918.89.
    for found in [
        ">bmi alone explains 34.4 % of the variance of progression</text>",
        " + 10.23 × bmi; ",
        "around the line 62.37; ",
        ">sex alone explains 0.2 % of the variance of progression</text>",
        " + 6.645 × sex; ",
        "around the line 76.93; ",
    ] {
        let lines = page.replace("</text>\n", "\u{1}");
        let is_found = page.contains(found) || lines.contains(found);
        assert!(is_found, "{found}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let page = |seed: &str, threads: &str| {
        let tool = Tool::new();
        tool.succeed("generate --examples 20000 --output data.csv");
        let fit = "fit data.csv --target y --report report.html --seed";
        let mut arguments: Vec<&str> = fit.split(' ').collect();
        arguments.push(seed);
        tool.succeed_with("RAYON_NUM_THREADS", threads, &arguments);
        tool.read("report.html")
    };
    let first = page("1", "1");
    assert!(first == page("1", "3"), "other bytes on three threads");
    assert!(first != page("2", "1"), "another seed, the same sample");
    assert!(words(&first).contains("of 20,000 rows, drawn at random by the seed"));
}

#[test]
fn the_titles_of_a_sample_have_the_figures_of_all_rows() {
    let tool = Tool::new();
    let mut rows = String::from("x,w,y\n");
    for (i, z) in normal(4000).into_iter().enumerate() {
        // One row in a hundred is far off: samples differ much.
        let z = if i % 100 == 7 { 30.0 * z.abs() } else { z };
        rows += &format!("{},{},{}\n", i % 13, i % 4, (i % 13) as f64 + z);
    }
    tool.write("t.csv", rows);
    for options in ["", "--weight w", "--weight w --counts"] {
        let fit = format!("fit t.csv --target y --features x --force {options}");
        let json = tool.succeed(format!("{fit} --report r.html --diagnostics --json"));
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let page = tool.read("r.html");
        let share = 100.0 * json["statistics"]["r_squared"].as_f64().unwrap();
        let title = format!(">Predictions explain {share:.1} % of the variance of y<");
        assert!(page.contains(&title), "{options}: {title}");
        let skewness = json["diagnostics"]["jarque_bera"]["skewness"].as_f64();
        // As many digits as the picture gives.
        let shown = page.split(">Skewness ").nth(1).unwrap();
        let shown: f64 = shown.split(',').next().unwrap().parse().unwrap();
        assert!(
            (shown / skewness.unwrap() - 1.0).abs() < 0.01,
            "{options}: {shown}"
        );
    }
}

#[test]
fn a_report_is_written_for_every_kind_of_fit() {
    let tool = Tool::new();
    let mut rows = String::from("town,area,age,n,price,rent\n");
    for i in 0..300 {
        let town = ["Bonn", "Kiel", "Ulm"][i % 3];
        let (area, age) = (40 + i * 7 % 90, i * 13 % 50);
        let price = 2 * area + 10 * (i % 3) + i * 31 % 7;
        rows += &format!(
            "{town},{area},{age},{},{price},{}\n",
            i % 4,
            price / 10 + age
        );
    }
    tool.write("houses.csv", &rows);
    let reports = |options: &str| {
        tool.succeed(format!("fit --report report.html --force {options}"));
        let page = tool.read("report.html");
        check_page(&page);
        page
    };
    let several = reports("houses.csv --target price,rent --weight n --validation 0.2");
    assert!(words(&several).contains("Rows count by n"));
    assert!(words(&several).contains("were held out to judge it on"));
    reports("houses.csv --target price --no-intercept --k-fold 3");
    let shrunk = reports("houses.csv --target price --ridge=gcv");
    assert!(words(&shrunk).contains("How far the weights are shrunk"));
    assert!(!words(&shrunk).contains("The standard errors, p values"));
    let told = reports("houses.csv --target price --diagnostics --robust hc3");
    assert!(words(&told).contains("Assumption checks"));
    assert!(!words(&told).contains("the same variance everywhere"));
    reports("houses.csv --formula price~area*C(town)+poly(age,2)");
    let trained = reports("houses.csv --target price --method sgd --batch-size 32 --epochs 5");
    assert!(words(&trained).contains("5 epochs of sgd with batches of 32, learning rate"));
    let trained = reports("houses.csv --target price --method sgd");
    assert!(words(&trained).contains("with all rows at once, on"));

    let fit = "fit - --target price --output in.safetensors --report in.html";
    tool.pipe(fit, &rows);
    let page = tool.read("in.html");
    check_page(&page);
    assert!(words(&page).contains("Rows came through standard input"));
}

#[test]
fn a_report_is_refused_where_it_cannot_go() {
    let tool = Tool::new();
    tool.succeed("generate --examples 50 --output data.csv");
    tool.write("old.html", "old");
    let in_use = "this file is read; write another";
    let exists = "the file exists; use --force to replace it, or another name";
    let model = "the model and the report are the same file; name another for one of them";
    let pipe = "a report reads the rows again, and a pipe gives them once; give a file, or - for standard input";
    let no_name = "a report cannot go to standard output; name a file, such as report.html";
    for (file, report, message) in [
        ("data.csv", "-", no_name.to_string()),
        ("data.csv", "data.csv", format!("data.csv: {in_use}")),
        ("data.csv", "old.html", format!("old.html: {exists}")),
        (
            "data.csv",
            "./data.safetensors",
            format!("./data.safetensors: {model}"),
        ),
        #[cfg(unix)]
        ("/dev/null", "new.html", format!("/dev/null: {pipe}")),
    ] {
        let fit = format!("fit {file} --target y --report {report}");
        assert_eq!(tool.fail(fit), format!("error: {message}"));
        assert_eq!(tool.files(), ["data.csv", "old.html"]);
    }
    assert_eq!(tool.read("old.html"), "old");
    tool.succeed("fit data.csv --target y --report old.html --force");
    assert!(tool.read("old.html").starts_with("<!DOCTYPE html>"));
}
