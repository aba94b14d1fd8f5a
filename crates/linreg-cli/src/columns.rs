use std::collections::{BTreeMap, HashSet};

use anyhow::{Result, bail};
use linreg_data::{
    Column, ColumnChoice, ColumnIndex, DataError, Encoder, EncoderConfig, EncodingCounts, Factor,
    Feature, FeatureFactor, Formula, Kind, MAX_FEATURES, MissingPolicy, Schema, Source, Term,
    UnseenPolicy, column_names,
};

use serde_json::{Value, json};

use crate::advice;
use crate::names::{Names, all};
use crate::number::{columns_of, count, plain, thousands};
use crate::report::quoted;
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

    /// Features at most [default: 4000 for the exact fit, whose time grows with
    /// their cube, 10000 for training]
    #[arg(long, value_name = "NUMBER")]
    pub max_features: Option<usize>,

    /// Level that the others of a categorical column are compared with
    /// [default: the first in alphabetical order]
    #[arg(long, value_name = "NAME=LEVEL", value_parser = baseline)]
    baseline: Vec<(String, String)>,

    /// What to do about missing cells: error, drop (leave out the row), mean
    /// (of the column), indicator (mean, and a feature that marks them)
    #[arg(long, value_name = "POLICY", value_parser = missing, default_value = "error")]
    missing: MissingPolicy,

    /// What predict does about levels that are in none of the rows fitted to:
    /// error, baseline (take them as that level), or drop (no prediction).
    /// Held-out rows with such levels are left out of the evaluation, except with
    /// baseline
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
    pub fn choice(&self) -> ColumnChoice {
        let (numeric, categorical) = (all(&self.numeric), all(&self.categorical));
        ColumnChoice {
            named: [&numeric[..], &categorical].concat(),
            numeric,
            categorical,
            max_levels: self.max_levels,
            ..ColumnChoice::default()
        }
    }
}

impl ColumnArgs {
    /// What to learn about the columns of the source, and how to encode them.
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
            max_features: self.max_features.unwrap_or(MAX_FEATURES),
            ..EncoderConfig::default()
        };
        for names in [&config.targets, &config.exclude] {
            known(names, &columns)?;
        }
        known(self.weight.as_slice(), &columns)?;
        if let Some(text) = &self.formula {
            let (formula, implied) = Formula::parse_implied(text, &columns)?;
            let named_by_dot = ColumnIndex::new(&implied);
            let factors = || formula.terms.iter().flat_map(|term| &term.0);
            for factor in factors() {
                let name = factor.column();
                let is_named = |names: &[String]| names.iter().any(|other| other == name);
                let is_implied = named_by_dot.contains(name);
                let as_it_is = |other: &Factor| {
                    !matches!(other, Factor::Categorical(_)) && other.column() == name
                };
                if let Factor::Categorical(_) = factor {
                    let names = match factors().any(as_it_is) {
                        true => &mut choice.also_categorical,
                        false => &mut choice.categorical,
                    };
                    if !is_named(names) {
                        names.push(name.to_string());
                    }
                }
                if !is_implied {
                    choice.named.push(name.to_string());
                }
            }
            let used = factors().map(|factor| factor.column().to_string());
            let mut used: Vec<String> = used.collect();
            used.extend(formula.targets.iter().cloned());
            used.extend(self.weight.clone());
            choice.columns = Some(used);
            config.targets = formula.targets;
            config.terms = Some(formula.terms);
            config.implied = implied;
            config.no_intercept |= !formula.intercept;
        } else if !self.features.is_empty() {
            let features = all(&self.features);
            known(&features, &columns)?;
            let mut terms = Vec::new();
            let mut seen = HashSet::new();
            for name in &features {
                let term = linreg_data::Term(vec![Factor::Column(name.clone())]);
                if !seen.insert(name) {
                    bail!("the feature `{}` is named twice", plain(name));
                }
                terms.push(term);
            }
            let used = features.iter().chain(&config.targets).chain(&self.weight);
            choice.columns = Some(used.cloned().collect());
            choice.named.extend(features);
            config.terms = Some(terms);
        } else {
            let used = columns.into_iter();
            let exclude = ColumnIndex::new(&config.exclude);
            let used = used.filter(|name| !exclude.contains(name));
            choice.columns = Some(used.collect());
            config.exclude.clear();
        }
        choice.named.extend(config.targets.iter().cloned());
        choice.named.extend(self.weight.clone());
        Ok((choice, config))
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

fn known(names: &[String], columns: &[String]) -> Result<(), DataError> {
    let known = ColumnIndex::new(columns);
    match names.iter().find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(name) => Err(DataError::UnknownColumn {
            name: name.clone(),
            columns: columns.to_vec(),
        }),
    }
}

/// Says how each column was used: the number of columns of each kind, and a
/// line for each column that is not numeric or has missing cells.
pub fn columns_lines(schema: &Schema, encoder: &Encoder, counts: &EncodingCounts) -> String {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    let (mut rows, mut more) = (Vec::new(), 0);
    for column in &schema.columns {
        let kind = column.kind.name();
        match kinds.iter_mut().find(|(name, _)| *name == kind) {
            Some((_, count)) => *count += 1,
            None => kinds.push((kind, 1)),
        }
        if column.kind == Kind::Numeric && column.missing == 0 {
            continue;
        }
        // A reader can take in only so many lines; `--json` lists every column.
        const MOST: usize = 30;
        match rows.len() < MOST {
            true => rows.push((&column.name, kind, note(column, encoder))),
            false => more += 1,
        }
    }
    let kinds: Vec<String> = kinds
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    let mut text = format!("Columns: {}\n", kinds.join(", "));
    let width = |text: &str| columns_of(&plain(text));
    let names = rows.iter().map(|(name, _, _)| width(name)).max();
    for (name, kind, note) in &rows {
        let space = " ".repeat(names.unwrap_or(0) - width(name));
        text += &format!("  {}{space}  {kind:<11}  {}\n", plain(name), plain(note));
    }
    if more > 0 {
        text += &format!("  and {more} more\n");
    }
    for (left_out, why) in [
        (counts.incomplete(), "for missing cells"),
        (counts.weightless, "for their weight of 0"),
    ] {
        if left_out > 0 {
            text += &format!(
                "  {} of {} rows were left out {why}\n",
                thousands(left_out as usize),
                thousands(counts.rows as usize)
            );
        }
    }
    text
}

