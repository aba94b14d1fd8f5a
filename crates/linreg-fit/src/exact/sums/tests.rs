use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

use linreg_data::{
    ColumnChoice, CsvOptions, EncoderConfig, Passes, Set, Source, Split, Threads, learn_encoder,
    learn_schema, open,
};

use super::*;

/// Writes rows whose sums depend, in their last bits, on the order of additions.
fn rows(range: std::ops::Range<u32>) -> String {
    let mut text = "a,b,y\n".to_string();
    for row in range {
        let a = f64::from(row.wrapping_mul(2_654_435_761) % 100_003) / 7.0;
        let b = f64::from(row.wrapping_mul(40_503) % 65_537).sqrt();
        let y = a - 3.0 * b + f64::from(row % 11) / 3.0;
        writeln!(text, "{a},{b},{y}").unwrap();
    }
    text
}

#[test]
fn the_sums_have_the_same_bits_on_any_number_of_threads_and_files() {
    const ROWS: u32 = 60_000;
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let one = vec![write("all.csv", rows(0..ROWS))];
    let two = vec![
        write("1.csv", rows(0..12_345)),
        write("2.csv", rows(12_345..ROWS)),
    ];
    let config = EncoderConfig {
        targets: vec!["y".to_string()],
        ..EncoderConfig::default()
    };
    let sums = |files: &[PathBuf], threads: usize, arithmetic| {
        let source = open(files, &CsvOptions::default(), Passes::Several).unwrap();
        let source: Arc<dyn Source> = source.into();
        let mut schema = learn_schema(source.as_ref(), &ColumnChoice::default()).unwrap();
        let encoder = learn_encoder(source.as_ref(), &mut schema, &config, Split::None).unwrap();
        let rows = EncodedSource::new(source, &encoder, Split::None, Set::Training).unwrap();
        let pass = SumsPass {
            features: 2,
            targets: 1,
            arithmetic,
        };
        let (sums, counts) = rows
            .clone()
            .on(Arc::new(Threads::new(threads)))
            .run(pass)
            .unwrap();
        assert_eq!(counts.rows, u64::from(ROWS));
        serde_json::to_string(&sums).unwrap()
    };
    for arithmetic in [Arithmetic::Double, Arithmetic::DoubleDouble] {
        let expected = sums(&one, 1, arithmetic);
        for (files, threads) in [(&one, 2), (&one, 7), (&two, 1), (&two, 7)] {
            assert_eq!(
                sums(files, threads, arithmetic),
                expected,
                "{threads} threads"
            );
        }
    }
}
