use std::num::NonZero;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::source::{Chunk, ChunkOrder, Part, Source};
use crate::{DataError, Parts};

/// Chunks of one part that wait for their turn.
const WAITING_CHUNKS: usize = 8;

/// Reads columns of a source on all cores, does `map` to each chunk there, and
/// gives the results in order.
///
/// One thread finds the parts of the file, the others decode them. No more than
/// a few parts a thread are in memory, whatever the length of the file, and an
/// iterator that is dropped stops the threads.
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

/// Numbers that the rows of a chunk become at most, where a row becomes many: all
/// threads together then hold some hundreds of MB, whatever the number of features.
const MOST_NUMBERS: usize = 1 << 20;

/// Rows of more numbers are wide.
pub(crate) const WIDE: usize = 1000;

/// As [`read`], for rows that become `width` numbers each: chunks of wide rows come
/// in pieces.
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
    let most_rows = match width > WIDE {
        true => (MOST_NUMBERS / width).max(1),
        false => usize::MAX,
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

/// Results in the order of the chunks they were made of.
pub struct InOrder<T> {
    parts: Receiver<Receiver<Message<T>>>,
    current: Option<Receiver<Message<T>>>,
}

/// The result of a chunk, or None at the end of a part: a part that ends without
/// it has lost its thread.
type Message<T> = Result<Option<T>, DataError>;

/// A part, and where the results of its chunks go.
type Task<T> = (Result<Part, DataError>, SyncSender<Message<T>>);

fn in_order<T, F>(parts: Parts, threads: usize, most_rows: usize, map: F) -> InOrder<T>
where
    T: Send + 'static,
    F: Fn(Chunk) -> Result<T, DataError> + Send + Sync + 'static,
{
    let (tasks, queue): (Sender<Task<T>>, _) = channel();
    let (results, in_order) = sync_channel(2 * threads);
    thread::spawn(move || {
        for part in parts {
            let failed = part.is_err();
            let (sender, receiver) = sync_channel(WAITING_CHUNKS);
            // The bound on parts under way: this waits for the consumer.
            let gone = results.send(receiver).is_err();
            if gone || tasks.send((part, sender)).is_err() || failed {
                return;
            }
        }
    });
    let queue = Arc::new(Mutex::new(queue));
    let map = Arc::new(map);
    for _ in 0..threads {
        let (queue, map) = (queue.clone(), map.clone());
        thread::spawn(move || {
            loop {
                // Taken on its own: the lock is free while the part is decoded.
                let task = queue.lock().map(|queue| queue.recv());
                let Ok(Ok((part, results))) = task else {
                    return;
                };
                let end = part.and_then(|part| decode(part, &results, most_rows, map.as_ref()));
                let _ = results.send(end.map(|()| None));
            }
        });
    }
    InOrder {
        parts: in_order,
        current: None,
    }
}

fn decode<T>(
    part: Part,
    results: &SyncSender<Message<T>>,
    most_rows: usize,
    map: &impl Fn(Chunk) -> Result<T, DataError>,
) -> Result<(), DataError> {
    let mut num_rows = 0;
    for chunk in (part.read)()? {
        let chunk = chunk?;
        num_rows += chunk.num_rows() as u64;
        for piece in chunk.slices(most_rows) {
            if results.send(Ok(Some(map(piece)?))).is_err() {
                return Ok(());
            }
        }
    }
    if num_rows != part.num_rows {
        return Err(DataError::Columns(format!(
            "found {num_rows} rows where there should be {}; the file is damaged or changes while it is read",
            part.num_rows
        )));
    }
    Ok(())
}

impl<T> Iterator for InOrder<T> {
    type Item = Result<T, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(current) = &self.current else {
                self.current = Some(self.parts.recv().ok()?);
                continue;
            };
            match current.recv() {
                Ok(Ok(Some(result))) => return Some(Ok(result)),
                Ok(Ok(None)) => self.current = None,
                Ok(Err(error)) => return Some(Err(self.end(error))),
                Err(_) => {
                    let message = "a thread that read the file has panicked";
                    let error = std::io::Error::other(message).into();
                    return Some(Err(self.end(error)));
                }
            }
        }
    }
}

impl<T> InOrder<T> {
    /// Nothing comes after an error.
    fn end(&mut self, error: DataError) -> DataError {
        self.current = None;
        self.parts = sync_channel(0).1;
        error
    }
}
