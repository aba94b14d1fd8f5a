use std::time::{Duration, Instant};

use linreg_data::Dataset;
use linreg_training::{CrossValidation, OptimizerConfig, Penalty, TrainingConfig};

use super::Trainer;
use crate::FitError;

/// Which penalties and learning rates are tried, by cross-validation over parts of
/// the rows: of all settings within one standard error of the least loss, those
/// with the strongest penalty are chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchConfig {
    /// Number of parts, 2 or more. Default: 5.
    pub folds: u64,
    /// L1 penalties to try; none for that of the configuration.
    pub l1: Vec<f64>,
    /// L2 penalties to try; none for that of the configuration, or, where nothing
    /// else is tried, for 0 and the powers of ten from 0.0001 to 10.
    pub l2: Vec<f64>,
    /// Learning rates of minibatches to try; none for that of the configuration.
    pub learning_rates: Vec<f64>,
}

impl Default for SearchConfig {
    fn default() -> Self {
        Self {
            folds: 5,
            l1: Vec::new(),
            l2: Vec::new(),
            learning_rates: Vec::new(),
        }
    }
}

/// The default L2 penalties. The squares of standardised features are 1 on
/// average, so that the first changes nothing and the last leaves about a tenth
/// of a weight.
const L2: [f64; 7] = [0.0, 1e-4, 1e-3, 0.01, 0.1, 1.0, 10.0];

impl SearchConfig {
    /// The configurations to choose from, made from one.
    ///
    /// # Errors
    ///
    /// Fewer than two parts, learning rates for an optimizer that has none, or a
    /// configuration that cannot be used.
    pub fn candidates(&self, base: &TrainingConfig) -> Result<Vec<TrainingConfig>, FitError> {
        if self.folds < 2 {
            return Err(FitError::SearchFolds { folds: self.folds });
        }
        let of = |list: &[f64], one: f64| {
            if list.is_empty() {
                vec![one]
            } else {
                list.to_vec()
            }
        };
        let is_default = [&self.l1, &self.l2, &self.learning_rates]
            .iter()
            .all(|list| list.is_empty());
        let l2 = if is_default {
            L2.to_vec()
        } else {
            of(&self.l2, base.penalty.l2)
        };
        if !self.learning_rates.is_empty() && base.optimizer.is_full_batch() {
            return Err(FitError::NoLearningRate {
                optimizer: base.optimizer.name(),
            });
        }
        let mut candidates = Vec::new();
        for l1 in of(&self.l1, base.penalty.l1) {
            for l2 in &l2 {
                let penalty = Penalty {
                    l1,
                    l2: *l2,
                    ..base.penalty
                };
                let penalised = with_penalty(base, penalty);
                if self.learning_rates.is_empty() {
                    candidates.push(penalised);
                } else {
                    candidates.extend(self.learning_rates.iter().map(|rate| {
                        let config = penalised.clone().with_learning_rate(*rate);
                        config.with_automatic_learning_rate(false)
                    }));
                }
            }
        }
        for candidate in &candidates {
            candidate.check()?;
        }
        Ok(candidates)
    }

    /// Judges the candidates made from a configuration on rows in memory, and
    /// chooses one.
    pub(crate) fn run(
        &self,
        base: &TrainingConfig,
        dataset: &Dataset,
        seed: u64,
        trainer: &dyn Trainer,
    ) -> Result<Search, FitError> {
        let start = Instant::now();
        let candidates = self.candidates(base)?;
        let results = trainer.cross_validate(&candidates, dataset, self.folds, seed)?;
        if results.len() != candidates.len() {
            return Err(FitError::SearchResults {
                found: results.len(),
                expected: candidates.len(),
            });
        }
        let (least, chosen) = choose(&candidates, &results)?;
        Ok(Search {
            folds: self.folds,
            candidates,
            results,
            least,
            chosen,
            elapsed: start.elapsed(),
        })
    }
}

/// A configuration with another penalty, and with an optimizer that can handle
/// it.
fn with_penalty(base: &TrainingConfig, penalty: Penalty) -> TrainingConfig {
    let mut config = base.clone().with_penalty(penalty);
    if matches!(base.optimizer, OptimizerConfig::Lbfgs { .. }) && !penalty.is_smooth() {
        let proximal = TrainingConfig::full_batch_of(base.loss, penalty);
        config.optimizer = proximal.optimizer;
        config.num_epochs = config.num_epochs.max(proximal.num_epochs);
    }
    config
}

