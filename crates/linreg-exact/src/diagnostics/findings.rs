use super::{RowFigure, TargetDiagnostics};

/// An assumption of the statistics of a fit that the residuals contradict.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// Residuals depend on the residual of the row before.
    SerialDependence {
        /// The Durbin-Watson statistic; below its mean if neighbours are alike,
        /// above it if they have opposite signs.
        durbin_watson: f64,
        /// Its expected value for independent errors.
        mean: f64,
        /// Its p-value.
        p: f64,
    },
    /// Residuals are not normally distributed.
    NotNormal {
        /// The Jarque-Bera statistic.
        jarque_bera: f64,
        /// Its p-value.
        p: f64,
    },
    /// The variance of residuals changes with the features.
    UnequalVariance {
        /// The Breusch-Pagan statistic.
        breusch_pagan: f64,
        /// Its p-value.
        p: f64,
    },
    /// Leaving out one of these rows moves the predictions by more than their
    /// uncertainty.
    InfluentialRows {
        /// The listed rows with a Cook's distance above 1, the largest first.
        rows: Vec<RowFigure>,
    },
}

impl Finding {
    /// A name for programs, such as `serial_dependence`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::SerialDependence { .. } => "serial_dependence",
            Self::NotNormal { .. } => "not_normal",
            Self::UnequalVariance { .. } => "unequal_variance",
            Self::InfluentialRows { .. } => "influential_rows",
        }
    }
}

impl TargetDiagnostics {
    /// Returns the assumptions that the residuals contradict: tests with
    /// p below `level`, such as 0.05, and rows with a Cook's distance above 1.
    ///
    /// No finding does not mean that the assumptions hold: tests of few rows detect
    /// little. Undefined figures are not findings. With rows that stand for several,
    /// serial dependence is not reported, because equal rows follow each other.
    pub fn findings(&self, level: f64) -> Vec<Finding> {
        let mut findings = Vec::new();
        let p = self.durbin_watson_p;
        if p < level && !self.has_counted_rows {
            findings.push(Finding::SerialDependence {
                durbin_watson: self.durbin_watson,
                mean: self.durbin_watson_mean,
                p,
            });
        }
        let p = self.jarque_bera_p;
        if p < level {
            let jarque_bera = self.jarque_bera;
            findings.push(Finding::NotNormal { jarque_bera, p });
        }
        let p = self.breusch_pagan_p;
        if p < level {
            let breusch_pagan = self.breusch_pagan;
            findings.push(Finding::UnequalVariance { breusch_pagan, p });
        }
        let far = self.cooks_distances.iter();
        let rows: Vec<RowFigure> = far.filter(|row| row.value > 1.0).copied().collect();
        if !rows.is_empty() {
            findings.push(Finding::InfluentialRows { rows });
        }
        findings
    }
}
