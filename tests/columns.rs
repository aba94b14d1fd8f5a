//! What columns are and which of their levels a model knows, through the tool:
//! levels of the rows fitted to, the same levels in every format, constants,
//! identifiers, folds, and advice that works.
//!
//! pandas 3.1.1 and pyarrow 26.0.1 wrote the Parquet files in `data/pandas`.

use serde_json::Value;

use crate::tool::{Tool, assert_close, test_file};

fn names(fit: &Value) -> Vec<&str> {
    let list = fit["coefficients"].as_array().unwrap().iter();
    list.map(|entry| entry["name"].as_str().unwrap()).collect()
}

fn assert_estimates(fit: &Value, expected: &[(&str, f64)]) {
    let expected_names: Vec<&str> = expected.iter().map(|(name, _)| *name).collect();
    assert_eq!(names(fit), expected_names);
    for (entry, (name, expected)) in fit["coefficients"].as_array().unwrap().iter().zip(expected) {
        assert_close(&entry["estimate"], *expected, name);
    }
}

/// The entry of a column in a fit or a description.
fn column<'a>(columns: &'a Value, name: &str) -> &'a Value {
    let mut list = columns.as_array().unwrap().iter();
    list.find(|column| column["name"] == name).unwrap()
}

/// The tool with a file that pandas wrote.
fn pandas(name: &str) -> Tool {
    let tool = Tool::new();
    let bytes = std::fs::read(test_file("data/pandas").join(name)).unwrap();
    tool.write(name, bytes);
    tool
}

#[test]
fn a_column_of_words_has_the_same_levels_in_every_command() {
    let tool = Tool::new();
    tool.write("d.csv", "pos,y\nOF,2\nINF,30\nOF,5\nC,8\nINF,40\nC,6\n");
    let described = tool.json("describe d.csv");
    let levels = column(&described["columns"], "pos")["levels"].as_array();
    let levels: Vec<&str> = levels
        .unwrap()
        .iter()
        .map(|l| l["level"].as_str().unwrap())
        .collect();
    assert_eq!(levels, ["C", "INF", "OF"]);
    // The means of the groups are 7, 35 and 3.5.
    let expected = [("(intercept)", 7.0), ("pos=INF", 28.0), ("pos=OF", -3.5)];
    for options in ["", "--unseen baseline", "--categorical pos"] {
        let fit = tool.json(format!("fit d.csv -t y --force {options}"));
        assert_estimates(&fit, &expected);
    }
    let predictions = tool.succeed("predict d.safetensors d.csv");
    let predictions: Vec<f64> = predictions
        .lines()
        .skip(1)
        .map(|p| p.parse().unwrap())
        .collect();
    for (found, expected) in predictions.iter().zip([3.5, 35.0, 3.5, 7.0, 35.0, 7.0]) {
        assert!((found - expected).abs() < 1e-12);
    }
}

const LEFT_OUT: &str = "y,x,f\n1.2,3,a\n2.1,4,b\n2.9,2,c\n1.7,,d\n3.3,5,a\n2.2,1,b\n4.1,6,c\n";

#[test]
fn a_level_only_in_a_row_left_out_is_new_to_the_model() {
    let tool = Tool::new();
    tool.write("d.csv", LEFT_OUT);
    tool.write("new.csv", "x,f\n3,a\n3,d\n");
    // Computed in rational arithmetic from the six rows without a missing cell.
    let expected = [
        ("(intercept)", 1.05),
        ("x", 0.3),
        ("f=b", 0.35),
        ("f=c", 1.25),
    ];
    for options in ["", "--collinear drop", "--validation-file d.csv"] {
        let fit = tool.warned_json(format!("fit d.csv -t y --missing drop --force {options}"));
        assert_estimates(&fit, &expected);
        let f = column(&fit["columns"]["columns"], "f");
        assert_eq!(f["unfitted_levels"], serde_json::json!(["d"]));
        let message = tool.fail("predict d.safetensors new.csv");
        assert!(
            message.contains("new.csv: line 3 (byte 8), column `f`: found `d`, a level that the model does not know; it knows `a`, `b`, `c`"),
            "{message}"
        );
    }
    // All the advice of that message works.
    let baseline = "predict d.safetensors new.csv --unseen baseline";
    assert!(
        tool.warnings(baseline)
            .contains("treated as the baseline: 1 of `f`")
    );
    let drop = "predict d.safetensors new.csv --unseen drop";
    assert!(tool.warnings(drop).contains("1 row left out: 1 of `f`"));
    let output = tool.run(drop).stdout;
    assert_eq!(
        String::from_utf8(output).unwrap().lines().last(),
        Some("\"\"")
    );
}

