use std::num::NonZero;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::source::{Chunk, ChunkOrder, Part, Source};
use crate::{DataError, Parts};

/// The number of results of one part that may wait for their turn.
const WAITING_CHUNKS: usize = 8;

/// Reads columns of a source on all cores, applies `map` to each chunk there,
/// and returns the results in order.
///
/// One thread finds the parts of the file and the others decode them. Only a
/// few parts per thread are in memory, however long the file is, and dropping
/// the iterator stops the threads. Where the system allows fewer threads, those
/// do the work; without any, the calling thread does.
///
/// # Errors
///
/// As [`Source::parts`]; the iterator gives the first error of a chunk, in
/// order, and then ends.
pub fn read<T, F>(
    source: &dyn Source,
    columns: &[usize],
    order: ChunkOrder,
    map: F,
) -> Result<InOrder<T>, DataError>
where
    T: Send + 'static,
    F: Fn(Chunk) -> Result<T, DataError> + Send + Sync + 'static,
{
    read_in_pieces(source, columns, order, usize::MAX, map)
}

/// The largest number of numbers that a piece of wide rows becomes: all threads
/// together then hold some hundreds of MB, whatever the number of features.
const MOST_NUMBERS: usize = 1 << 20;

/// Rows of more numbers than this are wide.
pub(crate) const WIDE: usize = 1000;

/// As [`read`], for rows that become `width` numbers each: chunks of wide rows
/// are divided into pieces.
pub(crate) fn read_wide<T, F>(
    source: &dyn Source,
    columns: &[usize],
    order: ChunkOrder,
    width: usize,
    map: F,
) -> Result<InOrder<T>, DataError>
where
    T: Send + 'static,
    F: Fn(Chunk) -> Result<T, DataError> + Send + Sync + 'static,
{
    let most_rows = if width > WIDE {
        (MOST_NUMBERS / width).max(1)
    } else {
        usize::MAX
    };
    read_in_pieces(source, columns, order, most_rows, map)
}

fn read_in_pieces<T, F>(
    source: &dyn Source,
    columns: &[usize],
    order: ChunkOrder,
    most_rows: usize,
    map: F,
) -> Result<InOrder<T>, DataError>
where
    T: Send + 'static,
    F: Fn(Chunk) -> Result<T, DataError> + Send + Sync + 'static,
{
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    Ok(in_order(
        source.parts(columns, order)?,
        threads,
        most_rows,
        map,
    ))
}

/// The results of [`read`](crate::read()), in the order of their chunks.
pub struct InOrder<T> {
    work: Work<T>,
}

/// What decodes the parts.
enum Work<T> {
    Threads {
        parts: Receiver<Receiver<Message<T>>>,
        current: Option<Receiver<Message<T>>>,
    },
    /// The calling thread, where the system allows no other.
    Here {
        parts: Tasks<T>,
        current: Option<Results<T>>,
    },
    Ended,
}

/// The result of a chunk, or None at the end of a part. If a part ends without
/// that None, its thread has died.
type Message<T> = Result<Option<T>, DataError>;

/// A part, and the channel for the results of its chunks.
type Task<T> = (Result<Part, DataError>, SyncSender<Message<T>>);

/// The results of the chunks of a part.
type Results<T> = Box<dyn Iterator<Item = Result<T, DataError>> + Send>;

/// The parts that have not been decoded yet.
type Tasks<T> = Box<dyn Iterator<Item = Result<Results<T>, DataError>> + Send>;

fn in_order<T, F>(parts: Parts, threads: usize, most_rows: usize, map: F) -> InOrder<T>
where
    T: Send + 'static,
    F: Fn(Chunk) -> Result<T, DataError> + Send + Sync + 'static,
{
    let map = Arc::new(map);
    let (tasks, queue): (Sender<Task<T>>, _) = channel();
    let queue = Arc::new(Mutex::new(queue));
    let worker = || {
        let (queue, map) = (queue.clone(), map.clone());
        move || {
            loop {
                // This is a statement of its own, so that the lock is free
                // while the part is decoded.
                let task = queue.lock().map(|queue| queue.recv());
                let Ok(Ok((part, results))) = task else {
                    return;
                };
                let end =
                    part.and_then(|part| send(decode(part, most_rows, map.clone())?, &results));
                let _ = results.send(end.map(|()| None));
            }
        }
    };
    let started = (0..threads).take_while(|_| spawn(worker()).is_ok()).count();
    // The parts belong to the thread that hands them out: this one, unless
    // another can be started.
    let parts = Arc::new(Mutex::new(Some(parts)));
    if started > 0 {
        let (results, in_order) = sync_channel(2 * started);
        let of_thread = parts.clone();
        let give_out = move || {
            let Some(parts) = take(&of_thread) else {
                return;
            };
            for part in parts {
                let failed = part.is_err();
                let (sender, receiver) = sync_channel(WAITING_CHUNKS);
                // This waits for the consumer, and so bounds the parts in
                // memory.
                let gone = results.send(receiver).is_err();
                if gone || tasks.send((part, sender)).is_err() || failed {
                    return;
                }
            }
        };
        if spawn(give_out).is_ok() {
            let (parts, current) = (in_order, None);
            return InOrder {
                work: Work::Threads { parts, current },
            };
        }
    }
    let parts = take(&parts).into_iter().flatten();
    let tasks = parts.map(move |part| decode(part?, most_rows, map.clone()));
    InOrder {
        work: Work::Here {
            parts: Box::new(tasks),
            current: None,
        },
    }
}

