use burn::config::Config;
use rand_distr::{Distribution, Normal, StandardNormal};

use crate::random::{Purpose, generator};
use crate::{DataError, Dataset};

/// Synthetic data `y = X w + b + noise` with known weights and bias (*Dive
/// into Deep Learning*, section 3.3): features drawn from N(0, 1), noise from
/// N(0, `noise_std`²).
///
/// Features are named `x1`, `x2`, … and the target `y`. The numbers are drawn
/// on the host in `f64`: every backend sees the same, and the same seed gives
/// the same data everywhere.
///
/// # Example
///
/// ```
/// use linreg_data::SyntheticConfig;
///
/// # fn main() -> Result<(), linreg_data::DataError> {
/// let lesson = SyntheticConfig::new(vec![2.0, -3.4], 4.2);
/// let dataset = lesson.with_num_examples(100).with_seed(1).generate()?;
/// assert_eq!(dataset.feature_names(), ["x1", "x2"]);
/// assert_eq!(dataset.num_rows(), 100);
/// # Ok(())
/// # }
/// ```
#[derive(Config, Debug)]
pub struct SyntheticConfig {
    /// True weights, one a feature; at least one, finite.
    pub weights: Vec<f64>,
    /// True bias, finite.
    pub bias: f64,
    /// Number of rows; at least 1. Default: 1000.
    #[config(default = 1000)]
    pub num_examples: usize,
    /// Standard deviation of the noise; 0 or more. Default: 0.01.
    #[config(default = 0.01)]
    pub noise_std: f64,
    /// Seed of the generator. Default: 0.
    #[config(default = 0)]
    pub seed: u64,
}

impl SyntheticConfig {
    /// Draws the rows.
    ///
    /// # Errors
    ///
    /// No weights, no examples, or a number that is NaN, infinite or, for the
    /// noise, negative.
    pub fn generate(&self) -> Result<Dataset, DataError> {
        let wrong = |name, found: &dyn std::fmt::Display, expected: &str| {
            Err(DataError::Setting {
                name,
                found: found.to_string(),
                expected: expected.to_string(),
            })
        };
        if self.weights.is_empty() {
            return wrong("number of weights", &0, "at least 1");
        }
        if let Some(weight) = self.weights.iter().find(|weight| !weight.is_finite()) {
            return wrong("true weight", weight, "a finite number");
        }
        if !self.bias.is_finite() {
            return wrong("true bias", &self.bias, "a finite number");
        }
        if self.num_examples == 0 {
            return wrong("number of examples", &0, "at least 1");
        }
        if !(self.noise_std.is_finite() && self.noise_std >= 0.0) {
            return wrong("noise", &self.noise_std, "a finite number, 0 or more");
        }
        let noise = Normal::new(0.0, self.noise_std).expect("the noise was checked");
        let mut generator = generator(self.seed, Purpose::Synthetic);
        let mut features = Vec::new();
        let mut targets = Vec::new();
        let num_values = self.num_examples.saturating_mul(self.weights.len());
        if features.try_reserve_exact(num_values).is_err()
            || targets.try_reserve_exact(self.num_examples).is_err()
        {
            let fewer = "fewer, such that the rows fit in memory";
            return wrong("number of examples", &self.num_examples, fewer);
        }
        for _ in 0..self.num_examples {
            let mut target = self.bias;
            for weight in &self.weights {
                let feature: f64 = StandardNormal.sample(&mut generator);
                features.push(feature);
                target += weight * feature;
            }
            targets.push(target + noise.sample(&mut generator));
        }
        let names = (1..=self.weights.len()).map(|i| format!("x{i}")).collect();
        Dataset::new(features, targets, names, vec!["y".to_string()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lesson() -> SyntheticConfig {
        SyntheticConfig::new(vec![2.0, -3.4], 4.2)
    }

    #[test]
    fn features_and_noise_have_the_moments_they_are_drawn_with() {
        let n = 200_000;
        let dataset = lesson()
            .with_num_examples(n)
            .with_noise_std(0.5)
            .generate()
            .unwrap();
        let residuals = dataset
            .features()
            .chunks(2)
            .zip(dataset.targets())
            .map(|(x, y)| y - (2.0 * x[0] - 3.4 * x[1] + 4.2));
        let columns = [
            (dataset.feature(0).collect::<Vec<_>>(), 1.0),
            (dataset.feature(1).collect(), 1.0),
            (residuals.collect(), 0.5),
        ];
        // Six standard errors of a mean and of a standard deviation.
        let tolerance = 6.0 / (n as f64).sqrt();
        for (values, std) in columns {
            let mean = values.iter().sum::<f64>() / n as f64;
            let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
            assert!(mean.abs() < tolerance * std, "{mean}");
            assert!(((squares / n as f64).sqrt() - std).abs() < tolerance * std);
        }
    }

    #[test]
    fn a_seed_names_a_data_set() {
        let seeded = |seed| lesson().with_seed(seed).generate().unwrap();
        assert_eq!(seeded(3), seeded(3));
        assert_ne!(seeded(3), seeded(4));
    }

    #[test]
    fn more_examples_begin_with_the_same_rows() {
        let short = lesson().with_num_examples(10).generate().unwrap();
        let long = lesson().with_num_examples(20).generate().unwrap();
        assert_eq!(short.targets(), &long.targets()[..10]);
    }

    #[test]
    fn refuses_numbers_that_make_no_data() {
        for (config, message) in [
            (
                SyntheticConfig::new(vec![], 0.0),
                "the number of weights is 0, expected at least 1",
            ),
            (
                SyntheticConfig::new(vec![f64::NAN], 0.0),
                "the true weight is NaN, expected a finite number",
            ),
            (
                SyntheticConfig::new(vec![1.0], f64::INFINITY),
                "the true bias is inf, expected a finite number",
            ),
            (
                lesson().with_num_examples(0),
                "the number of examples is 0, expected at least 1",
            ),
            (
                lesson().with_num_examples(usize::MAX),
                "the number of examples is 18446744073709551615, \
                 expected fewer, such that the rows fit in memory",
            ),
            (
                lesson().with_noise_std(-1.0),
                "the noise is -1, expected a finite number, 0 or more",
            ),
        ] {
            assert_eq!(config.generate().unwrap_err().to_string(), message);
        }
    }
}