#[test]
fn a_level_only_in_rows_of_weight_0_is_new_to_the_model() {
    let tool = Tool::new();
    let rows =
        "y,x,f,w\n1.2,3,a,1\n2.1,4,b,1\n2.9,2,c,1\n1.7,9,d,0\n3.3,5,a,1\n2.2,1,b,1\n4.1,6,c,1\n";
    tool.write("d.csv", rows);
    let fit = "fit d.csv -t y --weight w";
    for options in ["", "--counts --force", "--collinear drop --force"] {
        let fit = tool.json(format!("{fit} {options}"));
        let expected = [
            ("(intercept)", 1.05),
            ("x", 0.3),
            ("f=b", 0.35),
            ("f=c", 1.25),
        ];
        assert_estimates(&fit, &expected);
        assert_eq!(
            (&fit["rows"], &fit["columns"]["weightless_rows"]),
            (&6.into(), &1.into())
        );
    }
    let text = tool.succeed(format!("{fit} --force"));
    assert!(
        text.contains("1 of 7 rows were left out for their weight of 0"),
        "{text}"
    );
}

/// Thirty rows, of which only one has the level `rare`.
fn rare() -> String {
    let rows = (0..30).map(|row| {
        let level = if row == 7 {
            "rare"
        } else {
            ["a", "b"][row % 2]
        };
        let x = row * row % 11;
        format!("{level},{x},{}.{}\n", 2 * x + row % 2, row % 7)
    });
    format!("g,x,y\n{}", rows.collect::<String>())
}

#[test]
fn folds_and_sets_with_a_level_of_their_own_work_and_say_so() {
    let tool = Tool::new();
    tool.write("rare.csv", rare());
    let fit = "fit rare.csv -t y --force";
    for folds in ["5", "30"] {
        let arguments = format!("{fit} --k-fold {folds}");
        let warning = tool.warnings(&arguments);
        assert_eq!(
            warning,
            "warning: cells of held-out folds with levels that the model does not know, 1 row left out: 1 of `g`\n"
        );
        let fit = tool.warned_json(arguments);
        assert_eq!(names(&fit), ["(intercept)", "g=b", "g=rare", "x"]);
        let folds = fit["folds"].as_array().unwrap();
        let rows: u64 = folds.iter().filter_map(|fold| fold["rows"].as_u64()).sum();
        assert_eq!(rows, 29);
    }
    // The other policy judges every row.
    let folds = tool.warned_json(format!("{fit} --k-fold 5 --unseen baseline"))["folds"].clone();
    let rows = folds
        .as_array()
        .unwrap()
        .iter()
        .map(|fold| fold["rows"].as_u64().unwrap());
    assert_eq!(rows.sum::<u64>(), 30);
    // Some seeds hold out the only row of that level, which then is no feature.
    let mut held_out = 0;
    for seed in 0..8 {
        let seed = seed.to_string();
        for method in ["", "--method sgd --epochs 3"] {
            let fit = tool.warned_json(format!("{fit} --validation 0.4 --seed {seed} {method}"));
            assert!(fit["validation"]["rows"].as_u64().unwrap() > 3);
            held_out += usize::from(names(&fit) == ["(intercept)", "g=b", "x"]);
        }
    }
    assert!((2..16).contains(&held_out), "{held_out}");
}

