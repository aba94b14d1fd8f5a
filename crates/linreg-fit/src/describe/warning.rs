use linreg_data::{Column, Kind, Place};

use super::TableDescription;
use crate::export::columns::gap_note;
use crate::number::{count, four_digits, plain};
use crate::{Setting, SettingNames};

/// What an analyst would point out about a column of a table.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ColumnWarning {
    /// Every cell is the same.
    Constant {
        /// The name of the column.
        column: String,
    },
    /// Two columns have the same cells.
    SameCells {
        /// The name of the first.
        first: String,
        /// The name of the second.
        second: String,
    },
    /// The column seems to number the rows.
    RowNumber {
        /// Its name.
        column: String,
    },
    /// Some cells are infinite, and the figures are of the others.
    Infinite {
        /// The name of the column.
        column: String,
        /// Number of infinite cells.
        cells: u64,
        /// The place of the first.
        first: Place,
    },
    /// The column cannot be a feature as it is.
    Unusable(Box<Column>),
    /// A level of the column may stand for missing cells.
    Gap(Box<Column>),
    /// Many cells are missing.
    Missing {
        /// The name of the column.
        column: String,
        /// The share of the rows, from 0 to 1.
        share: f64,
    },
    /// The column says almost the same as the target.
    LikeTarget {
        /// The name of the column.
        column: String,
        /// The name of the target.
        target: String,
        /// Their correlation.
        correlation: f64,
    },
    /// One feature varies much more than another.
    Scales {
        /// The name of the one that varies most.
        most: String,
        /// The name of the one that varies least.
        least: String,
        /// The ratio of their standard deviations.
        ratio: f64,
    },
}

impl ColumnWarning {
    /// The warning as a sentence, in which settings have these names.
    pub fn told(&self, say: SettingNames) -> String {
        let quoted = |name: &str| format!("`{}`", plain(name));
        match self {
            Self::Constant { column } => format!(
                "{} is constant: as a feature, it explains nothing",
                quoted(column)
            ),
            Self::SameCells { first, second } => format!(
                "{} has the same cells as {}: leave one of them out",
                quoted(second),
                quoted(first)
            ),
            Self::RowNumber { column } => format!(
                "{} looks like a row number: leave it out, unless the order of the rows matters",
                quoted(column)
            ),
            Self::Infinite {
                column,
                cells,
                first,
            } => format!(
                "{} has {}, left out of its figures: {}; a model needs finite numbers",
                quoted(column),
                count(*cells as usize, "infinite cell"),
                plain(&first.to_string())
            ),
            Self::Unusable(column) => format!(
                "{} cannot be a feature as it is: {}",
                quoted(&column.name),
                plain(&say(&Setting::Why(column.clone())))
            ),
            Self::Gap(column) => format!(
                "{}: {}",
                quoted(&column.name),
                gap_note(column, say).unwrap_or_default()
            ),
            Self::Missing { column, share } => format!(
                "{} is missing in {:.0} % of the rows",
                quoted(column),
                share * 100.0
            ),
            Self::LikeTarget {
                column,
                target,
                correlation,
            } => format!(
                "{} is almost perfectly correlated with {} (r = {correlation:.5}): check that it is known before the target is",
                quoted(column),
                quoted(target)
            ),
            Self::Scales { most, least, ratio } => format!(
                "{} varies {} times as much as {}: compare coefficients only after scaling (fit scales while it trains)",
                quoted(most),
                four_digits(*ratio),
                quoted(least)
            ),
        }
    }
}

pub fn warnings(description: &TableDescription) -> Vec<ColumnWarning> {
    let schema = &description.schema;
    let is_target = |column: &Column| Some(&column.name) == description.target.as_ref();
    let name = |column: &Column| column.name.clone();
    let constant = schema.columns.iter().filter(|column| column.is_constant());
    let constant = constant.map(|column| ColumnWarning::Constant {
        column: name(column),
    });
    let same = schema.duplicates().into_iter();
    let same = same.map(|(first, second)| ColumnWarning::SameCells {
        first: first.to_string(),
        second: second.to_string(),
    });
    let mut warnings: Vec<ColumnWarning> = constant.chain(same).collect();
    for column in &schema.columns {
        if !is_target(column) && is_row_number(column, schema.num_rows) {
            warnings.push(ColumnWarning::RowNumber {
                column: name(column),
            });
        }
        if let Some(first) = &column.first_infinite {
            warnings.push(ColumnWarning::Infinite {
                column: name(column),
                cells: column.infinite,
                first: first.place.clone(),
            });
        }
        if matches!(column.kind, Kind::Mixed | Kind::TooManyLevels) {
            warnings.push(ColumnWarning::Unusable(Box::new(column.clone())));
        }
        if gap_note(column, ToString::to_string).is_some() {
            warnings.push(ColumnWarning::Gap(Box::new(column.clone())));
        }
        let share = column.missing as f64 / schema.num_rows as f64;
        if share > 0.2 && column.kind != Kind::Ignored {
            warnings.push(ColumnWarning::Missing {
                column: name(column),
                share,
            });
        }
    }
    if let Some(target) = &description.target {
        let figures = &description.figures;
        for (column, correlation) in figures.columns.iter().zip(&figures.correlations) {
            if let Some(correlation) = correlation.filter(|r| r.abs() > 0.999) {
                warnings.push(ColumnWarning::LikeTarget {
                    column: column.clone(),
                    target: target.clone(),
                    correlation,
                });
            }
        }
    }
    let features = schema.columns.iter().filter(|column| !is_target(column));
    let stds = features.filter_map(|column| {
        let std = column.spread.filter(|_| column.kind.is_number())?.std?;
        (std > 0.0).then_some((std, column))
    });
    let least = stds.clone().min_by(|a, b| a.0.total_cmp(&b.0));
    let most = stds.max_by(|a, b| a.0.total_cmp(&b.0));
    if let (Some(least), Some(most)) = (least, most)
        && most.0 / least.0 > 1e3
    {
        warnings.push(ColumnWarning::Scales {
            most: name(most.1),
            least: name(least.1),
            ratio: most.0 / least.0,
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
