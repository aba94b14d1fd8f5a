use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float64Array, Int64Array,
    RecordBatch, StringArray,
};
use arrow_select::concat::concat_batches;
use proptest::prelude::*;

use super::column_values::texts;
use super::{ColumnValues, MemoryTable};
use crate::test_table::{any_table, check_shuffled, numbered, read, write};
use crate::testing::encode_all;
use crate::{
    ChunkOrder, ColumnChoice, CsvOptions, DataError, EncoderConfig, MissingPolicy, Passes, Source,
    Split, TableFormat, TextFormat, learn_encoder, learn_schema, open,
};

/// What a model would be fitted to: the schema and the encoder as JSON, and the
/// bits of the encoded rows. The means in them depend on how the rows are divided
/// into chunks: the tables compared have one.
type Outcome = Result<(String, String, Vec<u64>), String>;

fn outcome(source: &dyn Source, choice: &ColumnChoice, targets: &[&str]) -> Outcome {
    let of = || -> Result<_, DataError> {
        let mut schema = learn_schema(source, choice)?;
        let config = EncoderConfig {
            targets: targets.iter().map(|name| name.to_string()).collect(),
            missing: MissingPolicy::Drop,
            ..EncoderConfig::default()
        };
        let learned = serde_json::to_string(&schema).unwrap();
        let encoder = learn_encoder(source, &mut schema, &config, Split::None)?;
        let rows = encode_all(source, &encoder)?.rows;
        let numbers = rows.features.into_iter().chain(rows.targets);
        let encoder = serde_json::to_string(&encoder).unwrap();
        Ok((learned, encoder, numbers.map(f64::to_bits).collect()))
    };
    of().map_err(|error| error.to_string())
}

/// The same from a file, whose messages call it as those of memory do.
fn outcome_of_file(
    batches: &[RecordBatch],
    format: TableFormat,
    choice: &ColumnChoice,
    targets: &[&str],
) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table");
    write(&path, format, batches);
    let name = path.display().to_string();
    let source = open(&[path], &CsvOptions::default(), Passes::Several).unwrap();
    outcome(source.as_ref(), choice, targets).map_err(|message| message.replace(&name, "the table"))
}

/// Draws rows of a number, a truth, a date, a level and a target.
fn any_rows() -> impl Strategy<Value = RecordBatch> {
    let number = prop_oneof![
        100 => (-1e6..1e6).prop_map(Some),
        5 => Just(None),
        5 => Just(Some(f64::NAN)),
        1 => prop_oneof![Just(Some(f64::INFINITY)), Just(Some(-0.0))],
    ];
    let level = prop_oneof![
        Just(None),
        Just(Some("")),
        Just(Some("low")),
        Just(Some("a, b")),
        Just(Some("high"))
    ];
    let row = (number, any::<bool>(), 0i32..20_000, level, -1e3..1e3);
    prop::collection::vec(row, 1..60).prop_map(|rows| {
        let columns: [(&str, ArrayRef, bool); 5] = [
            (
                "number",
                Arc::new(rows.iter().map(|row| row.0).collect::<Float64Array>()),
                true,
            ),
            (
                "truth",
                Arc::new(BooleanArray::from_iter(rows.iter().map(|row| Some(row.1)))),
                true,
            ),
            (
                "date",
                Arc::new(Date32Array::from_iter(rows.iter().map(|row| Some(row.2)))),
                true,
            ),
            (
                "level",
                Arc::new(rows.iter().map(|row| row.3).collect::<StringArray>()),
                true,
            ),
            (
                "y",
                Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| row.4))),
                true,
            ),
        ];
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    })
}

proptest! {
    #[test]
    fn the_same_rows_from_memory_and_from_parquet_are_the_same(table in any_table()) {
        let batches = vec![table];
        let memory = MemoryTable::from_batches(batches.clone()).unwrap();
        let choice = ColumnChoice::default();
        for targets in [["number"], ["integer"]] {
            let file = outcome_of_file(&batches, TableFormat::Parquet, &choice, &targets);
            prop_assert_eq!(outcome(&memory, &choice, &targets), file);
        }
    }

    #[test]
    fn the_same_rows_from_memory_and_from_any_file_are_the_same(table in any_rows()) {
        let batches = vec![table];
        let memory = MemoryTable::from_batches(batches.clone()).unwrap();
        let choice = ColumnChoice {
            numeric: vec!["number".to_string()],
            ..ColumnChoice::default()
        };
        let in_memory = outcome(&memory, &choice, &["y"]);
        // A CSV file counts lines where other tables count rows.
        let without_place = |outcome: Outcome| {
            outcome.map_err(|message| match message.find(", column") {
                Some(place) => message[place..].to_string(),
                None => message,
            })
        };
        for format in [TableFormat::Parquet, TableFormat::Arrow] {
            let in_file = outcome_of_file(&batches, format, &choice, &["y"]);
            prop_assert_eq!(&in_memory, &in_file, "{}", format);
        }
        let in_csv = outcome_of_file(&batches, TableFormat::Csv, &choice, &["y"]);
        prop_assert_eq!(without_place(in_memory), without_place(in_csv));
    }

    #[test]
    fn columns_come_in_the_order_asked_for(table in any_table(), cut in 0usize..40) {
        let cut = cut.min(table.num_rows());
        let batches = vec![table.slice(0, cut), table.slice(cut, table.num_rows() - cut)];
        let memory = MemoryTable::from_batches(batches).unwrap();
        for columns in [&[0, 1, 2, 3][..], &[3, 0], &[1, 1], &[]] {
            let rows = read(&memory, columns, ChunkOrder::File).unwrap();
            prop_assert_eq!(rows, table.project(columns).unwrap());
        }
        prop_assert!(memory.parts(&[4], ChunkOrder::File).is_err());
    }
}