#[test]
fn a_feature_that_varies_in_one_row_only_stops_no_fold() {
    let tool = Tool::new();
    let rows = (0..12).map(|row| format!("{},{row},{}\n", u8::from(row == 5), row * row % 7));
    tool.write("d.csv", format!("once,x,y\n{}", rows.collect::<String>()));
    let fit = tool.json("fit d.csv -t y --k-fold 12");
    assert_eq!(fit["folds"].as_array().unwrap().len(), 12);
    let text = tool.succeed("fit d.csv -t y --features once --k-fold 4 --force");
    assert!(
        text.contains("On each of 4 parts left out in turn"),
        "{text}"
    );
}

const LINE: [f64; 20] = [
    1.288, 3.449, 4.066, 5.235, 6.908, 10.031, 10.978, 12.563, 16.199, 18.133, 20.546, 21.086,
    24.005, 25.935, 26.494, 30.538, 32.321, 36.389, 36.203, 37.855,
];

#[test]
fn as_many_folds_as_rows_leave_out_one_at_a_time() {
    let tool = Tool::new();
    let rows = LINE.iter().enumerate().map(|(x, y)| format!("{x},{y}\n"));
    // Two rows that are not fitted to change no fold.
    let mut csv = format!("x,y\n7,\n{}", rows.collect::<String>());
    csv += ",3\n";
    tool.write("d.csv", csv);
    let fit = "fit d.csv -t y --missing drop --force";
    let all = tool.json(format!("{fit} --k-fold 20"));
    let folds = all["folds"].as_array().unwrap();
    let rmse = folds.iter().map(|fold| fold["rmse"].as_f64().unwrap());
    let mean = rmse.sum::<f64>() / 20.0;
    // In rational arithmetic: the mean of |y - prediction| of the 20 fits
    // without a row.
    assert!((mean - 0.796103703974329).abs() < 1e-12, "{mean}");
    let text = tool.succeed(format!("{fit} --k-fold 20"));
    // The standard deviation divides by 19.
    assert!(text.contains("RMSE  0.796104 ± 0.750698"), "{text}");
    for folds in 2..20 {
        let fit = tool.json(format!("{fit} --k-fold {folds}"));
        for fold in fit["folds"].as_array().unwrap() {
            let rows = fold["rows"].as_u64().unwrap();
            assert!(
                (20 / folds..=20 / folds + 1).contains(&rows),
                "{folds} {rows}"
            );
        }
    }
    for (folds, most) in [("21", 20), ("23", 22), ("18446744073709551615", 22)] {
        assert_eq!(
            tool.fail(format!("{fit} --k-fold {folds}")),
            format!(
                "error: d.csv: the number of folds is {folds}, expected at most {most}, the number of rows"
            )
        );
    }
    for folds in ["0", "1"] {
        assert_eq!(
            tool.fail(format!("{fit} --k-fold {folds}")),
            format!("error: the number of folds is {folds}, expected at least 2")
        );
    }
}

#[test]
fn levels_are_exact_and_the_same_in_csv_and_parquet() {
    let tool = pandas("ids.parquet");
    let csv = std::fs::read_to_string(test_file("data/pandas/ids.csv")).unwrap();
    tool.write("ids.csv", csv);
    let levels = |file: &str| {
        let described = tool.json(format!("describe {file} --categorical id"));
        column(&described["columns"], "id")["levels"].clone()
    };
    assert_eq!(levels("ids.csv"), levels("ids.parquet"));
    // 2^53 and the numbers after it.
    let first = &levels("ids.parquet")[1]["level"];
    assert_eq!(
        (levels("ids.parquet").as_array().unwrap().len(), first),
        (4, &"9007199254740993".into())
    );
    for (file, model) in [
        ("ids.csv", "csv.safetensors"),
        ("ids.parquet", "parquet.safetensors"),
    ] {
        tool.succeed(format!("fit {file} -t y --categorical id -o {model}"));
    }
    let predictions = |model, file| tool.succeed(format!("predict {model} {file}"));
    let expected = predictions("csv.safetensors", "ids.csv");
    for (model, file) in [
        ("csv.safetensors", "ids.parquet"),
        ("parquet.safetensors", "ids.csv"),
        ("parquet.safetensors", "ids.parquet"),
    ] {
        assert_eq!(predictions(model, file), expected);
    }
}