/// What a reader should know about the column; empty if nothing.
pub fn note(column: &Column, encoder: &Encoder) -> String {
    let mut notes = Vec::new();
    match &column.kind {
        Kind::Categorical { levels, .. } => {
            let compared = match levels.first().filter(|_| is_compared(column, encoder)) {
                Some(baseline) => format!("each compared with `{baseline}`"),
                None => "each a feature of its own".to_string(),
            };
            notes.push(format!("{}, {compared}", count(levels.len(), "level")));
        }
        Kind::Numeric => {}
        _ => notes.push(advice::why(column)),
    }
    if !column.unfitted_levels.is_empty() {
        const MOST: usize = 5;
        let first = column.unfitted_levels.iter().take(MOST);
        let first: Vec<String> = first.map(|level| format!("`{level}`")).collect();
        let more = match column.unfitted_levels.len() - first.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        notes.push(format!(
            "{}{more} only in rows that are not fitted to",
            first.join(", ")
        ));
    }
    notes.extend(gap_note(column));
    if column.missing > 0 {
        let is_words = matches!(column.kind, Kind::Categorical { .. });
        let mut others = encoder.targets().iter().map(String::as_str);
        let is_other = others.any(|name| name == column.name)
            || encoder.weight() == Some(column.name.as_str());
        let is_used = encoder.columns().iter().any(|c| c.name == column.name);
        let left_out = if column.missing == 1 {
            "its row left out"
        } else {
            "their rows left out"
        };
        let done = match encoder.missing() {
            MissingPolicy::Error => "not used",
            _ if !is_used => "not used",
            _ if is_other => left_out,
            MissingPolicy::Drop => left_out,
            MissingPolicy::Mean if is_words => "taken as the share of each level",
            MissingPolicy::Indicator if is_words => "taken as a level of their own",
            MissingPolicy::Mean => "taken as the mean",
            MissingPolicy::Indicator => "taken as the mean and marked",
        };
        let cells = count(column.missing as usize, "missing cell");
        notes.push(format!("{cells}, {done}"));
    }
    notes.join("; ")
}

/// Whether the column has a baseline: a level without a feature of its own,
/// which the other levels are compared with.
fn is_compared(column: &Column, encoder: &Encoder) -> bool {
    let features = encoder.features();
    let mut factors = features.iter().flat_map(|feature| &feature.factors);
    factors.any(|factor| match factor {
        FeatureFactor::Level {
            column: name,
            baseline,
            ..
        } => *name == column.name && baseline.is_some(),
        _ => false,
    })
}

/// A hint about a level that may stand for missing cells.
pub fn gap_note(column: &Column) -> Option<String> {
    let Kind::Categorical { levels, .. } = &column.kind else {
        return None;
    };
    let gap = column.gap.as_ref().filter(|gap| levels.contains(gap))?;
    let gap = plain(gap);
    Some(format!(
        "`{gap}` is used as a level; if it means a missing cell, add --na {}",
        quoted(&gap)
    ))
}

/// Warns on standard error of the missing cells and unknown levels that a
/// policy was applied to.
pub fn warn_of_counts(counts: &EncodingCounts, place: &str) -> std::io::Result<()> {
    if !counts.missing.is_empty() {
        let cells = list(&counts.missing);
        terminal::stderr().warning(format_args!("missing cells{place}: {cells}"))?;
    }
    warn_of_unseen(counts, place)
}

/// Warns on standard error of levels that the model does not know, and says
/// what was done about them.
pub fn warn_of_unseen(counts: &EncodingCounts, place: &str) -> std::io::Result<()> {
    if !counts.unseen.is_empty() {
        let done = match counts.unseen_rows {
            0 => "treated as the baseline".to_string(),
            rows => format!("{} left out", count(rows as usize, "row")),
        };
        let cells = list(&counts.unseen);
        terminal::stderr().warning(format_args!(
            "cells{place} with levels that the model does not know, {done}: {cells}"
        ))?;
    }
    Ok(())
}

/// Lists the number of cells of each column.
fn list(cells: &BTreeMap<String, u64>) -> String {
    let cells = cells.iter();
    let cells = cells.map(|(name, count)| format!("{count} of `{}`", plain(name)));
    cells.collect::<Vec<_>>().join(", ")
}

/// What was done with each column, as JSON.
pub fn columns_json(schema: &Schema, counts: &EncodingCounts) -> Value {
    let of_column = |column: &Column| {
        let mut entry = json!({
            "name": column.name,
            "kind": column.kind.name(),
            "why": advice::why(column),
            "missing": column.missing,
        });
        if let Kind::Categorical { levels, .. } = &column.kind {
            entry["baseline"] = json!(levels.first());
            entry["levels"] = json!(levels);
        }
        if !column.unfitted_levels.is_empty() {
            entry["unfitted_levels"] = json!(column.unfitted_levels);
        }
        entry
    };
    json!({
        "dropped_rows": counts.dropped,
        "weightless_rows": counts.weightless,
        "columns": schema.columns.iter().map(of_column).collect::<Vec<_>>(),
    })
}
