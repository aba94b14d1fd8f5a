use super::{MAX_FEATURES, MissingPolicy, UnseenPolicy};
use crate::schema::{Column, Kind, Schema, SchemaIndex};
use crate::{ColumnIndex, Factor, Term};

/// The settings with which a [`Schema`] becomes an [`Encoder`](super::Encoder).
#[derive(Clone, Debug)]
pub struct EncoderConfig {
    /// The columns to predict; at least one.
    pub targets: Vec<String>,
    /// The terms of the model. None makes every column that can be a feature a
    /// term.
    pub terms: Option<Vec<Term>>,
    /// The columns of the terms that the user did not name, such as those that
    /// a `.` in a formula stands for: a term with such a column is left out
    /// where the column cannot be a feature.
    pub implied: Vec<String>,
    /// The columns that are not to be features; used only where `terms` is
    /// None.
    pub exclude: Vec<String>,
    /// Whether the model has no intercept.
    pub no_intercept: bool,
    /// The column of row weights, if there is one. A row of weight 2 counts as
    /// two rows.
    pub weight: Option<String>,
    /// Whether a weight counts identical rows, so that it has to be a whole
    /// number.
    pub counts: bool,
    /// What is done about missing values.
    pub missing: MissingPolicy,
    /// What is done about new levels.
    pub unseen: UnseenPolicy,
    /// The largest number of features, since the terms of a model may stand for
    /// more than fit into memory. Default: [`MAX_FEATURES`]; at most
    /// [`MOST_FEATURES`](crate::MOST_FEATURES).
    pub max_features: usize,
}

impl Default for EncoderConfig {
    fn default() -> Self {
        Self {
            targets: Vec::new(),
            terms: None,
            implied: Vec::new(),
            exclude: Vec::new(),
            no_intercept: false,
            weight: None,
            counts: false,
            missing: MissingPolicy::default(),
            unseen: UnseenPolicy::default(),
            max_features: MAX_FEATURES,
        }
    }
}

impl EncoderConfig {
    /// The terms of the model for a table with this schema.
    pub(crate) fn terms(&self, schema: &Schema) -> Vec<Term> {
        let Some(terms) = &self.terms else {
            let targets = ColumnIndex::new(&self.targets);
            let exclude = ColumnIndex::new(&self.exclude);
            let features = schema.columns.iter().filter(|column| {
                column.kind != Kind::Ignored
                    && !column.is_second
                    && !targets.contains(&column.name)
                    && self.weight.as_ref() != Some(&column.name)
                    && !exclude.contains(&column.name)
            });
            let term = |column: &Column| Term(vec![Factor::Column(column.name.clone())]);
            return features.map(term).collect();
        };
        let (index, implied) = (SchemaIndex::new(schema), ColumnIndex::new(&self.implied));
        let is_left_out = |factor: &Factor| {
            implied.contains(factor.column())
                && index
                    .column_of(factor)
                    .is_ok_and(|column| column.kind == Kind::Ignored)
        };
        let kept = terms.iter().filter(|term| !term.0.iter().any(is_left_out));
        kept.cloned().collect()
    }
}
