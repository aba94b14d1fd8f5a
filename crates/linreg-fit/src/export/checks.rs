//! The assumption checks of an exact fit in words.

use linreg_data::Encoder;
use linreg_exact::{Finding, Inference, RowFigure, TargetDiagnostics};

use super::coefficients::p_value;
use crate::exact::{ExactFit, LEVEL, MUCH_INFLATION, TableDiagnostics, variance_inflation};
use crate::number::{count, plain, significant};
use crate::wrap::{Width, beside, table_within, wrapped};
use crate::{Setting, SettingNames};

/// With fewer rows than this, the tests have so little power that finding
/// nothing says nothing. In a simulation with 20 rows, the Jarque-Bera test at
/// the 5 % level rejected 2.4 % of normal residuals and no more than 37 % of
/// exponential ones.
const FEW_ROWS: f64 = 30.0;

/// With this many rows, sums are nearly normal whatever the distribution of
/// their terms (central limit theorem).
const MANY_ROWS: f64 = 100.0;

/// The assumption checks of one target of a fit.
#[derive(Clone, Copy)]
pub struct Checks<'a> {
    /// The fit.
    pub fit: &'a ExactFit,
    /// Its checks.
    pub found: &'a TableDiagnostics,
    /// The index of the target.
    pub target: usize,
    /// How settings are named.
    pub say: SettingNames,
}

/// A share between 0 and 1 in percent.
pub fn percent(share: f64) -> String {
    // 1 - 0.95 is not exactly 0.05, which rounding hides.
    format!("{} %", significant(100.0 * share))
}