#[test]
fn categories_and_bytes_of_parquet_are_levels() {
    for (file, column, levels) in [
        (
            "cat_int.parquet",
            "zip",
            "(intercept) a zip=20095 zip=80331",
        ),
        (
            "cat_str.parquet",
            "zip",
            "(intercept) a zip=20095 zip=80331",
        ),
        ("bin.parquet", "town", "(intercept) a town=y"),
    ] {
        let tool = pandas(file);
        let levels: Vec<&str> = levels.split(' ').collect();
        let fit = format!("fit {file} -t y -o m.safetensors --force");
        assert_eq!(names(&tool.json(&fit)), levels, "{file}");
        assert_eq!(
            names(&tool.json(format!("{fit} --categorical {column}"))),
            levels,
            "{file}"
        );
    }
    // The columns are numbers if `--numeric` asks for it.
    for file in ["cat_int.parquet", "cat_str.parquet"] {
        let tool = pandas(file);
        let fit = format!("fit {file} -t y -o m.safetensors --numeric zip");
        assert_eq!(names(&tool.json(fit)), ["(intercept)", "a", "zip"]);
        tool.succeed(&["predict", "m.safetensors", file]);
    }
    let tool = pandas("bin.parquet");
    let message = tool.fail("fit bin.parquet -t y --numeric town");
    assert!(message.contains("expected a number"), "{message}");
}

#[test]
fn the_index_that_pandas_stores_is_ignored_unless_it_is_named() {
    let tool = pandas("idx.parquet");
    let fit = "fit idx.parquet -t y --force";
    let found = tool.json(fit);
    assert_eq!(names(&found), ["(intercept)", "a"]);
    let index = "__index_level_0__";
    let why = &column(&found["columns"]["columns"], index)["why"];
    assert_eq!(why, "the index that pandas stored");
    let described = tool.succeed("describe idx.parquet");
    assert!(
        described.contains("the index that pandas stored"),
        "{described}"
    );
    let dot = tool.json("fit idx.parquet --formula 'y ~ .' --force");
    assert_eq!(names(&dot), ["(intercept)", "a"]);
    let named = tool.json(format!("{fit} --features {index}"));
    assert_eq!(names(&named), ["(intercept)", index]);
}

const YEARS: &str = "year,x,y\n2000,2.4,0.31\n2001,4.0,1.06\n2002,0.7,2.4\n2003,9.2,4.2\n2000,7.7,1.07\n2001,5.4,1.83\n2002,1.7,1.92\n2003,2.1,4.98\n2000,8.3,3.22\n2001,8.0,1.98\n2002,3.1,3.88\n2003,7.3,5.16\n2000,8.8,1.46\n2001,6.1,3.82\n2002,5.1,2.93\n2003,4.7,3.27\n2000,9.3,4.2\n2001,5.5,3.1\n2002,9.1,4.52\n2003,8.8,5.94\n";

