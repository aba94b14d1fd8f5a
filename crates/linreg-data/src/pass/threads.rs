mod groups;

use std::hint::black_box;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::thread;

use super::assembly::{Assembly, Next, Taken};
use super::tree::{GROUP_ROWS, Shape, Tree};
use super::{AnyPass, AnyState, EachState, Engine};
use crate::row_pass::AnyRowPass;
use crate::source::{Chunk, ChunkOrder, Part, Source};
use crate::{DataError, Dataset, Parts};

/// The most threads: some systems fail, instead of refusing, where there are more.
const MOST_THREADS: usize = 4096;

/// Runs passes on the threads of this machine.
///
/// Each thread takes the next undecoded piece of the file and decodes it. The
/// thread that decodes the rows that a part waits for adds them to its state, and
/// the one that delivers the next state merges it. Only a few states per thread are
/// in memory, however long the table is.
///
/// A panic in a pass stops all threads and goes on in the calling thread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threads {
    num_threads: usize,
}

impl Threads {
    /// Returns an engine of this many threads, at least 1 and at most 4,096. Where
    /// the system allows fewer, those do the work.
    pub fn new(num_threads: usize) -> Self {
        Self {
            num_threads: num_threads.clamp(1, MOST_THREADS),
        }
    }
}

impl Default for Threads {
    /// Returns an engine of as many threads as there are cores.
    fn default() -> Self {
        Self::new(thread::available_parallelism().map_or(1, NonZero::get))
    }
}

impl Engine for Threads {
    fn run_any(
        &self,
        table: &dyn Source,
        columns: &[usize],
        pass: &dyn AnyPass,
    ) -> Result<AnyState, DataError> {
        let parts = table.parts(columns, ChunkOrder::File)?;
        let tree = Tree::new(self.num_threads, Shape::new(pass.rows_of_part()));
        let run = Run::new(pass, parts, 0, tree, &|_, _| Ok(()));
        on_threads(self.num_threads, &run.tree, || run.work());
        let state = run.tree.finish()?;
        Ok(state.unwrap_or_else(|| pass.start_any()))
    }

    fn run_in_order(
        &self,
        table: &dyn Source,
        columns: &[usize],
        pass: &dyn AnyPass,
        each: &mut EachState<'_>,
    ) -> Result<(), DataError> {
        self.run_groups_in_order(table, columns, pass, each)
    }

    fn run_rows(&self, rows: &Dataset, pass: &dyn AnyRowPass) -> Result<AnyState, DataError> {
        let num_parts = rows.num_parts();
        // Starting threads takes longer than a pass over few rows.
        let num_threads = self.num_threads.min(num_parts as usize);
        let tree = Tree::new(num_threads, Shape::new(rows.part_rows()));
        let next = AtomicU64::new(0);
        let merge = |state: &mut AnyState, later| pass.merge_any(state, later);
        let work = || {
            loop {
                let part = next.fetch_add(1, Ordering::Relaxed);
                if part >= num_parts || !tree.wait_for_room(part) {
                    return;
                }
                let mut state = pass.start_any();
                match rows.update_part(part, pass, &mut state) {
                    Ok(()) => tree.deliver(part, state, merge),
                    Err(error) => tree.fail(part, error),
                }
            }
        };
        on_threads(num_threads, &tree, work);
        tree.end(num_parts, merge);
        let state = tree.finish()?;
        Ok(state.unwrap_or_else(|| pass.start_any()))
    }
}

/// Makes glibc keep the memory that a part frees for the next one. Otherwise it gives
/// some of it back to the system after each part, which takes a sixth of the time of an
/// exact fit: what it keeps goes by the largest block that was ever mapped and freed, up
/// to this one.
fn keep_freed_memory() {
    static ONCE: Once = Once::new();
    const LARGEST: usize = (32 << 20) - (1 << 16);
    ONCE.call_once(|| drop(black_box(Vec::<u8>::with_capacity(LARGEST))));
}

