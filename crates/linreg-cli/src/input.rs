use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use linreg_data::{CsvOptions, DataError, Encoder, Passes, Schema, Source, open};
use linreg_model::{ModelFile, ModelFileError};
use linreg_training::{Loss, TrainingError};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::commands::fit::intervals;
use crate::number::plain;
use crate::reading::ShownSource;
use crate::terminal;
use crate::text_args::TextArgs;

/// The table that a command reads.
#[derive(Clone, clap::Args)]
pub struct SourceArgs {
    /// CSV (also .gz and .zst), Parquet or Arrow files, read as one table;
    /// - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    #[command(flatten)]
    text: TextArgs,
}

impl SourceArgs {
    /// How the files are read.
    pub fn options(&self) -> CsvOptions {
        self.text.options(CsvOptions::default())
    }

    /// Opens the files, and shows the progress of reading them.
    pub fn open(&self, passes: Passes) -> Result<Arc<dyn Source>> {
        self.open_as(&self.options(), passes)
    }

    /// Opens the files with the options with which the table was read that the
    /// model was fitted to. Options given for these files come first.
    pub fn open_for(&self, model: &ModelFile, passes: Passes) -> Result<Arc<dyn Source>> {
        self.open_as(&self.options_for(model)?, passes)
    }

    /// Opens the files for a command that prints while it reads.
    pub fn open_quietly_for(&self, model: &ModelFile, passes: Passes) -> Result<Arc<dyn Source>> {
        self.open_quietly(&self.options_for(model)?, passes)
    }

    fn open_as(&self, options: &CsvOptions, passes: Passes) -> Result<Arc<dyn Source>> {
        Ok(Arc::new(ShownSource(self.open_quietly(options, passes)?)))
    }

    fn open_quietly(&self, options: &CsvOptions, passes: Passes) -> Result<Arc<dyn Source>> {
        let source = open(&self.files, options, passes)?;
        for note in source.notes() {
            terminal::stderr().note(note)?;
        }
        Ok(source.into())
    }

    fn options_for(&self, model: &ModelFile) -> Result<CsvOptions> {
        let stored = match model.metadata.get(READING) {
            None => CsvOptions::default(),
            Some(text) => parse(text, "way its table was read")?,
        };
        Ok(self.text.options(stored))
    }

    /// Stores in a model how its table was read, unless all options had their
    /// defaults.
    pub fn store(&self, model: &mut ModelFile) -> Result<()> {
        let options = self.options();
        if options != CsvOptions::default() {
            let text = serde_json::to_string(&options)?;
            model.metadata.insert(READING.to_string(), text);
        }
        Ok(())
    }

    /// Another table, which is read with the same options.
    pub fn beside(&self, file: &Path) -> Self {
        Self {
            files: vec![file.to_path_buf()],
            text: self.text.clone(),
        }
    }

    /// The name of the files in a message.
    pub fn name(&self) -> String {
        match &self.files[..] {
            [only] => name(only),
            [first, others @ ..] => format!("{} and {} more files", name(first), others.len()),
            [] => String::new(),
        }
    }

    /// The files as paths, so that none of them is overwritten.
    pub fn paths(&self) -> Vec<&Path> {
        self.files.iter().map(PathBuf::as_path).collect()
    }

    /// Adds the name of the files to an error, unless it names one already.
    pub fn say_where(&self, error: impl Into<anyhow::Error>) -> anyhow::Error {
        let error = error.into();
        let of_training = |error: &'_ (dyn std::error::Error + 'static)| matches!(error.downcast_ref(), Some(TrainingError::Data(error)) if error.names_file());
        if error.chain().any(of_training) {
            return error;
        }
        let cause = error.chain().find_map(|e| e.downcast_ref::<DataError>());
        match cause.is_some_and(DataError::names_file) {
            true => error,
            false => error.context(self.name()),
        }
    }
}

/// Key of a model's metadata that holds its encoder, as JSON.
pub const ENCODER: &str = "encoder";

/// Key of a model's metadata that holds the schema of the table it was fitted
/// to, as JSON.
pub const SCHEMA: &str = "schema";

/// Key of a model's metadata that says what row weights are: [`COUNTS`] of
/// equal rows, or else precisions.
pub const WEIGHTS: &str = "weights";
pub const COUNTS: &str = "counts";

