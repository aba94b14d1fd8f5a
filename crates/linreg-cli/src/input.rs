use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use linreg_data::CsvReader;
use linreg_model::ModelFile;

/// Opens a CSV file and reads its header; `-` is standard input.
pub fn open_csv(path: &Path) -> Result<CsvReader<Box<dyn Read>>> {
    let input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(path).with_context(|| name(path))?)
    };
    CsvReader::new(input).with_context(|| name(path))
}

/// Reads a model file.
pub fn load_model(path: &Path) -> Result<ModelFile> {
    ModelFile::load(path).with_context(|| name(path))
}

/// What a message calls a file.
pub fn name(path: &Path) -> String {
    if path == Path::new("-") {
        "standard input".to_string()
    } else {
        path.display().to_string()
    }
}
