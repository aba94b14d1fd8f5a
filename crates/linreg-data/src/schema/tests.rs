use super::*;
use crate::DateOrder;
use crate::testing::schema;

fn kinds(content: &str, choice: &ColumnChoice) -> Vec<(String, &'static str, String)> {
    let schema = schema(content, choice).unwrap();
    let columns = schema.columns.into_iter();
    columns
        .map(|column| (column.name, column.kind.name(), column.why.to_string()))
        .collect()
}

fn choice() -> ColumnChoice {
    ColumnChoice::default()
}

#[test]
fn finds_out_what_each_column_is() {
    let found = kinds(
        "n,b,w,d,e,one\n1,true,x,2024-01-01,,k\n-2e3,FALSE,y,2024-02-29,NA,k\n,NA,x,,,k\n",
        &choice(),
    );
    let found: Vec<_> = found
        .iter()
        .map(|(name, kind, why)| (name.as_str(), *kind, why.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("n", "numeric", "every cell is a number"),
            ("b", "boolean", "true is 1, false is 0"),
            ("w", "categorical", "words, such as `x`"),
            ("d", "ignored", "dates"),
            ("e", "ignored", "every cell is missing"),
            ("one", "ignored", "every cell is `k`"),
        ]
    );
}

#[test]
fn takes_columns_as_it_is_told() {
    let choice = ColumnChoice {
        numeric: vec!["d".to_string()],
        categorical: vec!["n".to_string()],
        baselines: BTreeMap::from([("w".to_string(), "y".to_string())]),
        ..choice()
    };
    let schema = schema("n,w,d\n2,x,1970-01-03\n1,y,1970-01-01\n2,x,\n", &choice).unwrap();
    assert_eq!(
        schema.columns[0].kind,
        Kind::Categorical {
            levels: vec!["1".to_string(), "2".to_string()],
            shares: vec![1.0 / 3.0, 2.0 / 3.0],
        }
    );
    let Kind::Categorical { levels, .. } = &schema.columns[1].kind else {
        panic!("not categorical");
    };
    assert_eq!(levels, &["y", "x"]);
    let date = &schema.columns[2];
    assert_eq!(date.kind, Kind::Date);
    assert_eq!(date.missing, 1);
    let spread = date.spread.unwrap();
    assert_eq!((spread.mean, spread.min, spread.max), (1.0, 0.0, 2.0));
}

#[test]
fn counts_missing_cells_and_says_where_the_first_are() {
    let rows: String = (0..100).map(|row| format!("{row},\n")).collect();
    let schema = schema(&format!("a,b\n1,2\n{rows}"), &choice()).unwrap();
    assert_eq!(schema.num_rows, 101);
    assert_eq!(schema.columns[1].missing, 100);
    let places = schema.columns[1].first_missing.iter();
    let places: Vec<_> = places
        .map(|e| (e.place.line.map(u64::from), e.place.byte))
        .collect();
    assert_eq!(
        places,
        [(Some(3), Some(8)), (Some(4), Some(11)), (Some(5), Some(14))]
    );
}

#[test]
fn unique_words_are_an_identifier_however_many_rows_there_are() {
    for num_rows in [2, 3, 20, 150] {
        let names: String = (0..num_rows)
            .map(|row| format!("person {row},{}\n", row % 3))
            .collect();
        let found = &kinds(&format!("name,y\n{names}"), &choice())[0];
        let why = "unique values, treated as an identifier";
        assert_eq!((found.1, found.2.as_str()), ("ignored", why));
        // With one of them twice they are levels, as far as the limit
        // allows.
        let again = format!("name,y\n{names}person 0,1\n");
        assert_eq!(kinds(&again, &choice())[0].1, "categorical");
        let said = ColumnChoice {
            categorical: vec!["name".to_string()],
            max_levels: 200,
            ..choice()
        };
        let said = kinds(&format!("name,y\n{names}"), &said);
        assert_eq!(said[0].1, "categorical");
    }
}

#[test]
fn too_many_levels_are_said() {
    let towns: String = (0..300)
        .map(|row| format!("town {},1\n", row % 120))
        .collect();
    let schema_of = |choice: &ColumnChoice| schema(&format!("town,y\n{towns}"), choice).unwrap();
    let found = schema_of(&choice());
    assert_eq!(
        found.columns[0]
            .check_feature(false)
            .unwrap_err()
            .to_string(),
        "the column `town` has more than 100 different words"
    );
    let more = ColumnChoice {
        max_levels: 120,
        ..choice()
    };
    assert!(schema_of(&more).columns[0].check_feature(false).is_ok());
}

