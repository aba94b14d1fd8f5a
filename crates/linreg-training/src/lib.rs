//! Trains the linear model on any Burn backend: with stochastic gradient descent
//! and similar methods, which update from a minibatch with autodiff, or with L-BFGS
//! and proximal gradients, which use all rows for each update.
//!
//! [`train`] is the training loop. With minibatches, it is shuffled batches, forward
//! pass, loss, backward pass, update, and after each epoch the mean loss over all
//! rows, computed without gradients. Its [`TrainingRows`] are in memory, or read again
//! in each epoch because they do not fit. [`Training`] is a single step with a
//! minibatch, for a training loop of your own.
//!
//! [`TrainingConfig`] chooses the [`Loss`], the [`Penalty`], the optimizer and
//! its schedule, and when to stop. The [`RunOptions`] of [`train_with`] hold the
//! validation rows and the [`Checkpoint`] to resume from.
//!
//! # Example
//!
//! ```
//! use burn_autodiff::Autodiff;
//! use burn_ndarray::NdArray;
//! use linreg_data::SyntheticConfig;
//! use linreg_training::{TrainingConfig, train};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let dataset = SyntheticConfig::new(vec![2.0, -3.4], 4.2).generate()?;
//! let config = TrainingConfig::new();
//! let trained = train::<Autodiff<NdArray>>(&config, &dataset, &Default::default(), &mut ())?;
//! assert_eq!(trained.losses.len(), 3);
//! assert!((trained.coefficients.weight()[0] - 2.0).abs() < 0.01);
//! assert!((trained.coefficients.bias()[0] - 4.2).abs() < 0.01);
//! # Ok(())
//! # }
//! ```

mod all_rows;
#[cfg(test)]
mod bad_input;
mod batch_optimizer;
mod checkpoint;
mod checkpoint_file;
mod columns;
mod config;
mod curvature;
mod divergence;
mod epoch_losses;
mod error;
mod evaluate;
mod expected;
mod fingerprint;
mod full_batch;
mod full_batch_training;
mod held_out_loss;
mod history;
mod known_passes;
mod lbfgs;
mod learning_rate_limit;
mod loss;
mod metrics;
mod minibatches;
mod objective;
mod objective_pass;
mod objectives;
mod observer;
mod optimality;
mod optimizer;
mod point;
mod proximal;
mod read;
mod row_scale;
mod run;
mod run_options;
mod schedule;
mod search;
mod smoothing;
mod solve;
mod solver;
mod squared_losses;
mod standardize;
mod step;
mod train;
mod trained;
mod training_log;
mod training_rows;
mod vertex;
mod watch;

pub use checkpoint::{Checkpoint, CheckpointProblem};
pub use checkpoint_file::CheckpointFile;
pub use config::TrainingConfig;
pub use divergence::Advice;
pub use error::TrainingError;
pub use evaluate::{EVALUATION_ROWS, evaluate, mean_loss, mean_losses};
pub use history::{EpochRecord, StopReason};
pub use known_passes::{add_passes, add_passes_on};
pub use learning_rate_limit::LearningRateLimit;
pub use loss::squared_loss;
pub use metrics::{Metrics, MetricsAccumulator, OwnMetrics};
pub use objective::{Loss, Penalty};
pub use observer::Observer;
pub use optimality::Optimality;
pub use optimizer::{Clipping, OptimizerConfig};
pub use run_options::{Checkpointing, Every, RunOptions};
pub use schedule::LearningRateSchedule;
pub use search::{CrossValidation, cross_validate};
pub use step::Training;
pub use train::{train, train_with};
pub use trained::{Trained, Transfer};
pub use training_log::TrainingLog;
pub use training_rows::TrainingRows;
