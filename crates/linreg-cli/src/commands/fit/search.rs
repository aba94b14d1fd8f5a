use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use linreg_data::Dataset;
use linreg_training::{CrossValidation, OptimizerConfig, Penalty, TrainingConfig};
use serde_json::{Value, json};

use crate::commands::Backend;
use crate::number::{duration, significant, table};

/// What is searched for the settings that predict best.
#[derive(clap::Args)]
#[command(next_help_heading = "Search (--method sgd)")]
pub struct SearchArgs {
    /// Choose penalty and learning rate by cross-validation over so many parts
    /// of the rows, 5 if no number is given: of all within one standard error of
    /// the least loss, the strongest penalty
    #[arg(
        long,
        value_name = "FOLDS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "5",
        conflicts_with = "k_fold"
    )]
    search: Option<u64>,

    /// L1 penalties to try, as 0,0.1,1 [default: that of --l1]
    #[arg(
        long,
        value_name = "NUMBERS",
        value_delimiter = ',',
        allow_negative_numbers = true,
        requires = "search"
    )]
    search_l1: Vec<f64>,

    /// L2 penalties to try [default: 0 and powers of ten from 0.0001 to 10, or
    /// that of --l2 where others are searched]
    #[arg(
        long,
        value_name = "NUMBERS",
        value_delimiter = ',',
        allow_negative_numbers = true,
        requires = "search"
    )]
    search_l2: Vec<f64>,

    /// Learning rates of minibatches to try [default: that of --learning-rate]
    #[arg(
        long,
        value_name = "NUMBERS",
        value_delimiter = ',',
        allow_negative_numbers = true,
        requires = "search"
    )]
    search_learning_rate: Vec<f64>,
}

/// The default L2 penalties. The squares of standardised features are 1 on
/// average, so that the first changes nothing and the last leaves about a tenth
/// of a weight.
const L2: [f64; 7] = [0.0, 1e-4, 1e-3, 0.01, 0.1, 1.0, 10.0];