/// Key of a model's metadata that holds how the table was read that it was
/// fitted to, as JSON, unless all options had their defaults.
pub const READING: &str = "reading";

/// Reads a model file, and checks all that is stored in it.
pub fn load_model(path: &Path) -> Result<ModelFile> {
    let model = ModelFile::load(path).with_context(|| name(path))?;
    check(&model).with_context(|| name(path))?;
    Ok(model)
}

/// Reads the model file of a command that takes a table after it.
pub fn load_model_before_table(path: &Path) -> Result<ModelFile> {
    load_model(path).map_err(|error| match error.downcast_ref() {
        Some(ModelFileError::Table) => {
            anyhow!("{error:#}; are the arguments swapped? The model comes first, then the table")
        }
        _ => error,
    })
}

/// Returns an error if a part of a model's metadata is damaged.
fn check(model: &ModelFile) -> Result<()> {
    let of = |key: &str| model.metadata.get(key);
    let encoder = parsed_encoder(model)?;
    if let Some(text) = of(SCHEMA) {
        let schema: Schema = parse(text, "schema of its table")?;
        check_schema(&schema, &encoder)?;
    }
    if let Some(text) = of(READING) {
        parse::<CsvOptions>(text, "way its table was read")?;
    }
    if let Some(found) = of(WEIGHTS).filter(|found| *found != COUNTS) {
        bail!(
            "the weights of the model are {}, expected {COUNTS}",
            quoted(found)
        );
    }
    parsed_loss(model)?;
    intervals::check(model, encoder.intercept())
}

/// Returns an error unless each column of the encoder is one of the table.
fn check_schema(schema: &Schema, encoder: &Encoder) -> Result<()> {
    let known: HashSet<&str> = schema.columns.iter().map(|c| c.name.as_str()).collect();
    let mut names = encoder.columns().iter().map(|column| column.name.as_str());
    match names.find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(name) => bail!(
            "the schema in the model lacks the column {}, which the encoder has",
            quoted(name)
        ),
    }
}

/// Reads a JSON text of a model's metadata.
fn parse<T: DeserializeOwned>(text: &str, what: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| {
        // The error may quote the text, which may be of any length.
        const MOST: usize = 300;
        let message = plain(&error.to_string());
        let mut shown: String = message.chars().take(MOST).collect();
        if shown.len() < message.len() {
            shown.push('…');
        }
        anyhow!("the {what} is damaged in the model: {shown}")
    })
}

/// A text of the file as a message quotes it.
fn quoted(text: &str) -> String {
    const MOST: usize = 40;
    let shown: String = text.chars().take(MOST).collect();
    format!("`{}`", plain(&shown))
}

/// What turns the columns of a table into the features of a model.
pub fn encoder_of(model: &ModelFile, path: &Path) -> Result<Encoder> {
    parsed_encoder(model).with_context(|| name(path))
}

fn parsed_encoder(model: &ModelFile) -> Result<Encoder> {
    let Some(text) = model.metadata.get(ENCODER) else {
        return Ok(Encoder::of_numbers(
            &model.feature_names,
            &model.target_names,
        ));
    };
    let encoder: Encoder = parse(text, "encoder")?;
    // The number is compared first, since making the names takes memory.
    if encoder.num_features() != model.feature_names.len()
        || encoder.feature_names() != model.feature_names
        || encoder.targets() != model.target_names
    {
        bail!("the encoder in the file is that of another model");
    }
    Ok(encoder)
}

/// Key of a model's metadata that holds the configuration of its training, as
/// JSON; an exact fit has none.
pub const TRAINING: &str = "training";

/// The loss that a model was fitted with.
pub fn loss_of(model: &ModelFile, path: &Path) -> Result<Loss> {
    parsed_loss(model).with_context(|| name(path))
}

fn parsed_loss(model: &ModelFile) -> Result<Loss> {
    let Some(text) = model.metadata.get(TRAINING) else {
        return Ok(Loss::Squared);
    };
    #[derive(Deserialize)]
    struct Training {
        #[serde(default = "squared")]
        loss: Loss,
    }
    fn squared() -> Loss {
        Loss::Squared
    }
    Ok(parse::<Training>(text, "training")?.loss)
}

/// The name of a file in a message.
pub fn name(path: &Path) -> String {
    if path == Path::new("-") {
        "standard input".to_string()
    } else {
        path.display().to_string()
    }
}
