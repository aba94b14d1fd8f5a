use std::collections::BTreeMap;
use std::io::Write;

use anyhow::{Result, bail};
use linreg_data::{
    Column, ColumnChoice, DataError, Encoder, EncoderConfig, EncodingCounts, Factor, Formula, Kind,
    MissingPolicy, Schema, Source, UnseenPolicy, column_names,
};

use serde_json::{Value, json};

use crate::names::{Names, all};
use crate::number::{plain, thousands};
use crate::report::quoted;
use crate::style::yellow;

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

    /// Levels of a categorical column at most
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    max_levels: usize,
}

/// Which columns a model is made of.
#[derive(clap::Args)]
#[command(next_help_heading = "Columns")]
pub struct ColumnArgs {
    /// Column to predict, or several
    #[arg(
        long,
        short,
        value_name = "NAMES",
        required_unless_present = "formula",
        conflicts_with = "formula"
    )]
    target: Vec<Names>,

    /// Columns to predict it from [default: all that can be]
    #[arg(long, value_name = "NAMES", conflicts_with_all = ["formula", "exclude"])]
    features: Vec<Names>,

    /// Columns to leave out
    #[arg(long, value_name = "NAMES", conflicts_with = "formula")]
    exclude: Vec<Names>,

    /// Target and terms in the notation of R: "y ~ x1 + x1:x2 + poly(x3, 2) +
    /// C(town)"
    #[arg(long, value_name = "FORMULA")]
    formula: Option<String>,

    /// Column of row weights, 0 or more: how precise the target of a row is
    #[arg(long, value_name = "NAME")]
    weight: Option<String>,

    /// A model that is 0 where all features are
    #[arg(long)]
    no_intercept: bool,

    /// Level that the others of a categorical column are compared with
    /// [default: the first in alphabetical order]
    #[arg(long, value_name = "NAME=LEVEL", value_parser = baseline)]
    baseline: Vec<(String, String)>,

    /// What to do about missing cells: error, drop (leave out the row), mean
    /// (of the column), indicator (mean, and a feature that tells)
    #[arg(long, value_name = "POLICY", value_parser = missing, default_value = "error")]
    missing: MissingPolicy,

    /// What predict does about levels that are not in this table: error, or
    /// baseline (take them as that level)
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

/// Reads the policy for new levels.
pub fn unseen(text: &str) -> Result<UnseenPolicy, String> {
    Ok(match text {
        "error" => UnseenPolicy::Error,
        "baseline" => UnseenPolicy::Baseline,
        _ => return Err("expected error or baseline".to_string()),
    })
}

impl KindArgs {
    pub fn choice(&self) -> ColumnChoice {
        ColumnChoice {
            numeric: all(&self.numeric),
            categorical: all(&self.categorical),
            max_levels: self.max_levels,
            ..ColumnChoice::default()
        }
    }
}

impl ColumnArgs {
    /// What is to be learned of the columns of a source, and what of them is to
    /// be encoded.
    pub fn settle(&self, source: &dyn Source) -> Result<(ColumnChoice, EncoderConfig)> {
        let columns = column_names(source);
        let mut choice = self.kinds.choice();
        choice.baselines = BTreeMap::from_iter(self.baseline.iter().cloned());
        let mut config = EncoderConfig {
            targets: all(&self.target),
            exclude: all(&self.exclude),
            weight: self.weight.clone(),
            missing: self.missing,
            unseen: self.unseen,
            no_intercept: self.no_intercept,
            ..EncoderConfig::default()
        };
        for names in [&config.targets, &config.exclude] {
            known(names, &columns)?;
        }
        known(self.weight.as_slice(), &columns)?;
        if let Some(text) = &self.formula {
            let formula = Formula::parse(text, &columns)?;
            let factors = formula.terms.iter().flat_map(|term| &term.0);
            for factor in factors.clone() {
                if let Factor::Categorical(name) = factor {
                    let other = Factor::Column(name.clone());
                    if factors.clone().any(|factor| *factor == other) {
                        bail!(
                            "the formula has `{name}` and C({name}); a column is either numbers or levels"
                        );
                    }
                    choice.categorical.push(name.clone());
                }
            }
            let mut used: Vec<String> = factors.map(|factor| factor.column().to_string()).collect();
            used.extend(formula.targets.iter().cloned());
            used.extend(self.weight.clone());
            choice.columns = Some(used);
            config.targets = formula.targets;
            config.terms = Some(formula.terms);
            config.no_intercept |= !formula.intercept;
        } else if !self.features.is_empty() {
            let features = all(&self.features);
            known(&features, &columns)?;
            let mut terms = Vec::new();
            for name in &features {
                let term = linreg_data::Term(vec![Factor::Column(name.clone())]);
                if terms.contains(&term) {
                    bail!("the feature `{}` is named twice", plain(name));
                }
                terms.push(term);
            }
            let used = features.iter().chain(&config.targets).chain(&self.weight);
            choice.columns = Some(used.cloned().collect());
            config.terms = Some(terms);
        } else {
            let used = columns.into_iter();
            let used = used.filter(|name| !config.exclude.contains(name));
            choice.columns = Some(used.collect());
            config.exclude.clear();
        }
        Ok((choice, config))
    }
}

