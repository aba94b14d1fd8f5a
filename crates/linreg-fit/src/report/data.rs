use linreg_data::{Column, Kind};

use crate::Report;
use crate::export::columns::note;
use crate::number::{count, significant};
use crate::page::Section;
use crate::page::html::{name, names, paragraph, prose, shorten, table, text};

/// The most columns that the page lists.
const MOST_COLUMNS: usize = 150;

/// The index of the column of notes, which is left out if there are none.
const NOTE: usize = 3;

/// The most features that the question names.
const MOST_FEATURES: usize = 8;

/// The question, and what each column was taken as.
pub fn section(report: &Report) -> Section {
    let encoder = report.fitted.encoder();
    let targets = encoder.targets();
    let features = report.fitted.model.feature_names();
    let shown = &features[..features.len().min(MOST_FEATURES)];
    let more = match features.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let bias = if encoder.intercept() {
        "a constant, the intercept, plus "
    } else {
        ""
    };
    let mut body = paragraph(&format!(
        "How does {} depend on {}{more}? A linear model answers with {bias}a weight for each \
         feature: how much the target changes when that feature is 1 more and the others stay as \
         they are.",
        names(&targets[..targets.len().min(super::MOST_TARGETS)]),
        names(shown),
    ));
    body += &paragraph(&rows(report));
    let columns = &report.fitted.schema().columns;
    let mut listed: Vec<Vec<String>> = columns
        .iter()
        .take(MOST_COLUMNS)
        .map(|column| row(column, report))
        .collect();
    let mut header = vec![
        "column", "taken as", "used as", "note", "from", "to", "mean",
    ];
    if listed.iter().all(|row| row[NOTE].is_empty()) {
        header.remove(NOTE);
        for row in &mut listed {
            row.remove(NOTE);
        }
    }
    let first_number = header.len() - 3;
    let caption = "What each column was taken as";
    body += &table(caption, &header, first_number, &listed);
    if columns.len() > MOST_COLUMNS {
        let more = columns.len() - MOST_COLUMNS;
        body += &paragraph(&format!("And {more} more columns."));
    }
    Section {
        id: "data",
        heading: "The question and the data",
        body,
    }
}

fn rows(report: &Report) -> String {
    let counts = &report.fitted.counts;
    let mut sentence = format!(
        "The model is fitted to {} of {}.",
        count(report.fitted.num_rows, "row"),
        text(&report.fitted.table),
    );
    for (left_out, what) in [
        (counts.incomplete(), "with missing cells"),
        (counts.weightless, "of weight 0"),
    ] {
        if left_out > 0 {
            let rows = count(left_out as usize, "row");
            sentence += &format!(" {rows} {what} were left out.");
        }
    }
    let all = report.fitted.schema().num_rows;
    let held_out = all.saturating_sub(counts.rows);
    if held_out > 0 {
        let held_out = count(held_out as usize, "row");
        sentence += &format!(" {held_out} were held out to judge it on.");
    }
    if let Some(weight) = report.fitted.encoder().weight() {
        sentence += &format!(" Rows count by {}.", name(weight));
    }
    sentence
}

fn row(column: &Column, report: &Report) -> Vec<String> {
    let encoder = report.fitted.encoder();
    let is_used = encoder
        .columns()
        .iter()
        .any(|used| used.name == column.name);
    let used = match &column.name {
        name if encoder.targets().contains(name) => "target",
        name if encoder.weight() == Some(name.as_str()) => "weight",
        _ if is_used => "feature",
        _ => "not used",
    };
    // A categorical column has a spread where its levels are numbers; it is not
    // shown.
    let is_number = !matches!(column.kind, Kind::Categorical { .. } | Kind::Ignored);
    let number = |of: fn(&linreg_data::Spread) -> f64| match &column.spread {
        Some(spread) if is_number => significant(of(spread)),
        _ => String::new(),
    };
    vec![
        name(&column.name),
        column.kind.name().to_string(),
        used.to_string(),
        prose(&shorten(&note(column, encoder, report.say))),
        number(|spread| spread.min),
        number(|spread| spread.max),
        number(|spread| spread.mean),
    ]
}
