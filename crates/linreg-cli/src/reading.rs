use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use arrow_schema::SchemaRef;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use linreg_data::{Chunk, ChunkOrder, Chunks, DataError, Part, Parts, Source, TableLocation};

use crate::number::{bytes, thousands};
use crate::terminal;

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
        let pass = Arc::new(Pass::new(Extent::of(self.0.as_ref())));
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
                    pass.add(chunk);
                }
            });
            Ok(Box::new(counted) as Chunks)
        }),
        ..part
    }
}

/// How much there is to read, as far as that is known before.
enum Extent {
    Rows(u64),
    /// Files of text that nobody has read yet: their size, and how many bytes there are
    /// before each.
    Bytes {
        total: u64,
        before: HashMap<Box<str>, u64>,
    },
    Unknown,
}

impl Extent {
    fn of(source: &dyn Source) -> Self {
        if let Some(rows) = source.num_rows() {
            return Self::Rows(rows);
        }
        let Some(location) = source.location() else {
            return Self::Unknown;
        };
        // How large compressed files are is not known before their end.
        let is_compressed = |name: &str| [".gz", ".zst"].iter().any(|end| name.ends_with(end));
        let (mut total, mut before) = (0, HashMap::new());
        for file in &location.files {
            if is_compressed(&file.name.to_lowercase()) {
                return Self::Unknown;
            }
            before.insert(file.name.as_str().into(), total);
            total += file.num_bytes;
        }
        Self::Bytes { total, before }
    }

    /// What has been read of it in this time, and how long the rest takes at that pace.
    fn told(&self, done: u64, elapsed: Duration) -> String {
        let left = |total: u64| {
            let left = total.saturating_sub(done) as f64 / done.max(1) as f64;
            format!("{} s left", elapsed.mul_f64(left).as_secs_f64().ceil())
        };
        match self {
            Self::Rows(total) => format!("{} rows, {}", round(done), left(*total)),
            Self::Bytes { total, .. } if done <= *total => {
                let (read, all) = (bytes(done), bytes(*total));
                format!("{read} of {all}, {}", left(*total))
            }
            // A compressed file whose name does not say so.
            Self::Bytes { .. } => format!("{} of text", bytes(done)),
            Self::Unknown => format!("{} rows", round(done)),
        }
    }
}

/// A number to three digits.
fn round(number: u64) -> String {
    match number {
        0..10_000 => thousands(number as usize),
        10_000..1_000_000 => {
            let hundreds = if number < 100_000 { 100 } else { 1000 };
            thousands((number / hundreds * hundreds) as usize)
        }
        1_000_000..1_000_000_000 => format!("{} million", three_digits(number as f64 / 1e6)),
        _ => format!("{} billion", three_digits(number as f64 / 1e9)),
    }
}

fn three_digits(number: f64) -> String {
    let decimals = 2 - (number.log10().floor() as usize).min(2);
    format!("{number:.decimals$}")
}

/// A pass over the rows. Its bar disappears when the last of its parts has been
/// read.
struct Pass {
    start: Instant,
    extent: Extent,
    /// Rows or bytes that have been read.
    done: AtomicU64,
    bar: Mutex<Option<ProgressBar>>,
}

impl Pass {
    fn new(extent: Extent) -> Self {
        Self {
            start: Instant::now(),
            extent,
            done: AtomicU64::new(0),
            bar: Mutex::new(None),
        }
    }

    fn add(&self, chunk: &Chunk) {
        let done = self.count(chunk);
        if self.start.elapsed() < Duration::from_secs(1) {
            return;
        }
        let mut bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        let told = self.extent.told(done, self.start.elapsed());
        let bar = bar.get_or_insert_with(|| {
            let bar = self.new_bar();
            terminal::set_message(&bar, &told);
            bars().add(bar)
        });
        bar.set_position(done);
        terminal::set_message(bar, &told);
    }

    /// Counts the chunk, and returns how much has been read.
    fn count(&self, chunk: &Chunk) -> u64 {
        let Extent::Bytes { before, .. } = &self.extent else {
            let rows = chunk.num_rows() as u64;
            return self.done.fetch_add(rows, Ordering::Relaxed) + rows;
        };
        // Chunks come in nearly the order of the file.
        let place = chunk.origin.place(0);
        let before = before.get(&place.file).copied().unwrap_or(0);
        let byte = before + place.byte.unwrap_or(0);
        self.done.fetch_max(byte, Ordering::Relaxed).max(byte)
    }

    fn new_bar(&self) -> ProgressBar {
        let (bar, style) = match self.extent {
            Extent::Rows(total) | Extent::Bytes { total, .. } => (
                ProgressBar::new(total),
                "reading {bar:30} {percent:>3} %, {msg}",
            ),
            Extent::Unknown => (ProgressBar::new_spinner(), "reading {spinner} {msg}"),
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

#[cfg(test)]
mod tests {
    use linreg_data::{CsvOptions, Passes};

    use super::*;

    #[test]
    fn numbers_of_rows_are_round() {
        for (number, text) in [
            (0, "0"),
            (9_999, "9,999"),
            (12_345, "12,300"),
            (999_999, "999,000"),
            (1_234_567, "1.23 million"),
            (123_456_789, "123 million"),
            (1_200_000_000, "1.20 billion"),
        ] {
            assert_eq!(round(number), text);
        }
    }

    #[test]
    fn the_first_pass_over_text_tells_how_much_of_the_files_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["a.csv", "b.csv"].map(|name| folder.path().join(name));
        for file in &files {
            let rows: String = (0..60_000).map(|row| format!("{row},{row}\n")).collect();
            std::fs::write(file, format!("x,y\n{rows}")).unwrap();
        }
        let total: u64 = files
            .iter()
            .map(|file| file.metadata().unwrap().len())
            .sum();
        let source = linreg_data::open(&files, &CsvOptions::default(), Passes::Several).unwrap();
        let pass = Pass::new(Extent::of(source.as_ref()));
        let mut before = 0;
        let mut last = 0;
        for part in source.parts(&[0, 1], ChunkOrder::File).unwrap() {
            for chunk in (part.unwrap().read)().unwrap() {
                last = pass.count(&chunk.unwrap());
                assert!(last >= before && last < total, "{before}, {last}");
                before = last;
            }
        }
        assert!(last > total / 2, "{last} of {total}");
        let told = Extent::Rows(4_000_000).told(1_000_000, Duration::from_secs(5));
        assert_eq!(told, "1.00 million rows, 15 s left");
        let told = pass.extent.told(last, Duration::ZERO);
        let all = format!(" of {}, 0 s left", bytes(total));
        assert!(told.ends_with(&all), "{told}");
        assert!(!pass.extent.told(total + 1, Duration::ZERO).contains("left"));
        // Now the rows are known.
        let extent = Extent::of(source.as_ref());
        assert!(matches!(extent, Extent::Rows(120_000)));
    }
}
