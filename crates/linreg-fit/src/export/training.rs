//! A training in words.

use linreg_data::Encoder;
use linreg_training::{StopReason, TrainingConfig};

use super::coefficients::names;
use crate::number::{duration, plain, significant, two_digits};
use crate::training::{Gap, Optimum, Search, Trained};
use crate::wrap::{Width, item, table_within, wrapped};
use crate::{Setting, SettingNames, loss};

/// The gap in words, with what to do about it, in lines of so many columns.
pub fn gap(
    gap: &Gap,
    encoder: &Encoder,
    num_epochs: usize,
    say: SettingNames,
    width: Width,
) -> String {
    let names = names(encoder);
    let mut text = "\nHow far from the exact fit\n".to_string();
    for (of_target, target) in gap.targets.iter().zip(encoder.targets()) {
        if gap.targets.len() > 1 {
            text += &format!("  {}\n", plain(target));
        }
        if let Some((index, distance)) = of_target.furthest() {
            let sentence = format!(
                "{} standard errors at most, the coefficient `{}`",
                two_digits(distance),
                plain(&names[index])
            );
            text += &item(&sentence, width);
        }
        let sentence = match of_target.excess {
            Some(excess) => format!(
                "mean squared error {} % above the least possible",
                two_digits(100.0 * excess)
            ),
            None => format!(
                "mean squared error {}, the least possible is 0",
                two_digits(of_target.loss)
            ),
        };
        text += &item(&sentence, width);
    }
    let advice = match gap.is_close() {
        Some(true) => {
            "Converged: every coefficient is within a tenth of its standard error of the exact fit"
                .to_string()
        }
        Some(false) => format!(
            "Not converged: train longer with {}, or use {}",
            say(&Setting::Epochs(num_epochs.saturating_mul(4))),
            say(&Setting::Exact)
        ),
        None => format!(
            "Where no distance in standard errors is given, {} shows why",
            say(&Setting::Exact)
        ),
    };
    text + &item(&advice, width)
}

/// Above this share, the objective and the bound are printed as numbers.
const MUCH: f64 = 10.0;

/// A share of no more than this is rounding of sums over many rows.
const ROUNDING: f64 = 1e-9;

/// The distance from the optimum in words, with advice, in lines of so many columns.
pub fn optimum(
    found: &Trained,
    optimum: &Optimum,
    names: &[String],
    say: SettingNames,
    width: Width,
) -> String {
    let config = &found.config;
    let epochs = say(&Setting::Epochs(found.history.len().saturating_mul(4)));
    let mut text = "\nHow far from the optimum\n".to_string();
    let Some(targets) = &optimum.targets else {
        let unknown =
            "Not known: it is not computed for so many features and rows, or with weight decay";
        return text + &item(unknown, width);
    };
    let penalty = if config.penalty == Default::default() {
        ""
    } else {
        " with the penalty"
    };
    let what = format!("{}{penalty}", loss::name(config.loss));
    for (found, name) in targets.iter().zip(names) {
        if targets.len() > 1 {
            text += &format!("  {}\n", plain(name));
        }
        let sentence = match found.excess() {
            Some(excess) if excess <= ROUNDING => {
                format!("{what} is the least possible, to nine digits")
            }
            Some(excess) if excess <= MUCH => format!(
                "{what} at most {} % above the least possible",
                two_digits(100.0 * excess)
            ),
            _ if found.lower_bound > 0.0 => format!(
                "{what} {}; the least possible is {} or more",
                two_digits(found.objective),
                two_digits(found.lower_bound)
            ),
            _ => format!(
                "{what} {}; the least possible may be 0",
                two_digits(found.objective)
            ),
        };
        text += &item(&sentence, width);
    }
    let advice = if optimum.is_close() {
        "Converged: more training would lower it by at most 0.1 %".to_string()
    } else if config.optimizer.is_full_batch() {
        let double = say(&Setting::Double);
        format!("Not converged: train longer with {epochs}, or use {double}")
    } else {
        let name = if config.penalty.is_smooth() {
            "lbfgs"
        } else {
            "proximal"
        };
        format!(
            "Not converged: train longer with {epochs}, or use {}, which uses all rows in each step",
            say(&Setting::Optimizer(name))
        )
    };
    text + &item(&advice, width)
}

/// The settings that differ among the candidates, by name.
fn searched(search: &Search) -> Vec<(&'static str, Vec<f64>)> {
    let of = |get: &dyn Fn(&TrainingConfig) -> f64| search.candidates.iter().map(get).collect();
    let columns: [(_, Vec<f64>); 3] = [
        ("L1", of(&|config| config.penalty.l1)),
        ("L2", of(&|config| config.penalty.l2)),
        ("learning rate", of(&|config| config.learning_rate)),
    ];
    let varies = |values: &[f64]| values.iter().any(|value| *value != values[0]);
    let columns = columns.into_iter();
    columns.filter(|(_, values)| varies(values)).collect()
}

/// The table of results, under a heading in lines of so many columns.
pub fn search(search: &Search, width: Width) -> String {
    let columns = searched(search);
    let mut header: Vec<String> = columns.iter().map(|(name, _)| name.to_string()).collect();
    header.extend(["loss", "std. error", ""].map(String::from));
    let mut rows = vec![header];
    for (index, result) in search.results.iter().enumerate() {
        let settings = columns.iter().map(|(_, values)| significant(values[index]));
        let mut row: Vec<String> = settings.collect();
        if result.mean().is_finite() {
            row.extend([result.mean(), result.std_error()].map(significant));
        } else {
            row.extend(["diverged".to_string(), String::new()]);
        }
        let marks = [(search.least, "least"), (search.chosen, "chosen")];
        let marks = marks.iter().filter(|(marked, _)| *marked == index);
        let marks: Vec<&str> = marks.map(|(_, mark)| *mark).collect();
        row.push(marks.join(", "));
        rows.push(row);
    }
    let heading = format!(
        "Loss on each of {} parts of the rows left out in turn, in {}",
        search.folds,
        duration(search.elapsed)
    );
    let chosen = "Chosen: of all within one standard error of the least, the strongest penalty";
    format!(
        "{}\n{}{}\n",
        wrapped(&heading, width),
        table_within(&rows, width),
        item(chosen, width)
    )
}

/// Why training ended.
pub fn stopped(reason: StopReason, say: SettingNames) -> String {
    let by = |setting: Setting| format!("stopped by {}", say(&setting));
    match reason {
        StopReason::Epochs => "all epochs done".to_string(),
        StopReason::Steps => by(Setting::MaxSteps),
        StopReason::Time => by(Setting::MaxTime),
        StopReason::Patience => by(Setting::Patience),
        StopReason::Converged => "converged".to_string(),
        StopReason::Precision => "converged to the precision of its floats".to_string(),
    }
}
