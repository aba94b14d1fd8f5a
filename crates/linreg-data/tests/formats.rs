//! Formats of files whose features are not enabled, in a build with any of them.

use arrow_array::record_batch;
use linreg_data::{CsvOptions, DataError, Passes, TableFormat, TableWriter, open};

#[test]
fn a_format_whose_feature_is_not_enabled_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table");
    let batch = record_batch!(("a", Float64, [1.0])).unwrap();
    for (format, content, is_enabled) in [
        (TableFormat::Arrow, "ARROW1", cfg!(feature = "arrow-ipc")),
        (TableFormat::Csv, "a,y\n1,2\n", cfg!(feature = "csv")),
        (TableFormat::Parquet, "PAR1", cfg!(feature = "parquet")),
    ] {
        let feature = match format {
            TableFormat::Arrow => "arrow-ipc",
            TableFormat::Csv => "csv",
            TableFormat::Parquet => "parquet",
        };
        let message =
            format!("{format} is not compiled in; enable the feature `{feature}` of linreg-data");
        let error = DataError::FormatLeftOut { file: None, format };
        assert_eq!(error.to_string(), message);

        std::fs::write(&path, content).unwrap();
        let paths = std::slice::from_ref(&path);
        let read = open(paths, &CsvOptions::default(), Passes::Several);
        let read = read.err().filter(is_left_out).map(|e| e.to_string());
        let named = format!("{}: {message}", path.display());
        assert_eq!(read, (!is_enabled).then_some(named));

        let written = TableWriter::new(Vec::new(), format, batch.schema()).err();
        let written = written.map(|error| error.to_string());
        assert_eq!(written, (!is_enabled).then_some(message));
    }
}

fn is_left_out(error: &DataError) -> bool {
    matches!(error, DataError::FormatLeftOut { .. })
}