/// Does the same work on several threads until each has ended, on the calling
/// thread if there is to be one only or no other can be started.
fn on_threads<S: Send>(num_threads: usize, tree: &Tree<S>, work: impl Fn() + Sync) {
    keep_freed_memory();
    let work = || {
        let _stop = StopOnPanic(tree);
        work();
    };
    if num_threads == 1 {
        return work();
    }
    thread::scope(|scope| {
        let start = |_| {
            let thread = thread::Builder::new().name("linreg pass".to_string());
            thread.spawn_scoped(scope, work).ok()
        };
        let threads: Vec<_> = (0..num_threads).map_while(start).collect();
        if threads.is_empty() {
            work();
        }
        for thread in threads {
            if let Err(panic) = thread.join() {
                resume_unwind(panic);
            }
        }
    });
}

/// Ends the work of all threads where one panics, so that none waits for it.
struct StopOnPanic<'a, S>(&'a Tree<S>);

impl<S> Drop for StopOnPanic<'_, S> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.stop();
        }
    }
}

/// Takes the state of a group, and its number.
type Deliver<'a> = dyn Fn(u64, AnyState) -> Result<(), DataError> + Sync + 'a;

/// A pass that is running.
struct Run<'a> {
    pass: &'a dyn AnyPass,
    part_rows: u64,
    /// The number of the first part that is read.
    first_part: u64,
    deliver: &'a Deliver<'a>,
    pieces: Mutex<Pieces>,
    assembly: Mutex<Assembly<AnyState>>,
    tree: Tree<AnyState>,
}

/// The pieces of the table that no thread has taken yet.
struct Pieces {
    /// None once all have been taken.
    left: Option<Parts>,
    /// The number of the first row of the next piece.
    next_row: u64,
}

impl<'a> Run<'a> {
    /// Begins a pass over parts of the table from a row on.
    fn new(
        pass: &'a dyn AnyPass,
        parts: Parts,
        first_row: u64,
        tree: Tree<AnyState>,
        deliver: &'a Deliver<'a>,
    ) -> Self {
        let part_rows = pass.rows_of_part();
        Self {
            pass,
            part_rows,
            first_part: first_row / part_rows,
            deliver,
            pieces: Mutex::new(Pieces {
                left: Some(parts),
                next_row: first_row,
            }),
            assembly: Mutex::new(Assembly::new(part_rows)),
            tree,
        }
    }

    fn work(&self) {
        while let Some(piece) = self.next_piece() {
            self.decode(piece);
        }
    }

    fn next_piece(&self) -> Option<Part> {
        // If finding a piece has panicked, the other threads end.
        let mut pieces = self.pieces.lock().ok()?;
        let row = pieces.next_row;
        let next = pieces.left.as_mut()?.next();
        let problem = match next {
            Some(Ok(piece)) if piece.first_row == row => {
                pieces.next_row += piece.num_rows;
                return Some(piece).filter(|_| self.wants(row));
            }
            Some(Ok(piece)) => Some(out_of_order(piece.first_row, row)),
            Some(Err(error)) => Some(error),
            None => None,
        };
        pieces.left = None;
        let is_whole = problem.is_none();
        let last = self.assemble(|assembly| assembly.end(row, problem));
        drop(pieces);
        if is_whole {
            let num_parts = row.div_ceil(self.part_rows) - self.first_part;
            self.tree
                .end(num_parts, |state, later| self.pass.merge_any(state, later));
            self.deliver_groups();
        }
        self.go_on(last);
        None
    }

    /// Whether the rows from here on can still be of use.
    fn wants(&self, row: u64) -> bool {
        self.tree.wants(row / self.part_rows - self.first_part)
    }

    fn assemble<T>(&self, with: impl FnOnce(&mut Assembly<AnyState>) -> T) -> T {
        let assembly = self.assembly.lock();
        with(&mut assembly.unwrap_or_else(PoisonError::into_inner))
    }

    fn fail(&self, row: u64, error: DataError) {
        self.go_on(self.assemble(|assembly| assembly.add(row, Err(error))));
    }