#[test]
fn a_column_is_numbers_in_one_term_and_levels_in_another() {
    let tool = Tool::new();
    tool.write("yr.csv", YEARS);
    let formula = "y ~ C(year):x + poly(year, 2)";
    let fit = tool.json(&["fit", "yr.csv", "--formula", formula]);
    // Computed in rational arithmetic.
    let expected = [
        ("(intercept)", 528165.0816889546),
        ("year", -529.40489194348),
        ("year^2", 0.13266096806304875),
        ("year=2000:x", 0.39584389860142194),
        ("year=2001:x", 0.3091656181208117),
        ("year=2002:x", 0.24733128656444955),
        ("year=2003:x", 0.09678216855483866),
    ];
    assert_estimates(&fit, &expected);
    let metrics = tool.json("evaluate yr.safetensors yr.csv");
    assert_close(
        &metrics["r_squared"],
        fit["statistics"]["r_squared"].as_f64().unwrap(),
        "R2",
    );
    // Four levels determine a parabola. The error names the term to take out.
    let message = tool.fail("fit yr.csv --force --formula 'y ~ C(year) + poly(year, 2)'");
    assert!(
        message.contains("take poly(year, 2) out of the formula"),
        "{message}"
    );
    tool.succeed("fit yr.csv --force --formula 'y ~ C(year)'");
    tool.write("words.csv", "t,y\nk,1\nl,2\nk,3\n");
    let words = "fit words.csv --formula 'y ~ poly(t, 2)'";
    assert_eq!(
        tool.fail(words),
        "error: words.csv: poly(t, 2): the column `t` is words, such as `k`; powers are those of numbers"
    );
}

#[test]
fn constant_columns_are_left_out_and_said_unless_they_are_named() {
    let tool = Tool::new();
    tool.write("d.csv", "c,x,f,y\n5,1,k,2\n5,2,k,3\n5,4,k,7\n5,7,k,9\n");
    for options in ["-t y", "-t y --method sgd", "--formula 'y ~ .'"] {
        let fit = tool.json(format!("fit d.csv --force {options}"));
        assert_eq!(names(&fit), ["(intercept)", "x"]);
        assert_eq!(
            column(&fit["columns"]["columns"], "c")["why"],
            "every cell is 5"
        );
    }
    for (option, value) in [("--features", "x,c"), ("--formula", "y ~ x + c")] {
        let target = if option == "--formula" { "" } else { "-t y" };
        assert_eq!(
            tool.fail(format!("fit d.csv --force {option} '{value}' {target}")),
            "error: d.csv: the column `c` cannot be a feature: every cell is 5"
        );
    }
    tool.write("one.csv", "x,y\n5,2\n5,3\n5,7\n");
    assert_eq!(
        tool.fail("fit one.csv -t y"),
        "error: one.csv: there are no features to predict `y` from; `x`: every cell is 5"
    );
    // Without an intercept, the constant feature takes its place: the mean of y
    // is 4.
    let fit = tool.json("fit one.csv -t y --no-intercept");
    assert_estimates(&fit, &[("x", 0.8)]);
    let rows = (0..8).map(|row| format!("{},{row}\n", 1_000_000_000_000_000_i64 + row));
    tool.write("far.csv", format!("x,y\n{}", rows.collect::<String>()));
    let described = tool.succeed("describe far.csv");
    assert!(!described.contains("the same in every row"), "{described}");
    assert!(described.contains(" 1000000000000007\n"), "{described}");
}

#[test]
fn describe_rounds_no_least_or_greatest_and_divides_by_one_less() {
    let tool = Tool::new();
    tool.write(
        "d.csv",
        "zip,x,e,y\n10115,1,inf,0.123456789\n80331,2,5,2\n99998,3,2,-7654321.25\n",
    );
    let text = tool.succeed("describe d.csv");
    for whole in ["10115", "80331", "99998", "-7654321.25"] {
        assert!(text.contains(whole), "{text}");
    }
    // The infinite cell is counted and its place named; the figures are those
    // of the other cells.
    assert!(
        text.contains(
            "note: `e` has 1 infinite cell, left out of its figures: d.csv: line 2 (byte 10)"
        ),
        "{text}"
    );
    let json = tool.json("describe d.csv --target x");
    // numpy 2: np.std([1, 2, 3], ddof=1), np.mean([5, 2]), np.std([5, 2], ddof=1).
    assert_close(&column(&json["columns"], "x")["std"], 1.0, "std of x");
    let e = column(&json["columns"], "e");
    assert_close(&e["mean"], 3.5, "mean of e");
    assert_close(&e["std"], 2.1213203435596424, "std of e");
    assert_eq!((&e["infinite"], &e["max"]), (&1.into(), &5.0.into()));
    // A fit to the column is an error that names the place.
    let message = tool.fail("fit d.csv -t y");
    assert!(
        message.contains("d.csv: line 2 (byte 10), column `e`: found `inf`"),
        "{message}"
    );
    tool.succeed("fit d.csv -t y --features x");
}

