use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Result, anyhow};
use linreg_data::{ChunkOrder, DataError, EncodedSource, Encoder, Place, RowProblem};
use linreg_exact::{
    Diagnostics, DiagnosticsPass, ExactError, Finding, Inference, ResidualSums, RobustCovariance,
    RowFigure, TargetDiagnostics,
};
use linreg_plot::ResidualTests;
use serde_json::{Value, json};

use super::exact::{ExactFit, data_error, rows_of};
use super::summary::{self, p_value};
use crate::number::{count, plain, significant, table};

/// The results of another pass over the rows, and the places in the file of the
/// rows that they list.
pub struct Found {
    diagnostics: Diagnostics,
    places: HashMap<u64, Place>,
}

impl Found {
    /// Reads all rows again.
    pub fn new(pass: DiagnosticsPass, source: &EncodedSource, encoder: &Encoder) -> Result<Self> {
        let pass = Arc::new(pass);
        let of_threads = pass.clone();
        let (features, targets) = (encoder.feature_names().len(), encoder.targets().len());
        let chunks = source.map(ChunkOrder::File, move |encoded, chunk| {
            let numbers = (chunk.first_row..).zip(&encoded.kept);
            let kept = numbers.filter_map(|(number, kept)| kept.then_some(number));
            let kept: Vec<u64> = kept.collect();
            let rows = rows_of(&encoded.rows, features, targets).map_err(data_error)?;
            let sums = of_threads
                .sums(&rows, |row| kept[row])
                .map_err(data_error)?;
            let place = |figure: RowFigure| {
                let row = (figure.row - chunk.first_row) as usize;
                // A reader looks for the line of a row, not for its first byte.
                (figure.row, chunk.origin.place(row).without_byte())
            };
            let places: HashMap<u64, Place> = sums.listed().map(place).collect();
            Ok((sums, places))
        })?;
        let mut total: Option<ResidualSums> = None;
        let mut places = HashMap::new();
        for chunk in chunks {
            let (sums, of_chunk) = chunk?;
            places.extend(of_chunk);
            let Some(total) = &mut total else {
                total = Some(sums);
                continue;
            };
            total.merge(&sums)?;
            let listed: Vec<u64> = total.listed().map(|figure| figure.row).collect();
            places.retain(|row, _| listed.contains(row));
        }
        let total = total.ok_or(ExactError::NoRows)?;
        let diagnostics = pass.diagnostics(&total).map_err(|error| {
            let ExactError::Leverage { row } = error else {
                return anyhow!(error);
            };
            let problem = "this row alone determines a coefficient: its leverage is 1, and hc2 and hc3 divide by 1 - leverage; leave it out, or use --robust hc1";
            match places.get(&row).cloned() {
                Some(place) => anyhow!(DataError::Row {
                    place,
                    problem: RowProblem::Other(problem.into()),
                }),
                None => anyhow!("row {}: {problem}", row + 1),
            }
        })?;
        Ok(Self {
            diagnostics,
            places,
        })
    }

    /// The robust covariance of each target, if one was asked for.
    pub fn robust(&self) -> Vec<&RobustCovariance> {
        let targets = self.diagnostics.targets.iter();
        targets
            .filter_map(|target| target.robust.as_ref())
            .collect()
    }

    fn place(&self, row: u64) -> String {
        let found = self.places.get(&row);
        found.map_or_else(
            || format!("row {}", row + 1),
            |place| plain(&place.to_string()),
        )
    }

    fn rows_json(&self, list: &[RowFigure]) -> Value {
        let row = |figure: &RowFigure| {
            json!({
                "row": figure.row + 1,
                "place": self.places.get(&figure.row).map(Place::to_string),
                "value": figure.value,
            })
        };
        json!(list.iter().map(row).collect::<Vec<_>>())
    }
}

/// The significance level of the tests.
pub const LEVEL: f64 = 0.05;

/// With fewer rows than this, the tests have so little power that finding
/// nothing says nothing. In a simulation with 20 rows, the Jarque-Bera test at
/// the 5 % level rejected 2.4 % of normal residuals and no more than 37 % of
/// exponential ones.
const FEW_ROWS: f64 = 30.0;

