use linreg_data::{Column, Encoder, Feature, Kind, Term};
use linreg_exact::{ExactError, Relation};
use thiserror::Error;

use crate::FitError;
use crate::number::{count, plain};

/// Why the rows do not determine the coefficients. The terms of the model, and
/// the features that could be left out, are for advice.
#[derive(Clone, Debug, Error)]
pub enum Undetermined {
    /// There are fewer rows than coefficients.
    #[error("{} do not determine {}{}", count(*.rows as usize, "row"), count(*.coefficients, "coefficient"), told(.most_levels))]
    FewRows {
        /// Number of rows.
        rows: u64,
        /// Number of coefficients.
        coefficients: usize,
        /// The columns with the most levels, three at most, and their levels.
        most_levels: Vec<(String, usize)>,
        /// The features of the first of them.
        redundant: Vec<Feature>,
        /// The terms of the model.
        terms: Vec<Term>,
    },
    /// Some features are linearly dependent on others.
    #[error("the features are linearly dependent, and `{}` {} redundant:\n{}", plain(&named(.redundant)), if .redundant.len() == 1 { "is" } else { "are" }, lines(.relations, .names).trim_end())]
    Dependent {
        /// The dependence of each redundant feature.
        relations: Vec<Relation>,
        /// The names of all features.
        names: Vec<String>,
        /// The redundant features.
        redundant: Vec<Feature>,
        /// The terms of the model.
        terms: Vec<Term>,
    },
}

impl Undetermined {
    /// Explains an error of the fit to so many rows with the names of the table's
    /// columns.
    pub(crate) fn explain(error: ExactError, encoder: &Encoder, rows: u64) -> FitError {
        let ExactError::Collinear(relations) = error else {
            return error.into();
        };
        let (names, features) = (encoder.feature_names(), encoder.features());
        let terms = encoder.terms().to_vec();
        FitError::Undetermined(if rows <= names.len() as u64 {
            let most_levels = most_levels(encoder);
            let of_first = |feature: &Feature| {
                let first = most_levels.first();
                first.is_some_and(|(name, _)| feature.columns().any(|column| column == name))
            };
            Self::FewRows {
                rows,
                coefficients: names.len() + 1,
                redundant: features.into_iter().filter(of_first).collect(),
                most_levels,
                terms,
            }
        } else {
            let redundant = relations.iter().map(|r| features[r.feature].clone());
            Self::Dependent {
                redundant: redundant.collect(),
                relations,
                names,
                terms,
            }
        })
    }
}

/// The columns with the most levels.
fn most_levels(encoder: &Encoder) -> Vec<(String, usize)> {
    const MOST: usize = 3;
    let levels = |column: &Column| match &column.kind {
        Kind::Categorical { levels, .. } => levels.len(),
        _ => 0,
    };
    let columns = encoder.columns().iter();
    let mut columns: Vec<(String, usize)> = columns
        .map(|column| (column.name.clone(), levels(column)))
        .filter(|(_, levels)| *levels > 2)
        .collect();
    columns.sort_by_key(|(_, levels)| std::cmp::Reverse(*levels));
    columns.truncate(MOST);
    columns
}

fn told(most_levels: &[(String, usize)]) -> String {
    let of_column = |(name, levels): &(String, usize)| {
        format!("`{}` has {}", plain(name), count(*levels, "level"))
    };
    let listed: Vec<String> = most_levels.iter().map(of_column).collect();
    if listed.is_empty() {
        String::new()
    } else {
        format!(": {}", listed.join(", "))
    }
}

fn named(features: &[Feature]) -> String {
    let names: Vec<String> = features.iter().map(Feature::to_string).collect();
    names.join("`, `")
}

/// A line for each linearly dependent feature.
pub(crate) fn lines(relations: &[Relation], names: &[String]) -> String {
    let lines = relations.iter().map(|relation| {
        let what = if relation.terms.is_empty() {
            " in every row"
        } else {
            ""
        };
        format!("  {}{what}\n", plain(&relation.describe(names)))
    });
    lines.collect()
}
