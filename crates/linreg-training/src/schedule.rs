use burn::lr_scheduler::LrScheduler;
use burn::lr_scheduler::cosine::{CosineAnnealingLrScheduler, CosineAnnealingLrSchedulerConfig};
use burn::lr_scheduler::exponential::{ExponentialLrScheduler, ExponentialLrSchedulerConfig};
use burn::lr_scheduler::linear::{LinearLrScheduler, LinearLrSchedulerConfig};
use burn::lr_scheduler::noam::{NoamLrScheduler, NoamLrSchedulerConfig};
use burn::lr_scheduler::step::{StepLrScheduler, StepLrSchedulerConfig};
use serde::{Deserialize, Serialize};

use crate::TrainingError;

/// A learning rate schedule: how the learning rate changes from update to update.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub enum LearningRateSchedule {
    /// The same for every update.
    Constant,
    /// Falls linearly from the learning rate and would reach 0 one update after
    /// the last. This averages out the noise of minibatches: the last iterate
    /// converges at the best possible rate (Zamani and Glineur, *Exact
    /// convergence rate of the last iterate in subgradient methods*, 2023).
    Linear,
    /// Falls to 0 along half a period of a cosine (Loshchilov and Hutter, *SGDR*,
    /// 2016).
    Cosine,
    /// Is multiplied by the same factor after every update.
    Exponential {
        /// Share of the learning rate that is left after all updates, above 0 and
        /// at most 1.
        last: f64,
    },
    /// Is constant within each of several stages with the same number of updates.
    Step {
        /// Number of stages; at least 1.
        stages: usize,
        /// Factor by which the learning rate is multiplied after each stage,
        /// above 0 and at most 1.
        factor: f64,
    },
    /// Warm-up: rises linearly to the learning rate, then falls as 1 over the
    /// square root of the number of updates (Vaswani et al., *Attention Is All
    /// You Need*, 2017).
    Noam {
        /// Share of the updates in the warm-up, above 0 and at most 1.
        warmup: f64,
    },
}

impl LearningRateSchedule {
    pub(crate) fn check(&self) -> Result<(), TrainingError> {
        let share = |name, found: f64| {
            if found > 0.0 && found <= 1.0 {
                Ok(())
            } else {
                Err(TrainingError::setting(
                    name,
                    found,
                    "a number above 0 and at most 1",
                ))
            }
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

/// Burn's scheduler, used for the share of the learning rate. Burn allows no
/// learning rate above 1, which columns that are not standardised can need.
pub(crate) enum Scheduler {
    Constant,
    Linear(LinearLrScheduler),
    Cosine(CosineAnnealingLrScheduler),
    Exponential(ExponentialLrScheduler),
    Step(StepLrScheduler),
    Noam(NoamLrScheduler),
}

impl Scheduler {
    /// Creates the scheduler for this total number of updates, after the first
    /// `done` of them.
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
                // The share at the end of the warm-up is 1.
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

    /// Returns the share of the learning rate for the next update.
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