/// The results of the assumption checks of a target's residuals, each with its
/// meaning.
pub fn text(fit: &ExactFit, found: &Found, index: usize, encoder: &Encoder) -> String {
    let target = &found.diagnostics.targets[index];
    let inference = &fit.inferences[index];
    let rows = [
        ("Durbin-Watson", durbin_watson(fit, found, index)),
        ("Jarque-Bera", jarque_bera(fit, found, index)),
        ("Breusch-Pagan", breusch_pagan(fit, found, index)),
        ("VIF", inflation_text(inference, encoder)),
    ];
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let lines = rows
        .iter()
        .map(|(name, text)| format!("  {name:<width$}  {text}\n"));
    let mut text = format!(
        "Assumption checks, tests at the {} level\n{}",
        percent(LEVEL),
        lines.collect::<String>()
    );
    let mean = fit.solution.rank as f64 / inference.rows;
    if !found.diagnostics.leverages.is_empty() {
        text += &format!(
            "\nRows with the largest leverage, the weight of a row's own target in its prediction; the mean is {}, and rows with much more are worth checking\n{}",
            significant(mean),
            rows_table(found, &found.diagnostics.leverages)
        );
    }
    if !target.cooks_distances.is_empty() {
        let advice = match found.sentence(fit, index, "influential_rows") {
            Some(_) => "those above 1 change the fit: check their cells, and fit without them",
            None => "none is above 1",
        };
        text += &format!(
            "\nRows with the largest Cook's distance, a measure of how much the predictions change without the row; {advice}\n{}",
            rows_table(found, &target.cooks_distances)
        );
    }
    text
}

/// A share between 0 and 1 in percent.
pub fn percent(share: f64) -> String {
    // 1 - 0.95 is not exactly 0.05, which rounding hides.
    format!("{} %", significant(100.0 * share))
}

fn rows_table(found: &Found, list: &[RowFigure]) -> String {
    let row = |figure: &RowFigure| vec![found.place(figure.row), significant(figure.value)];
    table(&list.iter().map(row).collect::<Vec<_>>())
}

impl Found {
    /// The findings that speak against the assumptions behind a target's
    /// figures.
    pub fn findings(&self, index: usize) -> Vec<Finding> {
        self.diagnostics.findings(index, LEVEL)
    }

    /// The results of the tests of a target's residuals, for the titles of pictures.
    pub fn tests(&self, inference: &Inference, index: usize) -> ResidualTests {
        let target = &self.diagnostics.targets[index];
        ResidualTests {
            breusch_pagan_p: target.breusch_pagan_p,
            jarque_bera_p: target.jarque_bera_p,
            level: LEVEL,
            rows: inference.rows as u64,
            are_rounding: target.durbin_watson.is_nan(),
        }
    }

    /// The findings in sentences, each with its p value and with what to do.
    pub fn sentences(&self, fit: &ExactFit, index: usize) -> Vec<String> {
        let findings = self.findings(index);
        let sentence = |finding: &Finding| {
            let text = self.meaning(finding, fit, index);
            match finding {
                Finding::SerialDependence { p, .. } => {
                    format!("{text} (Durbin-Watson test, p {})", p_value(*p))
                }
                Finding::NotNormal { p, .. } => {
                    format!("{text} (Jarque-Bera test, p {})", p_value(*p))
                }
                Finding::UnequalVariance { p, .. } => {
                    format!("{text} (Breusch-Pagan test, p {})", p_value(*p))
                }
                _ => text,
            }
        };
        findings.iter().map(sentence).collect()
    }

    /// A sentence for when the checks of these targets found nothing; `None` if
    /// the checks are undefined.
    pub fn none(&self, inferences: &[Inference]) -> Option<String> {
        let mut targets = self.diagnostics.targets.iter().zip(inferences);
        let (_, inference) = targets.find(|(target, _)| !target.durbin_watson.is_nan())?;
        let rows = count(inference.rows as usize, "row");
        Some(if inference.rows < FEW_ROWS {
            format!("{rows} are too few for the checks below to find much.")
        } else {
            format!(
                "None of the checks below found anything in {rows}, which does not prove that the assumptions hold."
            )
        })
    }

