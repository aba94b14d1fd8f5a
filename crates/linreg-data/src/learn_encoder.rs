mod passes;

use std::sync::Arc;

use crate::pass::part_rows_of;
use crate::schema::{CommonCell, Kind, Schema, SchemaIndex, Why};
use crate::source::Source;
use crate::{
    DataError, Encoder, EncoderConfig, Engine, MissingPolicy, Pass, Split, SplitRows, Threads,
};
pub(crate) use passes::{FittedPass, LeftOutPass};

/// Decides what each column becomes in a model that is fitted to the training
/// rows of a split.
///
/// The levels of a column, and the means that replace its missing values, are
/// those of the rows that the model is fitted to: rows that are held out, left
/// out for a missing value, or of weight 0 have no influence on them. A level
/// that only such rows have is a new level for the model
/// ([`UnseenPolicy`](crate::UnseenPolicy)). A column that has the same value in
/// all rows fitted to is left out, unless the terms name it: then it is an
/// error. In a fold of a cross-validation it stays, since every fold has to
/// have the features of the model.
///
/// The schema is updated: a column that is left out becomes [`Kind::Ignored`],
/// and levels become those of the rows fitted to.
///
/// # Errors
///
/// As [`Encoder::new`], a source that cannot be read, or a reference level that
/// the user named and that no row fitted to has.
///
/// # Example
///
/// ```
/// use linreg_data::{
///     ColumnChoice, CsvOptions, EncoderConfig, MissingPolicy, Passes, Split, learn_encoder,
///     learn_schema, open,
/// };
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("houses.csv");
/// let rows = "area,town,price\n50,Bonn,2\n70,Kiel,3\n60,Bonn,2\n80,Kiel,4\n,Ulm,5\n";
/// std::fs::write(&path, rows)?;
/// let source = open(&[path], &CsvOptions::default(), Passes::Several)?;
/// let config = EncoderConfig {
///     targets: vec!["price".to_string()],
///     missing: MissingPolicy::Drop,
///     ..EncoderConfig::default()
/// };
/// let mut schema = learn_schema(source.as_ref(), &ColumnChoice::default())?;
/// let encoder = learn_encoder(source.as_ref(), &mut schema, &config, Split::None)?;
/// // The only row of Ulm is left out.
/// assert_eq!(encoder.feature_names(), ["area", "town=Kiel"]);
/// # Ok(())
/// # }
/// ```
pub fn learn_encoder(
    source: &dyn Source,
    schema: &mut Schema,
    config: &EncoderConfig,
    split: impl Into<SplitRows>,
) -> Result<Encoder, DataError> {
    learn_encoder_on(&Threads::default(), source, schema, config, split)
}

/// As [`learn_encoder`], on an engine of the caller's.
///
/// # Errors
///
/// As [`learn_encoder`].
pub fn learn_encoder_on(
    engine: &dyn Engine,
    source: &dyn Source,
    schema: &mut Schema,
    config: &EncoderConfig,
    split: impl Into<SplitRows>,
) -> Result<Encoder, DataError> {
    let learned = learn(engine, source, schema, config, &split.into());
    learned.map(|(encoder, _)| encoder)
}

/// Returns the numbers, from 0 and in order, of the rows that a model is not
/// fitted to: rows with a missing value or a new level that the policies of the
/// encoder leave out, and rows of weight 0.
///
/// # Errors
///
/// A source that cannot be read, or a cell that cannot be encoded.
pub fn rows_left_out(source: &dyn Source, encoder: &Encoder) -> Result<Arc<[u64]>, DataError> {
    rows_left_out_on(&Threads::default(), source, encoder)
}

/// As [`rows_left_out`], on an engine of the caller's.
///
/// # Errors
///
/// As [`rows_left_out`].
pub fn rows_left_out_on(
    engine: &dyn Engine,
    source: &dyn Source,
    encoder: &Encoder,
) -> Result<Arc<[u64]>, DataError> {
    let encoder = encoder.bind(source, true)?;
    let columns = encoder.columns().to_vec();
    let part_rows = part_rows_of(source);
    LeftOutPass { encoder, part_rows }.run(engine, source, &columns)
}

/// Returns the encoder, and how often the rows were read for it.
pub(crate) fn learn(
    engine: &dyn Engine,
    source: &dyn Source,
    schema: &mut Schema,
    config: &EncoderConfig,
    split: &SplitRows,
) -> Result<(Encoder, usize), DataError> {
    let is_fold = matches!(split.split(), Split::Fold { .. });
    if !is_fold {
        schema.leave_out_constants(config);
    }
    let mut passes = 0;
    // The loop ends, since each round leaves out at least one more column.
    loop {
        let mut encoder = Encoder::new(schema, config)?;
        if !encoder.may_leave_out_rows(&split.split()) {
            return Ok((encoder, passes));
        }
        let pass = FittedPass {
            encoder: encoder.bind(source, true)?,
            split: split.clone(),
            part_rows: part_rows_of(source),
        };
        let columns = pass.encoder.columns().to_vec();
        let rows = pass.run(engine, source, &columns)?;
        passes += 1;
        if encoder.settle(&rows, schema, is_fold)? {
            return Ok((encoder, passes));
        }
    }
}

impl Schema {
    /// Marks as ignored the columns that would be features and have the same
    /// number in every row.
    pub(crate) fn leave_out_constants(&mut self, config: &EncoderConfig) {
        let mut left_out = Vec::new();
        let index = SchemaIndex::new(self);
        for term in config.terms(self) {
            let [factor] = &term.0[..] else {
                continue;
            };
            let Some(position) = index.position_of(factor) else {
                continue;
            };
            let column = &self.columns[position];
            let value = column.spread.map_or(0.0, |spread| spread.min);
            let is_whole = column.missing == 0 || config.missing != MissingPolicy::Error;
            if column.kind.is_number()
                && column.is_constant()
                && column.infinite == 0
                && is_whole
                && config.tells_nothing(value)
            {
                left_out.push((position, Why::constant(CommonCell::Number(value))));
            }
        }
        self.leave_out(left_out);
    }

    /// Marks columns as ignored, each with a reason.
    pub(crate) fn leave_out(&mut self, columns: Vec<(usize, Why)>) {
        for (position, why) in columns {
            self.columns[position].kind = Kind::Ignored;
            self.columns[position].why = why;
        }
    }
}

impl EncoderConfig {
    /// Whether a feature with this value in every row is useless. In a model
    /// without an intercept it takes the place of one, unless the value is 0.
    fn tells_nothing(&self, value: f64) -> bool {
        !self.no_intercept || value == 0.0
    }
}

#[cfg(test)]
mod tests;
