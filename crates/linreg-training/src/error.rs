use linreg_data::{DataError, Scaler, Summary};
use linreg_model::CoefficientsError;
use thiserror::Error;

use crate::TrainingConfig;

/// Why training cannot start or go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainingError {
    /// A setting that cannot be used.
    #[error("the {name} is {found}, expected {expected}")]
    Setting {
        /// The setting, in words.
        name: &'static str,
        /// The value found.
        found: String,
        /// What can be used.
        expected: &'static str,
    },
    /// The rows cannot be scaled or batched.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The loss has become NaN or infinite.
    #[error("the loss became {loss} in epoch {epoch}, batch {batch} (both from 0): {advice}")]
    NotFinite {
        /// The loss found.
        loss: f64,
        /// Epoch, from 0.
        epoch: usize,
        /// Batch of the epoch, from 0.
        batch: usize,
        /// The likely cause and what to do.
        advice: String,
    },
    /// The loss is finite, but far above what it was before training.
    #[error("the loss grew from {before:.3e} to {loss:.3e} by the end of epoch {epoch}: {advice}")]
    Diverged {
        /// Mean loss before the first update.
        before: f64,
        /// Mean loss after the epoch.
        loss: f64,
        /// Epoch, from 0.
        epoch: usize,
        /// The likely cause and what to do.
        advice: String,
    },
    /// A coefficient has left the range of 64-bit floats.
    #[error(transparent)]
    Coefficients(#[from] CoefficientsError),
}

/// The likely cause of a loss that explodes, and what to do.
///
/// A step of gradient descent on the squared loss is stable below 1 / (largest
/// eigenvalue of X'X / n), a column of ones for the bias included; the trace,
/// which is the mean squared length of a row, bounds that eigenvalue from
/// above (LeCun et al., *Efficient BackProp*, 1998, section 5.1).
pub(crate) fn advice(
    config: &TrainingConfig,
    summary: &Summary,
    scaler: Option<&Scaler>,
) -> String {
    let learning_rate = config.learning_rate;
    let typical = match scaler {
        None => summary.features.root_mean_square(),
        // All but constant columns have the mean square 1.
        Some(scaler) => {
            let stds = scaler.feature_stds.iter();
            stds.map(|std| f64::from(u8::from(*std > 0.0))).collect()
        }
    };
    let squares = typical.iter().map(|x| x * x);
    let trace = f64::from(u8::from(config.intercept)) + squares.sum::<f64>();
    // No feature, or only zeros, leave every learning rate stable.
    let stable = 0.5 / trace.max(f64::MIN_POSITIVE);
    let (largest, name) = largest(&typical, &summary.features.names);
    let targets = &summary.targets;
    let reach = targets.min.iter().zip(&targets.max);
    let reach: Vec<f64> = reach.map(|(min, max)| max.abs().max(min.abs())).collect();
    let (largest_target, target) = self::largest(&reach, &targets.names);
    // The square of such a target is beyond 32-bit floats.
    if scaler.is_none() && largest_target > 1e18 {
        format!(
            "the target `{target}` reaches {largest_target:.2e}, and its square is too large; standardise the columns, or divide it by a power of ten"
        )
    } else if largest > 10.0 {
        format!(
            "the features are too large in scale for the learning rate {learning_rate} (`{name}` is around {largest:.2e}); standardise them, or lower the learning rate to {}",
            one_digit(stable)
        )
    } else {
        let to = if stable < learning_rate {
            stable
        } else {
            learning_rate / 10.0
        };
        format!(
            "the learning rate {learning_rate} is too large for these rows; lower it to {}",
            one_digit(to)
        )
    }
}

/// The largest of numbers, 0 or more, and its name.
fn largest<'a>(numbers: &[f64], names: &'a [String]) -> (f64, &'a str) {
    let numbered = numbers.iter().zip(names);
    numbered.fold((0.0, ""), |largest, (number, name)| {
        if *number > largest.0 {
            (*number, name)
        } else {
            largest
        }
    })
}

/// A number rounded to one digit, as a person would type it.
fn one_digit(number: f64) -> String {
    let rounded = format!("{number:.0e}");
    rounded
        .parse()
        .map_or(rounded, |number: f64| format!("{number:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use linreg_data::Dataset;

    #[test]
    fn blames_a_target_whose_square_is_too_large() {
        let names = |name: &str| vec![name.to_string()];
        let dataset = Dataset::new(vec![1.0], vec![-1e20], names("x"), names("y"));
        let summary = Summary::of(&dataset.unwrap()).unwrap();
        let advice = advice(&TrainingConfig::new(), &summary, None);
        assert!(
            advice.starts_with("the target `y` reaches 1.00e20"),
            "{advice}"
        );
    }

    #[test]
    fn advises_numbers_that_a_person_would_type() {
        assert_eq!(one_digit(0.1667), "0.2");
        assert_eq!(one_digit(4.6e-9), "5e-9");
    }
}
