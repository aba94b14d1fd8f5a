use std::fmt;

use linreg_data::{Scaler, Summary};

use crate::columns::Columns;
use crate::{TrainingConfig, TrainingError};

/// The likely cause of a loss that diverges, and what to do.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Advice {
    /// The square of a target is too large.
    LargeTarget {
        /// The name of the target.
        target: String,
        /// Its largest absolute value.
        size: f64,
    },
    /// The features are too large for the learning rate.
    LargeFeatures {
        /// The learning rate.
        learning_rate: f64,
        /// The name of the largest feature.
        feature: String,
        /// The root of its mean square.
        size: f64,
        /// A learning rate that is low enough.
        lower: f64,
    },
    /// The learning rate is too large for these rows.
    LearningRate {
        /// The learning rate.
        learning_rate: f64,
        /// A learning rate that is low enough.
        lower: f64,
    },
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LargeTarget { target, size } => write!(
                f,
                "the target `{target}` reaches {size:.2e}, and its square is too large; standardise the columns, or divide it by a power of ten"
            ),
            Self::LargeFeatures {
                learning_rate,
                feature,
                size,
                lower,
            } => write!(
                f,
                "the features are too large in scale for the learning rate {learning_rate} (`{feature}` is around {size:.2e}); standardise them, or lower the learning rate to {}",
                one_digit(*lower)
            ),
            Self::LearningRate {
                learning_rate,
                lower,
            } => write!(
                f,
                "the learning rate {learning_rate} is too large for these rows; lower it to {}",
                one_digit(*lower)
            ),
        }
    }
}

/// Returns an error if a batch's loss was not finite, or if the mean loss after
/// the epoch is far larger than before training.
pub(crate) fn check_loss(
    config: &TrainingConfig,
    columns: &Columns,
    epoch: usize,
    not_finite: Option<(usize, f64)>,
    [before, loss]: [f64; 2],
) -> Result<(), TrainingError> {
    /// Factor by which the loss has to grow to count as divergence. The initial
    /// weights near 0 already predict badly, so no useful model is this much
    /// worse.
    const DIVERGED: f64 = 1e4;

    let advice = || advice(config, &columns.summary, columns.scaler.as_ref());
    if let Some((batch, loss)) = not_finite {
        return Err(TrainingError::NotFinite {
            loss,
            epoch,
            batch,
            advice: advice(),
        });
    }
    if loss.is_nan() || loss > DIVERGED * before.max(f64::MIN_POSITIVE) {
        return Err(TrainingError::Diverged {
            before,
            loss,
            epoch,
            advice: advice(),
        });
    }
    Ok(())
}

/// Returns the likely cause of a loss that diverges, and what to do.
///
/// A step of gradient descent on the squared loss is stable below 1 / (largest
/// eigenvalue of X'X / n), a column of ones for the bias included; the trace,
/// which is the mean squared length of a row, bounds that eigenvalue from
/// above (LeCun et al., *Efficient BackProp*, 1998, section 5.1).
fn advice(config: &TrainingConfig, summary: &Summary, scaler: Option<&Scaler>) -> Advice {
    let learning_rate = config.learning_rate;
    let typical = match scaler {
        None => summary.features.root_mean_square(),
        // Every column that is not constant has the mean square 1.
        Some(scaler) => {
            let stds = scaler.feature_stds.iter();
            stds.map(|std| f64::from(u8::from(*std > 0.0))).collect()
        }
    };
    let squares = typical.iter().map(|x| x * x);
    let trace = f64::from(u8::from(config.intercept)) + squares.sum::<f64>();
    // If all features are 0 and there is no bias, every learning rate is stable.
    let stable = 0.5 / trace.max(f64::MIN_POSITIVE);
    let (largest, name) = largest(&typical, &summary.features.names);
    let targets = &summary.targets;
    let reach = targets.min.iter().zip(&targets.max);
    let reach: Vec<f64> = reach.map(|(min, max)| max.abs().max(min.abs())).collect();
    let (largest_target, target) = self::largest(&reach, &targets.names);
    // Squares of such targets, or their sums, can overflow 32-bit floats.
    if scaler.is_none() && largest_target > 1e18 {
        Advice::LargeTarget {
            target: target.to_string(),
            size: largest_target,
        }
    } else if largest > 10.0 {
        Advice::LargeFeatures {
            learning_rate,
            feature: name.to_string(),
            size: largest,
            lower: stable,
        }
    } else {
        Advice::LearningRate {
            learning_rate,
            lower: if stable < learning_rate {
                stable
            } else {
                learning_rate / 10.0
            },
        }
    }
}

/// Returns the largest of these non-negative numbers, and its name.
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

/// Returns a number rounded to one digit, as a person would type it.
fn one_digit(number: f64) -> String {
    let rounded = format!("{number:.0e}");
    rounded
        .parse()
        .map_or(rounded, |number: f64| format!("{number:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train;
    use burn_autodiff::Autodiff;
    use burn_ndarray::NdArray;
    use linreg_data::{Dataset, SyntheticConfig};

    #[test]
    fn blames_a_target_whose_square_is_too_large() {
        let names = |name: &str| vec![name.to_string()];
        let dataset = Dataset::new(vec![1.0], vec![-1e20], names("x"), names("y"));
        let summary = Summary::of(&dataset.unwrap()).unwrap();
        let advice = advice(&TrainingConfig::new(), &summary, None).to_string();
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

    #[test]
    fn says_where_the_loss_exploded_and_what_to_do() {
        let run = |config: &TrainingConfig, dataset: &Dataset| {
            let device = Default::default();
            train::<Autodiff<NdArray<f64>>>(config, dataset, &device, &mut ()).unwrap_err()
        };
        let config = SyntheticConfig::new(vec![2.0, -3.4], 4.2);
        let lesson = config.generate().unwrap();
        let config = TrainingConfig::new().with_learning_rate(3.0);
        let error = run(&config.with_num_epochs(50), &lesson);
        let message = error.to_string();
        assert!(message.contains("by the end of epoch 0"), "{message}");
        assert!(
            message.contains("the learning rate 3 is too large for these rows; lower it to 0.2"),
            "{message}"
        );

        let rows = lesson.features().chunks(2);
        let far = Dataset::new(
            rows.flat_map(|x| [1e9 + 1e6 * x[0], x[1]]).collect(),
            lesson.targets().to_vec(),
            lesson.feature_names().to_vec(),
            lesson.target_names().to_vec(),
        );
        let error = run(&TrainingConfig::new(), &far.unwrap());
        let TrainingError::NotFinite {
            epoch,
            batch,
            advice,
            ..
        } = &error
        else {
            panic!("{error}");
        };
        assert_eq!(*epoch, 0);
        assert!((2..40).contains(batch), "{batch}");
        let advice = advice.to_string();
        assert!(advice.contains("`x1` is around 1.00e9"), "{advice}");
        assert!(advice.contains("standardise them"), "{advice}");
    }
}