    /// The finding of this name, in words.
    fn sentence(&self, fit: &ExactFit, index: usize, name: &str) -> Option<String> {
        let findings = self.findings(index);
        let finding = findings.iter().find(|finding| finding.name() == name)?;
        Some(self.meaning(finding, fit, index))
    }

    fn meaning(&self, finding: &Finding, fit: &ExactFit, index: usize) -> String {
        /// With this many rows, sums are nearly normal whatever the
        /// distribution of their terms (central limit theorem).
        const MANY: f64 = 100.0;
        match finding {
            Finding::SerialDependence {
                durbin_watson,
                mean,
                ..
            } if durbin_watson < mean => {
                "residuals are positively autocorrelated, so standard errors are likely too small if the rows are in order of time or place: add a feature that changes with it".to_string()
            }
            Finding::SerialDependence { .. } => {
                "residuals are negatively autocorrelated: each tends to have the opposite sign of the one before; if the rows are in order of time, add the target of the row before as a feature".to_string()
            }
            Finding::NotNormal { .. } => {
                let target = &self.diagnostics.targets[index];
                let shape = shape(target);
                let of_weights = if fit.inferences[index].rows < MANY {
                    "p values and intervals are inexact with so few rows"
                } else {
                    "with so many rows p values hold all the same, but not intervals of single rows"
                };
                format!(
                    "residuals are not normally distributed ({shape}): {of_weights}; look for wrong cells, or take the logarithm of a target that is never negative"
                )
            }
            Finding::UnequalVariance { .. } if fit.robust.is_some() => {
                "the spread of residuals changes with the features, which the robust standard errors account for".to_string()
            }
            Finding::UnequalVariance { .. } => {
                // hc3 divides by 1 minus the leverage.
                let largest = self.diagnostics.leverages.first();
                let is_determined = largest.is_some_and(|figure| figure.value > 1.0 - 1e-9);
                let kind = if is_determined { "hc1" } else { "hc3" };
                format!(
                    "the spread of residuals changes with the features, so standard errors are inexact: add --robust {kind}"
                )
            }
            Finding::InfluentialRows { rows } => {
                let places: Vec<String> = rows.iter().map(|row| self.place(row.row)).collect();
                format!(
                    "the fit depends much on single rows, whose Cook's distance is above 1: {}; check their cells, and fit without them",
                    places.join("; ")
                )
            }
            other => other.name().replace('_', " "),
        }
    }
}

/// Says that nothing was found, and in how many rows.
fn none_found(what: &str, inference: &Inference) -> String {
    let rows = count(inference.rows as usize, "row");
    if inference.rows < FEW_ROWS {
        format!("{rows} are too few to tell")
    } else {
        format!("no {what} found in {rows}")
    }
}

/// Why a figure is not defined.
fn undefined(inference: &Inference) -> String {
    if inference.degrees_of_freedom > 0.0 {
        "-  undefined: there are no residuals beyond rounding".to_string()
    } else {
        "-  undefined: there are no more rows than coefficients".to_string()
    }
}

fn durbin_watson(fit: &ExactFit, found: &Found, index: usize) -> String {
    let target = &found.diagnostics.targets[index];
    let inference = &fit.inferences[index];
    if target.durbin_watson.is_nan() {
        return undefined(inference);
    }
    let meaning = match found.sentence(fit, index, "serial_dependence") {
        _ if found.diagnostics.has_counted_rows => {
            "no conclusion, since with --counts a row can stand for several equal rows in sequence"
                .to_string()
        }
        Some(sentence) => sentence,
        None => none_found("dependence on the row before", inference),
    };
    if target.durbin_watson_p.is_nan() {
        return significant(target.durbin_watson);
    }
    format!(
        "{}  p {}, {} on average if rows are independent: {meaning}",
        significant(target.durbin_watson),
        p_value(target.durbin_watson_p),
        significant(target.durbin_watson_mean)
    )
}

fn shape(target: &TargetDiagnostics) -> String {
    format!(
        "skewness {}, kurtosis {}",
        significant(target.skewness),
        significant(target.kurtosis)
    )
}

