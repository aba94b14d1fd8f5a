use linreg_data::{Column, Kind};

use super::TableDescription;
use crate::export::columns::gap_note;
use crate::number::{count, four_digits, plain};
use crate::{Setting, SettingNames};

/// What an analyst would point out about the columns of a table. A column is its
/// name, where nothing else of it is told.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ColumnWarning {
    /// Every cell of the column is the same.
    Constant(String),
    /// The second column has the same cells as the first.
    SameCells(String, String),
    /// The column seems to number the rows.
    RowNumber(String),
    /// Some cells of the column are infinite, and its figures are of the others.
    Infinite(Box<Column>),
    /// The column cannot be a feature as it is.
    Unusable(Box<Column>),
    /// A level of the column may stand for missing cells.
    Gap(Box<Column>),
    /// The column is missing in this share of the rows, from 0 to 1.
    Missing(String, f64),
    /// The column says almost the same as the target.
    LikeTarget {
        /// The column.
        column: String,
        /// The target.
        target: String,
        /// Their correlation.
        correlation: f64,
    },
    /// One feature varies much more than another.
    Scales {
        /// The feature that varies most.
        most: String,
        /// The feature that varies least.
        least: String,
        /// The ratio of their standard deviations.
        ratio: f64,
    },
}

impl ColumnWarning {
    /// The warning as a sentence, in which settings have these names.
    pub fn told(&self, say: SettingNames) -> String {
        let quoted = |name: &str| format!("`{}`", plain(name));
        let (column, what) = match self {
            Self::Constant(column) => (
                column,
                "is constant: as a feature, it explains nothing".to_string(),
            ),
            Self::SameCells(first, second) => (
                second,
                format!(
                    "has the same cells as {}: leave one of them out",
                    quoted(first)
                ),
            ),
            Self::RowNumber(column) => (
                column,
                "looks like a row number: leave it out, unless the order of the rows matters"
                    .to_string(),
            ),
            Self::Infinite(column) => {
                let cells = count(column.infinite as usize, "infinite cell");
                let first = column.first_infinite.as_ref();
                let place = first.map(|first| plain(&first.place.to_string()));
                let what = format!(
                    "has {cells}, left out of its figures: {}; a model needs finite numbers",
                    place.unwrap_or_default()
                );
                (&column.name, what)
            }
            Self::Unusable(column) => {
                let why = plain(&say(&Setting::Why(column.clone())));
                (&column.name, format!("cannot be a feature as it is: {why}"))
            }
            Self::Gap(column) => {
                let note = gap_note(column, say).unwrap_or_default();
                return format!("{}: {note}", quoted(&column.name));
            }
            Self::Missing(column, share) => (
                column,
                format!("is missing in {:.0} % of the rows", share * 100.0),
            ),
            Self::LikeTarget {
                column,
                target,
                correlation,
            } => (
                column,
                format!(
                    "is almost perfectly correlated with {} (r = {correlation:.5}): check that it is known before the target is",
                    quoted(target)
                ),
            ),
            Self::Scales { most, least, ratio } => (
                most,
                format!(
                    "varies {} times as much as {}: compare coefficients only after scaling (fit scales while it trains)",
                    four_digits(*ratio),
                    quoted(least)
                ),
            ),
        };
        format!("{} {what}", quoted(column))
    }
}

pub fn warnings(description: &TableDescription) -> Vec<ColumnWarning> {
    let schema = &description.schema;
    let is_target = |column: &Column| Some(&column.name) == description.target.as_ref();
    let whole = |column: &Column| Box::new(column.clone());
    let constant = schema.columns.iter().filter(|column| column.is_constant());
    let constant = constant.map(|column| ColumnWarning::Constant(column.name.clone()));
    let same = schema.duplicates().into_iter();
    let same = same.map(|(first, second)| ColumnWarning::SameCells(first.into(), second.into()));
    let mut warnings: Vec<ColumnWarning> = constant.chain(same).collect();
    for column in &schema.columns {
        let name = || column.name.clone();
        if !is_target(column) && is_row_number(column, schema.num_rows) {
            warnings.push(ColumnWarning::RowNumber(name()));
        }
        if column.first_infinite.is_some() {
            warnings.push(ColumnWarning::Infinite(whole(column)));
        }
        if matches!(column.kind, Kind::Mixed | Kind::TooManyLevels) {
            warnings.push(ColumnWarning::Unusable(whole(column)));
        }
        if gap_note(column, ToString::to_string).is_some() {
            warnings.push(ColumnWarning::Gap(whole(column)));
        }
        let share = column.missing as f64 / schema.num_rows as f64;
        if share > 0.2 && column.kind != Kind::Ignored {
            warnings.push(ColumnWarning::Missing(name(), share));
        }
    }
    if let Some(target) = &description.target {
        let figures = &description.figures;
        let correlated = figures.columns.iter().zip(&figures.correlations);
        warnings.extend(correlated.filter_map(|(column, correlation)| {
            Some(ColumnWarning::LikeTarget {
                column: column.clone(),
                target: target.clone(),
                correlation: correlation.filter(|r| r.abs() > 0.999)?,
            })
        }));
    }
    let features = schema.columns.iter().filter(|column| !is_target(column));
    let stds = features.filter_map(|column| {
        let std = column.spread.filter(|_| column.kind.is_number())?.std?;
        (std > 0.0).then_some((std, &column.name))
    });
    let least = stds.clone().min_by(|a, b| a.0.total_cmp(&b.0));
    let most = stds.max_by(|a, b| a.0.total_cmp(&b.0));
    if let (Some((least_std, least)), Some((most_std, most))) = (least, most)
        && most_std / least_std > 1e3
    {
        warnings.push(ColumnWarning::Scales {
            most: most.clone(),
            least: least.clone(),
            ratio: most_std / least_std,
        });
    }
    warnings
}

/// Whether a column seems to number the rows: by its range and its standard
/// deviation, it holds every whole number from its least to its greatest once,
/// in any order.
fn is_row_number(column: &Column, num_rows: u64) -> bool {
    let Some(spread) = column.spread else {
        return false;
    };
    let rows = num_rows as f64;
    // The sample standard deviation (divided by n - 1) of n consecutive whole
    // numbers.
    let expected = (rows * (rows + 1.0) / 12.0).sqrt();
    num_rows >= 20
        && column.kind == Kind::Numeric
        && column.missing == 0
        && spread.min.fract() == 0.0
        && spread.max - spread.min == rows - 1.0
        && spread
            .std
            .is_some_and(|std| (std / expected - 1.0).abs() < 1e-9)
}