/// A sentence for when the checks of these targets found nothing; `None` if
/// the checks are undefined.
pub fn none_found(found: &TableDiagnostics, inferences: &[Inference]) -> Option<String> {
    let mut targets = found.diagnostics.targets.iter().zip(inferences);
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

/// What a check has found.
pub struct CheckResult {
    /// The name of the test or the figure.
    pub name: &'static str,
    /// What it looks at.
    pub of: &'static str,
    /// The statistic; empty if it is not defined.
    pub value: String,
    /// The p value, if there is one.
    pub p: String,
    /// What the statistic is compared with, if that is worth saying.
    pub about: String,
    /// What follows from it.
    pub meaning: String,
}

impl CheckResult {
    fn new(name: &'static str, of: &'static str) -> Self {
        Self {
            name,
            of,
            value: String::new(),
            p: String::new(),
            about: String::new(),
            meaning: String::new(),
        }
    }

    fn line(&self) -> String {
        let Self {
            value,
            p,
            about,
            meaning,
            ..
        } = self;
        let value = if value.is_empty() { "-" } else { value };
        match (p.is_empty(), meaning.is_empty()) {
            (true, true) => value.to_string(),
            (true, false) => format!("{value}  {meaning}"),
            (false, _) => format!("{value}  p {p}{about}: {meaning}"),
        }
    }
}

impl Checks<'_> {
    fn figures(&self) -> &TargetDiagnostics {
        &self.found.diagnostics.targets[self.target]
    }

    fn inference(&self) -> &Inference {
        &self.fit.inferences[self.target]
    }

    /// The results of all checks.
    pub fn results(&self, encoder: &Encoder) -> [CheckResult; 4] {
        [
            self.durbin_watson(),
            self.jarque_bera(),
            self.breusch_pagan(),
            self.inflation(encoder),
        ]
    }

    /// The results of the checks, each with its meaning, in lines of so many
    /// columns.
    pub fn text(&self, encoder: &Encoder, width: Width) -> String {
        let rows = self.results(encoder);
        let rows = rows.map(|result| (result.name, result.line()));
        let mut text = format!(
            "Assumption checks, tests at the {} level\n{}",
            percent(LEVEL),
            beside(&rows, width)
        );
        for (heading, rows) in self.listed() {
            let row = |(place, value): &(String, String)| vec![place.clone(), value.clone()];
            let rows: Vec<Vec<String>> = rows.iter().map(row).collect();
            text += &format!(
                "\n{}\n{}",
                wrapped(&heading, width),
                table_within(&rows, width)
            );
        }
        text
    }

    /// The rows with the largest leverage and with the largest Cook's distance, by their
    /// places, each list with what it shows.
    pub fn listed(&self) -> Vec<(String, Vec<(String, String)>)> {
        let mut listed = Vec::new();
        let mean = self.fit.solution.rank as f64 / self.inference().rows;
        let leverages = &self.found.diagnostics.leverages;
        if !leverages.is_empty() {
            let heading = format!(
                "Rows with the largest leverage, the weight of a row's own target in its prediction; the mean is {}, and rows with much more are worth checking",
                significant(mean)
            );
            listed.push((heading, self.rows(leverages)));
        }
        let distances = &self.figures().cooks_distances;
        if !distances.is_empty() {
            let advice = if self.of_name("influential_rows").is_some() {
                "those above 1 change the fit: check their cells, and fit without them"
            } else {
                "none is above 1"
            };
            let heading = format!(
                "Rows with the largest Cook's distance, a measure of how much the predictions change without the row; {advice}"
            );
            listed.push((heading, self.rows(distances)));
        }
        listed
    }

    fn rows(&self, list: &[RowFigure]) -> Vec<(String, String)> {
        let row = |figure: &RowFigure| (self.found.place(figure.row), significant(figure.value));
        list.iter().map(row).collect()
    }

    /// The findings in sentences, each with its p value and with what to do.
    pub fn sentences(&self) -> Vec<String> {
        let sentence = |finding: &Finding| {
            let text = self.meaning(finding);
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
        let findings = self.found.findings(self.target);
        findings.iter().map(sentence).collect()
    }

    /// The finding of this name, in words.
    fn of_name(&self, name: &str) -> Option<String> {
        let findings = self.found.findings(self.target);
        let finding = findings.iter().find(|finding| finding.name() == name)?;
        Some(self.meaning(finding))
    }

    fn meaning(&self, finding: &Finding) -> String {
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
                let of_weights = if self.inference().rows < MANY_ROWS {
                    "p values and intervals are inexact with so few rows"
                } else {
                    "with so many rows p values hold all the same, but not intervals of single rows"
                };
                format!(
                    "residuals are not normally distributed ({}): {of_weights}; look for wrong cells, or take the logarithm of a target that is never negative",
                    shape(self.figures())
                )
            }
            Finding::UnequalVariance { .. } if self.fit.robust.is_some() => {
                "the spread of residuals changes with the features, which the robust standard errors account for".to_string()
            }
            Finding::UnequalVariance { .. } => format!(
                "the spread of residuals changes with the features, so standard errors are inexact: add {}",
                (self.say)(&Setting::Robust(self.found.possible_robust()))
            ),
            Finding::InfluentialRows { rows } => {
                let places = rows.iter().map(|row| self.found.place(row.row));
                let places: Vec<String> = places.collect();
                format!(
                    "the fit depends much on single rows, whose Cook's distance is above 1: {}; check their cells, and fit without them",
                    places.join("; ")
                )
            }
            other => other.name().replace('_', " "),
        }
    }

    /// Says that nothing was found, and in how many rows.
    fn none_of(&self, what: &str) -> String {
        let rows = count(self.inference().rows as usize, "row");
        if self.inference().rows < FEW_ROWS {
            format!("{rows} are too few to tell")
        } else {
            format!("no {what} found in {rows}")
        }
    }

    /// Why a figure is not defined.
    fn undefined(&self) -> String {
        if self.inference().degrees_of_freedom > 0.0 {
            "undefined: there are no residuals beyond rounding".to_string()
        } else {
            "undefined: there are no more rows than coefficients".to_string()
        }
    }

    fn durbin_watson(&self) -> CheckResult {
        let target = self.figures();
        let mut result = CheckResult::new("Durbin-Watson", "independence of the row before");
        if target.durbin_watson.is_nan() {
            result.meaning = self.undefined();
            return result;
        }
        result.value = significant(target.durbin_watson);
        if target.durbin_watson_p.is_nan() {
            return result;
        }
        result.p = p_value(target.durbin_watson_p);
        result.about = format!(
            ", {} on average if rows are independent",
            significant(target.durbin_watson_mean)
        );
        result.meaning = if target.has_counted_rows {
            format!(
                "no conclusion, since with {} a row can stand for several equal rows in sequence",
                (self.say)(&Setting::Counts)
            )
        } else {
            let sentence = self.of_name("serial_dependence");
            sentence.unwrap_or_else(|| self.none_of("dependence on the row before"))
        };
        result
    }

    fn jarque_bera(&self) -> CheckResult {
        let target = self.figures();
        let mut result = CheckResult::new("Jarque-Bera", "normality of the residuals");
        if target.jarque_bera.is_nan() {
            result.meaning = self.undefined();
            return result;
        }
        result.value = significant(target.jarque_bera);
        result.p = p_value(target.jarque_bera_p);
        result.meaning = self.of_name("not_normal").unwrap_or_else(|| {
            let none = self.none_of("departure from a normal distribution");
            format!("{none} ({})", shape(target))
        });
        result
    }

    fn breusch_pagan(&self) -> CheckResult {
        let target = self.figures();
        let mut result = CheckResult::new("Breusch-Pagan", "equal variance of the residuals");
        if target.breusch_pagan.is_nan() {
            result.meaning = if target.jarque_bera.is_nan() {
                self.undefined()
            } else {
                "undefined: there is no feature that residuals could change with".to_string()
            };
            return result;
        }
        result.value = significant(target.breusch_pagan);
        result.p = p_value(target.breusch_pagan_p);
        result.about = format!(
            " on {} of freedom (Koenker's form)",
            count(target.breusch_pagan_degrees_of_freedom as usize, "degree")
        );
        let sentence = self.of_name("unequal_variance");
        result.meaning =
            sentence.unwrap_or_else(|| self.none_of("change of spread with the features"));
        result
    }

    /// The variance inflation factors.
    fn inflation(&self, encoder: &Encoder) -> CheckResult {
        let mut result = CheckResult::new("VIF", "collinearity of the features");
        let list = variance_inflation(self.inference(), encoder);
        let Some((name, most)) = list.first() else {
            result.meaning = if encoder.intercept() {
                "not given for products and powers, which are correlated by construction"
            } else {
                "variance inflation factors need an intercept"
            }
            .to_string();
            return result;
        };
        let meaning = if *most > MUCH_INFLATION {
            let say = self.say;
            format!(
                "the largest; features above 10 are strongly correlated with others, so their coefficients are imprecise: leave some out, or fit with {} in place of {} and {}",
                say(&Setting::Ridge),
                say(&Setting::Diagnostics),
                say(&Setting::AnyRobust)
            )
        } else {
            "the largest; none is above 10".to_string()
        };
        result.value = significant(*most);
        result.meaning = format!(
            "the variance inflation factor of `{}`, {meaning}",
            plain(name)
        );
        result
    }
}

fn shape(target: &TargetDiagnostics) -> String {
    format!(
        "skewness {}, kurtosis {}",
        significant(target.skewness),
        significant(target.kurtosis)
    )
}
