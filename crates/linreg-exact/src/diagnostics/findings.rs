use super::{Diagnostics, RowFigure};

/// An assumption of the statistics of a fit that its residuals speak against.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// Residuals depend on that of the row before.
    SerialDependence {
        /// The Durbin-Watson statistic; below its mean if they are alike, above
        /// if they are opposed.
        durbin_watson: f64,
        /// Its mean without dependence.
        mean: f64,
        /// Probability of a statistic as far from it.
        p: f64,
    },
    /// Residuals are not normally distributed.
    NotNormal {
        /// The Jarque-Bera statistic.
        jarque_bera: f64,
        /// Its probability.
        p: f64,
    },
    /// The variance of residuals changes with the features.
    UnequalVariance {
        /// The Breusch-Pagan statistic.
        breusch_pagan: f64,
        /// Its probability.
        p: f64,
    },
    /// Predictions move by more than their uncertainty without one of these
    /// rows.
    InfluentialRows {
        /// Those of a Cook's distance above 1, the largest first; no more than
        /// are listed.
        rows: Vec<RowFigure>,
    },
}

impl Finding {
    /// A name for programs to know it by, such as `serial_dependence`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::SerialDependence { .. } => "serial_dependence",
            Self::NotNormal { .. } => "not_normal",
            Self::UnequalVariance { .. } => "unequal_variance",
            Self::InfluentialRows { .. } => "influential_rows",
        }
    }
}

impl Diagnostics {
    /// What speaks against the assumptions of a target's statistics: tests whose
    /// p is below `level`, such as 0.05, and rows of a Cook's distance above 1.
    ///
    /// That there is none does not say that the assumptions hold: tests of few
    /// rows find little. Undefined figures are no findings. Rows that count for
    /// several are no evidence of dependence, for each of them is followed by its
    /// equals.
    ///
    /// # Panics
    ///
    /// If there is no such target.
    pub fn findings(&self, target: usize, level: f64) -> Vec<Finding> {
        let of_target = &self.targets[target];
        let mut findings = Vec::new();
        let p = of_target.durbin_watson_p;
        if p < level && !self.has_counted_rows {
            findings.push(Finding::SerialDependence {
                durbin_watson: of_target.durbin_watson,
                mean: of_target.durbin_watson_mean,
                p,
            });
        }
        let p = of_target.jarque_bera_p;
        if p < level {
            let jarque_bera = of_target.jarque_bera;
            findings.push(Finding::NotNormal { jarque_bera, p });
        }
        let p = of_target.breusch_pagan_p;
        if p < level {
            let breusch_pagan = of_target.breusch_pagan;
            findings.push(Finding::UnequalVariance { breusch_pagan, p });
        }
        let far = of_target.cooks_distances.iter();
        let rows: Vec<RowFigure> = far.filter(|row| row.value > 1.0).copied().collect();
        if !rows.is_empty() {
            findings.push(Finding::InfluentialRows { rows });
        }
        findings
    }
}
