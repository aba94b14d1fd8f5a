//! Which levels of a column a model knows.

use super::{assert_estimates, column};
use crate::tool::Tool;

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
