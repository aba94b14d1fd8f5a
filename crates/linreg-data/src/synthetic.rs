use burn::config::Config;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, Normal, StandardNormal};

use crate::dataset::{check_distinct, check_number};
use crate::random::{Purpose, generator};
use crate::{Axis, ChunkOrder, DataError, Dataset, RowChunks, RowSource, Rows};

/// The settings of synthetic data `y = X w + b + noise` with known weights and
/// bias (*Dive into Deep Learning*, section 3.3): features are drawn from
/// N(0, 1), noise from N(0, `noise_std`²).
///
/// Features are named `x1`, `x2`, … and the target `y`. The numbers are drawn
/// on the host in `f64`: every backend gets the same, and the same seed gives
/// the same data on every machine.
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
    /// The true weights, one for each feature; at least one, all finite.
    pub weights: Vec<f64>,
    /// The true bias; finite.
    pub bias: f64,
    /// The number of rows; at least 1. Default: 1000.
    #[config(default = 1000)]
    pub num_examples: usize,
    /// The standard deviation of the noise; 0 or more. Default: 0.01.
    #[config(default = 0.01)]
    pub noise_std: f64,
    /// The seed of the generator. Default: 0.
    #[config(default = 0)]
    pub seed: u64,
}

impl SyntheticConfig {
    /// Returns the rows as a source that draws them chunk by chunk in each
    /// pass: the memory that it takes does not grow with their number.
    ///
    /// # Errors
    ///
    /// No weights, no examples, or a number that is NaN, infinite or, for the
    /// noise, negative.
    pub fn source(&self) -> Result<SyntheticSource, DataError> {
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
        let noise = match Normal::new(0.0, self.noise_std) {
            Ok(noise) if self.noise_std >= 0.0 => noise,
            _ => return wrong("noise", &self.noise_std, "a finite number, 0 or more"),
        };
        Ok(SyntheticSource {
            noise,
            feature_names: (1..=self.weights.len()).map(|i| format!("x{i}")).collect(),
            target_names: vec!["y".to_string()],
            config: self.clone(),
        })
    }

    /// Draws all rows into memory.
    ///
    /// # Errors
    ///
    /// As [`source`](Self::source), or more rows than fit in memory.
    pub fn generate(&self) -> Result<Dataset, DataError> {
        let source = self.source()?;
        let mut features = Vec::new();
        let mut targets = Vec::new();
        let num_values = self.num_examples.saturating_mul(self.weights.len());
        if features.try_reserve_exact(num_values).is_err()
            || targets.try_reserve_exact(self.num_examples).is_err()
        {
            return Err(DataError::Setting {
                name: "number of examples",
                found: self.num_examples.to_string(),
                expected: "fewer, such that the rows fit in memory".to_string(),
            });
        }
        for rows in source.chunks(ChunkOrder::File)? {
            let rows = rows?;
            features.extend(rows.features);
            targets.extend(rows.targets);
        }
        Dataset::new(features, targets, source.feature_names, source.target_names)
    }
}

/// The rows of a [`SyntheticConfig`], drawn as they are read: every pass draws the
/// same numbers, those of [`SyntheticConfig::generate`].
///
/// # Example
///
/// ```
/// use linreg_data::{SyntheticConfig, TableFormat, write_dataset};
///
/// # fn main() -> Result<(), linreg_data::DataError> {
/// let rows = SyntheticConfig::new(vec![2.0, -3.4], 4.2).with_num_examples(20_000);
/// let mut file = Vec::new();
/// write_dataset(&rows.source()?, &mut file, TableFormat::Csv)?;
/// assert_eq!(file.iter().filter(|byte| **byte == b'\n').count(), 20_001);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SyntheticSource {
    /// The settings, which have been checked.
    config: SyntheticConfig,
    noise: Normal<f64>,
    feature_names: Vec<String>,
    target_names: Vec<String>,
}

/// The rows of a chunk, and the largest number of its features.
const CHUNK_ROWS: usize = 8192;
const CHUNK_NUMBERS: usize = 1 << 19;

impl SyntheticSource {
    /// Returns the same rows under other column names.
    ///
    /// # Errors
    ///
    /// A number of names that is not the number of columns, or a duplicate
    /// name.
    pub fn with_names(
        self,
        feature_names: Vec<String>,
        target_names: Vec<String>,
    ) -> Result<Self, DataError> {
        check_number(Axis::Features, &feature_names, self.feature_names.len())?;
        check_number(Axis::Targets, &target_names, self.target_names.len())?;
        check_distinct(&feature_names, &target_names)?;
        Ok(Self {
            feature_names,
            target_names,
            ..self
        })
    }