#[test]
fn numbers_and_words_together_are_not_guessed_at() {
    let found = schema("a,y\n1,2\n2,3\nfour,5\n", &choice()).unwrap();
    let message = found.columns[0]
        .check_feature(false)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("t.csv: line 4 (byte 12): found `four`, where 2 of 3 cells are numbers"),
        "{message}"
    );
    assert!(message.ends_with("is neither numbers nor words"));
}

#[test]
fn refuses_what_cannot_be() {
    for (content, choice, message) in [
        ("a,y\n", choice(), "there are no rows after the header"),
        (
            "a,y\n1,2\n",
            ColumnChoice {
                numeric: vec!["b".to_string()],
                ..choice()
            },
            "there is no column `b`; the columns are `a`, `y`",
        ),
        (
            "a,y\n1,2\nx,2\n",
            ColumnChoice {
                numeric: vec!["a".to_string()],
                ..choice()
            },
            "t.csv: line 3 (byte 8), column `a`: found `x`, expected a number; `x` can be taken as missing",
        ),
        (
            "a,y\nx,2\nz,2\n",
            ColumnChoice {
                baselines: BTreeMap::from([("a".to_string(), "w".to_string())]),
                ..choice()
            },
            "the baseline `w` is no level of the column `a`; its levels are `x`, `z`",
        ),
    ] {
        assert_eq!(
            schema(content, &choice).unwrap_err(),
            message,
            "{content:?}"
        );
    }
}

#[test]
fn what_looks_like_a_number_is_no_level_unless_it_is_said() {
    for (found, remedy) in [
        ("1,5", "with the decimal mark `,` it is 1.5"),
        ("$5", "write it without the sign of the currency"),
        ("12 %", "write it without the per cent sign"),
        (
            "1.2M",
            "write it without the magnitude, such as M for millions",
        ),
        ("1 234", "with the separator of thousands ` ` it is 1234"),
        (
            "-1'000.5",
            "with the separator of thousands `'` it is -1000.5",
        ),
    ] {
        let table = format!("a,y\n\"{found}\",2\n\"{found}\",3\n7.5,3\n");
        let schema = schema(&table, &choice()).unwrap();
        let message = schema.columns[0]
            .check_feature(false)
            .unwrap_err()
            .to_string();
        let expected = format!(
            "t.csv: line 2 (byte 4): found `{found}`, where a number is written as in 1234.5; {remedy}: the column `a` is neither numbers nor words"
        );
        assert!(message.contains(&expected), "{message}");
        let said = ColumnChoice {
            categorical: vec!["a".to_string()],
            ..choice()
        };
        let schema = crate::testing::schema(&table, &said).unwrap();
        assert_eq!(schema.columns[0].kind.name(), "categorical");
    }
    for found in ["10-20", "1/2", "A1", "+", "555-1234"] {
        let schema = schema(&format!("a,y\n{found},2\nx,3\nx,4\n"), &choice()).unwrap();
        assert_eq!(schema.columns[0].kind.name(), "categorical", "{found}");
    }
}

#[test]
fn infinite_numbers_are_counted_and_no_feature() {
    let schema = schema("a,y\n1,2\n1e999,2\n3,4\n-inf,1\n", &choice()).unwrap();
    let column = &schema.columns[0];
    assert_eq!((column.kind.name(), column.infinite), ("numeric", 2));
    // numpy 2: np.mean([1, 3]), np.std([1, 3], ddof=1).
    let spread = column.spread.unwrap();
    assert_eq!((spread.mean, spread.std), (2.0, Some(2f64.sqrt())));
    let message = column.check_feature(false).unwrap_err().to_string();
    let end = "line 3 (byte 8), column `a`: found `inf`, expected a finite number; correct the cell or remove the row";
    assert!(message.ends_with(end), "{message}");
}

#[test]
fn words_for_infinite_numbers_are_words_among_words() {
    let words = "a,y\nOF,1\nINF,2\nOF,3\nInfinity,4\nINF,5\n-inf,1\n";
    let found = schema(words, &choice()).unwrap();
    let Kind::Categorical { levels, shares } = &found.columns[0].kind else {
        panic!("not categorical");
    };
    assert_eq!(levels, &["-inf", "INF", "Infinity", "OF"]);
    assert_eq!(shares, &[1. / 6., 1. / 3., 1. / 6., 1. / 3.]);
    assert_eq!(found.columns[0].infinite, 0);
    // Among numbers they are numbers, and digits that are too large are
    // always a number.
    assert_eq!(kinds("a,y\n1,1\nINF,2\n", &choice())[0].1, "numeric");
    let mixed = kinds("a,y\nOF,1\n1e999,2\nOF,3\n", &choice());
    assert_eq!(mixed[0].1, "mixed");
}

