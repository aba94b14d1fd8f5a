//! Files behind a URL, for readers that are not async.

mod ahead;
mod download;
mod held;
mod list;
mod object;
mod problem;
mod runtime;
mod store;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::SystemTime;

use bytes::Bytes;

use crate::RemoteProblem;
use crate::url::Url;
pub(crate) use ahead::Ahead;
pub(crate) use download::{NotCopied, download};
pub(crate) use held::Held;
pub(crate) use list::matching;
use object::Object;
use runtime::{Pending, start};

/// A file behind a URL: no byte is returned that is not of the version that was
/// opened.
pub(crate) struct RemoteFile {
    object: Arc<Object>,
    /// The first bytes, which came with the answer that opened the file.
    first: Bytes,
    /// The number of the file in this program; another one after a problem.
    number: AtomicU64,
    /// Whether something could not be read since the file got its number.
    has_failed: AtomicBool,
    /// The URL; None for one with a secret in it.
    url: Option<String>,
}

thread_local! {
    /// The first problem of the work that this thread watches.
    static PROBLEM: RefCell<Option<RemoteProblem>> = const { RefCell::new(None) };
}

/// Does work that reads files, and returns the first problem of its reading too:
/// decoders put errors of reading into words of their own.
pub(crate) fn watch<T>(work: impl FnOnce() -> T) -> (T, Option<RemoteProblem>) {
    PROBLEM.take();
    let done = work();
    (done, PROBLEM.take())
}

/// Returns a number that no file in this program has had.
fn next_number() -> u64 {
    static NUMBERS: AtomicU64 = AtomicU64::new(0);
    NUMBERS.fetch_add(1, Ordering::Relaxed)
}

impl RemoteFile {
    /// Opens a file and reads its first bytes, in one request.
    pub fn open(url: &Url) -> Result<Self, RemoteProblem> {
        let place = store::place_of(url)?;
        let shown = format!("{}://{}{}", url.scheme, url.authority, url.rest);
        Self::at(place, (!url.has_secrets()).then_some(shown))
    }

    fn at(place: store::Place, url: Option<String>) -> Result<Self, RemoteProblem> {
        let (object, first) = start(Object::open(place))?.wait()?;
        Ok(Self {
            object: Arc::new(object),
            first,
            number: AtomicU64::new(next_number()),
            has_failed: AtomicBool::new(false),
            url,
        })
    }

    pub fn num_bytes(&self) -> u64 {
        self.object.version.num_bytes
    }

    /// The mark that the server gives this version of the file.
    pub fn etag(&self) -> Option<&str> {
        self.object.version.etag.as_deref()
    }

    pub fn modified(&self) -> Option<SystemTime> {
        self.object.version.modified
    }

    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// Asks whether the file is still the one that was opened, if a pass over it
    /// would not ask: some of its bytes are in memory.
    pub fn begin_pass(&self) -> io::Result<()> {
        // After a problem, no request of an earlier pass is waited for, which may
        // be about to fail for the same reason.
        if self.has_failed.swap(false, Ordering::Relaxed) {
            self.number.store(next_number(), Ordering::Relaxed);
        }
        let all = self.num_bytes();
        if all == 0 || (all > self.first.len() as u64 && !held::has_of(self.number())) {
            return Ok(());
        }
        self.fetch(0..1)?.wait(self).map(drop)
    }

    /// Returns these bytes, which are in the file.
    pub fn bytes_at(&self, range: Range<u64>, held: &Held) -> io::Result<Bytes> {
        if let Some(found) = self.in_memory(range.start, held) {
            let found = found?;
            let length = (range.end - range.start) as usize;
            if length <= found.len() {
                return Ok(found.slice(..length));
            }
        }
        self.fetch(range)?.wait(self)
    }

    /// Returns bytes from this position on that are in memory, or on their way
    /// there.
    fn in_memory(&self, position: u64, held: &Held) -> Option<io::Result<Bytes>> {
        if let Some(found) = held.find(position) {
            return Some(self.noted(found));
        }
        let first = usize::try_from(position).ok();
        let first = first.filter(|first| *first < self.first.len())?;
        Some(Ok(self.first.slice(first..)))
    }

    /// Has these ranges fetched, in few requests, as far as memory allows.
    pub fn hold(&self, ranges: Vec<Range<u64>>) -> Held {
        held::hold(self.number(), &self.object, ranges)
    }

    /// Starts to read a range.
    fn fetch(&self, range: Range<u64>) -> io::Result<Fetch> {
        let object = self.object.clone();
        let pending = start(async move { object.get(range).await });
        self.noted(pending).map(Fetch)
    }

    fn number(&self) -> u64 {
        self.number.load(Ordering::Relaxed)
    }

    /// Keeps a problem for those that [`watch`] this thread.
    fn noted<T>(&self, result: Result<T, RemoteProblem>) -> io::Result<T> {
        result.map_err(|problem| {
            self.has_failed.store(true, Ordering::Relaxed);
            PROBLEM.with_borrow_mut(|first| {
                first.get_or_insert_with(|| problem.clone());
            });
            io::Error::other(problem)
        })
    }
}

/// Bytes on their way.
struct Fetch(Pending<Bytes>);

impl Fetch {
    fn wait(self, file: &RemoteFile) -> io::Result<Bytes> {
        file.noted(self.0.wait())
    }
}
