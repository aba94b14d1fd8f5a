use std::time::{Duration, Instant};

use crate::status::Status;
use crate::work::Task;
use crate::{BallistaError, Event, Progress};

/// How often progress is told.
const TELL: Duration = Duration::from_millis(500);

/// The longest time for which a cluster without executors is waited for.
const NO_EXECUTORS: Duration = Duration::from_secs(15);

/// How far a pass has come that is waited for, and since when nothing has moved.
pub(crate) struct Waits {
    progress: Progress,
    told: Instant,
    /// How many parts are computed again.
    again: usize,
    /// When the last part was done.
    moved: Instant,
    /// When there were executors for the last time.
    had_executors: Instant,
}

impl Waits {
    pub fn new(name: &str, tasks: &[Task]) -> Self {
        let now = Instant::now();
        Self {
            progress: Progress {
                pass: name.to_string(),
                done: 0,
                parts: tasks.len(),
                rows: 0,
                all_rows: tasks
                    .iter()
                    .map(|task| task.rows.end - task.rows.start)
                    .sum(),
                executors: 0,
            },
            told: now,
            again: 0,
            moved: now,
            had_executors: now,
        }
    }

    /// Whether it is time to ask how far the pass has come.
    pub fn are_due(&self) -> bool {
        self.told.elapsed() >= TELL
    }

    /// Notes what the scheduler says, and returns what there is to tell.
    pub fn note(&mut self, status: &Status, job: &str) -> Vec<Event> {
        let mut events = Vec::new();
        self.told = Instant::now();
        let progress = &mut self.progress;
        if status.executors > 0 {
            self.had_executors = self.told;
        }
        progress.executors = status.executors;
        if let Some(pass) = status.passes.iter().find(|pass| pass.job == job) {
            // Parts that are done again are not.
            if pass.done != progress.done {
                self.moved = self.told;
            }
            if pass.again > self.again {
                events.push(Event::Lost {
                    executor: None,
                    again: pass.again - self.again,
                    parts: progress.parts,
                });
                self.again = pass.again;
            }
            progress.done = pass.done.min(progress.parts);
            let part = progress.all_rows as f64 / progress.parts.max(1) as f64;
            progress.rows = (part * progress.done as f64) as u64;
        }
        events.push(Event::Progress(progress.clone()));
        events
    }

    /// Notes that all parts are done.
    pub fn done(mut self) -> Event {
        self.progress.done = self.progress.parts;
        self.progress.rows = self.progress.all_rows;
        Event::Progress(self.progress)
    }

    /// An error if nothing has moved for too long.
    pub fn check(&self, address: &str, stall_limit: Duration) -> Result<(), BallistaError> {
        let Progress {
            pass, done, parts, ..
        } = &self.progress;
        if self.had_executors.elapsed() > NO_EXECUTORS {
            return Err(BallistaError::NoExecutors {
                address: address.to_string(),
                seconds: NO_EXECUTORS.as_secs(),
                pass: pass.clone(),
                done: *done,
                parts: *parts,
            });
        }
        if self.moved.elapsed() > stall_limit {
            return Err(BallistaError::Stalled {
                pass: pass.clone(),
                done: *done,
                parts: *parts,
                seconds: stall_limit.as_secs(),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use linreg_data::{CsvOptions, TableLocation};

    use super::*;
    use crate::PassStatus;

    fn waits() -> Waits {
        let task = |number: u64| Task {
            number,
            table: TableLocation {
                files: Vec::new(),
                reading: CsvOptions::default(),
                first_row: 0,
            },
            rows: 100 * number..100 * (number + 1),
        };
        Waits::new("sums", &[task(0), task(1)])
    }

    fn status(executors: usize, done: usize) -> Status {
        Status {
            executors,
            passes: vec![PassStatus {
                job: "j".to_string(),
                done,
                parts: 2,
                ..PassStatus::default()
            }],
            ..Status::default()
        }
    }

    #[test]
    fn progress_is_in_parts_and_rows() {
        let mut waits = waits();
        let [Event::Progress(progress)] = &waits.note(&status(3, 1), "j")[..] else {
            panic!("no progress");
        };
        let found = (progress.done, progress.rows, progress.executors);
        assert_eq!(found, (1, 100, 3));
        let mut lost = status(2, 0);
        lost.passes[0].again = 2;
        let lost_parts = Event::Lost {
            executor: None,
            again: 2,
            parts: 2,
        };
        assert_eq!(waits.note(&lost, "j")[0], lost_parts);
        assert_eq!(waits.note(&lost, "j").len(), 1);
        let Event::Progress(progress) = waits.done() else {
            panic!("no progress");
        };
        assert_eq!((progress.done, progress.rows), (2, 200));
    }

    #[test]
    fn what_does_not_move_is_an_error_after_its_limit() {
        let limit = Duration::from_secs(900);
        let ago = |seconds| {
            Instant::now()
                .checked_sub(Duration::from_secs(seconds))
                .unwrap()
        };
        let mut waits = waits();
        (waits.moved, waits.had_executors) = (ago(899), ago(14));
        assert!(waits.check("a", limit).is_ok());
        waits.moved = ago(901);
        let error = waits.check("a", limit).unwrap_err();
        assert!(matches!(error, BallistaError::Stalled { seconds: 900, .. }));
        waits.note(&status(1, 1), "j");
        assert!(waits.check("a", limit).is_ok());
        waits.had_executors = ago(16);
        waits.note(&status(0, 1), "j");
        let error = waits.check("a", limit).unwrap_err();
        assert!(matches!(
            error,
            BallistaError::NoExecutors {
                done: 1,
                parts: 2,
                ..
            }
        ));
    }
}
