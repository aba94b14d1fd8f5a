//! Folds and sets whose rows lack a level, or are single.

use super::names;
use crate::tool::Tool;

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
