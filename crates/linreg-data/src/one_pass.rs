mod guess;

use std::sync::Arc;

use crate::encoder::FittedRows;
use crate::learn_encoder::learn;
use crate::profile::TableProfile;
use crate::read::read_wide;
use crate::source::{ChunkOrder, Source, column_indices};
use crate::{
    ColumnChoice, DataError, Encoder, EncoderConfig, EncodingCounts, Rows, Schema, Split,
    learn_schema, read,
};
use guess::{Guess, first_rows};

/// A computation over the encoded rows of a table, one chunk at a time.
pub trait Fold {
    /// The result of a chunk.
    type Chunk: Send + 'static;

    /// Begins, or begins again, without rows, and returns what to do with each
    /// chunk.
    ///
    /// The features, targets and weight of the encoder are those of the rows;
    /// its means and shares may come from only the first rows of the table.
    ///
    /// # Errors
    ///
    /// An encoder that the fold cannot use.
    fn start(&mut self, encoder: &Encoder) -> Result<ChunkFold<Self::Chunk>, DataError>;

    /// As [`start`](Self::start), with the number of rows of the table. It is
    /// called where there was no first guess, and after a guess that was wrong
    /// or that `start` refused. By default it calls `start`.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    fn start_counted(
        &mut self,
        encoder: &Encoder,
        num_rows: u64,
    ) -> Result<ChunkFold<Self::Chunk>, DataError> {
        let _ = num_rows;
        self.start(encoder)
    }

    /// Takes the result of the next chunk, in file order.
    ///
    /// # Errors
    ///
    /// A chunk that the fold cannot use.
    fn merge(&mut self, chunk: Self::Chunk) -> Result<(), DataError>;
}

/// The function that is applied to each chunk, on any thread.
pub type ChunkFold<T> = Arc<dyn Fn(Rows) -> Result<T, DataError> + Send + Sync>;

/// What [`learn_and_encode`] has learned about a table.
#[derive(Clone, Debug)]
pub struct Learned {
    /// The kinds of the columns.
    pub schema: Schema,
    /// The encoder that made features and targets of them.
    pub encoder: Encoder,
    /// How many missing values and new levels there were, and how many rows
    /// were left out.
    pub counts: EncodingCounts,
    /// How often all rows were read: once, or more often if the first rows
    /// differ from later ones, if some levels are only in rows that are left
    /// out, or if the rows are wide.
    pub passes: usize,
}

