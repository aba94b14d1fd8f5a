use std::fmt;

use linreg_data::Column;
use linreg_exact::Robust;

/// A setting that a text advises to use, or tells of.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Setting {
    /// An exact fit in place of a training.
    Exact,
    /// Training in 64-bit floats.
    Double,
    /// So many epochs.
    Epochs(usize),
    /// The optimizer of this name.
    Optimizer(&'static str),
    /// A limit of the updates of a training.
    MaxSteps,
    /// A limit of the time of a training.
    MaxTime,
    /// A limit of the epochs without a better loss.
    Patience,
    /// Robust standard errors.
    Robust(Robust),
    /// Robust standard errors of any kind.
    AnyRobust,
    /// Ridge regression.
    Ridge,
    /// The assumption checks.
    Diagnostics,
    /// Row weights that are counts.
    Counts,
    /// A text that means a missing cell.
    Missing(String),
    /// The settings by which a column would be taken as something else, in the
    /// reason why it is taken as it is.
    Why(Box<Column>),
}

/// How texts name a setting. A program names its own flags.
pub type SettingNames = fn(&Setting) -> String;

impl fmt::Display for Setting {
    /// The setting in words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact => f.write_str("an exact fit"),
            Self::Double => f.write_str("64-bit floats"),
            Self::Epochs(epochs) => write!(f, "{epochs} epochs"),
            Self::Optimizer(name) => write!(f, "the optimizer {name}"),
            Self::MaxSteps => f.write_str("the limit of updates"),
            Self::MaxTime => f.write_str("the limit of time"),
            Self::Patience => f.write_str("patience"),
            Self::Robust(kind) => write!(f, "robust standard errors ({})", kind.name()),
            Self::AnyRobust => f.write_str("robust standard errors"),
            Self::Ridge => f.write_str("a ridge penalty"),
            Self::Diagnostics => f.write_str("assumption checks"),
            Self::Counts => f.write_str("counts as weights"),
            Self::Why(column) => write!(f, "{}", column.why),
            Self::Missing(_) => f.write_str("it to the missing cells"),
        }
    }
}
