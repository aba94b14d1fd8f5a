//! What was done with the columns of a table, in words.

use std::collections::BTreeMap;

use linreg_data::{Column, Encoder, EncodingCounts, FeatureFactor, Kind, MissingPolicy, Schema};

use crate::number::{columns_of, count, plain, thousands};
use crate::wrap::{Width, after, item};
use crate::{Setting, SettingNames};

/// Says how each column was used: the number of columns of each kind, and a
/// line for each column that is not numeric or has missing cells, in so many
/// columns of a terminal.
pub fn columns_lines(
    schema: &Schema,
    encoder: &Encoder,
    counts: &EncodingCounts,
    say: SettingNames,
    most_columns: Width,
) -> String {
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
        if rows.len() < MOST {
            rows.push((column, note(column, encoder, say)));
        } else {
            more += 1;
        }
    }
    let kinds: Vec<String> = kinds
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    let mut text = after("Columns: ", &kinds.join(", "), most_columns);
    text += &beside_names(&rows, most_columns);
    if more > 0 {
        text += &format!("  and {more} more\n");
    }
    for (left_out, why) in [
        (counts.incomplete(), "for missing cells"),
        (counts.weightless, "for their weight of 0"),
    ] {
        if left_out > 0 {
            let rows = [left_out, counts.rows].map(|rows| thousands(rows as usize));
            let sentence = format!("{} of {} rows were left out {why}", rows[0], rows[1]);
            text += &item(&sentence, most_columns);
        }
    }
    text
}

/// Lines with the names and kinds of columns, and a text about each.
pub(super) fn beside_names(rows: &[(&Column, String)], width: Width) -> String {
    let names = rows.iter().map(|(column, _)| plain(&column.name));
    let names: Vec<String> = names.collect();
    let most = names.iter().map(|name| columns_of(name)).max();
    let line = |((column, text), name): (&(&Column, String), &String)| {
        let space = " ".repeat(most.unwrap_or(0) - columns_of(name));
        let start = format!("  {name}{space}  {:<11}  ", column.kind.name());
        after(&start, &plain(text), width)
    };
    rows.iter().zip(&names).map(line).collect()
}

/// What a reader should know about the column; empty if nothing.
pub fn note(column: &Column, encoder: &Encoder, say: SettingNames) -> String {
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
        _ => notes.push(say(&Setting::Why(Box::new(column.clone())))),
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
    notes.extend(gap_note(column, say));
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
pub fn gap_note(column: &Column, say: SettingNames) -> Option<String> {
    let Kind::Categorical { levels, .. } = &column.kind else {
        return None;
    };
    let gap = column.gap.as_ref().filter(|gap| levels.contains(gap))?;
    let gap = plain(gap);
    Some(format!(
        "`{gap}` is used as a level; if it means a missing cell, add {}",
        say(&Setting::Missing(gap.clone()))
    ))
}

/// The missing cells that a policy was applied to, in a sentence; `place` says
/// where, as ` in new.csv`. `None` if there are none.
pub fn missing_cells(counts: &EncodingCounts, place: &str) -> Option<String> {
    let cells = list(&counts.missing);
    (!counts.missing.is_empty()).then(|| format!("missing cells{place}: {cells}"))
}

/// The levels that a model does not know, and what was done about them, in a
/// sentence; `None` if there are none.
pub fn unseen_levels(counts: &EncodingCounts, place: &str) -> Option<String> {
    if counts.unseen.is_empty() {
        return None;
    }
    let done = match counts.unseen_rows {
        0 => "treated as the baseline".to_string(),
        rows => format!("{} left out", count(rows as usize, "row")),
    };
    let cells = list(&counts.unseen);
    Some(format!(
        "cells{place} with levels that the model does not know, {done}: {cells}"
    ))
}

/// Lists the number of cells of each column.
fn list(cells: &BTreeMap<String, u64>) -> String {
    let cells = cells.iter();
    let cells = cells.map(|(name, count)| format!("{count} of `{}`", plain(name)));
    cells.collect::<Vec<_>>().join(", ")
}
