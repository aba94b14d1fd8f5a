use std::collections::BTreeMap;

use linreg_data::{
    EncodingCounts, Factor, Feature, FeatureFactor, MissingPolicy, Term, UnseenPolicy,
};
use linreg_fit::Columns;
use linreg_fit::export::columns::{missing_cells, unseen_levels};

use crate::command::quoted;
use crate::names::{Names, all};
use crate::number::plain;
use crate::terminal;

/// What the columns of a table are taken as.
#[derive(clap::Args)]
#[command(next_help_heading = "Columns")]
pub struct KindArgs {
    /// Columns to take as numbers; dates become days since 1970-01-01
    #[arg(long, value_name = "NAMES")]
    numeric: Vec<Names>,

    /// Columns whose cells are levels, also where they are numbers
    #[arg(long, value_name = "NAMES")]
    categorical: Vec<Names>,

    /// Largest number of levels of a categorical column
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 100,
        hide_short_help = true
    )]
    max_levels: usize,
}

/// Which columns a model is made of.
#[derive(clap::Args)]
#[command(next_help_heading = "Columns")]
pub struct ColumnArgs {
    /// Column or columns to predict
    #[arg(
        long,
        short,
        value_name = "NAMES",
        required_unless_present = "formula",
        conflicts_with = "formula"
    )]
    target: Vec<Names>,

    /// Columns to predict from [default: all that can be features]
    #[arg(long, value_name = "NAMES", conflicts_with_all = ["formula", "exclude"])]
    features: Vec<Names>,

    /// Columns to leave out
    #[arg(long, value_name = "NAMES", conflicts_with = "formula")]
    exclude: Vec<Names>,

    /// Target and terms as in R: "y ~ x1 + x1:x2 + poly(x3, 2) + C(town)"
    #[arg(long, value_name = "FORMULA")]
    formula: Option<String>,

    /// Column of row weights: how precise the target of a row is
    ///
    /// A weight is 0 or more; rows with a weight of 0 are left out.
    #[arg(long, value_name = "NAME")]
    weight: Option<String>,

    /// Fit without an intercept: the model is 0 where all features are 0
    #[arg(long)]
    no_intercept: bool,

    /// Largest number of features [default: 4000 for the exact fit, whose time
    /// grows with the cube of that number, and 10000 for training]
    #[arg(long, value_name = "NUMBER", hide_short_help = true)]
    pub max_features: Option<usize>,

    /// Level that the others of a categorical column are compared with
    ///
    /// By default, it is the first in alphabetical order.
    #[arg(long, value_name = "NAME=LEVEL", value_parser = baseline)]
    baseline: Vec<(String, String)>,

    /// Missing cells: error, drop, mean or indicator
    ///
    /// With drop, the row is left out; with mean, the cell is taken as the mean
    /// of the column; indicator also adds a feature that marks such cells.
    #[arg(long, value_name = "POLICY", value_parser = missing, default_value = "error")]
    missing: MissingPolicy,

    /// Unknown levels in predict: error, baseline or drop
    ///
    /// An unknown level is in none of the rows that the model was fitted to.
    /// With baseline, predict takes it as the baseline level; with drop, it
    /// makes no prediction for the row. Held-out rows with such levels are left
    /// out of the evaluation, except with baseline.
    #[arg(long, value_name = "POLICY", value_parser = unseen, default_value = "error")]
    unseen: UnseenPolicy,

    #[command(flatten)]
    kinds: KindArgs,
}

fn baseline(text: &str) -> Result<(String, String), String> {
    let parts = text.rsplit_once('=');
    let parts = parts.map(|(name, level)| (name.trim().to_string(), level.trim().to_string()));
    parts.ok_or_else(|| "expected a column and a level, such as town=Bonn".to_string())
}

fn missing(text: &str) -> Result<MissingPolicy, String> {
    Ok(match text {
        "error" => MissingPolicy::Error,
        "drop" => MissingPolicy::Drop,
        "mean" => MissingPolicy::Mean,
        "indicator" => MissingPolicy::Indicator,
        _ => return Err("expected error, drop, mean or indicator".to_string()),
    })
}

/// Reads the policy for missing cells of a table that a model is applied to.
pub fn applied_missing(text: &str) -> Result<MissingPolicy, String> {
    match missing(text) {
        Ok(MissingPolicy::Indicator) | Err(_) => Err("expected error, drop or mean".to_string()),
        policy => policy,
    }
}

