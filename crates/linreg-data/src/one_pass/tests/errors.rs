//! Errors of the table, and of the pass over its rows.

use super::*;

#[test]
fn errors_are_those_of_two_passes() {
    for (later, message) in [
        (
            "seven,a,0,1",
            "2.csv: line 2 (byte 8): found `seven`, where 9 of 10 cells are numbers; `seven` can be taken as missing",
        ),
        (
            "7,a,0,inf",
            "2.csv: line 2 (byte 8), column `y`: found `inf`, expected a finite number",
        ),
        ("7,a,0,big", "2.csv: line 2 (byte 8): found `big`"),
        (
            ",a,0,1\n1,,0,1\n1,a,0,\n,a,0,1",
            "4 missing cells: 2.csv: line 2 (byte 8), column `x`; 2.csv: line 5 (byte 29), column `x`; 2.csv: line 3 (byte 15), column `t` and 1 more",
        ),
        (
            "7,a,0",
            "2.csv: line 2 (byte 8): found 3 cells, expected 4 as in the header",
        ),
    ] {
        let error = after_first(later, &config()).unwrap_err();
        assert!(error.starts_with(message), "{error}");
    }
    let weighted = EncoderConfig {
        weight: Some("w".to_string()),
        ..config()
    };
    assert_eq!(after_first("1,a,0,1", &weighted), Ok(1));
    let error = after_first("1,a,-1,1", &weighted).unwrap_err();
    let message = "2.csv: line 2 (byte 8), column `w`: found `-1`, expected a weight of 0 or more";
    assert!(error.starts_with(message), "{error}");
    let nothing = passes(&tables(&["", ""]), &ColumnChoice::default(), &config());
    assert_eq!(nothing.unwrap_err(), "there are no rows after the header");
}

/// A pass that fails at rows with large targets.
#[derive(Clone, Deserialize, Serialize)]
struct Fussy {
    in_merge: bool,
}

impl RowPass for Fussy {
    type State = f64;
    type Output = ();

    fn name() -> String {
        "fussy".to_string()
    }

    fn start(&self) -> f64 {
        0.0
    }

    fn update(&self, largest: &mut f64, rows: &RowChunk) -> Result<(), DataError> {
        *largest = rows.targets.iter().copied().fold(*largest, f64::max);
        if self.in_merge {
            Ok(())
        } else {
            fuss(rows.targets[0])
        }
    }

    fn merge(&self, _: &mut f64, later: f64) -> Result<(), DataError> {
        fuss(later)
    }

    fn finish(self, largest: f64) -> Result<(), DataError> {
        fuss(largest)
    }
}

fn fuss(target: f64) -> Result<(), DataError> {
    if target <= 10.0 {
        return Ok(());
    }
    Err(DataError::Other(format!("{target} is large").into()))
}

#[test]
fn the_first_error_of_a_pass_comes_after_those_of_the_table() {
    for in_merge in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        for (end, message) in [("1,1", "is large"), ("inf,1", "found `inf`")] {
            std::fs::write(&path, format!("x,y\n1,11\n2,12\n{end}\n")).unwrap();
            let files = std::slice::from_ref(&path);
            let source = open(files, &CsvOptions::default(), Passes::Several).unwrap();
            let choice = ColumnChoice::default();
            let make = |_: &Encoder, _: Option<u64>| Ok(Fussy { in_merge });
            let engine = Threads::new(2);
            let learned = learn_and_encode(&engine, source.as_ref(), &choice, &config(), make);
            let error = learned.unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }
}
