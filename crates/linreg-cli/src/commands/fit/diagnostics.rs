use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Result, anyhow};
use linreg_data::{ChunkOrder, DataError, EncodedSource, Encoder};
use linreg_exact::{
    Diagnostics, DiagnosticsPass, ExactError, Inference, ResidualSums, RobustCovariance, RowFigure,
    TargetDiagnostics,
};
use serde_json::{Value, json};

use super::exact::{ExactFit, data_error, rows_of};
use super::summary::{self, p_value};
use crate::number::{plain, significant, table};

/// What another pass over the rows has told, and where the rows stand that it
/// lists.
pub struct Found {
    diagnostics: Diagnostics,
    places: HashMap<u64, String>,
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
                let place = chunk.origin.place(row);
                // Whoever looks at a row has no use for its first byte.
                let line = place.rsplit_once(" (byte ").map(|(line, _)| line);
                (figure.row, line.unwrap_or(&place).to_string())
            };
            let places: HashMap<u64, String> = sums.listed().map(place).collect();
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
            let place = places.get(&row).cloned();
            anyhow!(DataError::Row {
                place: place.unwrap_or_else(|| format!("row {}", row + 1)),
                problem: "this row alone determines a coefficient, and hc2 and hc3 divide by what its leverage is less than 1; leave it out, or use --robust hc1".to_string(),
            })
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
        found.map_or_else(|| format!("row {}", row + 1), |place| plain(place))
    }

    fn rows_json(&self, list: &[RowFigure]) -> Value {
        let row = |figure: &RowFigure| {
            json!({
                "row": figure.row + 1,
                "place": self.places.get(&figure.row),
                "value": figure.value,
            })
        };
        json!(list.iter().map(row).collect::<Vec<_>>())
    }
}

/// Where textbooks begin to worry.
const P: f64 = 0.05;

/// Whether the assumptions of a target's figures hold, and what to do if not.
pub fn text(fit: &ExactFit, found: &Found, index: usize, encoder: &Encoder) -> String {
    let target = &found.diagnostics.targets[index];
    let inference = &fit.inferences[index];
    let rows = [
        ("Durbin-Watson", durbin_watson(target)),
        ("Jarque-Bera", jarque_bera(target, inference)),
        ("Breusch-Pagan", breusch_pagan(target, fit)),
        ("overlap", overlap(inference, encoder)),
    ];
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let lines = rows
        .iter()
        .map(|(name, text)| format!("  {name:<width$}  {text}\n"));
    let mut text = format!("Do its assumptions hold\n{}", lines.collect::<String>());
    let mean = fit.solution.rank as f64 / inference.rows;
    if !found.diagnostics.leverages.is_empty() {
        text += &format!(
            "\nRows of the largest leverage, the share of its own target in a row's prediction; it is {} on average, and rows of far more deserve a look\n{}",
            significant(mean),
            rows_table(found, &found.diagnostics.leverages)
        );
    }
    if let Some(largest) = target.cooks_distances.first() {
        let advice = match largest.value > 1.0 {
            true => {
                "the fit hangs on those above 1: check their cells, and fit without them to see"
            }
            false => "none is above 1, so no single row makes the fit",
        };
        text += &format!(
            "\nRows of the largest Cook's distance, how far predictions move without the row; {advice}\n{}",
            rows_table(found, &target.cooks_distances)
        );
    }
    text
}

fn rows_table(found: &Found, list: &[RowFigure]) -> String {
    let row = |figure: &RowFigure| vec![found.place(figure.row), significant(figure.value)];
    table(&list.iter().map(row).collect::<Vec<_>>())
}

fn durbin_watson(target: &TargetDiagnostics) -> String {
    let figure = target.durbin_watson;
    let meaning = match figure {
        _ if figure.is_nan() => return "-".to_string(),
        ..1.5 => {
            "well below 2: residuals are like those of the row before; if rows follow each other in time, errors are larger than they seem: add what changes with time as a feature"
        }
        2.5.. => {
            "well above 2: residuals are opposed to those of the row before; if rows follow each other in time, add the target before as a feature"
        }
        _ => "near 2: a row's residual says nothing of the next one's",
    };
    format!("{}  {meaning}", significant(figure))
}

fn jarque_bera(target: &TargetDiagnostics, inference: &Inference) -> String {
    /// Sums of as many are nearly normal whatever they are sums of.
    const MANY: f64 = 100.0;
    if target.jarque_bera.is_nan() {
        return "-".to_string();
    }
    let shape = format!(
        "skewness {}, kurtosis {}",
        significant(target.skewness),
        significant(target.kurtosis)
    );
    let meaning = match target.jarque_bera_p < P {
        false => format!("nothing says that residuals are not normally distributed ({shape})"),
        true => {
            let of_weights = match inference.rows < MANY {
                true => "p and intervals are not quite right with so few rows",
                false => "with so many rows p holds all the same, but not intervals of single rows",
            };
            format!(
                "residuals are not normally distributed ({shape}): {of_weights}; look for wrong cells, or take the logarithm of a target that is never negative"
            )
        }
    };
    let p = p_value(target.jarque_bera_p);
    format!("{}  p {p}: {meaning}", significant(target.jarque_bera))
}

fn breusch_pagan(target: &TargetDiagnostics, fit: &ExactFit) -> String {
    if target.breusch_pagan.is_nan() {
        return "-".to_string();
    }
    let meaning = match (target.breusch_pagan_p < P, fit.robust) {
        (false, _) => "nothing says that the spread of residuals changes with the features",
        (true, Some(_)) => {
            "the spread of residuals changes with the features, which the standard errors allow for"
        }
        (true, None) => {
            "the spread of residuals changes with the features, so standard errors are not quite right: add --robust hc3"
        }
    };
    format!(
        "{}  p {} on {} degrees of freedom (Koenker's form): {meaning}",
        significant(target.breusch_pagan),
        p_value(target.breusch_pagan_p),
        significant(target.breusch_pagan_degrees_of_freedom)
    )
}

/// The variance inflation factors.
fn overlap(inference: &Inference, encoder: &Encoder) -> String {
    let list = inflation(inference, encoder);
    let Some((name, most)) = list.first() else {
        return match encoder.intercept() {
            true => "-  of products and powers only, which overlap as they should".to_string(),
            false => "-  variance inflation factors need an intercept".to_string(),
        };
    };
    let meaning = match *most > summary::MUCH_INFLATION {
        true => {
            "the largest; the weights of features above 10 are hard to tell apart: leave some out, or shrink all with --ridge"
        }
        false => "the largest; none is above 10, so the weights can be told apart",
    };
    format!(
        "{}  the variance inflation factor of `{}`, {meaning}",
        significant(*most),
        plain(name)
    )
}

/// The features' variance inflation factors, the largest first; but for those of
/// products and powers, which overlap as they should.
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

/// All figures of each target: an object, or for several an array.
pub fn json(fit: &ExactFit, found: &Found, targets: &[String]) -> Value {
    let number = summary::number;
    let of_target = |(target, name): (&TargetDiagnostics, &String)| {
        let mut object = json!({
            "durbin_watson": number(target.durbin_watson),
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
        });
        if targets.len() > 1 {
            object["target"] = json!(name);
        }
        object
    };
    let all = found.diagnostics.targets.iter().zip(targets);
    summary::one_or_all(all.map(of_target).collect())
}