/// Learns the kinds of the columns of a table and encodes all its rows: in one
/// pass if all columns are what the first rows suggest, else in several.
///
/// The result, or the error, is the same as that of [`learn_schema`],
/// [`learn_encoder`](crate::learn_encoder) and
/// [`EncodedSource`](crate::EncodedSource) one after the other. After a wrong
/// guess, the fold is started again. The source must be one that can be read
/// several times.
///
/// # Errors
///
/// The errors of these three and of the fold.
///
/// # Example
///
/// ```
/// use std::sync::Arc;
///
/// use linreg_data::{
///     ChunkFold, CsvOptions, DataError, Encoder, EncoderConfig, Fold, Passes, learn_and_encode, open,
/// };
///
/// /// The sum of the first target.
/// struct Sum(f64);
///
/// impl Fold for Sum {
///     type Chunk = f64;
///
///     fn start(&mut self, encoder: &Encoder) -> Result<ChunkFold<f64>, DataError> {
///         self.0 = 0.0;
///         let num_targets = encoder.targets().len();
///         Ok(Arc::new(move |rows| Ok(rows.targets.iter().step_by(num_targets).sum())))
///     }
///
///     fn merge(&mut self, chunk: f64) -> Result<(), DataError> {
///         self.0 += chunk;
///         Ok(())
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("houses.csv");
/// std::fs::write(&path, "area,town,price\n50,Bonn,200\n70,Kiel,260\n60,Bonn,230\n")?;
/// let source = open(&[path], &CsvOptions::default(), Passes::Several)?;
/// let config = EncoderConfig {
///     targets: vec!["price".to_string()],
///     ..EncoderConfig::default()
/// };
/// let mut sum = Sum(0.0);
/// let learned = learn_and_encode(source.as_ref(), &Default::default(), &config, &mut sum)?;
/// assert_eq!(learned.encoder.feature_names(), ["area", "town=Kiel"]);
/// assert_eq!((sum.0, learned.passes), (690.0, 1));
/// # Ok(())
/// # }
/// ```
pub fn learn_and_encode<F: Fold>(
    source: &dyn Source,
    choice: &ColumnChoice,
    config: &EncoderConfig,
    fold: &mut F,
) -> Result<Learned, DataError> {
    let reading = choice.reading(source)?;
    let indices = column_indices(source, &reading.names)?;
    let guess = first_rows(source, &indices, &reading, choice, config)
        .and_then(|encoder| Guess::new(source, &indices, encoder, fold));
    // An error in the first rows is reported when all rows have been read.
    let Ok(guess) = guess else {
        return in_several_passes(source, learn_schema(source, choice)?, config, fold);
    };
    let guess = Arc::new(guess);
    let mut profile = TableProfile::new(&reading);
    let mut counts = EncodingCounts::default();
    let mut rows = FittedRows::default();
    let max_levels = reading.max_levels;
    let of_threads = guess.clone();
    let chunks = read(source, &indices, ChunkOrder::File, move |chunk| {
        let (profile, numbers) = TableProfile::of(&chunk, &reading)?;
        let folded = of_threads.fold(&chunk, numbers);
        Ok((profile, chunk.origin, folded))
    })?;
    for chunk in chunks {
        let (later, origin, folded) = chunk?;
        profile.merge(later, max_levels, Some(origin.as_ref()));
        if let Some((folded, of_chunk, of_rows)) = folded.filter(|_| guess.may_be_right()) {
            counts.merge(&of_chunk);
            rows.merge(of_rows);
            guess.check(fold.merge(folded));
        }
    }
    let mut schema = choice.schema(source, profile)?;
    schema.leave_out_constants(config);
    let mut encoder = Encoder::new(&schema, config)?;
    if !guess.may_be_right() || !guess.encoder().agrees_with(&encoder) {
        return in_several_passes(source, schema, config, fold);
    }
    if encoder.may_leave_out_rows(&Split::None) {
        if !encoder.settle(&rows, &mut schema, false)? {
            return in_several_passes(source, schema, config, fold);
        }
        if !guess.encoder().agrees_with(&encoder) {
            return encode(source, schema, encoder, fold, 1);
        }
    }
    Ok(Learned {
        schema,
        encoder,
        counts,
        passes: 1,
    })
}

/// Learns an encoder for a known schema, then encodes all rows.
fn in_several_passes<F: Fold>(
    source: &dyn Source,
    mut schema: Schema,
    config: &EncoderConfig,
    fold: &mut F,
) -> Result<Learned, DataError> {
    let (encoder, passes) = learn(source, &mut schema, config, &Split::None.into())?;
    // The schema took one pass more.
    encode(source, schema, encoder, fold, passes + 1)
}