#[test]
fn unique_words_are_an_identifier_and_too_many_levels_are_named() {
    let tool = Tool::new();
    let rows = |levels: usize| {
        let rows =
            (0..20).map(|row| format!("p{},q{},{row},{}\n", row % levels, row % 3, row * row % 7));
        format!("place,q,x,y\n{}", rows.collect::<String>())
    };
    tool.write("d.csv", rows(20));
    let fit = "fit d.csv -t y --force";
    let found = tool.json(fit);
    assert_eq!(names(&found), ["(intercept)", "q=q1", "q=q2", "x"]);
    let why = "unique values, treated as an identifier";
    assert_eq!(column(&found["columns"]["columns"], "place")["why"], why);
    assert!(tool.succeed("describe d.csv").contains(why));
    let message = tool.fail(format!("{fit} --features x,place"));
    assert!(
        message.contains("`place` cannot be a feature: unique values, treated as an identifier; take each as a level with --categorical, or leave the column out of the features"),
        "{message}"
    );
    tool.write("d.csv", rows(19));
    assert_eq!(
        tool.fail(fit),
        "error: d.csv: 20 rows do not determine 22 coefficients: `place` has 19 levels, `q` has 3 levels; leave out `place` with --exclude place; use fewer features or more rows, or go on with --collinear drop or --collinear minimum-norm"
    );
    for advice in [
        "--exclude place",
        "--collinear drop",
        "--collinear minimum-norm",
    ] {
        tool.warnings(format!("{fit} {advice}"));
    }
}

#[test]
fn names_and_levels_may_have_the_signs_of_formulas() {
    let tool = Tool::new();
    tool.write(
        "time.csv",
        "t,a:b^2,y\n10:20,1,12\n11:30,3,15\n10:20,2,11\n11:30,5,18\n10:20,4,12.5\n11:30,2,16\n",
    );
    let text = tool.succeed("fit time.csv -t y");
    assert!(text.contains("t 11:30 rather than 10:20"), "{text}");
    assert!(!text.contains("products and powers"), "{text}");
    tool.write("d.csv", "g,y\na,2\na,3.5\nb,9\nb,11\nc,7\nc,8.5\n");
    let text = tool.succeed("fit d.csv --formula 'y ~ 0 + g'");
    assert!(
        !text.contains("rather than") && !text.contains("compared with"),
        "{text}"
    );
    assert!(
        text.contains("3 levels, each a feature of its own"),
        "{text}"
    );
}

#[test]
fn a_row_without_a_weight_is_left_out_and_that_is_said() {
    let tool = Tool::new();
    tool.write("d.csv", "x,y,w\n1,2,1\n2,3,\n3,5,2\n4,6,1\n");
    for policy in ["mean", "indicator", "drop"] {
        let fit = format!("fit d.csv -t y --weight w --missing {policy} --force");
        let text = tool.succeed(&fit);
        assert!(
            text.contains("w  numeric      1 missing cell, its row left out"),
            "{text}"
        );
        assert!(
            text.contains("1 of 4 rows were left out for missing cells"),
            "{text}"
        );
        // Computed in rational arithmetic from the three rows.
        let expected = [("(intercept)", 14.0 / 19.0), ("x", 26.0 / 19.0)];
        assert_estimates(&tool.json(fit), &expected);
    }
}

