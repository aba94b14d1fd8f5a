use burn::lr_scheduler::LrScheduler;
use burn::lr_scheduler::cosine::{CosineAnnealingLrScheduler, CosineAnnealingLrSchedulerConfig};
use burn::lr_scheduler::exponential::{ExponentialLrScheduler, ExponentialLrSchedulerConfig};
use burn::lr_scheduler::linear::{LinearLrScheduler, LinearLrSchedulerConfig};
use burn::lr_scheduler::noam::{NoamLrScheduler, NoamLrSchedulerConfig};
use burn::lr_scheduler::step::{StepLrScheduler, StepLrSchedulerConfig};
use serde::{Deserialize, Serialize};

use crate::TrainingError;

/// How the learning rate changes from update to update.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub enum LearningRateSchedule {
    /// The same for every update.
    Constant,
    /// In equal steps from the learning rate down towards 0 after the last
    /// update, which averages out the noise of minibatches: the last iterate
    /// then converges at the best possible rate (Zamani and Glineur, *Exact
    /// convergence rate of the last iterate in subgradient methods*, 2023).
    Linear,
    /// Along half a cosine, down to 0 (Loshchilov and Hutter, *SGDR*, 2016).
    Cosine,
    /// By the same factor in every update.
    Exponential {
        /// Share of the learning rate that is left in the end, above 0 and at
        /// most 1.
        last: f64,
    },
    /// In stages of equally many updates.
    Step {
        /// Number of stages; at least 1.
        stages: usize,
        /// What the learning rate is multiplied by from stage to stage, above 0
        /// and below 1.
        factor: f64,
    },
    /// Up to the learning rate in equal steps, then down with the root of the
    /// number of updates (Vaswani et al., *Attention Is All You Need*, 2017).
    Noam {
        /// Share of the updates on the way up, above 0 and at most 1.
        warmup: f64,
    },
}

impl LearningRateSchedule {
    pub(crate) fn check(&self) -> Result<(), TrainingError> {
        let share = |name, found: f64| match found > 0.0 && found <= 1.0 {
            true => Ok(()),
            false => Err(TrainingError::setting(
                name,
                found,
                "a number above 0 and at most 1",
            )),
        };
        match *self {
            Self::Exponential { last } => share("last learning rate's share", last),
            Self::Noam { warmup } => share("share of updates to warm up", warmup),
            Self::Step { stages: 0, .. } => {
                Err(TrainingError::setting("number of stages", 0, "at least 1"))
            }
            Self::Step { factor, .. } => share("factor from stage to stage", factor),
            _ => Ok(()),
        }
    }
}

/// Burn's scheduler of the share of the learning rate: its rates themselves may
/// not exceed 1, which a learning rate on raw columns can need.
pub(crate) enum Scheduler {
    Constant,
    Linear(LinearLrScheduler),
    Cosine(CosineAnnealingLrScheduler),
    Exponential(ExponentialLrScheduler),
    Step(StepLrScheduler),
    Noam(NoamLrScheduler),
}

impl Scheduler {
    /// The scheduler of so many updates in all, after the first `done`.
    pub(crate) fn new(schedule: LearningRateSchedule, updates: usize, done: usize) -> Self {
        const CHECKED: &str = "the schedule has been checked";
        let updates = updates.max(1);
        let mut scheduler = match schedule {
            LearningRateSchedule::Constant => Self::Constant,
            LearningRateSchedule::Linear => {
                let config = LinearLrSchedulerConfig::new(1.0, 0.0, updates);
                Self::Linear(config.init().expect(CHECKED))
            }
            LearningRateSchedule::Cosine => {
                let config = CosineAnnealingLrSchedulerConfig::new(1.0, updates);
                Self::Cosine(config.init().expect(CHECKED))
            }
            LearningRateSchedule::Exponential { last } => {
                let gamma = last.powf(1.0 / updates as f64);
                let config = ExponentialLrSchedulerConfig::new(1.0, gamma);
                Self::Exponential(config.init().expect(CHECKED))
            }
            LearningRateSchedule::Step { stages, factor } => {
                let config = StepLrSchedulerConfig::new(1.0, updates.div_ceil(stages));
                Self::Step(config.with_gamma(factor).init().expect(CHECKED))
            }
            LearningRateSchedule::Noam { warmup } => {
                // The peak, at the end of the way up, is 1.
                let warmup = (warmup * updates as f64).ceil().max(1.0);
                let config = NoamLrSchedulerConfig::new(warmup.sqrt())
                    .with_warmup_steps(warmup as usize)
                    .with_model_size(1);
                Self::Noam(config.init().expect(CHECKED))
            }
        };
        if !matches!(scheduler, Self::Constant) {
            for _ in 0..done {
                scheduler.next_share();
            }
        }
        scheduler
    }

    /// The share of the learning rate for the next update.
    pub(crate) fn next_share(&mut self) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Linear(scheduler) => scheduler.step(),
            Self::Cosine(scheduler) => scheduler.step(),
            Self::Exponential(scheduler) => scheduler.step(),
            Self::Step(scheduler) => scheduler.step(),
            Self::Noam(scheduler) => scheduler.step(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(schedule: LearningRateSchedule, updates: usize) -> Vec<f64> {
        let mut scheduler = Scheduler::new(schedule, updates, 0);
        (0..updates).map(|_| scheduler.next_share()).collect()
    }

    #[test]
    fn each_schedule_is_its_formula() {
        use LearningRateSchedule::*;
        for (schedule, expected) in [
            (Constant, [1.0; 4]),
            (Linear, [1.0, 0.75, 0.5, 0.25]),
            (
                Cosine,
                [
                    1.0,
                    (1.0 + 0.5f64.sqrt()) / 2.0,
                    0.5,
                    (1.0 - 0.5f64.sqrt()) / 2.0,
                ],
            ),
            (Exponential { last: 0.0016 }, [1.0, 0.2, 0.04, 0.008]),
            (
                Step {
                    stages: 2,
                    factor: 0.1,
                },
                [1.0, 1.0, 0.1, 0.1],
            ),
            (
                Noam { warmup: 0.5 },
                [0.5, 1.0, (2.0f64 / 3.0).sqrt(), 0.5f64.sqrt()],
            ),
        ] {
            for (found, expected) in shares(schedule, 4).iter().zip(expected) {
                assert!(
                    (found - expected).abs() < 1e-12,
                    "{schedule:?}: {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn goes_on_where_it_was_to_the_bit() {
        use LearningRateSchedule::*;
        for schedule in [
            Linear,
            Cosine,
            Exponential { last: 0.01 },
            Noam { warmup: 0.1 },
        ] {
            let whole = shares(schedule, 50);
            let mut rest = Scheduler::new(schedule, 50, 17);
            for share in &whole[17..] {
                assert_eq!(rest.next_share(), *share);
            }
        }
    }

    #[test]
    fn refuses_what_is_no_schedule() {
        let wrong = LearningRateSchedule::Exponential { last: 0.0 }.check();
        assert_eq!(
            wrong.unwrap_err().to_string(),
            "the last learning rate's share is 0, expected a number above 0 and at most 1"
        );
    }
}
