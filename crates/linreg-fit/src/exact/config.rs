use linreg_exact::{Collinear, DiagnosticsConfig, ExactError, InferenceConfig, Robust, Weighting};

/// How a model is fitted exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct ExactConfig {
    /// Probability that an interval holds the true coefficient, above 0 and below
    /// 1. Default: 0.95.
    pub confidence: f64,
    /// What is done about linearly dependent features. Default: an error, and in
    /// the folds of a cross-validation the redundant ones are left out.
    pub collinear: Option<Collinear>,
    /// The meaning of row weights. Default: precisions.
    pub weighting: Weighting,
    /// The robust covariance that standard errors, tests and intervals come from.
    /// Default: none.
    pub robust: Option<Robust>,
    /// Whether to check the assumptions of the fit in another pass over the rows.
    /// Default: false.
    pub diagnostics: bool,
    /// The penalties of a ridge regression. Default: none, which is least squares.
    pub ridge: Option<Penalties>,
}

impl Default for ExactConfig {
    fn default() -> Self {
        Self {
            confidence: 0.95,
            collinear: None,
            weighting: Weighting::Precision,
            robust: None,
            diagnostics: false,
            ridge: None,
        }
    }
}

/// The penalties that a ridge regression tries, on the squared weights of
/// standardised features. Of several, the best by generalised cross-validation is
/// chosen.
#[derive(Clone, Debug, PartialEq)]
pub enum Penalties {
    /// A path of penalties that is made for the features.
    Path,
    /// These, each 0 or more.
    Given(Vec<f64>),
}

impl ExactConfig {
    /// The settings of the inference.
    ///
    /// # Errors
    ///
    /// A confidence that is not between 0 and 1.
    pub fn inference(&self) -> Result<InferenceConfig, ExactError> {
        let config = InferenceConfig {
            confidence: self.confidence,
            weighting: self.weighting,
        };
        config.check()?;
        Ok(config)
    }

    /// The settings of the assumption checks.
    pub fn diagnostics(&self) -> DiagnosticsConfig {
        DiagnosticsConfig {
            robust: self.robust,
            weighting: self.weighting,
            ..DiagnosticsConfig::default()
        }
    }

    /// The settings for a fold of a cross-validation, in whose rows features may
    /// be linearly dependent that are not so in the whole table.
    pub fn for_fold(&self) -> Self {
        Self {
            collinear: self.collinear.or(Some(Collinear::Drop)),
            robust: None,
            diagnostics: false,
            ..self.clone()
        }
    }

    /// What is done about linearly dependent features. With a penalty they share
    /// their effect.
    pub fn collinear(&self) -> Collinear {
        if self.ridge.is_some() {
            Collinear::MinimumNorm
        } else {
            self.collinear.unwrap_or_default()
        }
    }
}
