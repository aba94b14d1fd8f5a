use std::collections::HashSet;
use std::fmt;

use linreg_data::{Column, Encoder, Feature};
use linreg_exact::{Inference, Policy, Relation};

use super::{ExactFit, Ridge, relations_lines};
use crate::number::{count, plain, significant};
use crate::{Setting, SettingNames};

/// What a reader of an exact fit should know before using its figures.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// Features that are linearly dependent on others.
    Dependent {
        /// The dependence of each redundant feature.
        relations: Vec<Relation>,
        /// The names of all features.
        names: Vec<String>,
        /// Whether ridge regression lets them share their effect.
        is_shared: bool,
    },
    /// There are no more rows than coefficients.
    Saturated {
        /// Number of rows.
        rows: u64,
        /// Number of coefficients.
        coefficients: usize,
    },
    /// There are fewer than ten rows for each coefficient.
    FewRows {
        /// Number of rows.
        rows: u64,
        /// Number of coefficients.
        coefficients: usize,
    },
    /// A target is the same in every row.
    ConstantTarget {
        /// Its name.
        target: String,
    },
    /// The features give a target exactly.
    ExactTarget {
        /// Its name.
        target: String,
    },
    /// Fewer digits of some figures can be trusted than are shown.
    FewDigits {
        /// The fewest digits of any figure.
        digits: f64,
    },
    /// Features that are strongly correlated with others.
    Inflated {
        /// Their names and variance inflation factors, the largest first.
        features: Vec<(String, f64)>,
    },
    /// A column has whole numbers that 64-bit floats round.
    Rounded {
        /// Its name.
        column: String,
    },
    /// A target is predicted best with the least penalty of the path.
    LeastPenalty {
        /// Its name.
        target: String,
    },
    /// A target is predicted best with the largest penalty of the path.
    LargestPenalty {
        /// Its name.
        target: String,
    },
}

/// The variance inflation factor above which textbooks see a problem.
pub const MUCH_INFLATION: f64 = 10.0;

impl Warning {
    /// The warning in a sentence, with these names of settings.
    pub fn told(&self, say: SettingNames) -> String {
        match self {
            Self::LeastPenalty { target } => format!(
                "`{}` is predicted best with hardly any penalty: leave out {}, and there are standard errors",
                plain(target),
                say(&Setting::Ridge)
            ),
            warning => warning.to_string(),
        }
    }
}

impl fmt::Display for Warning {
    /// The warning in a sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |rows: u64, coefficients: usize| {
            let rows = count(rows as usize, "row");
            format!("{rows} for {}", count(coefficients, "coefficient"))
        };
        match self {
            Self::Dependent {
                relations,
                names,
                is_shared,
            } => {
                let shared = if *is_shared {
                    ", which share their effect"
                } else {
                    ""
                };
                let lines = relations_lines(relations, names);
                write!(
                    f,
                    "linearly dependent features{shared}:\n{}",
                    lines.trim_end()
                )
            }
            Self::Saturated { rows, coefficients } => write!(
                f,
                "{}: the fit goes through every row and says nothing of others",
                of(*rows, *coefficients)
            ),
            Self::FewRows { rows, coefficients } => write!(
                f,
                "{}: a rule of thumb is ten rows or more for each coefficient",
                of(*rows, *coefficients)
            ),
            Self::ConstantTarget { target } => write!(
                f,
                "`{}` is the same in every row, so there is nothing to explain",
                plain(target)
            ),
            Self::ExactTarget { target } => write!(
                f,
                "the features give `{}` exactly; was it computed from them?",
                plain(target)
            ),
            Self::FewDigits { digits } => write!(
                f,
                "only {:.0} digits of some figures are reliable: the features are nearly linearly dependent, or the figures lose digits to cancellation",
                digits.floor()
            ),
            Self::Inflated { features } => inflated_text(f, features),
            Self::Rounded { column } => write!(
                f,
                "`{}` has numbers beyond 2^53, which 64-bit floats round to a multiple of 2 or more: subtract a constant from all of them in the file, or take them as levels",
                plain(column)
            ),
            Self::LeastPenalty { target } => write!(
                f,
                "`{}` is predicted best with hardly any penalty: fit without it, and there are standard errors",
                plain(target)
            ),
            Self::LargestPenalty { target } => write!(
                f,
                "`{}` is predicted best with the largest penalty, which makes the weights almost 0: the features explain almost nothing of it",
                plain(target)
            ),
        }
    }
}

