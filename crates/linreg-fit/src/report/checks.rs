use linreg_plot::Picture;

use super::look::{Look, Row};
use crate::export::checks::{Checks, percent};
use crate::number::count;
use crate::page::html::{list, name, paragraph, prose, table, text};
use crate::page::{Language, Pictures, Section};
use crate::{ExactFit, How, LEVEL, Report, TableDiagnostics};

/// The checks of the assumptions behind the standard errors, with pictures of the
/// residuals; for a fit without standard errors the pictures alone.
pub fn section(report: &Report, look: &Look, found: Option<&TableDiagnostics>) -> Section {
    let targets = report.fitted.encoder().targets();
    let told = targets.len().min(super::MOST_TARGETS);
    let checked = match (&report.fitted.how, found) {
        (How::Exact(fit), Some(found)) => Some((fit.as_ref(), found)),
        _ => None,
    };
    let mut body = String::new();
    for (index, target) in targets.iter().enumerate().take(told) {
        if told > 1 {
            body += &format!("<h3>{}</h3>\n", name(target));
        }
        let checks = checked.map(|(fit, found)| Checks {
            fit,
            found,
            target: index,
            say: report.say,
        });
        if let Some(checks) = checks {
            body += &results(&checks, report);
        }
        body += &pictures(report, look, index, found);
        if let Some(checks) = checks {
            for (heading, rows) in checks.listed() {
                let rows: Vec<Vec<String>> = rows
                    .iter()
                    .map(|(place, value)| vec![text(place), text(value)])
                    .collect();
                let (caption, why) = heading.split_once(',').unwrap_or((&heading, ""));
                body += &paragraph(&prose(&format!("{caption}:{why}.")));
                body += &table(caption, &["row", "value"], 1, &rows);
            }
        }
    }
    if let Some((fit, _)) = checked {
        body += &assumptions(fit);
    }
    let heading = match checked {
        Some(_) => "Assumption checks",
        None => "Residuals",
    };
    Section {
        id: "checks",
        heading,
        body,
    }
}

/// A line for each check: what it looks at, its figures, and what follows.
fn results(checks: &Checks, report: &Report) -> String {
    let results = checks.results(report.fitted.encoder());
    let rows = results.map(|result| {
        vec![
            format!(
                "{} <span class=\"quiet\">{}</span>",
                text(result.name),
                text(result.of)
            ),
            text(result.value),
            text(result.p),
            prose(&result.meaning),
        ]
    });
    let caption = format!("Tests at the {} level", percent(LEVEL));
    let header = ["check", "statistic", "p", "result"];
    table(&caption, &header, header.len(), &rows)
}

/// Pictures of the residuals: in the order of the rows, by what was predicted, their
/// distribution, and the rows that move the fit.
fn pictures(
    report: &Report,
    look: &Look,
    target: usize,
    found: Option<&TableDiagnostics>,
) -> String {
    let fitted = report.fitted;
    let target_name = &fitted.encoder().targets()[target];
    let tests = match &fitted.how {
        How::Exact(fit) => found.map(|found| found.tests(&fit.inferences[target], target)),
        How::Trained(_) => None,
    };
    let of = |value: &dyn Fn(&Row) -> f64| look.sample.iter().map(value).collect::<Vec<f64>>();
    let residual = |row: &Row| row.targets[target] - row.predictions[target];
    let residuals = of(&residual);
    let predicted = of(&|row| row.predictions[target]);
    let numbers = of(&|row| row.number as f64);
    let id = format!("check-{}", target + 1);
    let mut pictures = Pictures::new(&id, Language::English);
    pictures.add(Picture::residual_order(
        &numbers,
        &residuals,
        tests.as_ref(),
    ));
    pictures.add(Picture::residuals(
        target_name,
        &predicted,
        &residuals,
        tests.as_ref(),
    ));
    let standardised = standardised(look, target, &residuals);
    if !standardised.is_empty() {
        pictures.add(Picture::normal_quantiles(&standardised, tests.as_ref()));
    }
    let rows = look.sample.iter().chain(&look.asked);
    let influence: Vec<(u64, f64, f64)> = rows
        .filter_map(|row| {
            let (residual, leverage) = row.standardised[target]?;
            Some((row.number, residual, leverage))
        })
        .collect();
    if !influence.is_empty() {
        let numbers: Vec<u64> = influence.iter().map(|(number, ..)| *number).collect();
        let leverage: Vec<f64> = influence.iter().map(|(.., leverage)| *leverage).collect();
        let are_rounding = tests.is_some_and(|tests| tests.are_rounding);
        let residuals = influence.iter().map(
            |(_, residual, _)| {
                if are_rounding { 0.0 } else { *residual }
            },
        );
        let residuals: Vec<f64> = residuals.collect();
        let coefficients = match &fitted.how {
            How::Exact(fit) => fit.solution.rank,
            How::Trained(_) => 1,
        };
        let picture = Picture::leverage(&leverage, &residuals, coefficients, &numbers);
        let all = look.sample.len() + look.asked.len();
        pictures.add(match all - leverage.len() {
            0 => picture,
            determining => picture.map(|picture| {
                let rows = count(determining, "row");
                picture.with_note(&format!("{rows} of leverage 1 left out"))
            }),
        });
    }
    pictures.html()
}

/// The residuals over their standard deviations, or over that of all where the model has
/// no covariance; empty if they are all 0.
fn standardised(look: &Look, target: usize, residuals: &[f64]) -> Vec<f64> {
    let rows = look.sample.iter();
    let known: Vec<f64> = rows
        .filter_map(|row| Some(row.standardised[target]?.0))
        .collect();
    if known.iter().any(|residual| *residual != 0.0) {
        return known;
    }
    let squares: f64 = residuals.iter().map(|residual| residual * residual).sum();
    let spread = (squares / residuals.len() as f64).sqrt();
    if spread > 0.0 && spread.is_finite() {
        residuals.iter().map(|residual| residual / spread).collect()
    } else {
        Vec::new()
    }
}

/// The assumptions behind the standard errors.
fn assumptions(fit: &ExactFit) -> String {
    let even = "the residuals have the same variance everywhere: a funnel in the picture of \
                residuals speaks against it;";
    let mut list_of = vec![
        "rows are independent of one another: no row is a copy or a later state of another;",
        "the target depends on the features along straight lines: a curve in the picture of \
         residuals speaks against it;",
        "the residuals are about normal, which matters little with many rows.",
    ];
    if fit.robust.is_none() {
        list_of.insert(1, even);
    }
    let mut body = paragraph("The standard errors, p values and intervals hold if");
    body += &list(list_of.into_iter().map(str::to_string));
    body + &paragraph(
        "That a coefficient is significant does not say that changing the feature would change \
         the target: both may follow from something that is no column here.",
    )
}
