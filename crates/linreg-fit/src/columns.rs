use std::collections::{BTreeMap, HashSet};

use linreg_data::{
    ColumnChoice, ColumnIndex, DataError, EncoderConfig, Factor, Formula, MAX_FEATURES,
    MissingPolicy, Source, Term, UnseenPolicy, column_names,
};

use crate::FitError;

/// Which columns of a table a model is made of, and what they are taken as.
///
/// By default, every column but the target that can be a feature is one: numbers
/// as they are, words by their levels.
#[derive(Clone, Debug)]
pub struct Columns {
    /// The columns to predict; one at least, unless there is a formula.
    pub targets: Vec<String>,
    /// The columns to predict from; empty for all that can be.
    pub features: Vec<String>,
    /// Columns to leave out.
    pub exclude: Vec<String>,
    /// Targets and terms in the notation of R, in place of `targets`, `features`
    /// and `exclude`: `y ~ x1 + x1:x2 + poly(x3, 2) + C(town)`.
    pub formula: Option<String>,
    /// The column of row weights, 0 or more.
    pub weight: Option<String>,
    /// Whether the model has an intercept. Default: true.
    pub intercept: bool,
    /// Most features. Default: 4,000 for an exact fit, 10,000 for training.
    pub max_features: Option<usize>,
    /// The level of a categorical column that its others are compared with.
    /// Default: the first in alphabetical order.
    pub baselines: BTreeMap<String, String>,
    /// What is done about missing cells. Default: an error.
    pub missing: MissingPolicy,
    /// What a model does about levels that it does not know. Default: an error.
    pub unseen: UnseenPolicy,
    /// Columns to take as numbers; dates become days since 1970-01-01.
    pub numeric: Vec<String>,
    /// Columns whose cells are levels, also where they are numbers.
    pub categorical: Vec<String>,
    /// Most levels of a categorical column. Default: 100.
    pub max_levels: usize,
}

impl Default for Columns {
    fn default() -> Self {
        Self {
            targets: Vec::new(),
            features: Vec::new(),
            exclude: Vec::new(),
            formula: None,
            weight: None,
            intercept: true,
            max_features: None,
            baselines: BTreeMap::new(),
            missing: MissingPolicy::Error,
            unseen: UnseenPolicy::Error,
            numeric: Vec::new(),
            categorical: Vec::new(),
            max_levels: ColumnChoice::default().max_levels,
        }
    }
}

impl Columns {
    /// Every column that can be, to predict this one from.
    pub fn target(name: impl Into<String>) -> Self {
        Self {
            targets: vec![name.into()],
            ..Self::default()
        }
    }

    /// The columns of a formula in the notation of R.
    pub fn formula(formula: impl Into<String>) -> Self {
        Self {
            formula: Some(formula.into()),
            ..Self::default()
        }
    }

    /// What to learn about columns without regard to a model.
    pub fn kinds(&self) -> ColumnChoice {
        ColumnChoice {
            named: [&self.numeric[..], &self.categorical].concat(),
            numeric: self.numeric.clone(),
            categorical: self.categorical.clone(),
            max_levels: self.max_levels,
            ..ColumnChoice::default()
        }
    }

    /// What to learn about the columns of a source, and how to encode them.
    ///
    /// # Errors
    ///
    /// A column that the source lacks, a feature that is named twice, or a
    /// formula that cannot be read.
    pub fn settle(&self, source: &dyn Source) -> Result<(ColumnChoice, EncoderConfig), FitError> {
        let columns = column_names(source);
        let mut choice = self.kinds();
        choice.baselines = self.baselines.clone();
        let mut config = EncoderConfig {
            targets: self.targets.clone(),
            exclude: self.exclude.clone(),
            weight: self.weight.clone(),
            missing: self.missing,
            unseen: self.unseen,
            no_intercept: !self.intercept,
            max_features: self.max_features.unwrap_or(MAX_FEATURES),
            ..EncoderConfig::default()
        };
        for names in [&config.targets, &config.exclude] {
            known(names, &columns)?;
        }
        known(self.weight.as_slice(), &columns)?;
        if let Some(text) = &self.formula {
            let (formula, implied) =
                Formula::parse_implied(text, &columns).map_err(DataError::from)?;
            of_formula(&formula, &implied, &mut choice);
            let used = formula.terms.iter().flat_map(|term| &term.0);
            let mut used: Vec<String> = used.map(|factor| factor.column().to_string()).collect();
            used.extend(formula.targets.iter().cloned());
            used.extend(self.weight.clone());
            choice.columns = Some(used);
            config.targets = formula.targets;
            config.terms = Some(formula.terms);
            config.implied = implied;
            config.no_intercept |= !formula.intercept;
        } else if !self.features.is_empty() {
            known(&self.features, &columns)?;
            config.terms = Some(terms(&self.features)?);
            let used = self.features.iter().chain(&config.targets);
            choice.columns = Some(used.chain(&self.weight).cloned().collect());
            choice.named.extend(self.features.iter().cloned());
        } else {
            let exclude = ColumnIndex::new(&config.exclude);
            let used = columns.into_iter().filter(|name| !exclude.contains(name));
            choice.columns = Some(used.collect());
            config.exclude.clear();
        }
        choice.named.extend(config.targets.iter().cloned());
        choice.named.extend(self.weight.clone());
        Ok((choice, config))
    }
}

/// What the factors of a formula say about the kinds of their columns.
fn of_formula(formula: &Formula, implied: &[String], choice: &mut ColumnChoice) {
    let named_by_dot = ColumnIndex::new(implied);
    let factors = || formula.terms.iter().flat_map(|term| &term.0);
    for factor in factors() {
        let name = factor.column();
        if let Factor::Categorical(_) = factor {
            let as_it_is =
                |other: &Factor| !matches!(other, Factor::Categorical(_)) && other.column() == name;
            let names = if factors().any(as_it_is) {
                &mut choice.also_categorical
            } else {
                &mut choice.categorical
            };
            if !names.iter().any(|other| other == name) {
                names.push(name.to_string());
            }
        }
        if !named_by_dot.contains(name) {
            choice.named.push(name.to_string());
        }
    }
}

/// A term for each of these columns.
fn terms(features: &[String]) -> Result<Vec<Term>, FitError> {
    let mut seen = HashSet::new();
    let term = |name: &String| {
        if seen.insert(name.clone()) {
            Ok(Term(vec![Factor::Column(name.clone())]))
        } else {
            Err(FitError::FeatureTwice { name: name.clone() })
        }
    };
    features.iter().map(term).collect()
}

/// Checks that a table has columns of these names.
pub(crate) fn known(names: &[String], columns: &[String]) -> Result<(), DataError> {
    let known = ColumnIndex::new(columns);
    match names.iter().find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(name) => Err(DataError::UnknownColumn {
            name: name.clone(),
            columns: columns.to_vec(),
        }),
    }
}