fn inflated_text(f: &mut fmt::Formatter<'_>, features: &[(String, f64)]) -> fmt::Result {
    const MOST: usize = 3;
    let named = features.iter().take(MOST);
    let named: Vec<String> = named
        .map(|(name, _)| format!("`{}`", plain(name)))
        .collect();
    let more = match features.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let are = if features.len() == 1 { "is" } else { "are" };
    let most = features.first().map_or(1.0, |(_, factor)| *factor);
    write!(
        f,
        "{}{more} {are} strongly correlated with other features: standard errors are up to {} times what they would be with uncorrelated features",
        named.join(", "),
        significant((most.sqrt() * 10.0).round() / 10.0)
    )
}

impl ExactFit {
    /// The warnings about the fit, whose columns the encoder tells.
    pub fn warnings(&self, encoder: &Encoder) -> Vec<Warning> {
        if let Some(ridge) = &self.ridge {
            return self.ridge_warnings(ridge, encoder);
        }
        let solution = &self.solution;
        let rows = self.inferences.first().map_or(0.0, |first| first.rows) as u64;
        let rank = solution.rank as u64;
        let names = encoder.feature_names();
        let coefficients = names.len() + usize::from(encoder.intercept());
        let mut warnings = Vec::new();
        warnings.extend(self.dependent(names, false));
        if rows <= rank {
            warnings.push(Warning::Saturated { rows, coefficients });
        } else if rows < 10 * rank {
            warnings.push(Warning::FewRows { rows, coefficients });
        }
        for (inference, target) in self.inferences.iter().zip(encoder.targets()) {
            let target = target.clone();
            if inference.is_constant {
                warnings.push(Warning::ConstantTarget { target });
            } else if rows > rank && inference.is_exact {
                warnings.push(Warning::ExactTarget { target });
            }
        }
        let all = self.inferences.iter().map(Inference::fewest_digits);
        let digits = all.fold(f64::INFINITY, f64::min);
        if digits < Policy::DIGITS {
            warnings.push(Warning::FewDigits { digits });
        }
        warnings.extend(self.inflated(encoder));
        warnings.extend(encoder.columns().iter().filter_map(rounded));
        warnings
    }

    fn ridge_warnings(&self, ridge: &Ridge, encoder: &Encoder) -> Vec<Warning> {
        let mut warnings = Vec::from_iter(self.dependent(encoder.feature_names(), true));
        if ridge.is_given {
            return warnings;
        }
        for (path, target) in ridge.paths.iter().zip(encoder.targets()) {
            let target = target.clone();
            if path.best == 0 {
                warnings.push(Warning::LeastPenalty {
                    target: target.clone(),
                });
            }
            if path.best + 1 == path.fits.len() {
                warnings.push(Warning::LargestPenalty { target });
            }
        }
        warnings
    }

    fn dependent(&self, names: Vec<String>, is_shared: bool) -> Option<Warning> {
        let relations = self.solution.relations.clone();
        (!relations.is_empty()).then_some(Warning::Dependent {
            relations,
            names,
            is_shared,
        })
    }

    /// Warns of features that are nearly linearly dependent.
    fn inflated(&self, encoder: &Encoder) -> Option<Warning> {
        if !self.solution.relations.is_empty() {
            return None;
        }
        let mut features = variance_inflation(self.inferences.first()?, encoder);
        features.retain(|(_, factor)| *factor > MUCH_INFLATION);
        (!features.is_empty()).then_some(Warning::Inflated { features })
    }
}

/// Warns of whole numbers so large that 64-bit floats round them, and so close
/// to each other that it matters.
fn rounded(column: &Column) -> Option<Warning> {
    /// 2^53.
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    let spread = column.spread?;
    let size = spread.min.abs().max(spread.max.abs());
    let is_rounded = size > WHOLE && spread.max - spread.min < 1e-6 * size;
    is_rounded.then(|| Warning::Rounded {
        column: column.name.clone(),
    })
}

/// The variance inflation factors of the features, the largest first. Products,
/// powers and the columns that they are made of are left out: these are
/// correlated by construction.
pub(crate) fn variance_inflation(inference: &Inference, encoder: &Encoder) -> Vec<(String, f64)> {
    let features = encoder.features();
    let together = together(&features);
    let coefficients = &inference.coefficients[usize::from(encoder.intercept())..];
    let mut list: Vec<(String, f64)> = features
        .iter()
        .zip(coefficients)
        .filter(|(feature, c)| c.variance_inflation.is_finite() && !is_among(feature, &together))
        .map(|(feature, c)| (feature.to_string(), c.variance_inflation))
        .collect();
    list.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    list
}

/// The columns of products and powers, whose weights mean nothing one by one.
pub(crate) fn together(features: &[Feature]) -> HashSet<&str> {
    let several = features.iter().filter(|feature| !feature.is_single());
    several.flat_map(Feature::columns).collect()
}

/// Whether a feature is made of one of these columns.
pub(crate) fn is_among(feature: &Feature, together: &HashSet<&str>) -> bool {
    feature.columns().any(|column| together.contains(column))
}