fn jarque_bera(fit: &ExactFit, found: &Found, index: usize) -> String {
    let target = &found.diagnostics.targets[index];
    let inference = &fit.inferences[index];
    if target.jarque_bera.is_nan() {
        return undefined(inference);
    }
    let meaning = match found.sentence(fit, index, "not_normal") {
        Some(sentence) => sentence,
        None => {
            let none = none_found("departure from a normal distribution", inference);
            format!("{none} ({})", shape(target))
        }
    };
    let p = p_value(target.jarque_bera_p);
    format!("{}  p {p}: {meaning}", significant(target.jarque_bera))
}

fn breusch_pagan(fit: &ExactFit, found: &Found, index: usize) -> String {
    let target = &found.diagnostics.targets[index];
    let inference = &fit.inferences[index];
    if target.breusch_pagan.is_nan() {
        return if target.jarque_bera.is_nan() {
            undefined(inference)
        } else {
            "-  undefined: there is no feature that residuals could change with".to_string()
        };
    }
    let meaning = match found.sentence(fit, index, "unequal_variance") {
        Some(sentence) => sentence,
        None => none_found("change of spread with the features", inference),
    };
    format!(
        "{}  p {} on {} of freedom (Koenker's form): {meaning}",
        significant(target.breusch_pagan),
        p_value(target.breusch_pagan_p),
        count(target.breusch_pagan_degrees_of_freedom as usize, "degree")
    )
}

/// The variance inflation factors.
fn inflation_text(inference: &Inference, encoder: &Encoder) -> String {
    let list = inflation(inference, encoder);
    let Some((name, most)) = list.first() else {
        return if encoder.intercept() {
            "-  not given for products and powers, which are correlated by construction".to_string()
        } else {
            "-  variance inflation factors need an intercept".to_string()
        };
    };
    let meaning = if *most > summary::MUCH_INFLATION {
        "the largest; features above 10 are strongly correlated with others, so their coefficients are imprecise: leave some out, or fit with --ridge in place of --diagnostics and --robust"
    } else {
        "the largest; none is above 10"
    };
    format!(
        "{}  the variance inflation factor of `{}`, {meaning}",
        significant(*most),
        plain(name)
    )
}

/// The variance inflation factors of the features, the largest first. Products,
/// powers and the columns that they are made of are left out: these are
/// correlated by construction.
fn inflation(inference: &Inference, encoder: &Encoder) -> Vec<(String, f64)> {
    let features = encoder.features();
    let together = summary::together(&features);
    let coefficients = &inference.coefficients[usize::from(encoder.intercept())..];
    let mut list: Vec<(String, f64)> = features
        .iter()
        .zip(coefficients)
        .filter(|(feature, c)| {
            c.variance_inflation.is_finite() && !summary::is_among(feature, &together)
        })
        .map(|(feature, c)| (feature.to_string(), c.variance_inflation))
        .collect();
    list.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    list
}

/// All figures: an object for one target, an array for several.
pub fn json(fit: &ExactFit, found: &Found, targets: &[String]) -> Value {
    let number = summary::number;
    let of_target = |(index, name): (usize, &String)| {
        let target = &found.diagnostics.targets[index];
        let findings = found.findings(index);
        let sentences = found.sentences(fit, index);
        let findings = findings.iter().zip(sentences);
        let findings =
            findings.map(|(finding, text)| json!({"kind": finding.name(), "text": text}));
        let mut object = json!({
            "durbin_watson": number(target.durbin_watson),
            "durbin_watson_mean": number(target.durbin_watson_mean),
            "durbin_watson_p": number(target.durbin_watson_p),
            "jarque_bera": {
                "statistic": number(target.jarque_bera),
                "p": number(target.jarque_bera_p),
                "skewness": number(target.skewness),
                "kurtosis": number(target.kurtosis),
            },
            "breusch_pagan": {
                "statistic": number(target.breusch_pagan),
                "p": number(target.breusch_pagan_p),
                "dof": target.breusch_pagan_degrees_of_freedom,
            },
            "mean_leverage": number(fit.solution.rank as f64 / fit.inferences[0].rows),
            "leverages": found.rows_json(&found.diagnostics.leverages),
            "cooks_distances": found.rows_json(&target.cooks_distances),
            "findings": findings.collect::<Vec<_>>(),
        });
        if targets.len() > 1 {
            object["target"] = json!(name);
        }
        object
    };
    let all = targets.iter().enumerate();
    summary::one_or_all(all.map(of_target).collect())
}
