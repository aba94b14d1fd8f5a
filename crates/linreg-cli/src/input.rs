use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use linreg_data::{
    CsvOptions, DataError, MissingPolicy, Passes, Source, UnseenPolicy, is_url, open, shown_name,
};
use linreg_fit::{FitError, FittedModel, ModelProblem, Table, name_of};
use linreg_model::ModelFileError;

use crate::fit_advice::advised;
use crate::reading::ShownSource;
use crate::terminal;
use crate::text_args::TextArgs;

/// The long help of a table's files, with the line that this feature adds.
#[cfg(feature = "object-store")]
const LONG_HELP: &str = "CSV, Parquet or Arrow files, read as one table; - for standard input

CSV files may be compressed, as .gz or .zst.

URLs such as s3://bucket/a.csv, gs://, az:// and https:// are read too.";

/// The table that a command reads.
#[derive(Clone, clap::Args)]
pub struct SourceArgs {
    /// CSV, Parquet or Arrow files, read as one table; - for standard input
    ///
    /// CSV files may be compressed, as .gz or .zst.
    #[cfg_attr(feature = "object-store", arg(long_help = LONG_HELP))]
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

    /// Opens the files as a table to fit to, and shows the progress of reading them.
    pub fn table(&self) -> Result<Table> {
        let options = self.options();
        let source = ShownSource(self.open(&options, Passes::Several)?);
        Ok(Table::of(Arc::new(source), &self.name()).with_reading(options))
    }

    /// Opens the files as a table to apply a model to, and shows the progress.
    pub fn table_for(&self, model: &FittedModel) -> Result<Table> {
        let source = ShownSource(self.source_for(model)?);
        Ok(Table::of(Arc::new(source), &self.name()))
    }

    /// Opens the files with the options with which the table was read that the
    /// model was fitted to. Options given for these files come first.
    pub fn source_for(&self, model: &FittedModel) -> Result<Arc<dyn Source>> {
        self.open(&self.text.options(model.reading().clone()), Passes::One)
    }

    fn open(&self, options: &CsvOptions, passes: Passes) -> Result<Arc<dyn Source>> {
        let source = open(&self.files, options, passes)?;
        for note in source.notes() {
            terminal::stderr().note(note)?;
        }
        Ok(source.into())
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
        name_of(&self.files)
    }

    /// The files as paths, so that none of them is overwritten.
    pub fn paths(&self) -> Vec<&Path> {
        self.files.iter().map(PathBuf::as_path).collect()
    }
}

/// Reads a model file, and checks all that is stored in it.
pub fn load_model(path: &Path) -> Result<FittedModel> {
    check_is_local(path)?;
    FittedModel::load(path).map_err(advised)
}

/// Reads the model file of a command that takes a table after it.
pub fn load_model_before_table(path: &Path) -> Result<FittedModel> {
    check_is_local(path)?;
    FittedModel::load(path).map_err(|error| match &error {
        FitError::ModelFile {
            problem: ModelProblem::File(ModelFileError::Table),
            ..
        } => anyhow!("{error}; are the arguments swapped? The model comes first, then the table"),
        _ => advised(error),
    })
}

/// Checks that a model file is not behind a URL.
fn check_is_local(model: &Path) -> Result<()> {
    if is_url(model) {
        let name = shown_name(model);
        bail!("{name}: a model file is read from this machine; copy it first");
    }
    Ok(())
}

/// What an applied model does about cells that it cannot take as they are.
pub fn with_policies(
    model: FittedModel,
    path: &Path,
    missing: Option<MissingPolicy>,
    unseen: Option<UnseenPolicy>,
) -> Result<FittedModel> {
    let model = match unseen {
        Some(policy) => model.with_unseen(policy),
        None => model,
    };
    match missing {
        Some(policy) => model.with_missing(policy).with_context(|| name(path)),
        None => Ok(model),
    }
}

/// The error of a model from this file that is applied to a table.
pub fn of_model(error: FitError, model: &Path) -> anyhow::Error {
    match error {
        FitError::Table { table, problem }
            if matches!(*problem, FitError::Data(DataError::UnknownColumn { .. })) =>
        {
            other_columns(&table, model, advised(*problem))
        }
        error => advised(error),
    }
}

/// The error that a table lacks columns of the model in a file.
pub fn other_columns(table: &str, model: &Path, error: impl Into<anyhow::Error>) -> anyhow::Error {
    let model = model.display();
    error.into().context(format!(
        "{table}: the columns do not match the model {model}"
    ))
}

/// The name of a file in a message.
pub fn name(path: &Path) -> String {
    name_of(&[path.to_path_buf()])
}