#[test]
fn advice_about_redundant_features_works_as_the_command_was_given() {
    let tool = Tool::new();
    let rows = (0..24).map(|row| {
        let (g, s) = (["r", "g", "b"][row % 3], ["m", "f"][row / 3 % 2]);
        format!("{g},{s},{row},{},{}\n", 2 * row, row * row % 13)
    });
    tool.write(
        "fac.csv",
        format!("g,s,a,\"a,2\",y\n{}", rows.collect::<String>()),
    );
    for (given, advice, repaired) in [
        (
            "--formula 'y ~ g:s'",
            "take `s` out of the formula",
            "--formula 'y ~ g'",
        ),
        (
            "--formula 'y ~ g + a + `a,2`'",
            "take `a,2` out of the formula",
            "--formula 'y ~ g + a'",
        ),
        (
            "-t y --features 'a,\"a,2\"'",
            "take `a,2` out of --features",
            "-t y --features a",
        ),
        (
            "-t y",
            "leave out `a,2` with --exclude '\"a,2\"'",
            "-t y --exclude '\"a,2\"'",
        ),
    ] {
        let fit = "fit fac.csv --force";
        let message = tool.fail(format!("{fit} {given}"));
        assert!(message.contains(advice), "{message}");
        tool.succeed(format!("{fit} {repaired}"));
        for policy in ["drop", "minimum-norm"] {
            tool.succeed(format!("{fit} {given} --collinear {policy}"));
        }
    }
}

#[test]
fn a_level_called_missing_is_no_missing_cell() {
    let tool = Tool::new();
    tool.write("m.csv", "t,y\nmissing,2\n,3\nb,5\nmissing,8\nb,9\n,4\n");
    let fit = tool.json("fit m.csv -t y --missing indicator");
    // The means of the groups are 7, 5 and 3.5.
    let expected = [
        ("(intercept)", 7.0),
        ("t=missing", -2.0),
        ("t=(missing)", -3.5),
    ];
    assert_estimates(&fit, &expected);
    tool.write("new.csv", "t\nmissing\n\"\"\nb\n");
    let predictions = tool.run("predict m.safetensors new.csv");
    let predictions = String::from_utf8(predictions.stdout).unwrap();
    let predictions: Vec<f64> = predictions
        .lines()
        .skip(1)
        .map(|p| p.parse().unwrap())
        .collect();
    for (found, expected) in predictions.iter().zip([5.0, 3.5, 7.0]) {
        assert!((found - expected).abs() < 1e-12, "{predictions:?}");
    }
}

#[test]
fn a_column_that_is_not_there_suggests_the_nearest_for_every_option() {
    let tool = Tool::new();
    tool.write("d.csv", "area,town,price\n1,k,2\n2,l,3\n4,k,5\n5,l,9\n");
    tool.succeed("fit d.csv -t price --force");
    let mistyped = [
        "fit d.csv -t Price --force",
        "describe d.csv --target pirce",
        "fit d.csv -t price --force --features aera",
        "fit d.csv -t price --force --exclude twon",
        "fit d.csv -t price --force --numeric Area",
        "fit d.csv -t price --force --categorical areas",
        "fit d.csv -t price --force --weight prise",
        "fit d.csv -t price --force --baseline Town=k",
        "predict d.safetensors d.csv --keep tonw",
        "plot scatter d.csv --target pricee",
        "fit d.csv --force --formula 'price ~ areaa'",
    ];
    for arguments in mistyped {
        let message = tool.fail(arguments);
        assert!(message.contains("; did you mean `"), "{message}");
    }
    tool.write("new.csv", "Area,town\n1,k\n");
    let message = tool.fail("predict d.safetensors new.csv");
    assert!(
        message.contains("there is no column `area`; did you mean `Area`?"),
        "{message}"
    );
}

#[test]
fn what_is_said_of_a_column_outside_the_model_is_an_error() {
    let tool = Tool::new();
    tool.write("d.csv", "a,b,y\n1,2,2\n2,7,3\n4,1,5\n");
    let fit = "fit d.csv -t y";
    for options in [
        "--features a --categorical b",
        "--exclude b --numeric b",
        "--features a --baseline b=2",
    ] {
        let message = tool.fail(format!("{fit} {options}"));
        assert!(
            message.contains("the model does not use the column `b`"),
            "{message}"
        );
    }
}
