pub(crate) mod any;
mod assembly;
#[cfg(all(test, feature = "csv", feature = "parquet"))]
mod bits;
mod known;
#[cfg(test)]
mod tests;
mod threads;
mod tree;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::row_pass::AnyRowPass;
use crate::source::{Chunk, Source};
use crate::{DataError, Dataset};
use any::taken;
pub use any::{AnyPass, AnyState, PassReader, SentPassError, read_pass};
pub use known::{KnownPasses, PreparePass};
pub use threads::Threads;
pub use tree::GROUP_ROWS;
pub(crate) use tree::{Shape, Tree};

/// A computation over all rows of a table, whose result does not depend on who
/// computes it.
///
/// A table is divided into *parts*: part `i` has the rows from
/// `i * part_rows` to `(i + 1) * part_rows`, counted through all files. An
/// [`Engine`] makes one state for each part, with [`start`](Self::start),
/// [`update`](Self::update) and [`end_part`](Self::end_part), on any thread or
/// machine. It merges the states in the order of the table, one after the other:
/// first those of the parts of a block of 8,192 rows, then those of a group of 16
/// blocks, then those of all groups. This is a property of the table alone, so the
/// result has the same bits on any number of threads, from any file format.
///
/// # Contract
///
/// The rows of a part may come in any number of chunks. The state after
/// [`end_part`](Self::end_part) has to be the same, to the bit, however they
/// are divided. A state that is serialised and read again has to be the same
/// state.
///
/// # Example
///
/// ```
/// use linreg_data::{Chunk, CsvOptions, DataError, Pass, Passes, Threads, open};
/// use serde::{Deserialize, Serialize};
///
/// /// Counts the rows of a table.
/// #[derive(Deserialize, Serialize)]
/// struct CountRows;
///
/// impl Pass for CountRows {
///     type State = u64;
///     type Output = u64;
///
///     fn name() -> String {
///         "count rows".to_string()
///     }
///
///     fn start(&self) -> u64 {
///         0
///     }
///
///     fn update(&self, count: &mut u64, chunk: &Chunk) -> Result<(), DataError> {
///         *count += chunk.num_rows() as u64;
///         Ok(())
///     }
///
///     fn merge(&self, count: &mut u64, later: u64) -> Result<(), DataError> {
///         *count += later;
///         Ok(())
///     }
///
///     fn finish(self, count: u64) -> Result<u64, DataError> {
///         Ok(count)
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("houses.csv");
/// std::fs::write(&path, "area,price\n50,200\n70,260\n")?;
/// let table = open(&[path], &CsvOptions::default(), Passes::Several)?;
/// assert_eq!(CountRows.run(&Threads::default(), table.as_ref(), &[0])?, 2);
/// # Ok(())
/// # }
/// ```
pub trait Pass: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What is known of some rows.
    type State: Serialize + DeserializeOwned + Send + 'static;
    /// The result.
    type Output;

    /// The name by which another machine finds the pass; no other pass has it.
    fn name() -> String;

    /// Returns the state before any row.
    fn start(&self) -> Self::State;

    /// Adds the next rows of a part.
    ///
    /// # Errors
    ///
    /// Rows that the pass cannot use; the error ends the pass.
    fn update(&self, state: &mut Self::State, chunk: &Chunk) -> Result<(), DataError>;

    /// Ends a part, all rows of which have been added. Heavy work is done here
    /// or in [`update`](Self::update), where parts run side by side.
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update).
    fn end_part(&self, state: &mut Self::State) -> Result<(), DataError> {
        let _ = state;
        Ok(())
    }

    /// Ends a group of [`GROUP_ROWS`] rows, whose parts have been merged, on the machine
    /// that has read them. Only [`run_in_order`](Self::run_in_order) calls it: results
    /// that are too large to send can be written to a file here. `group` is the number of the group in
    /// the table, from 0. A group may be read and ended again if a machine is lost.
    /// Default: does nothing.
    ///
    /// # Errors
    ///
    /// What cannot be put elsewhere; the error ends the pass.
    fn end_group(&self, state: &mut Self::State, group: u64) -> Result<(), DataError> {
        let _ = (state, group);
        Ok(())
    }

    /// Adds the state of the rows that follow in the table. Both states have
    /// ended their parts.
    ///
    /// # Errors
    ///
    /// States that cannot be merged; the error ends the pass.
    fn merge(&self, state: &mut Self::State, later: Self::State) -> Result<(), DataError>;

    /// Returns the result for the state of the whole table.
    ///
    /// # Errors
    ///
    /// A table for which there is no result.
    fn finish(self, state: Self::State) -> Result<Self::Output, DataError>;

    /// The number of rows of a part, a power of two up to 8,192; other numbers are
    /// rounded down to one. Default: 8,192.
    fn part_rows(&self) -> u64 {
        MOST_PART_ROWS
    }

    /// Runs the pass over the columns of a table at these indices. Its chunks
    /// have these columns in this order.
    ///
    /// # Errors
    ///
    /// As [`Source::parts`]; else the first error in the order of the table, of
    /// reading or of the pass.
    fn run(
        self,
        engine: &dyn Engine,
        table: &dyn Source,
        columns: &[usize],
    ) -> Result<Self::Output, DataError> {
        let state = engine.run_any(table, columns, &self)?;
        self.finish(taken(state, Self::name)?)
    }

    /// Runs the pass, and calls `each` with the states after some rows each, in the
    /// order of the table.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run), or what `each` returns, which ends the pass.
    fn run_in_order(
        &self,
        engine: &dyn Engine,
        table: &dyn Source,
        columns: &[usize],
        each: &mut (dyn FnMut(Self::State) -> Result<(), DataError> + Send),
    ) -> Result<(), DataError> {
        engine.run_in_order(table, columns, self, &mut |state| {
            each(taken(state, Self::name)?)
        })
    }
}

