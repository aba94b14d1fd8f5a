use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};

use bytes::Bytes;

use super::object::Object;
use super::runtime::spawn;
use crate::RemoteProblem;

/// The largest distance of two ranges that are fetched with one request: the
/// bytes between them take no longer than another request.
const MOST_BETWEEN: u64 = 1 << 18;

/// The largest size of what is fetched with one request, unless one range is
/// larger: several requests are served side by side.
const MOST_OF_REQUEST: u64 = 1 << 24;

/// The most bytes that one reader has fetched ahead; what is beyond them it
/// reads page by page.
const MOST_OF_READER: u64 = 1 << 28;

/// The most bytes that are kept for readers to come, of all files together.
const MOST_KEPT: u64 = 1 << 27;

/// Ranges of a file that are in memory or on their way, for as long as somebody
/// holds them.
#[derive(Clone, Default)]
pub(crate) struct Held(Arc<[Arc<Slot>]>);

impl Held {
    /// Waits for the bytes from this position on; None if nobody has asked for
    /// them.
    pub(super) fn find(&self, position: u64) -> Option<Result<Bytes, RemoteProblem>> {
        let slot = self.0.iter().find(|slot| slot.range.contains(&position))?;
        let from = (position - slot.range.start) as usize;
        Some(slot.wait().map(|bytes| bytes.slice(from..)))
    }
}

/// A range that is fetched once for all that hold it.
struct Slot {
    file: u64,
    range: Range<u64>,
    /// None until it has arrived.
    bytes: Mutex<Option<Result<Bytes, RemoteProblem>>>,
    arrived: Condvar,
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Option<Result<Bytes, RemoteProblem>>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self) -> Result<Bytes, RemoteProblem> {
        let mut bytes = self.lock();
        loop {
            if let Some(bytes) = bytes.as_ref() {
                return bytes.clone();
            }
            let woken = self.arrived.wait(bytes);
            bytes = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn set(&self, result: Result<Bytes, RemoteProblem>) {
        self.lock().get_or_insert(result);
        self.arrived.notify_all();
    }

    fn has_failed(&self) -> bool {
        matches!(*self.lock(), Some(Err(_)))
    }

    fn num_bytes(&self) -> u64 {
        self.range.end - self.range.start
    }
}

/// Tells those that wait for a slot if its work ends in a panic.
struct Filling(Arc<Slot>);

impl Drop for Filling {
    fn drop(&mut self) {
        self.0.set(Err(RemoteProblem::Other));
    }
}

/// The slots of all files.
#[derive(Default)]
struct Slots {
    /// Those that somebody holds.
    known: Vec<Weak<Slot>>,
    /// The last ones, for readers to come.
    kept: VecDeque<Arc<Slot>>,
    kept_bytes: u64,
}

fn slots() -> MutexGuard<'static, Slots> {
    static SLOTS: Mutex<Slots> = Mutex::new(Slots {
        known: Vec::new(),
        kept: VecDeque::new(),
        kept_bytes: 0,
    });
    SLOTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether bytes of a file are in memory or on their way.
pub(super) fn has_of(file: u64) -> bool {
    let slots = slots();
    let mut known = slots.known.iter().filter_map(Weak::upgrade);
    known.any(|slot| slot.file == file)
}

/// Has ranges fetched that nobody has asked for before.
pub(super) fn hold(file: u64, object: &Arc<Object>, ranges: Vec<Range<u64>>) -> Held {
    let mut slots = slots();
    let held = merged(ranges).into_iter().filter_map(|range| {
        let known = slots.known.iter().filter_map(Weak::upgrade);
        let is_there = |slot: &Arc<Slot>| {
            let starts = slot.range.start <= range.start;
            slot.file == file && starts && range.end <= slot.range.end && !slot.has_failed()
        };
        let mut known = known.filter(is_there);
        known
            .next()
            .or_else(|| slots.add(file, object, range.clone()))
    });
    Held(held.collect())
}

impl Slots {
    fn add(&mut self, file: u64, object: &Arc<Object>, range: Range<u64>) -> Option<Arc<Slot>> {
        let slot = Arc::new(Slot {
            file,
            range,
            bytes: Mutex::default(),
            arrived: Condvar::new(),
        });
        let (filling, object) = (Filling(slot.clone()), object.clone());
        let work = async move {
            let range = filling.0.range.clone();
            filling.0.set(object.get(range).await);
        };
        // Without a runtime, reading fails too, and says so.
        spawn(work).ok()?;
        self.known.retain(|slot| slot.strong_count() > 0);
        self.known.push(Arc::downgrade(&slot));
        self.kept_bytes += slot.num_bytes();
        self.kept.push_back(slot.clone());
        while self.kept_bytes > MOST_KEPT
            && let Some(first) = self.kept.pop_front()
        {
            self.kept_bytes -= first.num_bytes();
        }
        Some(slot)
    }
}

/// The ranges to ask for: near ones together, and no more than a reader may
/// hold.
fn merged(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.retain(|range| range.start < range.end);
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    let mut all: Vec<Range<u64>> = Vec::new();
    let mut num_bytes = 0;
    for range in ranges {
        let length = range.end - range.start;
        if num_bytes + length > MOST_OF_READER {
            continue;
        }
        num_bytes += length;
        match all.last_mut() {
            Some(last) if range.end <= last.end => (),
            Some(last)
                if range.start <= last.end.saturating_add(MOST_BETWEEN)
                    && range.end - last.start <= MOST_OF_REQUEST =>
            {
                last.end = range.end;
            }
            _ => all.push(range),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_ranges_are_one_request_and_large_ones_several() {
        const MIB: u64 = 1 << 20;
        for (ranges, expected) in [
            (&[][..], &[][..]),
            (&[(5, 5)], &[]),
            (&[(9, 20), (0, 10), (12, 15)], &[(0, 20)]),
            (&[(0, 10), (MIB, MIB + 1)], &[(0, 10), (MIB, MIB + 1)]),
            (
                &[(0, 9 * MIB), (9 * MIB, 18 * MIB)],
                &[(0, 9 * MIB), (9 * MIB, 18 * MIB)],
            ),
            (
                &[(0, 300 * MIB), (300 * MIB, 301 * MIB)],
                &[(300 * MIB, 301 * MIB)],
            ),
        ] {
            let ranges = ranges.iter().map(|(start, end)| *start..*end);
            let found = merged(ranges.collect()).into_iter();
            let found: Vec<(u64, u64)> = found.map(|range| (range.start, range.end)).collect();
            assert_eq!(found, expected);
        }
    }
}
