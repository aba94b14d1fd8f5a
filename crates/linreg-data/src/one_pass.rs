mod guess;

use crate::learn_encoder::learn;
use crate::pass::part_rows_of;
use crate::schema::learn_schema_on;
use crate::source::{Source, column_indices};
use crate::{
    ColumnChoice, DataError, EncodedPass, Encoder, EncoderConfig, EncodingCounts, Engine, Pass,
    RowPass, Schema, Set, Split,
};
pub(crate) use guess::GuessPass;
use guess::first_rows;

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

/// Learns the kinds of the columns of a table and runs a pass over all its
/// encoded rows: in one reading if all columns are what the first rows suggest,
/// else in several.
///
/// The result, or the error, is the same as that of [`learn_schema`],
/// [`learn_encoder`] and [`EncodedSource::run`] one after the other. The source
/// must be one that can be read several times.
///
/// `make` returns the pass for an encoder. It is first called with the encoder
/// that the first rows suggest: its features, targets and weight are those of the
/// rows, but its means and shares may come from only the first rows. If that
/// encoder is wrong, or `make` refuses it, `make` is called again with the right
/// one and the number of rows of the table.
///
/// # Errors
///
/// The errors of these three and of `make`.
///
/// [`learn_schema`]: crate::learn_schema
/// [`learn_encoder`]: crate::learn_encoder
/// [`EncodedSource::run`]: crate::EncodedSource::run
///
/// # Example
///
/// ```
/// use linreg_data::{
///     CsvOptions, DataError, EncoderConfig, Passes, RowChunk, RowPass, Threads, learn_and_encode,
///     open,
/// };
/// use serde::{Deserialize, Serialize};
///
/// /// The sum of the targets.
/// #[derive(Clone, Deserialize, Serialize)]
/// struct Sum;
///
/// impl RowPass for Sum {
///     type State = f64;
///     type Output = f64;
///
///     fn name() -> String {
///         "sum".to_string()
///     }
///
///     fn start(&self) -> f64 {
///         0.0
///     }
///
///     fn update(&self, sum: &mut f64, rows: &RowChunk) -> Result<(), DataError> {
///         *sum += rows.targets.iter().sum::<f64>();
///         Ok(())
///     }
///
///     fn merge(&self, sum: &mut f64, later: f64) -> Result<(), DataError> {
///         *sum += later;
///         Ok(())
///     }
///
///     fn finish(self, sum: f64) -> Result<f64, DataError> {
///         Ok(sum)
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
/// let (engine, choice) = (Threads::default(), Default::default());
/// let make = |_: &_, _| Ok(Sum);
/// let (learned, sum) = learn_and_encode(&engine, source.as_ref(), &choice, &config, make)?;
/// assert_eq!(learned.encoder.feature_names(), ["area", "town=Kiel"]);
/// assert_eq!((sum, learned.passes), (690.0, 1));
/// # Ok(())
/// # }
/// ```
pub fn learn_and_encode<P: RowPass>(
    engine: &dyn Engine,
    source: &dyn Source,
    choice: &ColumnChoice,
    config: &EncoderConfig,
    mut make: impl FnMut(&Encoder, Option<u64>) -> Result<P, DataError>,
) -> Result<(Learned, P::Output), DataError> {
    let reading = choice.reading(source)?;
    let indices = column_indices(source, &reading.names)?;
    let guess = first_rows(source, &indices, &reading, choice, config).and_then(|encoder| {
        let pass = make(&encoder, None)?;
        GuessPass::new(source, &indices, encoder, reading, pass)
    });
    // An error in the first rows is reported when all rows have been read.
    let Ok(Some(guess)) = guess else {
        let schema = learn_schema_on(engine, source, choice)?;
        return in_several_passes(engine, source, schema, config, make);
    };
    let (profile, guessed) = guess.run(engine, source, &indices)?;
    let mut schema = choice.schema(source, profile)?;
    schema.leave_out_constants(config);
    let mut encoder = Encoder::new(&schema, config)?;
    let Some(guessed) = guessed.filter(|guessed| guessed.encoder.agrees_with(&encoder)) else {
        return in_several_passes(engine, source, schema, config, make);
    };
    if encoder.may_leave_out_rows(&Split::None) {
        if !encoder.settle(&guessed.fitted, &mut schema, false)? {
            return in_several_passes(engine, source, schema, config, make);
        }
        if !guessed.encoder.agrees_with(&encoder) {
            return encode(engine, source, schema, encoder, make, 1);
        }
    }
    let learned = Learned {
        schema,
        encoder,
        counts: guessed.encoded.counts,
        passes: 1,
    };
    Ok((learned, guessed.pass.finish(guessed.encoded.state)?))
}

/// Learns an encoder for a known schema, then encodes all rows.
fn in_several_passes<P: RowPass>(
    engine: &dyn Engine,
    source: &dyn Source,
    mut schema: Schema,
    config: &EncoderConfig,
    make: impl FnMut(&Encoder, Option<u64>) -> Result<P, DataError>,
) -> Result<(Learned, P::Output), DataError> {
    let split = Split::None.into();
    let (encoder, passes) = learn(engine, source, &mut schema, config, &split)?;
    // The schema took one pass more.
    encode(engine, source, schema, encoder, make, passes + 1)
}

/// Runs the pass over all rows with a known encoder.
fn encode<P: RowPass>(
    engine: &dyn Engine,
    source: &dyn Source,
    schema: Schema,
    encoder: Encoder,
    mut make: impl FnMut(&Encoder, Option<u64>) -> Result<P, DataError>,
    passes: usize,
) -> Result<(Learned, P::Output), DataError> {
    let pass = make(&encoder, Some(schema.num_rows))?;
    let bound = encoder.bind(source, true)?;
    let columns = bound.columns().to_vec();
    let pass = EncodedPass::new(bound, Split::None.into(), Set::Training, pass);
    // The parts of a right guess, so that the result does not depend on the guess.
    let pass = pass.with_part_rows(part_rows_of(source));
    let (output, counts) = pass.run(engine, source, &columns)?;
    let learned = Learned {
        schema,
        encoder,
        counts,
        passes: passes + 1,
    };
    Ok((learned, output))
}

#[cfg(test)]
mod tests;
