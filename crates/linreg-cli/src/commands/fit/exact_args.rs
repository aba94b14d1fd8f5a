use linreg_exact::{Collinear, Robust, Weighting};
use linreg_fit::{ExactConfig, Penalties};

use crate::settings::first_given;

/// Settings of the exact fit.
#[derive(clap::Args, Clone)]
#[command(next_help_heading = "Exact fit (--method exact)")]
pub struct ExactArgs {
    /// Probability of the intervals [default: 0.95]
    ///
    /// An interval holds the true coefficient with this probability.
    #[arg(long, value_name = "PROBABILITY", allow_negative_numbers = true)]
    confidence: Option<f64>,

    /// Linearly dependent features: error, drop or minimum-norm
    ///
    /// With drop, the redundant ones are left out; minimum-norm takes the
    /// smallest-norm solution. By default, they are an error.
    #[arg(long, value_name = "POLICY", value_parser = collinear)]
    collinear: Option<Collinear>,

    /// Take weights as counts of identical rows, not as precisions
    #[arg(long, requires = "weight")]
    pub counts: bool,

    /// Robust standard errors: hc0, hc1, hc2 or hc3
    ///
    /// They allow for residuals whose spread differs from row to row, and t, p
    /// and intervals use them. The kinds are hc0 (White), hc1, hc2, and hc3
    /// (the safest with few rows). This takes another pass over the rows.
    #[arg(long, value_name = "KIND", value_parser = robust)]
    pub robust: Option<Robust>,

    /// Test the assumptions, and list the most influential rows
    ///
    /// Another pass over the rows tests whether residuals depend on the row
    /// before, are normally distributed and of equal spread, and finds the rows
    /// that the fit depends on most.
    #[arg(long)]
    pub diagnostics: bool,

    /// Ridge regression: a penalty, several, or gcv [default: gcv]
    ///
    /// The penalty shrinks the weights of standardised features, for better
    /// predictions from many or overlapping features. The best of several is
    /// chosen by generalised cross-validation; gcv tries a whole path of
    /// penalties. There are no standard errors then.
    #[arg(
        long,
        value_name = "PENALTIES",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = BEST,
        value_parser = penalties,
        conflicts_with_all = ["robust", "diagnostics", "collinear", "confidence"]
    )]
    pub ridge: Option<Penalties>,
}

/// The value of `--ridge` that asks for the best penalty of an automatic path.
const BEST: &str = "gcv";

/// Reads `gcv`, a penalty, or several.
fn penalties(text: &str) -> Result<Penalties, String> {
    if text == BEST {
        return Ok(Penalties::Path);
    }
    let penalty = |cell: &str| {
        let found = cell.trim().parse::<f64>().ok();
        let found = found.filter(|value| value.is_finite() && *value >= 0.0);
        found.ok_or_else(|| format!("found `{cell}`, expected penalties of 0 or more, or {BEST}"))
    };
    let list: Result<Vec<f64>, String> = text.split(',').map(penalty).collect();
    list.map(Penalties::Given)
}

fn robust(text: &str) -> Result<Robust, String> {
    let name = text.to_ascii_lowercase();
    let found = Robust::ALL.into_iter().find(|kind| kind.name() == name);
    found.ok_or_else(|| "expected hc0, hc1, hc2 or hc3".to_string())
}

fn collinear(text: &str) -> Result<Collinear, String> {
    match text {
        "error" => Ok(Collinear::Error),
        "drop" => Ok(Collinear::Drop),
        "minimum-norm" => Ok(Collinear::MinimumNorm),
        _ => Err("expected error, drop or minimum-norm".to_string()),
    }
}

impl ExactArgs {
    /// The first option that was given.
    pub fn given(&self) -> Option<&'static str> {
        first_given(&[
            (self.confidence.is_some(), "--confidence"),
            (self.collinear.is_some(), "--collinear"),
            (self.counts, "--counts"),
            (self.robust.is_some(), "--robust"),
            (self.diagnostics, "--diagnostics"),
            (self.ridge.is_some(), "--ridge"),
        ])
    }

    /// The settings of the fit.
    pub fn config(&self) -> ExactConfig {
        let default = ExactConfig::default();
        ExactConfig {
            confidence: self.confidence.unwrap_or(default.confidence),
            collinear: self.collinear,
            weighting: if self.counts {
                Weighting::Counts
            } else {
                Weighting::Precision
            },
            robust: self.robust,
            diagnostics: self.diagnostics,
            ridge: self.ridge.clone(),
        }
    }
}
