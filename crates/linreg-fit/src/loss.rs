//! What the loss function of a fit means, in words.

use linreg_training::{Loss, Metrics, OwnMetrics};

use crate::number::significant;

/// What a fit with this loss aims at; `None` for the squared loss, which is the
/// default.
pub fn meaning(loss: Loss, targets: &str) -> Option<String> {
    Some(match loss {
        Loss::Squared => return None,
        Loss::Absolute => format!(
            "A median fit (absolute loss): half of the rows should have `{targets}` at or below the prediction"
        ),
        Loss::Huber { delta } => format!(
            "A Huber fit: rows further than {} from the prediction count by their distance, nearer ones by its square",
            significant(delta)
        ),
        Loss::Quantile { tau } => format!(
            "A quantile fit: {} % of the rows should have `{targets}` at or below the prediction",
            significant(100.0 * tau)
        ),
    })
}

/// A figure of how good a model is.
pub struct Line {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: String,
    /// What it means; empty if the name says it.
    pub meaning: String,
}

/// The metrics of a model on some rows. Those of its own loss come first.
pub fn metrics(metrics: &Metrics, target: &str) -> Vec<Line> {
    let line = |name, value: String, meaning: &str| Line {
        name,
        value,
        meaning: meaning.to_string(),
    };
    let squares = if metrics.own.is_some() {
        ", which this fit does not aim at"
    } else {
        ""
    };
    let r_squared = match metrics.r_squared {
        Some(share) => line(
            "R²",
            significant(share),
            &format!("share of the variance explained{squares}"),
        ),
        None => line(
            "R²",
            "-".to_string(),
            &format!("`{target}` has no variance to explain"),
        ),
    };
    let rmse = line(
        "RMSE",
        significant(metrics.rmse),
        &format!("typical error, in the unit of `{target}`"),
    );
    let mae = line("MAE", significant(metrics.mae), "mean absolute error");
    let rows = line("rows", metrics.rows.to_string(), "");
    let share = |name, share, meaning: &str| line(name, significant(share), meaning);
    match metrics.own {
        None => vec![r_squared, rmse, mae, rows],
        Some(OwnMetrics::Absolute { coverage }) => {
            let meaning =
                format!("mean absolute error, the loss of this fit, in the unit of `{target}`");
            let coverage_is =
                "share of the rows at or below the prediction; a median fit aims at 0.5";
            vec![
                line("MAE", significant(metrics.mae), &meaning),
                share("coverage", coverage, coverage_is),
                rmse,
                r_squared,
                rows,
            ]
        }
        Some(OwnMetrics::Quantile {
            tau,
            pinball_loss,
            coverage,
        }) => {
            let meaning = format!(
                "mean, the loss of this fit to the quantile {}, in the unit of `{target}`",
                significant(tau)
            );
            let coverage_is = format!(
                "share of the rows at or below the prediction; this fit aims at {}",
                significant(tau)
            );
            vec![
                line("pinball loss", significant(pinball_loss), &meaning),
                share("coverage", coverage, &coverage_is),
                mae,
                rmse,
                r_squared,
                rows,
            ]
        }
        Some(OwnMetrics::Huber {
            delta,
            huber_loss,
            within_delta,
        }) => {
            let meaning = format!("mean, the loss of this fit, in the unit of `{target}` squared");
            let within_is = format!(
                "share of the rows no further than {} from the prediction",
                significant(delta)
            );
            vec![
                line("Huber loss", significant(huber_loss), &meaning),
                share("within delta", within_delta, &within_is),
                mae,
                rmse,
                r_squared,
                rows,
            ]
        }
    }
}

/// The metric that a model is judged by first: its name and its value.
pub fn first(metrics: &Metrics) -> (&'static str, f64) {
    match metrics.own {
        None => ("RMSE", metrics.rmse),
        Some(OwnMetrics::Absolute { .. }) => ("MAE", metrics.mae),
        Some(OwnMetrics::Quantile { pinball_loss, .. }) => ("pinball loss", pinball_loss),
        Some(OwnMetrics::Huber { huber_loss, .. }) => ("Huber loss", huber_loss),
    }
}

/// The share of rows that goes with [`first`], if there is one: its name and
/// its value.
pub fn share(metrics: &Metrics) -> Option<(&'static str, f64)> {
    Some(match metrics.own? {
        OwnMetrics::Absolute { coverage } | OwnMetrics::Quantile { coverage, .. } => {
            ("coverage", coverage)
        }
        OwnMetrics::Huber { within_delta, .. } => ("within delta", within_delta),
    })
}

/// The name of the loss in a sentence.
pub fn name(loss: Loss) -> &'static str {
    match loss {
        Loss::Squared => "mean squared error",
        Loss::Absolute => "mean absolute error",
        Loss::Huber { .. } => "mean Huber loss",
        Loss::Quantile { .. } => "mean pinball loss",
    }
}
