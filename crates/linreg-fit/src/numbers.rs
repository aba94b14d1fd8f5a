mod pass;

use linreg_data::{
    Column, ColumnIndex, Encoder, EncoderConfig, EncodingCounts, Factor, Kind, MissingPolicy,
    Schema, SchemaIndex, Set, Split, Term, column_names, learn_schema_on,
};
use linreg_plot::{Cloud, Level, Picture, ScatterMatrix};

use crate::columns::known;
use crate::levels::LevelsPass;
use crate::{Columns, FitError, Table};
use pass::Blocks;
pub(crate) use pass::{Clouds, DrawPass};

/// The columns of numbers of a table, to be drawn against each other.
pub struct NumberColumns {
    table: Table,
    schema: Schema,
    /// Names, least and greatest values.
    columns: Vec<(String, f64, f64)>,
    /// Categorical columns, and whether they were named.
    categorical: Vec<Column>,
    are_named: bool,
    has_target: bool,
    /// Columns of numbers and words, which cannot be drawn.
    pub mixed: Vec<Column>,
}

/// A picture of the columns of a table.
pub struct ColumnsPicture {
    /// The picture.
    pub picture: Picture,
    /// How many columns, or features, are drawn.
    pub drawn: usize,
    /// How many there are.
    pub all: usize,
    /// The rows that were read, and those left out for missing cells.
    pub counts: EncodingCounts,
}

/// The most features in one picture, and the most that are read.
const MOST_DRAWN: usize = 12;
const MOST_FEATURES: usize = 200;

impl Table {
    /// Finds the columns of numbers among the features of `columns`, or among all
    /// but the excluded ones. Its first target, if there is one, becomes the last
    /// column. Formula, weight and policies are not used.
    ///
    /// # Errors
    ///
    /// A column that the table lacks, a feature or a target that is not of
    /// numbers, or rows that cannot be read.
    pub fn numbers(&self, columns: &Columns) -> Result<NumberColumns, FitError> {
        let found = self.found_numbers(columns);
        found.map_err(|error| error.of_table(self.name()))
    }

    fn found_numbers(&self, columns: &Columns) -> Result<NumberColumns, FitError> {
        let source = self.source().as_ref();
        let (features, target) = (&columns.features, columns.targets.first());
        let names = column_names(source);
        for wanted in [features, &columns.exclude, &columns.targets] {
            known(wanted, &names)?;
        }
        let mut choice = columns.kinds();
        choice.named.extend(features.iter().chain(target).cloned());
        if !features.is_empty() {
            choice.columns = Some(features.iter().chain(target).cloned().collect());
        }
        let schema = learn_schema_on(self.engine(), source, &choice)?;
        let index = SchemaIndex::new(&schema);
        let excluded = ColumnIndex::new(&columns.exclude);
        let mut numbers = Vec::new();
        let (mut categorical, mut mixed) = (Vec::new(), Vec::new());
        if features.is_empty() {
            let all = || schema.columns.iter();
            numbers.extend(all().filter(|c| c.kind.is_number() && c.spread.is_some()));
            categorical.extend(all().filter(|c| matches!(c.kind, Kind::Categorical { .. })));
            let all_mixed = all().filter(|c| c.kind == Kind::Mixed && !excluded.contains(&c.name));
            mixed.extend(all_mixed.cloned());
        }
        for name in features {
            let column = index.column(name)?;
            if matches!(column.kind, Kind::Categorical { .. }) {
                categorical.push(column);
                continue;
            }
            column.check_number("column to draw")?;
            numbers.push(column);
        }
        categorical.retain(|column| !excluded.contains(&column.name));
        numbers.retain(|column| !excluded.contains(&column.name) && Some(&column.name) != target);
        if let Some(target) = target {
            let column = index.column(target)?;
            column.check_number("target")?;
            numbers.push(column);
        }
        let ends = numbers.into_iter().map(|column| {
            let spread = column.spread.map(|spread| (spread.min, spread.max));
            let (least, most) = spread.unwrap_or((0.0, 0.0));
            (column.name.clone(), least, most)
        });
        Ok(NumberColumns {
            table: self.clone(),
            columns: ends.collect(),
            categorical: categorical.into_iter().cloned().collect(),
            are_named: !features.is_empty(),
            has_target: target.is_some(),
            schema,
            mixed,
        })
    }
}

