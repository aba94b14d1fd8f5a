use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use linreg_training::{EpochRecord, Observer, TrainingLog};

use crate::number::{duration, significant, thousands};
use crate::reading::bars;
use crate::terminal;

/// Shows the progress of a training: on a terminal in a line that is kept up to
/// date, once training takes over a second; elsewhere in about twenty lines, if
/// asked for; and in a log, if there is one.
pub struct TrainingProgress<'a> {
    bar: ProgressBar,
    batches: u64,
    num_epochs: usize,
    start: Instant,
    visible: bool,
    lines: bool,
    log: Option<&'a mut TrainingLog>,
}

/// Batches between two looks at the clock.
const LOOK_EVERY: u64 = 64;

/// About this many lines are enough to see how training went.
const LINES: usize = 20;

impl<'a> TrainingProgress<'a> {
    pub fn new(
        num_batches: u64,
        num_epochs: usize,
        verbose: bool,
        log: Option<&'a mut TrainingLog>,
    ) -> Self {
        let bar = ProgressBar::with_draw_target(Some(num_batches), ProgressDrawTarget::hidden());
        let style = "training {bar:20} {percent:>3} %, {msg}{eta} left";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        Self {
            bar,
            batches: 0,
            num_epochs,
            start: Instant::now(),
            visible: false,
            lines: verbose && !terminal::is_watched(),
            log,
        }
    }
}

impl Drop for TrainingProgress<'_> {
    /// Removes the bar.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        bars().remove(&self.bar);
    }
}

impl Observer for TrainingProgress<'_> {
    fn batch(&mut self) {
        self.batches += 1;
        if !self.batches.is_multiple_of(LOOK_EVERY) {
            return;
        }
        if !self.visible && self.start.elapsed() > Duration::from_secs(1) {
            self.visible = true;
            bars().add(self.bar.clone());
        }
        self.bar.set_position(self.batches);
    }

    fn epoch(&mut self, report: &EpochRecord) {
        let told = told(report, self.num_epochs);
        let number = report.epoch + 1;
        if self.lines && is_told(number, self.num_epochs) {
            let left = if number == self.num_epochs {
                String::new()
            } else {
                duration(time_left(number, self.num_epochs, self.start.elapsed())) + " left"
            };
            let line = told.clone() + &left;
            // Nobody may read it, but training must not stop for that.
            let line = line.trim_end_matches([',', ' ']);
            writeln!(terminal::stderr(), "{line}").ok();
        }
        terminal::set_message(&self.bar, &told);
        if let Some(log) = &mut self.log {
            log.epoch(report);
        }
    }
}

/// The line about an epoch.
fn told(report: &EpochRecord, num_epochs: usize) -> String {
    let validation = report
        .validation_loss
        .map(|loss| format!("validation {}, ", significant(loss)));
    // An optimizer that finds its own steps also finds when to stop.
    let most = match report.learning_rate {
        Some(_) => "",
        None => "at most ",
    };
    format!(
        "{} of {most}{num_epochs} epochs, loss {}, {}{} rows/s, ",
        report.epoch + 1,
        significant(report.loss),
        validation.unwrap_or_default(),
        thousands(report.rows_per_second as usize)
    )
}

/// Whether the line of the epoch of this number, from 1, is printed: the first, the
/// last, and about twenty in all.
fn is_told(number: usize, num_epochs: usize) -> bool {
    let every = num_epochs.div_ceil(LINES);
    number == 1 || number == num_epochs || number.is_multiple_of(every)
}

/// The time that the other epochs will take at the pace of those so far.
fn time_left(done: usize, num_epochs: usize, elapsed: Duration) -> Duration {
    elapsed.mul_f64(num_epochs.saturating_sub(done) as f64 / done as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_of_an_epoch_in_one_line() {
        let mut report = EpochRecord {
            epoch: 1,
            steps: 600,
            loss: 0.25,
            validation_loss: None,
            learning_rate: Some(0.1),
            seconds: 4.0,
            rows_per_second: 1500.0,
        };
        assert_eq!(told(&report, 5), "2 of 5 epochs, loss 0.25, 1,500 rows/s, ");
        report.validation_loss = Some(0.5);
        let line = "2 of 5 epochs, loss 0.25, validation 0.5, 1,500 rows/s, ";
        assert_eq!(told(&report, 5), line);
        report.learning_rate = None;
        assert!(told(&report, 5).starts_with("2 of at most 5 epochs, loss 0.25, "));
        let left = time_left(2, 5, Duration::from_secs(4));
        assert_eq!(left, Duration::from_secs(6));
    }

    #[test]
    fn many_epochs_are_told_of_in_about_twenty_lines() {
        let told = |num_epochs: usize| {
            let epochs = (0..num_epochs).filter(|epoch| is_told(epoch + 1, num_epochs));
            epochs.collect::<Vec<_>>()
        };
        assert_eq!(told(3), [0, 1, 2]);
        assert_eq!(told(20).len(), 20);
        for num_epochs in [21, 100, 1000, 9999] {
            let told = told(num_epochs);
            assert!((10..=22).contains(&told.len()), "{}", told.len());
            assert_eq!((told[0], told.last()), (0, Some(&(num_epochs - 1))));
        }
    }
}
