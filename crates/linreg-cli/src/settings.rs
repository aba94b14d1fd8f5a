//! Settings and their flags.

use linreg_fit::Setting;

use crate::advice;
use crate::command::quoted;

/// The flag of a setting, as it is given.
pub fn flag(setting: &Setting) -> String {
    match setting {
        Setting::Exact => "--method exact".to_string(),
        Setting::Double => "--precision f64".to_string(),
        Setting::Epochs(epochs) => format!("--epochs {epochs}"),
        Setting::Optimizer(name) => format!("--optimizer {name}"),
        Setting::MaxSteps => "--max-steps".to_string(),
        Setting::MaxTime => "--max-time".to_string(),
        Setting::Patience => "--patience".to_string(),
        Setting::Robust(kind) => format!("--robust {}", kind.name()),
        Setting::AnyRobust => "--robust".to_string(),
        Setting::Ridge => "--ridge".to_string(),
        Setting::Diagnostics => "--diagnostics".to_string(),
        Setting::Counts => "--counts".to_string(),
        Setting::Why(column) => advice::why(column),
        Setting::Missing(cell) => format!("--na {}", quoted(cell)),
        setting => setting.to_string(),
    }
}

/// The name of the first option that was given; each comes with whether it was.
pub fn first_given(options: &[(bool, &'static str)]) -> Option<&'static str> {
    let given = options.iter().find(|(is_given, _)| *is_given);
    given.map(|(_, name)| *name)
}