/// Encodes and folds all rows with a known encoder.
fn encode<F: Fold>(
    source: &dyn Source,
    schema: Schema,
    encoder: Encoder,
    fold: &mut F,
    passes: usize,
) -> Result<Learned, DataError> {
    let chunk_fold = fold.start_counted(&encoder, schema.num_rows)?;
    let bound = encoder.bind(source, true)?;
    let columns = bound.columns().to_vec();
    let width = bound.num_features() + encoder.targets().len();
    let chunks = read_wide(source, &columns, ChunkOrder::File, width, move |chunk| {
        let encoded = bound.encode(&chunk, None)?;
        Ok((chunk_fold(encoded.rows)?, encoded.counts))
    })?;
    let mut counts = EncodingCounts::default();
    for chunk in chunks {
        let (folded, of_chunk) = chunk?;
        counts.merge(&of_chunk);
        fold.merge(folded)?;
    }
    Ok(Learned {
        schema,
        encoder,
        counts,
        passes: passes + 1,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use super::*;
    use crate::test_table::{numbered, write};
    use crate::{
        CsvOptions, EncodedSource, Formula, MissingPolicy, Passes, Set, TableFormat, UnseenPolicy,
        learn_encoder, open,
    };
    use proptest::prelude::*;

    /// Collects the rows of each chunk, and counts the starts.
    #[derive(Default)]
    struct Collect {
        starts: usize,
        chunks: Vec<Rows>,
    }

    impl Fold for Collect {
        type Chunk = Rows;

        fn start(&mut self, encoder: &Encoder) -> Result<ChunkFold<Rows>, DataError> {
            self.starts += 1;
            self.chunks.clear();
            let num_features = encoder.feature_names().len();
            let num_targets = encoder.targets().len();
            Ok(Arc::new(move |rows| {
                rows.num_rows(num_features, num_targets)?;
                Ok(rows)
            }))
        }

        fn merge(&mut self, chunk: Rows) -> Result<(), DataError> {
            self.chunks.push(chunk);
            Ok(())
        }
    }

    type Found = (Schema, Encoder, EncodingCounts, Vec<Rows>);

    fn in_two_passes(
        source: Arc<dyn Source>,
        choice: &ColumnChoice,
        config: &EncoderConfig,
    ) -> Result<Found, DataError> {
        let mut schema = learn_schema(source.as_ref(), choice)?;
        let encoder = learn_encoder(source.as_ref(), &mut schema, config, Split::None)?;
        let encoded = EncodedSource::new(source, &encoder, Split::None, Set::Training)?;
        let mut counts = EncodingCounts::default();
        let mut all = Vec::new();
        for chunk in encoded.encoded(ChunkOrder::File)? {
            let (rows, of_chunk) = chunk?;
            counts.merge(&of_chunk);
            all.push(rows);
        }
        Ok((schema, encoder, counts, all))
    }

    /// Checks that one pass over files, each of which is one chunk, finds the
    /// same as two passes. Returns the number of passes, or the error.
    fn passes(
        chunks: &[String],
        choice: &ColumnChoice,
        config: &EncoderConfig,
    ) -> Result<usize, String> {
        let folder = tempfile::tempdir().unwrap();
        let write = |(index, chunk): (usize, &String)| {
            let path = folder.path().join(format!("{index}.csv"));
            std::fs::write(&path, chunk).unwrap();
            path
        };
        let paths: Vec<PathBuf> = chunks.iter().enumerate().map(write).collect();
        let folder = format!("{}/", folder.path().display());
        let found = compare(&paths, choice, config);
        found.map_err(|message| message.replace(&folder, ""))
    }

    fn compare(
        paths: &[PathBuf],
        choice: &ColumnChoice,
        config: &EncoderConfig,
    ) -> Result<usize, String> {
        let source = open(paths, &CsvOptions::default(), Passes::Several).unwrap();
        let source: Arc<dyn Source> = source.into();
        let mut fold = Collect::default();
        let learned = learn_and_encode(source.as_ref(), choice, config, &mut fold);
        let expected = in_two_passes(source, choice, config);
        match (learned, expected) {
            (Ok(learned), Ok((schema, encoder, counts, rows))) => {
                assert_eq!(learned.schema, schema);
                assert_eq!(learned.encoder, encoder);
                assert_eq!(learned.counts, counts);
                assert_eq!(fold.chunks, rows);
                assert!(fold.starts <= 2);
                Ok(learned.passes)
            }
            (Err(error), Err(expected)) => {
                assert_eq!(error.to_string(), expected.to_string());
                Err(error.to_string())
            }
            (learned, expected) => panic!("{learned:?}, expected {expected:?}"),
        }
    }

    /// Tables of the columns `x`, `t`, `w` and `y`.
    fn tables(chunks: &[&str]) -> Vec<String> {
        let chunks = chunks.iter();
        chunks.map(|rows| format!("x,t,w,y\n{rows}\n")).collect()
    }

    const FIRST: &str = "1,a,1,2\n2,b,2,3\n-4,a,1,4";

    fn config() -> EncoderConfig {
        EncoderConfig {
            targets: vec!["y".to_string()],
            ..EncoderConfig::default()
        }
    }

    fn after_first(later: &str, config: &EncoderConfig) -> Result<usize, String> {
        let chunks = tables(&[FIRST, FIRST, later, FIRST]);
        passes(&chunks, &ColumnChoice::default(), config)
    }

    #[test]
    fn one_pass_is_enough_when_later_rows_are_like_the_first() {
        assert_eq!(after_first("7,b,0,1e9", &config()), Ok(1));
        let one_file = tables(&["1,a,2,3\n,b,2,4\n5,a,2,1"]);
        for missing in [MissingPolicy::Mean, MissingPolicy::Indicator] {
            let config = EncoderConfig {
                missing,
                ..config()
            };
            assert_eq!(passes(&one_file, &ColumnChoice::default(), &config), Ok(1));
        }
    }

    #[test]
    fn what_shows_later_takes_a_second_pass() {
        // A new level, words that are true or false, and a column that was empty.
        assert_eq!(after_first("7,c,0,1", &config()), Ok(2));
        assert_eq!(after_first("true,a,0,1", &config()), Ok(1));
        let chunks = tables(&["1,,1,2", "2,a,1,3\n3,b,1,2\n4,a,1,2"]);
        let config = EncoderConfig {
            missing: MissingPolicy::Drop,
            ..config()
        };
        // One more pass finds the levels of the rows without missing values.
        assert_eq!(passes(&chunks, &ColumnChoice::default(), &config), Ok(3));
    }

    #[test]
    fn a_level_only_in_rows_left_out_takes_another_pass() {
        let config = EncoderConfig {
            missing: MissingPolicy::Drop,
            ..config()
        };
        let one_file = tables(&["1,a,2,3\n,c,2,4\n5,a,2,1\n3,b,2,2\n2,b,2,5"]);
        assert_eq!(passes(&one_file, &ColumnChoice::default(), &config), Ok(2));
    }

    #[test]
    fn the_order_of_dates_is_that_of_all_rows() {
        let choice = ColumnChoice {
            numeric: vec!["x".to_string()],
            ..ColumnChoice::default()
        };
        let first = "1/2/2020,a,1,2\n2/3/2020,b,2,3\n4/5/2020,a,1,1";
        let second_pass = |later: &str| {
            let chunks = tables(&[first, later, first]);
            passes(&chunks, &choice, &config())
        };
        assert_eq!(second_pass("13/2/2020,b,1,2"), Ok(2));
        assert_eq!(second_pass("2/13/2020,b,1,2"), Ok(2));
        assert!(second_pass("2/2/2020,b,1,2").is_err());
        assert!(second_pass("13/2/2020,b,1,2\n2/13/2020,b,1,2").is_err());
        // One level occurs twice, or the column would be treated as an
        // identifier.
        let chunks = tables(&["13/2/2020,b,1,2\n1/2/2020,a,2,1\n1/2/2020,a,3,1", first]);
        assert_eq!(passes(&chunks, &choice, &config()), Ok(1));
    }

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
        let message =
            "2.csv: line 2 (byte 8), column `w`: found `-1`, expected a weight of 0 or more";
        assert!(error.starts_with(message), "{error}");
        let nothing = passes(&tables(&["", ""]), &ColumnChoice::default(), &config());
        assert_eq!(nothing.unwrap_err(), "there are no rows after the header");
    }

    #[test]
    fn missing_cells_that_take_the_mean_need_the_mean_of_all() {
        for (missing, feature, target) in [
            (MissingPolicy::Drop, 1, 1),
            (MissingPolicy::Mean, 2, 1),
            (MissingPolicy::Indicator, 2, 1),
        ] {
            let config = EncoderConfig {
                missing,
                ..config()
            };
            assert_eq!(after_first(",a,0,1", &config), Ok(feature), "{missing:?}");
            assert_eq!(after_first("1,NA,0,1", &config), Ok(feature), "{missing:?}");
            assert_eq!(after_first("1,a,0,", &config), Ok(target), "{missing:?}");
        }
    }

    #[test]
    fn columns_with_types_are_learned_and_encoded_too() {
        let folder = tempfile::tempdir().unwrap();
        let rows = numbered(3000);
        for (name, format) in [
            ("t.parquet", TableFormat::Parquet),
            ("t.arrow", TableFormat::Arrow),
        ] {
            let path = folder.path().join(name);
            write(
                &path,
                format,
                &[rows.slice(0, 2000), rows.slice(2000, 1000)],
            );
            let choice = ColumnChoice {
                max_levels: 1000,
                ..ColumnChoice::default()
            };
            let config = EncoderConfig {
                targets: vec!["number".to_string()],
                missing: MissingPolicy::Drop,
                ..EncoderConfig::default()
            };
            assert_eq!(compare(&[path], &choice, &config), Ok(1), "{name}");
        }
    }

    /// A fold that fails at rows with large targets.
    struct Fussy {
        in_merge: bool,
    }

    impl Fold for Fussy {
        type Chunk = Rows;

        fn start(&mut self, _: &Encoder) -> Result<ChunkFold<Rows>, DataError> {
            let in_merge = self.in_merge;
            Ok(Arc::new(move |rows| match in_merge {
                true => Ok(rows),
                false => fuss(rows),
            }))
        }

        fn merge(&mut self, chunk: Rows) -> Result<(), DataError> {
            fuss(chunk).map(|_| ())
        }
    }

    fn fuss(rows: Rows) -> Result<Rows, DataError> {
        match rows.targets.iter().find(|target| **target > 10.0) {
            Some(target) => Err(DataError::Other(format!("{target} is large").into())),
            None => Ok(rows),
        }
    }

    #[test]
    fn the_first_error_of_a_fold_comes_after_those_of_the_table() {
        for in_merge in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("t.csv");
            for (end, message) in [("1,1", "11 is large"), ("inf,1", "found `inf`")] {
                std::fs::write(&path, format!("x,y\n1,11\n2,12\n{end}\n")).unwrap();
                let files = std::slice::from_ref(&path);
                let source = open(files, &CsvOptions::default(), Passes::Several).unwrap();
                let choice = ColumnChoice::default();
                let mut fold = Fussy { in_merge };
                let learned = learn_and_encode(source.as_ref(), &choice, &config(), &mut fold);
                let error = learned.unwrap_err().to_string();
                assert!(error.contains(message), "{error}");
            }
        }
    }

    /// The cells of a column: mostly of one kind, rarely of others.
    fn cell() -> impl Strategy<Value = (&'static str, &'static str, &'static str)> {
        let number = prop::sample::select(vec!["1", "2.5", "-3e2", "0", " 7 "]);
        let word = prop::sample::select(vec!["a", "b", "c", "d e"]);
        let odd = prop_oneof![
            9 => prop::sample::select(vec!["", "NA"]),
            1 => prop::sample::select(vec![
                "true", "FALSE", "2024-02-01", "1e999", "1 5", "x", "4", "nan",
            ]),
        ];
        (number, word, odd)
    }

    fn policies() -> impl Strategy<Value = (MissingPolicy, UnseenPolicy)> {
        use MissingPolicy::{Drop, Error, Indicator, Mean};
        let unseen = vec![UnseenPolicy::Error, UnseenPolicy::Baseline];
        (
            prop::sample::select(vec![Error, Drop, Mean, Indicator]),
            prop::sample::select(unseen),
        )
    }

    proptest! {
        #[test]
        fn one_pass_finds_the_same_as_two(
            rows in prop::collection::vec(prop::collection::vec((cell(), 0..60u8), 4), 1..40),
            chunk_rows in 1..12usize,
            (missing, unseen) in policies(),
            formula in prop::option::of(prop::sample::select(vec![
                "y ~ x * t", "y ~ 0 + t + poly(x, 3)", "y + x ~ t", "y ~ C(x) + t:w", "y ~ .",
            ])),
            (is_weighted, is_categorical, oddity) in (any::<bool>(), prop::bool::weighted(0.2), 0..5u8),
        ) {
            let text = |row: &Vec<((&str, &str, &str), u8)>| -> String {
                let cells = row.iter().enumerate().map(|(column, ((number, word, odd), chance))| {
                    match (column, *chance < oddity) {
                        (_, true) => *odd,
                        (1, false) => *word,
                        _ => number.trim_start_matches(['-'; 1]),
                    }
                });
                cells.collect::<Vec<_>>().join(",")
            };
            let rows: Vec<String> = rows.iter().map(text).collect();
            let chunks: Vec<String> = rows.chunks(chunk_rows).map(|rows| rows.join("\n")).collect();
            let chunks: Vec<&str> = chunks.iter().map(String::as_str).collect();
            let columns = ["x", "t", "w", "y"].map(String::from);
            let formula = formula.map(|formula| Formula::parse(formula, &columns).unwrap());
            let mut config = EncoderConfig {
                weight: is_weighted.then(|| "w".to_string()),
                missing,
                unseen,
                ..config()
            };
            if let Some(formula) = formula {
                config.targets = formula.targets;
                config.terms = Some(formula.terms);
                config.no_intercept = !formula.intercept;
            }
            let choice = ColumnChoice {
                categorical: is_categorical.then(|| "x".to_string()).into_iter().collect(),
                baselines: match is_categorical {
                    true => BTreeMap::from([("t".to_string(), "b".to_string())]),
                    false => BTreeMap::new(),
                },
                max_levels: if is_categorical { 3 } else { 9 },
                ..ColumnChoice::default()
            };
            let _ = passes(&tables(&chunks), &choice, &config);
        }
    }
}
