use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::tensor::backend::AutodiffBackend;
use linreg_data::{Dataset, Set, Split};

use crate::held_out_loss::held_out_loss;
use crate::{RunOptions, TrainingConfig, TrainingError, train_with};

/// The cross-validation losses of one configuration, on rows that it was not
/// trained on.
#[derive(Clone, Debug, PartialEq)]
pub struct CrossValidation {
    /// Mean loss over the held-out rows of each fold; infinite where training
    /// diverged.
    pub losses: Vec<f64>,
}

impl CrossValidation {
    /// Returns the mean loss over the folds.
    pub fn mean(&self) -> f64 {
        self.losses.iter().sum::<f64>() / self.losses.len() as f64
    }

    /// Returns the standard error of the mean: the standard deviation over the
    /// folds, with the divisor folds - 1, divided by the square root of their
    /// number. Infinite where training diverged.
    pub fn std_error(&self) -> f64 {
        let (mean, folds) = (self.mean(), self.losses.len() as f64);
        if !mean.is_finite() {
            return f64::INFINITY;
        }
        let squares = self.losses.iter().map(|loss| (loss - mean).powi(2));
        (squares.sum::<f64>() / (folds - 1.0) / folds).sqrt()
    }
}

/// Evaluates each configuration by cross-validation. For each fold, it is trained
/// on the other folds and evaluated on the held-out one (Hastie, Tibshirani and
/// Friedman, *The Elements of Statistical Learning*, 2nd edition, section 7.10).
/// The seed and the number of a row decide its fold, which is the same for all
/// configurations.
///
/// `threads` is the number of trainings that run in parallel. It changes the time
/// and nothing else.
///
/// # Errors
///
/// Fewer than two folds, more folds than rows, and the errors of [`train`](crate::train),
/// except that a training that diverges counts as an infinite loss.
pub fn cross_validate<B: AutodiffBackend>(
    configs: &[TrainingConfig],
    dataset: &Dataset,
    folds: u64,
    seed: u64,
    threads: NonZeroUsize,
    device: &B::Device,
) -> Result<Vec<CrossValidation>, TrainingError> {
    let split = |held_out| Split::Fold {
        folds,
        held_out,
        seed,
        num_rows: dataset.num_rows() as u64,
    };
    split(0).check()?;
    let num_folds = folds as usize;
    let next = AtomicUsize::new(0);
    let num_runs = configs.len() * num_folds;
    let results = Mutex::new(vec![f64::NAN; num_runs]);
    let failed = Mutex::new(None);
    // Each training has a share of the cores.
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let share = NonZeroUsize::new(cores / threads.get()).unwrap_or(NonZeroUsize::MIN);
    let work = || {
        loop {
            // Runs go fold by fold, because the configurations of one fold share
            // its rows in the cache.
            let run = next.fetch_add(1, Ordering::Relaxed);
            if run >= num_runs || lock(&failed).is_some() {
                return;
            }
            let (fold, config) = (run / configs.len(), run % configs.len());
            let loss = judge::<B>(&configs[config], dataset, split(fold as u64), share, device);
            match loss {
                Ok(loss) => lock(&results)[config * num_folds + fold] = loss,
                Err(error) => {
                    lock(&failed).get_or_insert(error);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.get().min(num_runs) {
            // If the system gives no more threads, the existing ones do the work.
            let thread = std::thread::Builder::new().name("linreg search".to_string());
            if thread.spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        work();
    });
    if let Some(error) = lock(&failed).take() {
        return Err(error);
    }
    let losses = lock(&results);
    let of_config = losses.chunks(num_folds);
    Ok(of_config
        .map(|losses| CrossValidation {
            losses: losses.to_vec(),
        })
        .collect())
}

/// Trains on all rows but the held-out ones, and returns the loss on these.
fn judge<B: AutodiffBackend>(
    config: &TrainingConfig,
    dataset: &Dataset,
    split: Split,
    num_threads: NonZeroUsize,
    device: &B::Device,
) -> Result<f64, TrainingError> {
    let options = RunOptions {
        num_threads: Some(num_threads),
        ..RunOptions::default()
    };
    let training = dataset.rows_of(&split, Set::Training)?;
    let validation = dataset.rows_of(&split, Set::Validation)?;
    match train_with::<B>(config, &training, options, device, &mut ()) {
        Ok(trained) => Ok(held_out_loss(
            &validation,
            &trained.coefficients,
            config.loss,
        )?),
        Err(
            TrainingError::NotFinite { .. }
            | TrainingError::Diverged { .. }
            | TrainingError::Coefficients(_),
        ) => Ok(f64::INFINITY),
        Err(error) => Err(error),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // No panic can leave the data under these locks half-written.
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Penalty;
    use burn_autodiff::Autodiff;
    use burn_ndarray::NdArray;
    use linreg_data::SyntheticConfig;

    type B = Autodiff<NdArray<f64>>;

    fn dataset() -> Dataset {
        let config = SyntheticConfig::new(vec![2.0, -3.4, 0.0], 4.2).with_noise_std(1.0);
        config.with_num_examples(90).generate().unwrap()
    }

    fn ridge(l2: f64) -> TrainingConfig {
        TrainingConfig::full_batch(Penalty {
            l2,
            ..Penalty::default()
        })
        .with_batch_size(90)
    }

    fn run(configs: &[TrainingConfig], threads: usize) -> Vec<CrossValidation> {
        let threads = NonZeroUsize::new(threads).unwrap();
        let device = Default::default();
        cross_validate::<B>(configs, &dataset(), 4, 7, threads, &device).unwrap()
    }

    /// Solves ridge regression by its normal equations, on columns standardised
    /// as in training, and returns its loss on the validation rows.
    fn ridge_loss(l2: f64, training: &Dataset, validation: &Dataset) -> f64 {
        let scaler = linreg_data::Scaler::fit(training).unwrap();
        let scaled = scaler.transform(training).unwrap();
        let (n, d) = (scaled.num_rows() as f64, scaled.num_features());
        let mut equations = vec![vec![0.0; d + 1]; d];
        for (x, y) in scaled.features().chunks(d).zip(scaled.targets()) {
            for i in 0..d {
                for j in 0..d {
                    equations[i][j] += x[i] * x[j] / n;
                }
                equations[i][d] += x[i] * y / n;
            }
        }
        for (i, equation) in equations.iter_mut().enumerate() {
            equation[i] += l2;
        }
        for i in 0..d {
            let pivot = equations[i].clone();
            for (k, equation) in equations.iter_mut().enumerate() {
                let factor = if k == i { 0.0 } else { equation[i] / pivot[i] };
                let pairs = equation.iter_mut().zip(&pivot);
                pairs.for_each(|(a, b)| *a -= factor * b);
            }
        }
        let weight = (0..d).map(|i| equations[i][d] / equations[i][i]).collect();
        let scaled = linreg_model::Coefficients::new(weight, vec![0.0]).unwrap();
        let coefficients = crate::standardize::fold_scale(&scaled, &scaler).unwrap();
        let predictions = coefficients.predict(validation.features()).unwrap();
        let squares = predictions.iter().zip(validation.targets());
        let squares: f64 = squares.map(|(p, y)| (y - p).powi(2)).sum();
        squares / validation.num_rows() as f64
    }

    #[test]
    fn the_losses_are_those_of_normal_equations_solved_without_each_fold() {
        let penalties = [0.0, 0.1, 1.0];
        let found = run(&penalties.map(ridge), 2);
        for (found, l2) in found.iter().zip(penalties) {
            for (fold, loss) in found.losses.iter().enumerate() {
                let split = Split::Fold {
                    folds: 4,
                    held_out: fold as u64,
                    seed: 7,
                    num_rows: dataset().num_rows() as u64,
                };
                let [training, validation] = [Set::Training, Set::Validation]
                    .map(|set| dataset().rows_of(&split, set).unwrap());
                let expected = ridge_loss(l2, &training, &validation);
                assert!((loss / expected - 1.0).abs() < 1e-5, "{loss} {expected}");
            }
        }
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        let configs = [ridge(0.0), ridge(0.5)];
        let one = run(&configs, 1);
        assert_eq!(one, run(&configs, 3));
        assert_eq!(one, run(&configs, 100));
    }

    #[test]
    fn mean_and_standard_error_are_those_of_the_folds() {
        // numpy 2: np.mean(x), np.std(x, ddof=1) / np.sqrt(4).
        let found = CrossValidation {
            losses: vec![1.0, 2.0, 4.0, 5.0],
        };
        assert_eq!(found.mean(), 3.0);
        assert!((found.std_error() - 0.912_870_929_175_276_9).abs() < 1e-15);
    }

    #[test]
    fn a_training_that_diverges_is_infinitely_bad() {
        let wild = TrainingConfig::new()
            .with_learning_rate(50.0)
            .with_num_epochs(20);
        let found = run(&[wild, ridge(0.0)], 2);
        assert_eq!(found[0].mean(), f64::INFINITY);
        assert_eq!(found[0].std_error(), f64::INFINITY);
        assert!(found[1].mean() < 3.0, "{found:?}");
    }

    #[test]
    fn settings_that_cannot_be_used_are_errors() {
        let threads = NonZeroUsize::MIN;
        let device = Default::default();
        let error = cross_validate::<B>(&[ridge(0.0)], &dataset(), 1, 0, threads, &device);
        let message = "the number of folds is 1, expected at least 2";
        assert_eq!(error.unwrap_err().to_string(), message);
        let wrong = [ridge(0.0), ridge(-1.0)];
        let error = cross_validate::<B>(&wrong, &dataset(), 2, 0, threads, &device);
        let message = error.unwrap_err().to_string();
        assert!(message.starts_with("the L2 penalty is -1"), "{message}");
    }
}