impl SearchArgs {
    /// The first option that was given.
    pub fn given(&self) -> Option<&'static str> {
        self.search.map(|_| "--search")
    }

    /// The configurations to choose from, made from one; none without a search.
    pub fn candidates(&self, base: &TrainingConfig) -> Result<Vec<TrainingConfig>> {
        let Some(folds) = self.search else {
            return Ok(Vec::new());
        };
        if folds < 2 {
            bail!("--search={folds} leaves out no part of the rows; expected at least 2 parts");
        }
        let is_set = |list: &[f64]| !list.is_empty();
        let of = |list: &[f64], one: f64| match is_set(list) {
            true => list.to_vec(),
            false => vec![one],
        };
        let searched = [&self.search_l1, &self.search_l2, &self.search_learning_rate];
        let l2 = match searched.iter().any(|list| is_set(list)) {
            true => of(&self.search_l2, base.penalty.l2),
            false => L2.to_vec(),
        };
        if is_set(&self.search_learning_rate) && base.optimizer.is_full_batch() {
            bail!(
                "--search-learning-rate is for minibatches, and --optimizer {} takes all rows at once; add --optimizer sgd",
                base.optimizer.name()
            );
        }
        let mut candidates = Vec::new();
        for l1 in of(&self.search_l1, base.penalty.l1) {
            for l2 in &l2 {
                let penalty = Penalty {
                    l1,
                    l2: *l2,
                    ..base.penalty
                };
                let penalised = with_penalty(base, penalty);
                match is_set(&self.search_learning_rate) {
                    false => candidates.push(penalised),
                    true => candidates.extend(self.search_learning_rate.iter().map(|rate| {
                        let config = penalised.clone().with_learning_rate(*rate);
                        config.with_automatic_learning_rate(false)
                    })),
                }
            }
        }
        for candidate in &candidates {
            candidate.check()?;
        }
        Ok(candidates)
    }

    /// Evaluates the candidates on rows in memory and chooses one.
    pub fn run(
        &self,
        candidates: Vec<TrainingConfig>,
        dataset: &Dataset,
        seed: u64,
        backend: &Backend,
    ) -> Result<Search> {
        let start = Instant::now();
        let folds = self.search.unwrap_or_default();
        let results = backend.cross_validate(&candidates, dataset, folds, seed)?;
        let (least, chosen) = choose(&candidates, &results)?;
        Ok(Search {
            folds,
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
fn choose(candidates: &[TrainingConfig], results: &[CrossValidation]) -> Result<(usize, usize)> {
    let mean = |index: &usize| results[*index].mean();
    let least = (0..results.len()).min_by(|a, b| mean(a).total_cmp(&mean(b)));
    let Some(least) = least.filter(|least| mean(least).is_finite()) else {
        bail!("training diverged with all settings of the search; search lower learning rates");
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
pub struct Search {
    folds: u64,
    candidates: Vec<TrainingConfig>,
    results: Vec<CrossValidation>,
    least: usize,
    chosen: usize,
    elapsed: Duration,
}

impl Search {
    /// The configuration to train with.
    pub fn chosen(&self) -> &TrainingConfig {
        &self.candidates[self.chosen]
    }

    /// The settings that differ among the candidates, by name.
    fn columns(&self) -> Vec<(&'static str, Vec<f64>)> {
        let of = |get: &dyn Fn(&TrainingConfig) -> f64| self.candidates.iter().map(get).collect();
        let columns: [(_, Vec<f64>); 3] = [
            ("L1", of(&|config| config.penalty.l1)),
            ("L2", of(&|config| config.penalty.l2)),
            ("learning rate", of(&|config| config.learning_rate)),
        ];
        let varies = |values: &[f64]| values.iter().any(|value| *value != values[0]);
        let columns = columns.into_iter();
        columns.filter(|(_, values)| varies(values)).collect()
    }

    /// The table of results.
    pub fn text(&self) -> String {
        let columns = self.columns();
        let mut header: Vec<String> = columns.iter().map(|(name, _)| name.to_string()).collect();
        header.extend(["loss", "std. error", ""].map(String::from));
        let mut rows = vec![header];
        for (index, result) in self.results.iter().enumerate() {
            let settings = columns.iter().map(|(_, values)| significant(values[index]));
            let mut row: Vec<String> = settings.collect();
            match result.mean().is_finite() {
                true => row.extend([result.mean(), result.std_error()].map(significant)),
                false => row.extend(["diverged".to_string(), String::new()]),
            }
            row.push(match (index == self.chosen, index == self.least) {
                (true, true) => "least, chosen".to_string(),
                (true, false) => "chosen".to_string(),
                (false, true) => "least".to_string(),
                (false, false) => String::new(),
            });
            rows.push(row);
        }
        format!(
            "Loss on each of {} parts of the rows left out in turn, in {}\n{}  Chosen: of all within one standard error of the least, the strongest penalty\n\n",
            self.folds,
            duration(self.elapsed),
            table(&rows)
        )
    }

    pub fn json(&self) -> Value {
        let finite = |value: f64| json!(value.is_finite().then_some(value));
        let candidates = self.candidates.iter().zip(&self.results);
        let candidates = candidates.map(|(config, result)| {
            let rate = config.automatic_learning_rate || config.optimizer.is_full_batch();
            json!({
                "l1": config.penalty.l1,
                "l2": config.penalty.l2,
                "learning_rate": (!rate).then_some(config.learning_rate),
                "loss": finite(result.mean()),
                "std_error": finite(result.std_error()),
            })
        });
        json!({
            "folds": self.folds,
            "candidates": candidates.collect::<Vec<_>>(),
            "least": self.least,
            "chosen": self.chosen,
            "seconds": self.elapsed.as_secs_f64(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
