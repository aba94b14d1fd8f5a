use std::path::Path;
use std::sync::Arc;

use crate::{
    ColumnChoice, CsvOptions, DataError, Dataset, EncodedRows, EncodedSource, EncoderConfig,
    Passes, Set, Source, Split, learn_encoder, learn_schema, open,
};

/// Reads a file into memory, with every other column that can be a feature:
/// numbers as they are, words by their levels. For more control, see
/// [`EncodedSource`].
///
/// # Errors
///
/// A file that cannot be read, a target that it lacks, or missing values.
///
/// # Example
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let path = std::env::temp_dir().join("load_dataset.csv");
/// let rows = "town,area,price\nBonn,50,210\nTrier,60,205\nBonn,70,290\n";
/// std::fs::write(&path, rows)?;
/// let dataset = linreg_data::load_dataset(&path, "price")?;
/// assert_eq!(dataset.feature_names(), ["town=Trier", "area"]);
/// assert_eq!(dataset.features(), [0.0, 50.0, 1.0, 60.0, 0.0, 70.0]);
/// assert_eq!(dataset.targets(), [210.0, 205.0, 290.0]);
/// # Ok(())
/// # }
/// ```
pub fn load_dataset(path: impl AsRef<Path>, target: &str) -> Result<Dataset, DataError> {
    let files = [path.as_ref().to_path_buf()];
    let source: Arc<dyn Source> = open(&files, &CsvOptions::default(), Passes::Several)?.into();
    let mut schema = learn_schema(source.as_ref(), &ColumnChoice::default())?;
    let config = EncoderConfig {
        targets: vec![target.to_string()],
        ..EncoderConfig::default()
    };
    let encoder = learn_encoder(source.as_ref(), &mut schema, &config, Split::None)?;
    let rows = EncodedSource::new(source, &encoder, Split::None, Set::Training)?;
    match rows.load(usize::MAX)?.0 {
        EncodedRows::Memory(dataset) => Ok(dataset),
        EncodedRows::File(_) => unreachable!("nothing is more than all of memory"),
    }
}