/// Reads the policy for levels that the model does not know.
pub fn unseen(text: &str) -> Result<UnseenPolicy, String> {
    Ok(match text {
        "error" => UnseenPolicy::Error,
        "baseline" => UnseenPolicy::Baseline,
        "drop" => UnseenPolicy::Drop,
        _ => return Err("expected error, baseline or drop".to_string()),
    })
}

impl KindArgs {
    /// The settings of these flags.
    pub fn columns(&self) -> Columns {
        Columns {
            numeric: all(&self.numeric),
            categorical: all(&self.categorical),
            max_levels: self.max_levels,
            ..Columns::default()
        }
    }
}

impl ColumnArgs {
    /// The settings of these flags.
    pub fn columns(&self) -> Columns {
        Columns {
            targets: all(&self.target),
            features: all(&self.features),
            exclude: all(&self.exclude),
            formula: self.formula.clone(),
            weight: self.weight.clone(),
            intercept: !self.no_intercept,
            max_features: self.max_features,
            baselines: BTreeMap::from_iter(self.baseline.iter().cloned()),
            missing: self.missing,
            unseen: self.unseen,
            ..self.kinds.columns()
        }
    }

    /// Advice on how to leave features out, in terms of the options that this
    /// command used.
    pub fn how_to_leave_out(&self, features: &[&Feature], terms: &[Term]) -> String {
        let quoted_all = |names: &[String]| format!("`{}`", plain(&names.join("`, `")));
        let mut columns = Vec::new();
        let mut of_features = Vec::new();
        for feature in features {
            // Leaving out the last column of a product is enough.
            let column = feature.columns().last().unwrap_or_default().to_string();
            let term = terms.iter().find(|term| is_of_term(feature, term));
            let term = term.map_or_else(|| feature.to_string(), Term::to_string);
            for (list, name) in [(&mut columns, column), (&mut of_features, term)] {
                if !list.contains(&name) {
                    list.push(name);
                }
            }
        }
        if self.formula.is_some() {
            let is_power = |factor: &FeatureFactor| matches!(factor, FeatureFactor::Number { power, .. } if *power > 1);
            let mut factors = features.iter().flat_map(|feature| &feature.factors);
            // At least one term has to stay in the formula.
            if of_features.len() < terms.len() {
                format!("take {} out of the formula", of_features.join(" and "))
            } else if factors.any(is_power) {
                format!(
                    "choose a lower degree of {} in the formula",
                    quoted_all(&columns)
                )
            } else {
                format!("take {} out of the formula", quoted_all(&columns))
            }
        } else if !self.features.is_empty() {
            format!("take {} out of --features", quoted_all(&columns))
        } else {
            let mut names = csv::WriterBuilder::new().from_writer(Vec::new());
            let written = names.write_record(&columns).ok();
            let text = written.and_then(|()| names.into_inner().ok());
            let text = String::from_utf8(text.unwrap_or_default()).unwrap_or_default();
            let names = quoted(text.trim_end());
            format!("leave out {} with --exclude {names}", quoted_all(&columns))
        }
    }
}

/// Whether the feature is one of those that the term is expanded to.
fn is_of_term(feature: &Feature, term: &Term) -> bool {
    let factors = feature.factors.iter().zip(&term.0);
    feature.factors.len() == term.0.len()
        && factors.clone().all(|(part, factor)| {
            let is_kind = match (part, factor) {
                (FeatureFactor::Number { .. }, Factor::Categorical(_))
                | (FeatureFactor::Level { .. }, Factor::Powers { .. }) => false,
                (FeatureFactor::Number { power, .. }, Factor::Column(_)) => *power == 1,
                _ => true,
            };
            is_kind && part.column() == factor.column()
        })
}

/// Warns on standard error of the missing cells and unknown levels that a
/// policy was applied to.
pub fn warn_of_counts(counts: &EncodingCounts, place: &str) -> std::io::Result<()> {
    if let Some(text) = missing_cells(counts, place) {
        terminal::stderr().warning(text)?;
    }
    warn_of_unseen(counts, place)
}

/// Warns on standard error of levels that the model does not know, and says
/// what was done about them.
pub fn warn_of_unseen(counts: &EncodingCounts, place: &str) -> std::io::Result<()> {
    match unseen_levels(counts, place) {
        Some(text) => terminal::stderr().warning(text),
        None => Ok(()),
    }
}