    /// Draws the next rows.
    fn draw(&self, num_rows: usize, generator: &mut ChaCha8Rng) -> Rows {
        let weights = &self.config.weights;
        let mut rows = Rows {
            features: Vec::with_capacity(num_rows * weights.len()),
            targets: Vec::with_capacity(num_rows),
            ..Rows::default()
        };
        for _ in 0..num_rows {
            let mut target = self.config.bias;
            for weight in weights {
                let feature: f64 = StandardNormal.sample(generator);
                rows.features.push(feature);
                target += weight * feature;
            }
            rows.targets.push(target + self.noise.sample(generator));
        }
        rows
    }
}

impl RowSource for SyntheticSource {
    fn feature_names(&self) -> &[String] {
        &self.feature_names
    }

    fn target_names(&self) -> &[String] {
        &self.target_names
    }

    fn num_rows(&self) -> usize {
        self.config.num_examples
    }

    /// Returns chunks of 8,192 rows, fewer for wide rows; never an error. They
    /// come in one order, since each number is drawn after the one before it.
    fn chunks(&self, _: ChunkOrder) -> Result<RowChunks<'_>, DataError> {
        let mut generator = generator(self.config.seed, Purpose::Synthetic);
        let num_rows = self.config.num_examples;
        let of_chunk = CHUNK_ROWS.min(CHUNK_NUMBERS / self.config.weights.len());
        let of_chunk = of_chunk.max(1);
        let starts = (0..num_rows).step_by(of_chunk);
        let chunks = starts.map(move |start| {
            let num_rows = of_chunk.min(num_rows - start);
            Ok(self.draw(num_rows, &mut generator))
        });
        Ok(Box::new(chunks))
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
            (dataset.feature(0).unwrap().collect::<Vec<_>>(), 1.0),
            (dataset.feature(1).unwrap().collect(), 1.0),
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
    fn chunks_are_the_rows_in_memory_also_where_rows_are_long_and_in_every_pass() {
        for (num_features, num_examples) in [(1, 1), (2, 8192), (3, 20_000), (3000, 400)] {
            let config = SyntheticConfig::new(vec![0.5; num_features], 1.0)
                .with_num_examples(num_examples)
                .with_seed(7);
            let dataset = config.generate().unwrap();
            let source = config.source().unwrap();
            let num_rows = |rows: &Rows| rows.num_rows(num_features, 1).unwrap();
            for order in [ChunkOrder::File, ChunkOrder::Shuffled { seed: 1 }] {
                let chunks = source.chunks(order).unwrap();
                let chunks: Vec<Rows> = chunks.map(Result::unwrap).collect();
                assert_eq!(chunks.iter().map(num_rows).sum::<usize>(), num_examples);
                assert!(
                    chunks
                        .iter()
                        .all(|rows| rows.features.len() <= CHUNK_NUMBERS)
                );
                let features: Vec<f64> = chunks.iter().flat_map(|c| c.features.clone()).collect();
                let targets: Vec<f64> = chunks.into_iter().flat_map(|c| c.targets).collect();
                assert_eq!(
                    (&features[..], &targets[..]),
                    (dataset.features(), dataset.targets())
                );
            }
        }
    }

    #[test]
    fn its_names_are_one_for_each_column_and_distinct() {
        let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
        let source = lesson().source().unwrap();
        let renamed = source.clone().with_names(names(&["a", "b"]), names(&["c"]));
        assert_eq!(renamed.unwrap().feature_names(), ["a", "b"]);
        for (features, message) in [
            (&["a"][..], "1 names for 2 features; give one for each"),
            (&["a", "c"], "the column name `c` is there twice"),
        ] {
            let error = source.clone().with_names(names(features), names(&["c"]));
            assert_eq!(error.unwrap_err().to_string(), message);
        }
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
            (
                lesson().with_noise_std(f64::NAN),
                "the noise is NaN, expected a finite number, 0 or more",
            ),
            (
                lesson().with_noise_std(f64::INFINITY),
                "the noise is inf, expected a finite number, 0 or more",
            ),
        ] {
            assert_eq!(config.generate().unwrap_err().to_string(), message);
        }
    }
}
