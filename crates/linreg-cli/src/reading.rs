use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use arrow_schema::SchemaRef;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use linreg_data::{ChunkOrder, Chunks, DataError, Part, Parts, Source, TableLocation};

/// A source that shows on standard error how far a pass over it has come, if it
/// takes over a second; nothing where standard error is no terminal.
pub struct ShownSource(pub Arc<dyn Source>);

/// The progress bars of the program; each has a line of its own.
pub fn bars() -> &'static MultiProgress {
    static BARS: OnceLock<MultiProgress> = OnceLock::new();
    BARS.get_or_init(MultiProgress::new)
}

impl Source for ShownSource {
    fn schema(&self) -> &SchemaRef {
        self.0.schema()
    }

    fn parts(&self, columns: &[usize], order: ChunkOrder) -> Result<Parts, DataError> {
        let parts = self.0.parts(columns, order)?;
        let pass = Arc::new(Pass::new(self.0.num_rows()));
        Ok(Box::new(
            parts.map(move |part| part.map(|part| shown(part, &pass))),
        ))
    }

    fn parts_of(&self, columns: &[usize], rows: Range<u64>) -> Result<Parts, DataError> {
        self.0.parts_of(columns, rows)
    }

    fn location(&self) -> Option<TableLocation> {
        self.0.location()
    }

    fn has_values(&self, column: usize) -> bool {
        self.0.has_values(column)
    }

    fn num_rows(&self) -> Option<u64> {
        self.0.num_rows()
    }

    fn notes(&self) -> Vec<String> {
        self.0.notes()
    }
}

fn shown(part: Part, pass: &Arc<Pass>) -> Part {
    let pass = pass.clone();
    let read = part.read;
    Part {
        read: Box::new(move || {
            let chunks = read()?;
            let counted = chunks.inspect(move |chunk| {
                if let Ok(chunk) = chunk {
                    pass.add(chunk.num_rows() as u64);
                }
            });
            Ok(Box::new(counted) as Chunks)
        }),
        ..part
    }
}

/// A pass over the rows. Its bar disappears when the last of its parts has been
/// read.
struct Pass {
    start: Instant,
    total: Option<u64>,
    rows: AtomicU64,
    bar: Mutex<Option<ProgressBar>>,
}

impl Pass {
    fn new(total: Option<u64>) -> Self {
        Self {
            start: Instant::now(),
            total,
            rows: AtomicU64::new(0),
            bar: Mutex::new(None),
        }
    }

    fn add(&self, rows: u64) {
        let rows = self.rows.fetch_add(rows, Ordering::Relaxed) + rows;
        if self.start.elapsed() < Duration::from_secs(1) {
            return;
        }
        let mut bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        bar.get_or_insert_with(|| bars().add(self.new_bar()))
            .set_position(rows);
    }

    fn new_bar(&self) -> ProgressBar {
        let (bar, style) = match self.total {
            Some(total) => (
                ProgressBar::new(total),
                "reading {bar:30} {percent:>3} %, {human_pos} rows, {eta} left",
            ),
            // The first pass counts the rows.
            None => (
                ProgressBar::new_spinner(),
                "reading {spinner} {human_pos} rows, {per_sec}",
            ),
        };
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        bar
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let bar = self.bar.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = bar.take() {
            bar.finish_and_clear();
            bars().remove(&bar);
        }
    }
}