    /// Decodes a piece, and adds its rows to the states of parts.
    fn decode(&self, piece: Part) {
        let (mut row, end) = (piece.first_row, piece.first_row + piece.num_rows);
        let wrong_length = |num_rows: u64| DataError::PartChanged {
            found: num_rows,
            expected: piece.num_rows,
        };
        let chunks = match (piece.read)() {
            Ok(chunks) => chunks,
            Err(error) => return self.fail(row, error),
        };
        for chunk in chunks {
            if !self.wants(row) {
                return;
            }
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) => return self.fail(row, error),
            };
            let num_rows = (chunk.num_rows() as u64).min(end - row);
            let is_too_long = num_rows < chunk.num_rows() as u64;
            if is_too_long {
                // Before its last rows, so that no later problem is found first.
                let found = row - piece.first_row + chunk.num_rows() as u64;
                self.fail(end, wrong_length(found));
            }
            self.divide(&chunk.slice(0, num_rows as usize), row);
            row += num_rows;
            if is_too_long {
                return;
            }
        }
        if row < end {
            self.fail(row, wrong_length(row - piece.first_row));
        }
    }

    /// Divides a chunk into the rows of parts.
    fn divide(&self, chunk: &Chunk, first_row: u64) {
        let mut start = 0;
        while start < chunk.num_rows() {
            let row = first_row + start as u64;
            let left = self.part_rows - row % self.part_rows;
            let num_rows = (chunk.num_rows() - start).min(left as usize);
            let rows = chunk.slice(start, num_rows);
            self.go_on(self.assemble(|assembly| assembly.add(row, Ok(rows))));
            start += num_rows;
        }
    }

    /// Adds what has come to the state of a part, if it was taken, for as long as more
    /// comes.
    fn go_on(&self, mut taken: Option<Taken<AnyState>>) {
        while let Some(Taken { index, state, next }) = taken {
            let part = index - self.first_part;
            let added = match next {
                Next::Rows(rows) => self.with_rows(part, state, rows),
                Next::Error(error) => Err(error),
                Next::End => self.end_part(part, state).map(|()| None),
            };
            taken = match added {
                Ok(Some(state)) => self.assemble(|assembly| assembly.put_back(index, state)),
                Ok(None) => None,
                Err(error) => {
                    self.tree.fail(part, error);
                    None
                }
            };
        }
    }

    /// Adds rows to the state of a part, which begins with its first rows; None if
    /// nobody wants it any more.
    fn with_rows(
        &self,
        part: u64,
        state: Option<AnyState>,
        rows: Chunk,
    ) -> Result<Option<AnyState>, DataError> {
        let mut state = match state {
            Some(state) => state,
            None if self.tree.wait_for_room(part) => self.pass.start_any(),
            None => return Ok(None),
        };
        self.pass.update_any(&mut state, &rows)?;
        Ok(Some(state))
    }

    fn end_part(&self, part: u64, state: Option<AnyState>) -> Result<(), DataError> {
        let Some(mut state) = state else {
            return Ok(());
        };
        self.pass.end_part_any(&mut state)?;
        self.tree.deliver(part, state, |state, later| {
            self.pass.merge_any(state, later)
        });
        self.deliver_groups();
        Ok(())
    }

    /// Gives away the states of groups that are whole, if they are not merged here.
    fn deliver_groups(&self) {
        let parts_of_group = GROUP_ROWS / self.part_rows;
        let first_group = self.first_part / parts_of_group;
        for (group, mut state) in self.tree.take_groups() {
            let number = first_group + group;
            let ended = self.pass.end_group_any(&mut state, number);
            let delivered = ended.and_then(|()| (self.deliver)(number, state));
            if let Err(error) = delivered {
                self.tree.fail(group * parts_of_group, error);
            }
        }
    }
}

fn out_of_order(found: u64, expected: u64) -> DataError {
    let message =
        format!("found a part of the table that begins at row {found}, expected row {expected}");
    DataError::Other(message.into())
}