/// The candidate with the least mean loss, and the one to choose: among those
/// whose mean is within one standard error of the least, the one with the
/// strongest penalty (Breiman, Friedman, Olshen and Stone, *Classification and
/// Regression Trees*, 1984, section 3.4.3; Hastie, Tibshirani and Friedman,
/// *The Elements of Statistical Learning*, 2nd edition, section 7.10).
fn choose(
    candidates: &[TrainingConfig],
    results: &[CrossValidation],
) -> Result<(usize, usize), FitError> {
    let mean = |index: &usize| results[*index].mean();
    let least = (0..results.len()).min_by(|a, b| mean(a).total_cmp(&mean(b)));
    let Some(least) = least.filter(|least| mean(least).is_finite()) else {
        return Err(FitError::AllDiverged);
    };
    let bound = mean(&least) + results[least].std_error();
    let strength = |index: &usize| {
        let penalty = candidates[*index].penalty;
        (penalty.l1, penalty.l2)
    };
    let stronger = |a: &usize, b: &usize| {
        let ((l1_a, l2_a), (l1_b, l2_b)) = (strength(a), strength(b));
        // With equal penalties, the candidate that predicts better wins.
        let by_penalty = l1_a.total_cmp(&l1_b).then(l2_a.total_cmp(&l2_b));
        by_penalty.then(mean(b).total_cmp(&mean(a)))
    };
    let within = (0..results.len()).filter(|index| mean(index) <= bound);
    Ok((least, within.max_by(stronger).unwrap_or(least)))
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Search {
    /// Number of parts of the rows.
    pub folds: u64,
    /// The settings that were tried.
    pub candidates: Vec<TrainingConfig>,
    /// How each of them did.
    pub results: Vec<CrossValidation>,
    /// Which one had the least mean loss.
    pub least: usize,
    /// Which one was chosen.
    pub chosen: usize,
    /// How long the search took.
    pub elapsed: Duration,
}

impl Search {
    /// The configuration to train with.
    pub fn chosen(&self) -> &TrainingConfig {
        &self.candidates[self.chosen]
    }
}

#[cfg(test)]
mod tests {
    use linreg_backend::Outcome;
    use linreg_data::SyntheticConfig;
    use linreg_training::{Observer, RunOptions, TrainingRows};

    use super::*;
    use crate::BackendName;

    /// A trainer that gives so many results, whatever the number of configurations.
    struct Results(usize);

    impl Trainer for Results {
        fn train(
            &self,
            _config: &TrainingConfig,
            _rows: TrainingRows<'_>,
            _options: RunOptions<'_>,
            _observer: &mut dyn Observer,
        ) -> Result<Outcome, FitError> {
            Err(FitError::NoRows)
        }

        fn cross_validate(
            &self,
            _configs: &[TrainingConfig],
            _dataset: &Dataset,
            _folds: u64,
            _seed: u64,
        ) -> Result<Vec<CrossValidation>, FitError> {
            Ok(vec![result([1.0, 2.0]); self.0])
        }

        fn name(&self) -> BackendName {
            BackendName {
                backend: "none".to_string(),
                precision: None,
            }
        }
    }

    #[test]
    fn a_trainer_that_does_not_judge_each_candidate_is_an_error() {
        let rows = SyntheticConfig::new(vec![1.0], 0.0).generate().unwrap();
        let search = SearchConfig {
            l2: vec![0.0, 1.0],
            ..SearchConfig::default()
        };
        let base = TrainingConfig::new();
        for count in [0, 1, 3] {
            let error = search.run(&base, &rows, 0, &Results(count)).unwrap_err();
            let is_told = matches!(
                error,
                FitError::SearchResults { found, expected: 2 } if found == count
            );
            assert!(is_told, "{error}");
        }
        search.run(&base, &rows, 0, &Results(2)).unwrap();
    }

    fn candidate(l1: f64, l2: f64) -> TrainingConfig {
        TrainingConfig::new().with_penalty(Penalty {
            l1,
            l2,
            nonnegative: false,
        })
    }

    fn result(losses: [f64; 2]) -> CrossValidation {
        CrossValidation {
            losses: losses.to_vec(),
        }
    }

    #[test]
    fn the_strongest_penalty_within_one_standard_error_is_chosen() {
        let candidates = [
            candidate(0.0, 0.0),
            candidate(0.0, 0.1),
            candidate(0.0, 1.0),
            candidate(0.0, 10.0),
        ];
        // The least mean is 10 with the standard error 1.
        let results = [
            result([10.5, 11.0]),
            result([9.0, 11.0]),
            result([10.8, 11.1]),
            result([11.0, 11.2]),
        ];
        assert_eq!(choose(&candidates, &results).unwrap(), (1, 2));
        // Of two candidates with the same penalty, the better one is chosen.
        let candidates = [candidate(1.0, 0.0), candidate(1.0, 0.0)];
        let results = [result([3.0, 3.4]), result([3.0, 3.2])];
        assert_eq!(choose(&candidates, &results).unwrap(), (1, 1));
    }

    #[test]
    fn what_diverged_is_never_chosen() {
        let candidates = [candidate(0.0, 9.0), candidate(0.0, 0.0)];
        let infinite = result([1.0, f64::INFINITY]);
        let results = [infinite.clone(), result([1.0, 2.0])];
        assert_eq!(choose(&candidates, &results).unwrap(), (1, 1));
        assert!(choose(&candidates[..1], &[infinite]).is_err());
    }
}