fn take<T>(from: &Mutex<Option<T>>) -> Option<T> {
    from.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn spawn(work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    let thread = thread::Builder::new().name("linreg reading".to_string());
    thread.spawn(work).map(drop)
}

/// Decodes a part and checks that it has as many rows as it says.
fn decode<T: 'static>(
    part: Part,
    most_rows: usize,
    map: Arc<impl Fn(Chunk) -> Result<T, DataError> + Send + Sync + 'static>,
) -> Result<Results<T>, DataError> {
    let expected = part.num_rows;
    let mut chunks = (part.read)()?.fuse();
    let mut pieces: Box<dyn Iterator<Item = Chunk> + Send> = Box::new(std::iter::empty());
    let mut num_rows = 0;
    let mut ended = false;
    Ok(Box::new(std::iter::from_fn(move || {
        loop {
            if let Some(piece) = pieces.next() {
                return Some(map(piece));
            }
            match chunks.next() {
                Some(Ok(chunk)) => {
                    num_rows += chunk.num_rows() as u64;
                    pieces = Box::new(chunk.slices(most_rows));
                }
                Some(Err(error)) => return Some(Err(error)),
                None => break,
            }
        }
        if std::mem::replace(&mut ended, true) || num_rows == expected {
            return None;
        }
        Some(Err(DataError::PartChanged {
            found: num_rows,
            expected,
        }))
    })))
}

/// Sends results until one is an error or the receiver is gone.
fn send<T>(results: Results<T>, sender: &SyncSender<Message<T>>) -> Result<(), DataError> {
    for result in results {
        if sender.send(Ok(Some(result?))).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

impl<T> Iterator for InOrder<T> {
    type Item = Result<T, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.work.next();
        // Nothing comes after an error.
        if !matches!(next, Some(Ok(_))) {
            self.work = Work::Ended;
        }
        next
    }
}

impl<T> Work<T> {
    fn next(&mut self) -> Option<Result<T, DataError>> {
        match self {
            Self::Ended => None,
            Self::Here { parts, current } => loop {
                if let Some(result) = current.as_mut().and_then(Iterator::next) {
                    return Some(result);
                }
                match parts.next()? {
                    Ok(results) => *current = Some(results),
                    Err(error) => return Some(Err(error)),
                }
            },
            Self::Threads { parts, current } => loop {
                let Some(results) = current else {
                    *current = Some(parts.recv().ok()?);
                    continue;
                };
                match results.recv() {
                    Ok(Ok(Some(result))) => return Some(Ok(result)),
                    Ok(Ok(None)) => *current = None,
                    Ok(Err(error)) => return Some(Err(error)),
                    Err(_) => {
                        let message = "a thread that read the file has panicked";
                        return Some(Err(std::io::Error::other(message).into()));
                    }
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::file;

    #[test]
    fn results_are_the_same_with_threads_and_without() {
        let rows: String = (0..200_000).map(|row| format!("{row},1\n")).collect();
        let file = file("t.csv", format!("a,b\n{rows}"));
        let source = file.open().unwrap();
        let read = |threads, most: u64| -> Vec<Result<u64, String>> {
            let parts = source.parts(&[0], ChunkOrder::File).unwrap();
            let results = in_order(parts, threads, usize::MAX, move |chunk: Chunk| {
                if chunk.first_row < most {
                    Ok(chunk.first_row)
                } else {
                    Err(DataError::Other("too many".into()))
                }
            });
            results
                .map(|result| result.map_err(|error| error.to_string()))
                .collect()
        };
        for most in [u64::MAX, 100_000] {
            let here = read(0, most);
            assert_eq!(here, read(3, most));
            assert!(here.len() > 1);
            assert_eq!(here.iter().any(Result::is_err), most < u64::MAX);
        }
    }
}