impl NumberColumns {
    /// Draws each feature against the target, with its own line, or by its levels if it
    /// is categorical; of more than 12, those that explain most. Without a target, the
    /// last column of numbers is it.
    ///
    /// # Errors
    ///
    /// No feature or no target, more than 200 features, values that cannot be
    /// drawn, or rows that cannot be read.
    pub fn scatters(&self) -> Result<ColumnsPicture, FitError> {
        self.in_table(|| {
            let Some((target, features)) = self.columns.split_last() else {
                return Err(self.too_few());
            };
            let all = features.len() + self.categorical.len();
            if all == 0 {
                return Err(self.too_few());
            }
            if all > MOST_FEATURES {
                return Err(FitError::TooManyToDraw {
                    features: all,
                    limit: MOST_FEATURES,
                });
            }
            let (mut pictures, mut counts) = (Vec::new(), EncodingCounts::default());
            if !features.is_empty() {
                let clouds = features
                    .iter()
                    .map(|feature| Cloud::new(ends(feature), ends(target)));
                let clouds = Clouds(clouds.collect::<Result<_, _>>()?);
                let (Clouds(clouds), read) =
                    self.read(clouds, (0..features.len() + 1).collect())?;
                for cloud in clouds {
                    let explained = cloud.line().explained.unwrap_or(0.0);
                    pictures.push((explained, Picture::scatter_of(&cloud)?));
                }
                counts = read;
            }
            if !self.categorical.is_empty() {
                let (levels, read) = self.levels(target)?;
                for (column, levels) in levels {
                    let explained = Level::explained(&levels).unwrap_or(0.0);
                    pictures.push((explained, Picture::levels(&column, &target.0, &levels)?));
                }
                if features.is_empty() {
                    counts = read;
                }
            }
            if all > MOST_DRAWN {
                pictures.sort_by(|(a, _), (b, _)| b.total_cmp(a));
                pictures.truncate(MOST_DRAWN);
            }
            let pictures = pictures.into_iter().map(|(_, picture)| picture);
            let pictures: Vec<Picture> = pictures.collect();
            Ok(ColumnsPicture {
                drawn: pictures.len(),
                picture: Picture::side_by_side(pictures)?,
                all,
                counts,
            })
        })
    }

    /// The levels of the categorical columns; a missing one is a level too.
    fn levels(&self, target: &Ends) -> Result<(LevelsOfColumns, EncodingCounts), FitError> {
        let term = |column: &Column| Term(vec![Factor::Column(column.name.clone())]);
        let config = EncoderConfig {
            targets: vec![target.0.clone()],
            terms: Some(self.categorical.iter().map(term).collect()),
            missing: MissingPolicy::Indicator,
            ..EncoderConfig::default()
        };
        let encoder = Encoder::new(&self.schema, &config)?;
        let rows = self.table.rows(&encoder, Split::None, Set::Training)?;
        Ok(rows.run(LevelsPass::new(&encoder))?)
    }

    fn too_few(&self) -> FitError {
        FitError::FewNumbers {
            only: self.columns.first().map(|(name, ..)| name.clone()),
        }
    }

    /// Draws every column against every other; of more than 12, the first ones and
    /// the target, if there is one.
    ///
    /// # Errors
    ///
    /// Fewer than two columns, values that cannot be drawn, or rows that cannot be
    /// read.
    pub fn matrix(&self) -> Result<ColumnsPicture, FitError> {
        self.in_table(|| {
            if let Some(column) = self.categorical.first().filter(|_| self.are_named) {
                column.check_number("column to draw")?;
            }
            let all = self.columns.len();
            let drawn = ScatterMatrix::MOST_COLUMNS.min(all);
            let mut shown: Vec<usize> = (0..drawn).collect();
            if let (Some(last), true) = (shown.last_mut(), self.has_target) {
                *last = all - 1;
            }
            self.split()?;
            let columns = shown.iter().map(|index| ends(&self.columns[*index]));
            let matrix = ScatterMatrix::new(&columns.collect::<Vec<_>>())?;
            let (matrix, counts) = self.read(matrix, shown)?;
            Ok(ColumnsPicture {
                picture: Picture::matrix_of(matrix)?,
                drawn,
                all,
                counts,
            })
        })
    }

    fn in_table<T>(&self, draw: impl FnOnce() -> Result<T, FitError>) -> Result<T, FitError> {
        draw().map_err(|error| error.of_table(self.table.name()))
    }

    /// The last column, and those before it; there are two columns at least.
    fn split(&self) -> Result<(&Ends, &[Ends]), FitError> {
        match &self.columns[..] {
            [features @ .., target] if !features.is_empty() => Ok((target, features)),
            _ => Err(self.too_few()),
        }
    }

    /// Adds the rows without missing cells to what is drawn of some of the columns.
    fn read<T: Blocks>(
        &self,
        empty: T,
        shown: Vec<usize>,
    ) -> Result<(T, EncodingCounts), FitError> {
        // The rows are encoded as for a model, with the last column as the
        // target.
        let (target, features) = self.split()?;
        let term = |(name, ..): &Ends| Term(vec![Factor::Column(name.clone())]);
        let config = EncoderConfig {
            targets: vec![target.0.clone()],
            terms: Some(features.iter().map(term).collect()),
            missing: MissingPolicy::Drop,
            ..EncoderConfig::default()
        };
        let encoder = Encoder::new(&self.schema, &config)?;
        let rows = self.table.rows(&encoder, Split::None, Set::Training)?;
        let (drawn, counts) = rows.run(DrawPass { empty, shown })?;
        match counts.rows {
            rows @ 1.. if counts.dropped == rows => Err(FitError::AllIncomplete { rows }),
            _ => Ok((drawn, counts)),
        }
    }
}

/// Columns with their levels.
type LevelsOfColumns = Vec<(String, Vec<Level>)>;

/// The name of a column, its least and its greatest value.
type Ends = (String, f64, f64);

fn ends((name, least, most): &Ends) -> (&str, f64, f64) {
    (name, *least, *most)
}
