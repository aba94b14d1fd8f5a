use std::sync::Arc;

use anyhow::Result;
use linreg_data::{
    ChunkOrder, Column, ColumnIndex, DataError, EncodedSource, Encoder, EncoderConfig,
    EncodingCounts, Factor, Kind, MissingPolicy, Passes, SchemaIndex, Set, Source, Split, Term,
    column_names, learn_schema,
};

use crate::advice;
use crate::columns::KindArgs;
use crate::input::SourceArgs;
use crate::names::{Names, all};
use crate::number::{plain, thousands};
use crate::terminal;

/// Which columns of a table are drawn.
#[derive(clap::Args)]
pub struct NumberArgs {
    #[command(flatten)]
    source: SourceArgs,

    /// Columns to draw [default: all of numbers]
    #[arg(long, value_name = "NAMES", conflicts_with = "exclude")]
    features: Vec<Names>,

    /// Columns to leave out
    #[arg(long, value_name = "NAMES")]
    exclude: Vec<Names>,

    #[command(flatten)]
    kinds: KindArgs,
}

/// Columns of numbers, to be read in blocks of rows.
pub struct NumberColumns {
    source: Arc<dyn Source>,
    encoder: Encoder,
    /// Names, least and greatest values.
    pub columns: Vec<(String, f64, f64)>,
}

impl NumberArgs {
    pub fn source(&self) -> &SourceArgs {
        &self.source
    }

    /// Learns which columns are numbers; the target, if there is one, is the
    /// last of them.
    pub fn learn(&self, target: Option<&str>) -> Result<NumberColumns> {
        let source = self.source.open(Passes::Several)?;
        let say_where = |error| self.source.say_where(error);
        let known = column_names(source.as_ref());
        let index = ColumnIndex::new(&known);
        let (features, exclude) = (all(&self.features), all(&self.exclude));
        for name in features
            .iter()
            .chain(&exclude)
            .map(String::as_str)
            .chain(target)
        {
            if !index.contains(name) {
                let (name, columns) = (name.to_string(), known.clone());
                return Err(say_where(DataError::UnknownColumn { name, columns }));
            }
        }
        let mut choice = self.kinds.choice();
        choice.named.extend(features.iter().cloned());
        choice.named.extend(target.map(String::from));
        if !features.is_empty() {
            let used = features.iter().map(String::as_str).chain(target);
            choice.columns = Some(used.map(String::from).collect());
        }
        let schema = learn_schema(source.as_ref(), &choice).map_err(say_where)?;
        let in_schema = SchemaIndex::new(&schema);
        let left_out = ColumnIndex::new(&exclude);
        let is_number = |column: &&Column| {
            matches!(column.kind, Kind::Numeric | Kind::Boolean | Kind::Date)
                && column.spread.is_some()
        };
        let mut columns = Vec::new();
        if features.is_empty() {
            columns.extend(schema.columns.iter().filter(is_number));
            let is_mixed =
                |column: &&Column| column.kind == Kind::Mixed && !left_out.contains(&column.name);
            for column in schema.columns.iter().filter(is_mixed) {
                let (name, why) = (plain(&column.name), plain(&advice::why(column)));
                terminal::stderr().warning(format_args!("`{name}` is not drawn: {why}"))?;
            }
        }
        for name in &features {
            let column = in_schema.column(name).map_err(say_where)?;
            column.check_number("column to draw").map_err(say_where)?;
            columns.push(column);
        }
        columns.retain(|column| {
            !left_out.contains(&column.name) && Some(column.name.as_str()) != target
        });
        if let Some(target) = target {
            let column = in_schema.column(target).map_err(say_where)?;
            column.check_number("target").map_err(say_where)?;
            columns.push(column);
        }
        let ends = columns.iter().map(|column| {
            let (least, most) = column
                .spread
                .map_or((0.0, 0.0), |spread| (spread.min, spread.max));
            (column.name.clone(), least, most)
        });
        let ends: Vec<(String, f64, f64)> = ends.collect();
        let Some(((last, ..), others)) = ends.split_last().filter(|(_, others)| !others.is_empty())
        else {
            let found = match &ends[..] {
                [] => "there are no columns of numbers".to_string(),
                [(only, ..), ..] => format!("`{}` is the only column of numbers", plain(only)),
            };
            let message = format!("{found}; a picture needs two");
            return Err(say_where(DataError::Other(message.into())));
        };
        // The rows are encoded as for a model, with the last column as the
        // target.
        let term = |(name, ..): &(String, f64, f64)| Term(vec![Factor::Column(name.clone())]);
        let config = EncoderConfig {
            targets: vec![last.clone()],
            terms: Some(others.iter().map(term).collect()),
            missing: MissingPolicy::Drop,
            ..EncoderConfig::default()
        };
        Ok(NumberColumns {
            encoder: Encoder::new(&schema, &config).map_err(say_where)?,
            source,
            columns: ends,
        })
    }
}

impl NumberColumns {
    /// Hands over the columns of each block of rows without missing cells.
    pub fn read(
        &self,
        args: &NumberArgs,
        mut each: impl FnMut(&[Vec<f64>]) -> Result<()>,
    ) -> Result<()> {
        let source = self.source.clone();
        let rows = EncodedSource::new(source, &self.encoder, Split::None, Set::Training);
        let rows = rows.map_err(|error| args.source.say_where(error))?;
        let features = self.columns.len() - 1;
        let mut counts = EncodingCounts::default();
        let chunks = rows.encoded(ChunkOrder::File);
        for chunk in chunks.map_err(|error| args.source.say_where(error))? {
            let (rows, of_chunk) = chunk.map_err(|error| args.source.say_where(error))?;
            counts.merge(&of_chunk);
            let column = |index: usize| rows.features[index.min(rows.features.len())..].iter();
            let columns =
                (0..features).map(|index| column(index).step_by(features).copied().collect());
            let columns: Vec<Vec<f64>> = columns.chain([rows.targets.clone()]).collect();
            each(&columns).map_err(|error| args.source.say_where(error))?;
        }
        if counts.dropped > 0 {
            terminal::stderr().warning(format_args!(
                "{} of {} rows are left out for missing cells",
                thousands(counts.dropped as usize),
                thousands(counts.rows as usize)
            ))?;
        }
        Ok(())
    }
}
