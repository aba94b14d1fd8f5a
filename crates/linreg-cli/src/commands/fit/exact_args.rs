use anyhow::Result;
use linreg_exact::{Collinear, DiagnosticsConfig, InferenceConfig, Robust, Weighting};

use super::ridge::{self, Penalties};

/// Settings of the exact fit.
#[derive(clap::Args, Clone)]
#[command(next_help_heading = "Exact fit (--method exact)")]
pub struct ExactArgs {
    /// Probability that an interval holds the true coefficient [default: 0.95]
    #[arg(long, value_name = "PROBABILITY", allow_negative_numbers = true)]
    confidence: Option<f64>,

    /// What to do about linearly dependent features: error, drop (leave out the
    /// redundant ones), minimum-norm (take the smallest-norm solution) [default:
    /// error]
    #[arg(long, value_name = "POLICY", value_parser = collinear)]
    collinear: Option<Collinear>,

    /// Weights are numbers of equal rows, not how precise a row's target is
    #[arg(long, requires = "weight")]
    pub counts: bool,

    /// Standard errors that allow for residuals whose spread differs from row to
    /// row, and t, p and intervals by them: hc0 (White), hc1, hc2, or hc3 (the
    /// safest with few rows); takes another pass over the rows
    #[arg(long, value_name = "KIND", value_parser = robust)]
    pub robust: Option<Robust>,

    /// Test the residuals in another pass over the rows: whether they depend on
    /// the row before, are normally distributed and of equal spread; and list the
    /// rows that the fit depends on most
    #[arg(long)]
    pub diagnostics: bool,

    /// Shrink the weights of standardised features by a penalty, or the best of
    /// several by generalised cross-validation, for better predictions from many
    /// or overlapping features; gcv tries a whole path. There are no standard
    /// errors then [default: gcv]
    #[arg(
        long,
        value_name = "PENALTIES",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = ridge::BEST,
        value_parser = ridge::penalties,
        conflicts_with_all = ["robust", "diagnostics", "collinear", "confidence"]
    )]
    pub ridge: Option<Penalties>,
}

fn robust(text: &str) -> Result<Robust, String> {
    match text.to_ascii_lowercase().as_str() {
        "hc0" => Ok(Robust::Hc0),
        "hc1" => Ok(Robust::Hc1),
        "hc2" => Ok(Robust::Hc2),
        "hc3" => Ok(Robust::Hc3),
        _ => Err("expected hc0, hc1, hc2 or hc3".to_string()),
    }
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
        let given = [
            (self.confidence.is_some(), "--confidence"),
            (self.collinear.is_some(), "--collinear"),
            (self.counts, "--counts"),
            (self.robust.is_some(), "--robust"),
            (self.diagnostics, "--diagnostics"),
            (self.ridge.is_some(), "--ridge"),
        ];
        given
            .into_iter()
            .find_map(|(is_given, name)| is_given.then_some(name))
    }

    /// The settings of the inference.
    pub fn inference(&self) -> Result<InferenceConfig> {
        let config = InferenceConfig {
            confidence: self.confidence.unwrap_or(0.95),
            weighting: match self.counts {
                true => Weighting::Counts,
                false => Weighting::Precision,
            },
        };
        config.check()?;
        Ok(config)
    }

    /// The settings of the diagnostics pass.
    pub fn diagnostics(&self) -> Result<DiagnosticsConfig> {
        Ok(DiagnosticsConfig {
            robust: self.robust,
            weighting: self.inference()?.weighting,
            ..DiagnosticsConfig::default()
        })
    }

    /// The settings for a fold of a cross-validation, in whose rows features
    /// may be linearly dependent that are not so in the whole table.
    pub fn for_fold(&self) -> Self {
        Self {
            collinear: self.collinear.or(Some(Collinear::Drop)),
            robust: None,
            diagnostics: false,
            ..self.clone()
        }
    }

    /// What to do about linearly dependent features.
    pub fn collinear(&self) -> Collinear {
        match self.ridge {
            // With a penalty, features may be linearly dependent.
            Some(_) => Collinear::MinimumNorm,
            None => self.collinear.unwrap_or_default(),
        }
    }
}