#[test]
fn a_shuffled_pass_has_every_row_once_in_the_order_of_its_seed() {
    let table = numbered(200_000);
    let batches = vec![
        table.slice(0, 77_777),
        table.slice(77_777, 200_000 - 77_777),
    ];
    let memory = MemoryTable::from_batches(batches).unwrap();
    check_shuffled(&memory);
    let parts = memory
        .parts(&[0], ChunkOrder::Shuffled { seed: 3 })
        .unwrap();
    let num_rows = parts.map(|part| part.unwrap().num_rows);
    assert!(num_rows.max() <= Some(8192));
}

#[test]
fn parts_that_repeat_long_texts_are_short() {
    let text = "x".repeat(1 << 20);
    let levels: DictionaryArray<Int32Type> = std::iter::repeat_n(text.as_str(), 200).collect();
    let columns = |levels| [("level", ColumnValues::from(Arc::new(levels) as ArrayRef))];
    let memory = MemoryTable::from_columns(columns(levels)).unwrap();
    let parts = memory.parts(&[0], ChunkOrder::File).unwrap();
    let num_rows: Vec<u64> = parts.map(|part| part.unwrap().num_rows).collect();
    assert_eq!(num_rows, [64, 64, 64, 8]);
    let text = "x".repeat((1 << 24) + 1);
    let levels: DictionaryArray<Int32Type> = [text.as_str()].into_iter().collect();
    assert_eq!(
        message(MemoryTable::from_columns(columns(levels))),
        "column `level`: found a text of 16.0 MiB, expected at most 16.0 MiB"
    );
}

#[test]
fn vectors_and_slices_of_every_type_are_columns() {
    let numbers = [1.5, f64::NAN, 3.0];
    let singles = [0.1f32, 0.2, 0.3];
    let words = ["low", "", "high"];
    let strings = words.map(String::from);
    let some = |index: usize| (index != 1).then_some(index);
    let optional = [0, 1, 2].map(|index| some(index).map(|index| numbers[index]));
    let optional_words = [0, 1, 2].map(|index| some(index).map(|index| words[index]));
    let float64 = Arc::new(Float64Array::from(numbers.to_vec())) as ArrayRef;
    let texts = Arc::new(StringArray::from(words.to_vec())) as ArrayRef;
    let optional_texts = Arc::new(StringArray::from(optional_words.to_vec())) as ArrayRef;
    let columns: Vec<(ColumnValues, ArrayRef)> = vec![
        (numbers.to_vec().into(), float64.clone()),
        (numbers.as_slice().into(), float64.clone()),
        (float64.clone().into(), float64.clone()),
        (
            singles.as_slice().into(),
            Arc::new(arrow_array::Float32Array::from(singles.to_vec())),
        ),
        (
            optional.as_slice().into(),
            Arc::new(Float64Array::from(optional.to_vec())),
        ),
        (
            vec![1i64, 2, 3].into(),
            Arc::new(Int64Array::from(vec![1, 2, 3])),
        ),
        (
            vec![Some(true), None, Some(false)].into(),
            Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])),
        ),
        (words.as_slice().into(), texts.clone()),
        (words.to_vec().into(), texts.clone()),
        (strings.as_slice().into(), texts.clone()),
        (strings.to_vec().into(), texts),
        (optional_words.as_slice().into(), optional_texts.clone()),
        (
            vec![Some("low".to_string()), None, Some("high".to_string())].into(),
            optional_texts,
        ),
    ];
    let (values, expected): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    assert!(values.iter().all(|values| values.len() == 3));
    let names = (0..).map(|column| format!("c{column}"));
    let memory = MemoryTable::from_columns(names.zip(values)).unwrap();
    let all: Vec<usize> = (0..expected.len()).collect();
    let rows = read(&memory, &all, ChunkOrder::File).unwrap();
    for (found, expected) in rows.columns().iter().zip(expected) {
        assert_eq!(found.to_data(), expected.to_data());
    }
}