fn known(names: &[String], columns: &[String]) -> Result<(), DataError> {
    match names.iter().find(|name| !columns.contains(name)) {
        None => Ok(()),
        Some(name) => Err(DataError::UnknownColumn {
            name: name.clone(),
            columns: columns.to_vec(),
        }),
    }
}

/// Says what was done with each column: how many are plain numbers, and a line
/// for each other one.
pub fn columns_lines(schema: &Schema, encoder: &Encoder, counts: &EncodingCounts) -> String {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    let mut rows = Vec::new();
    for column in &schema.columns {
        let kind = column.kind.name();
        match kinds.iter_mut().find(|(name, _)| *name == kind) {
            Some((_, count)) => *count += 1,
            None => kinds.push((kind, 1)),
        }
        if column.kind == Kind::Numeric && column.missing == 0 {
            continue;
        }
        let note = note(column, encoder);
        rows.push((column.name.clone(), kind, note));
    }
    let kinds: Vec<String> = kinds
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    let mut text = format!("Columns: {}\n", kinds.join(", "));
    // The first are what a reader can take in; --json has them all.
    const MOST: usize = 30;
    let more = rows.len().saturating_sub(MOST);
    let width = |text: &str| plain(text).chars().count();
    let shown = &rows[..rows.len() - more];
    let names = shown.iter().map(|(name, _, _)| width(name)).max();
    for (name, kind, note) in shown {
        let space = " ".repeat(names.unwrap_or(0) - width(name));
        text += &format!("  {}{space}  {kind:<11}  {}\n", plain(name), plain(note));
    }
    if more > 0 {
        text += &format!("  and {more} more\n");
    }
    if counts.dropped > 0 {
        text += &format!(
            "  {} of {} rows were left out for missing cells\n",
            thousands(counts.dropped as usize),
            thousands(counts.rows as usize)
        );
    }
    text
}

/// What a reader should know of a column, if anything.
pub fn note(column: &Column, encoder: &Encoder) -> String {
    let missing = column.missing;
    let mut notes = Vec::new();
    match &column.kind {
        Kind::Categorical { levels, .. } => {
            notes.push(format!(
                "{} levels, each compared with `{}`",
                levels.len(),
                levels[0]
            ));
        }
        Kind::Numeric => {}
        _ => notes.push(column.why.clone()),
    }
    notes.extend(gap_note(column));
    if missing > 0 {
        let is_words = matches!(column.kind, Kind::Categorical { .. });
        let is_target = encoder.targets().contains(&column.name);
        let done = match encoder.missing() {
            _ if is_target => "their rows left out",
            MissingPolicy::Error => "not used",
            MissingPolicy::Drop => "their rows left out",
            MissingPolicy::Mean if is_words => "taken as every level by its share",
            MissingPolicy::Indicator if is_words => "taken as a level of their own",
            MissingPolicy::Mean => "taken as the mean",
            MissingPolicy::Indicator => "taken as the mean and marked",
        };
        let cells = if missing == 1 { "cell" } else { "cells" };
        notes.push(format!("{missing} missing {cells}, {done}"));
    }
    notes.join("; ")
}

/// What to say of a level that may stand for missing cells.
pub fn gap_note(column: &Column) -> Option<String> {
    let Kind::Categorical { levels, .. } = &column.kind else {
        return None;
    };
    let gap = column.gap.as_ref().filter(|gap| levels.contains(gap))?;
    let gap = plain(gap);
    Some(format!(
        "`{gap}` is a level: if it means missing, say so with --na {}",
        quoted(&gap)
    ))
}

/// Says to standard error what a policy was used on while rows were read.
pub fn warn_of_counts(counts: &EncodingCounts, place: &str) -> std::io::Result<()> {
    let mut stderr = anstream::stderr();
    let label = yellow("warning:");
    let list = |cells: &BTreeMap<String, u64>| {
        let cells = cells.iter();
        let cells = cells.map(|(name, count)| format!("{count} of `{}`", plain(name)));
        cells.collect::<Vec<_>>().join(", ")
    };
    if !counts.missing.is_empty() {
        writeln!(
            stderr,
            "{label} missing cells{place}: {}",
            list(&counts.missing)
        )?;
    }
    if !counts.unseen.is_empty() {
        writeln!(
            stderr,
            "{label} levels{place} that the model does not know, taken as the baseline: {}",
            list(&counts.unseen)
        )?;
    }
    Ok(())
}

/// What was done with each column, as JSON.
pub fn columns_json(schema: &Schema, counts: &EncodingCounts) -> Value {
    let of_column = |column: &Column| {
        let mut entry = json!({
            "name": column.name,
            "kind": column.kind.name(),
            "why": column.why,
            "missing": column.missing,
        });
        if let Kind::Categorical { levels, .. } = &column.kind {
            entry["baseline"] = json!(levels[0]);
            entry["levels"] = json!(levels);
        }
        entry
    };
    json!({
        "dropped_rows": counts.dropped,
        "columns": schema.columns.iter().map(of_column).collect::<Vec<_>>(),
    })
}