#[test]
fn what_is_said_of_a_column_that_is_not_read_is_an_error() {
    let choice = ColumnChoice {
        columns: Some(vec!["y".to_string()]),
        categorical: vec!["a".to_string()],
        ..choice()
    };
    let error = schema("a,y\n1,2\n2,3\n", &choice).unwrap_err();
    assert!(
        error.starts_with("the model does not use the column `a`"),
        "{error}"
    );
}

#[test]
fn text_in_files_of_every_format_is_read_as_it_is_said() {
    use crate::test_table::write;
    use crate::{CsvOptions, Passes, TableFormat, TextFormat, open};
    use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
    use std::sync::Arc;

    let text = |cells: [&str; 4]| Arc::new(StringArray::from(cells.to_vec())) as ArrayRef;
    let batch = RecordBatch::try_from_iter([
        ("a", text(["1,5", "?", "2.000,0", "3"])),
        (
            "d",
            text(["1/2/2020", "13/2/2020", "2020-02-03", "4.2.2020"]),
        ),
        ("n", Arc::new(Int64Array::from(vec![1, 2, -999, 3]))),
    ])
    .unwrap();
    let options = CsvOptions {
        text: TextFormat {
            missing: vec!["?".to_string(), "-999".to_string()],
            decimal: Some(','),
            thousands: Some('.'),
            dates: None,
        },
        ..CsvOptions::default()
    };
    let choice = ColumnChoice {
        numeric: vec!["d".to_string()],
        ..choice()
    };
    for (name, format) in [
        ("t.csv", TableFormat::Csv),
        ("t.parquet", TableFormat::Parquet),
        ("t.arrow", TableFormat::Arrow),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        write(&path, format, std::slice::from_ref(&batch));
        let source = open(&[path], &options, Passes::Several).unwrap();
        let schema = learn_schema(source.as_ref(), &choice).unwrap();
        let found = schema.columns.iter().map(|column| {
            let spread = column.spread.unwrap();
            (column.missing, spread.min, spread.max)
        });
        // 2020-02-01 and 2020-02-13 are the days 18293 and 18305 (Python 3.13).
        let expected = [(1, 1.5, 2000.0), (0, 18293.0, 18305.0), (1, 1.0, 3.0)];
        assert_eq!(found.collect::<Vec<_>>(), expected, "{name}");
        assert_eq!(schema.columns[1].dates, Some(DateOrder::DayFirst));
    }
}

#[test]
fn columns_with_the_same_cells_are_found() {
    let schema = schema("a,b,c,d\n1,1.0,1,x\n2,2,2,z\n3,3e0,4,x\n", &choice()).unwrap();
    assert_eq!(schema.duplicates(), [("a", "b")]);
}

#[test]
fn the_index_of_pandas_is_found_in_parquet_and_arrow() {
    use arrow_array::record_batch;

    let table = record_batch!(("row", Int64, [3, 1, 2]), ("y", Float64, [1.0, 5.0, 2.0]));
    let table = table.unwrap();
    // As pandas writes it; a range is an object and no column.
    let pandas = r#"{"index_columns": ["row", {"kind": "range"}], "columns": []}"#;
    let metadata = [("pandas".to_string(), pandas.to_string())].into();
    let schema = table.schema().as_ref().clone().with_metadata(metadata);
    let table = table.with_schema(std::sync::Arc::new(schema)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (name, format) in [
        ("t.parquet", crate::TableFormat::Parquet),
        ("t.arrow", crate::TableFormat::Arrow),
    ] {
        let path = folder.path().join(name);
        crate::test_table::write(&path, format, std::slice::from_ref(&table));
        let options = crate::CsvOptions::default();
        let source = crate::open(&[path], &options, crate::Passes::Several).unwrap();
        let kind = |choice: &ColumnChoice| {
            let schema = learn_schema(source.as_ref(), choice).unwrap();
            schema.columns[0].kind.name()
        };
        let named = ColumnChoice {
            named: vec!["row".to_string()],
            ..choice()
        };
        assert_eq!(
            (kind(&choice()), kind(&named)),
            ("ignored", "numeric"),
            "{name}"
        );
    }
}

#[test]
fn a_schema_survives_json() {
    let schema = schema("a,w,e\n1,x,\n2,z,\n", &choice()).unwrap();
    let json = serde_json::to_string(&schema).unwrap();
    assert!(!json.contains("t.csv"), "a model tells where its rows were");
    let read: Schema = serde_json::from_str(&json).unwrap();
    assert_eq!(read.columns[2].missing, 2);
    assert_eq!(serde_json::to_string(&read).unwrap(), json);
}
