use std::time::{Duration, Instant};

use linreg_data::DataError;
use serde_json::json;

use crate::memory::peak_of;

/// One way of evaluating, measured.
pub struct Evaluation {
    pub loss: f64,
    pub time: Duration,
    pub peak_bytes: usize,
}

impl Evaluation {
    /// The median time of several runs, and the peak memory of one more.
    pub fn measure(evaluate: impl Fn() -> Result<f64, DataError>) -> Result<Self, DataError> {
        const RUNS: usize = 21;
        let mut times = (0..RUNS)
            .map(|_| {
                let start = Instant::now();
                evaluate().map(|_| start.elapsed())
            })
            .collect::<Result<Vec<Duration>, _>>()?;
        times.sort();
        let (loss, peak_bytes) = peak_of(evaluate);
        Ok(Self {
            loss: loss?,
            time: times[RUNS / 2],
            peak_bytes,
        })
    }

    pub fn json(&self) -> serde_json::Value {
        json!({
            "loss": self.loss,
            "seconds": self.time.as_secs_f64(),
            "peak_bytes": self.peak_bytes,
        })
    }
}
