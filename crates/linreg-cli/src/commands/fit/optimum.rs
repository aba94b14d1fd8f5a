use linreg_training::{Optimality, TrainingConfig};
use serde_json::{Value, json};

use super::gap::two_digits;
use super::summary::one_or_all;
use crate::loss;
use crate::number::plain;

/// How far the objective of a trained model, its loss and the penalty, is above
/// the least possible on the same rows.
pub struct Optimum {
    /// The bound for each target; `None` where it is not known.
    targets: Option<Vec<Optimality>>,
}

/// An objective within this share of the least is as good as the least.
const CLOSE: f64 = 1e-3;

/// Above this share, the objective and the bound are printed as numbers.
const MUCH: f64 = 10.0;

/// A share of no more than this is rounding of sums over many rows.
const ROUNDING: f64 = 1e-9;

impl Optimum {
    pub fn new(targets: Option<Vec<Optimality>>) -> Self {
        Self { targets }
    }

    /// The distance from the optimum in words, with advice.
    pub fn text(&self, config: &TrainingConfig, names: &[String], num_epochs: usize) -> String {
        let mut text = "\nHow far from the optimum\n".to_string();
        let Some(targets) = &self.targets else {
            return text
                + "  Not known: it is not computed for so many features and rows, or with weight decay\n";
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
            text += &match found.excess() {
                Some(excess) if excess <= ROUNDING => {
                    format!("  {what} is the least possible, to nine digits\n")
                }
                Some(excess) if excess <= MUCH => format!(
                    "  {what} at most {} % above the least possible\n",
                    two_digits(100.0 * excess)
                ),
                _ if found.lower_bound > 0.0 => format!(
                    "  {what} {}; the least possible is {} or more\n",
                    two_digits(found.objective),
                    two_digits(found.lower_bound)
                ),
                _ => format!(
                    "  {what} {}; the least possible may be 0\n",
                    two_digits(found.objective)
                ),
            };
        }
        let is_close = |found: &Optimality| found.excess().is_some_and(|excess| excess <= CLOSE);
        let advice = if targets.iter().all(is_close) {
            "  Converged: more training would lower it by at most 0.1 %".to_string()
        } else if config.optimizer.is_full_batch() {
            format!(
                "  Not converged: train longer with --epochs {}, or use --precision f64",
                num_epochs.saturating_mul(4)
            )
        } else {
            format!(
                "  Not converged: train longer with --epochs {}, or use --optimizer {}, which uses all rows in each step",
                num_epochs.saturating_mul(4),
                if config.penalty.is_smooth() {
                    "lbfgs"
                } else {
                    "proximal"
                }
            )
        };
        text + &advice + "\n"
    }

    /// The bound: an object for one target, an array for several; null where it
    /// is not known.
    pub fn json(&self, names: &[String]) -> Value {
        let Some(targets) = &self.targets else {
            return Value::Null;
        };
        let of_target = |(found, name): (&Optimality, &String)| {
            let mut object = json!({
                "objective": found.objective,
                "lower_bound": found.lower_bound,
                "excess_at_most": found.excess(),
            });
            if targets.len() > 1 {
                object["target"] = json!(name);
            }
            object
        };
        one_or_all(targets.iter().zip(names).map(of_target).collect())
    }
}
