use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use linreg_training::{EpochReport, Observer};

/// A progress bar on standard error for training that takes over a second;
/// none where standard error is no terminal.
pub struct TrainingProgress {
    bar: ProgressBar,
    batches: u64,
    start: Instant,
    visible: bool,
}

/// Batches between two looks at the clock.
const LOOK_EVERY: u64 = 64;

impl TrainingProgress {
    pub fn new(num_batches: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(num_batches), ProgressDrawTarget::hidden());
        let style = "training {bar:30} {percent:>3} %, {eta} left, {msg}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        Self {
            bar,
            batches: 0,
            start: Instant::now(),
            visible: false,
        }
    }

    pub fn finish(self) -> Duration {
        self.bar.finish_and_clear();
        self.start.elapsed()
    }
}

impl Observer for TrainingProgress {
    fn batch(&mut self) {
        self.batches += 1;
        if !self.batches.is_multiple_of(LOOK_EVERY) {
            return;
        }
        if !self.visible && self.start.elapsed() > Duration::from_secs(1) {
            self.visible = true;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_position(self.batches);
    }

    fn epoch(&mut self, report: &EpochReport) {
        self.bar.set_message(format!(
            "epoch {}, loss {}",
            report.epoch,
            crate::number::significant(report.loss)
        ));
    }
}