#[test]
fn texts_beyond_the_limit_of_offsets_are_views_with_the_same_outcome() {
    let words = ["a long word of more than twelve bytes", "", "low", "low"];
    let cells = words.iter().map(|word| Some(*word)).chain([None]);
    let outcomes = [usize::MAX, 20].map(|most_bytes| {
        let column = ColumnValues(texts(cells.clone(), most_bytes));
        let y: ColumnValues = vec![1.0, 2.0, 3.0, 5.0, 4.0].into();
        let memory = MemoryTable::from_columns([("word", column), ("y", y)]).unwrap();
        let is_view = memory.schema().field(0).data_type() == &arrow_schema::DataType::Utf8View;
        assert_eq!(is_view, most_bytes == 20);
        outcome(&memory, &ColumnChoice::default(), &["y"])
    });
    assert!(outcomes[0].is_ok());
    assert_eq!(outcomes[0], outcomes[1]);
}

#[test]
fn text_cells_are_read_in_the_format_that_is_told() {
    let format = TextFormat {
        missing: vec!["?".to_string()],
        decimal: Some(','),
        ..TextFormat::default()
    };
    let memory = MemoryTable::from_columns([("area", vec!["1,5", "?", "3"].into())]).unwrap();
    let memory = memory.with_text_format(&format).unwrap();
    let schema = learn_schema(&memory, &ColumnChoice::default()).unwrap();
    let column = &schema.columns[0];
    assert_eq!((column.kind.name(), column.missing), ("numeric", 1));
}

fn message<T>(result: Result<T, DataError>) -> String {
    result.err().unwrap().to_string()
}

#[test]
fn what_is_no_table_is_an_error_that_says_why() {
    let number = |name: &str| {
        let values: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
        RecordBatch::try_from_iter([(name, values)]).unwrap()
    };
    let from = |batches| message(MemoryTable::from_batches(batches));
    assert_eq!(
        from(vec![]),
        "found no batches, expected at least one, which may be without rows"
    );
    assert_eq!(
        from(vec![numbered(3).project(&[]).unwrap()]),
        "found no columns, expected at least one"
    );
    assert_eq!(
        from(vec![number("a"), number("b")]),
        "column 1 of batch 2: found `b` of type Float64, expected `a` of type Float64 as in batch 1"
    );
    assert_eq!(
        from(vec![numbered(3), numbered(3).project(&[0, 1]).unwrap()]),
        "column 3 of batch 2: found none, expected `truth` of type Boolean as in batch 1"
    );
    assert_eq!(
        from(vec![number(" ")]),
        "the table: column 1 has no name; name each column"
    );
    assert_eq!(
        from(vec![numbered(3).project(&[1, 1]).unwrap()]),
        "the table: the column name `integer` is there twice; rename one of them"
    );
    let columns = |columns: Vec<(&str, ColumnValues)>| message(MemoryTable::from_columns(columns));
    assert_eq!(columns(vec![]), "found no columns, expected at least one");
    assert_eq!(
        columns(vec![("a", vec![1.0].into()), ("b", vec!["x", "y"].into())]),
        "column `b`: the length is 2, expected 1 as in column `a`"
    );
}

#[test]
fn a_table_without_rows_is_a_table() {
    let memory = MemoryTable::from_batches(vec![numbered(0)]).unwrap();
    assert_eq!(memory.num_rows(), Some(0));
    let message = message(learn_schema(&memory, &ColumnChoice::default()));
    assert!(message.starts_with("there are no rows"), "{message}");
}

#[test]
fn batches_that_differ_in_whether_they_allow_nulls_are_one_table() {
    let column = |values: Vec<Option<f64>>, nullable| {
        let values: ArrayRef = Arc::new(Float64Array::from(values));
        RecordBatch::try_from_iter_with_nullable([("a", values, nullable)]).unwrap()
    };
    let batches = vec![
        column(vec![Some(1.0)], false),
        column(vec![None, Some(2.0)], true),
    ];
    let memory = MemoryTable::from_batches(batches).unwrap();
    let rows = read(&memory, &[0], ChunkOrder::File).unwrap();
    let expected = column(vec![Some(1.0), None, Some(2.0)], true);
    assert_eq!(rows, concat_batches(memory.schema(), [&expected]).unwrap());
}

#[test]
fn messages_give_the_row_and_the_name_of_the_table() {
    let mut areas = vec![Some(1.0); 10_000];
    areas[9_999] = None;
    let y: Vec<f64> = (0..10_000).map(f64::from).collect();
    let memory = MemoryTable::from_columns([("area", areas.into()), ("y", y.into())]).unwrap();
    let config = EncoderConfig {
        targets: vec!["y".to_string()],
        ..EncoderConfig::default()
    };
    for (memory, name) in [
        (memory.clone(), "the table"),
        (memory.named("sales"), "sales"),
    ] {
        let mut schema = learn_schema(&memory, &ColumnChoice::default()).unwrap();
        let message = message(learn_encoder(&memory, &mut schema, &config, Split::None));
        let place = format!("{name}: row 10000");
        assert!(message.contains(&place), "{message}");
    }
}