/// Runs passes over tables; [`Pass::run`] and [`RowPass::run`](crate::RowPass::run)
/// are how it is used.
pub trait Engine: Send + Sync {
    /// Returns the state of a pass after all rows of a table; see [`Pass::run`].
    ///
    /// # Errors
    ///
    /// As [`Pass::run`].
    fn run_any(
        &self,
        table: &dyn Source,
        columns: &[usize],
        pass: &dyn AnyPass,
    ) -> Result<AnyState, DataError>;

    /// Calls `each` with the states of a pass after some rows each, in the order of
    /// the table, for results that are too large for one state. Default: with one
    /// state, of all rows.
    ///
    /// # Errors
    ///
    /// As [`run_any`](Self::run_any), or what `each` returns, which ends the pass.
    fn run_in_order(
        &self,
        table: &dyn Source,
        columns: &[usize],
        pass: &dyn AnyPass,
        each: &mut EachState<'_>,
    ) -> Result<(), DataError> {
        let mut state = self.run_any(table, columns, pass)?;
        pass.end_group_any(&mut state, 0)?;
        each(state)
    }

    /// Whether other machines read the rows. If so, another pass usually takes less time
    /// than to fetch the rows. Default: no.
    fn is_remote(&self) -> bool {
        false
    }

    /// Returns the state of a pass after all rows in memory. Default: on all cores
    /// of this machine.
    ///
    /// # Errors
    ///
    /// The first error of the pass, in the order of the rows.
    fn run_rows(&self, rows: &Dataset, pass: &dyn AnyRowPass) -> Result<AnyState, DataError> {
        Threads::default().run_rows(rows, pass)
    }
}

/// Takes states in the order of the table.
pub type EachState<'a> = dyn FnMut(AnyState) -> Result<(), DataError> + Send + 'a;

/// The largest number of rows of a part, and the number of rows of a block.
pub(crate) const MOST_PART_ROWS: u64 = 8192;

/// The smallest number of rows of a part: each part costs a state.
const FEWEST_PART_ROWS: u64 = 512;

/// The largest number of numbers of a part, unless its rows are so wide that
/// the fewest rows have more: 16 MiB of them.
const MOST_PART_NUMBERS: u64 = 1 << 21;

/// The number of rows of a part whose rows are `width` numbers: 8,192, and fewer
/// where that would be more than 2^21 numbers, but at least 512.
pub(crate) fn part_rows(width: usize) -> u64 {
    let most = MOST_PART_NUMBERS / (width as u64).max(1);
    let power = 1 << most.max(1).ilog2();
    power.clamp(FEWEST_PART_ROWS, MOST_PART_ROWS)
}

/// The number of rows of a part of a table for a pass over its columns, however
/// many of them it reads.
pub(crate) fn part_rows_of(table: &dyn Source) -> u64 {
    part_rows(table.schema().fields().len())
}

impl<A: Pass, B: Pass> Pass for (A, B) {
    type State = (A::State, B::State);
    type Output = (A::Output, B::Output);

    fn name() -> String {
        format!("({}, {})", A::name(), B::name())
    }

    fn start(&self) -> Self::State {
        (self.0.start(), self.1.start())
    }

    fn update(&self, state: &mut Self::State, chunk: &Chunk) -> Result<(), DataError> {
        self.0.update(&mut state.0, chunk)?;
        self.1.update(&mut state.1, chunk)
    }

    fn end_part(&self, state: &mut Self::State) -> Result<(), DataError> {
        self.0.end_part(&mut state.0)?;
        self.1.end_part(&mut state.1)
    }

    fn end_group(&self, state: &mut Self::State, group: u64) -> Result<(), DataError> {
        self.0.end_group(&mut state.0, group)?;
        self.1.end_group(&mut state.1, group)
    }

    fn merge(&self, state: &mut Self::State, later: Self::State) -> Result<(), DataError> {
        self.0.merge(&mut state.0, later.0)?;
        self.1.merge(&mut state.1, later.1)
    }

    fn finish(self, state: Self::State) -> Result<Self::Output, DataError> {
        Ok((self.0.finish(state.0)?, self.1.finish(state.1)?))
    }

    fn part_rows(&self) -> u64 {
        self.0.part_rows().min(self.1.part_rows())
    }
}
