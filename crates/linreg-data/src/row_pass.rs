mod any;
mod encoded;
mod in_memory;
mod in_order;

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::pass::any::taken;
use crate::source::Origin;
use crate::{DataError, Place, RowSource};
pub use any::AnyRowPass;
pub use encoded::EncodedPass;
pub(crate) use encoded::EncodedState;
pub(crate) use in_order::run_in_order;

/// A computation over the encoded rows of a model, in memory or as they are read
/// from a file: a [`Pass`](crate::Pass) that need not know how rows are read.
///
/// [`run`](Self::run) runs it over any source of rows. Its result has the same
/// bits from a file and from memory, on any number of threads.
///
/// # Contract
///
/// [`update`](Self::update) is called once for each part of the table that has
/// rows, with all of them. A state that is serialised and read again has to be
/// the same state.
///
/// # Example
///
/// ```
/// use linreg_data::{DataError, RowChunk, RowPass, SyntheticConfig, Threads};
/// use serde::{Deserialize, Serialize};
///
/// /// The sum of all targets.
/// #[derive(Clone, Deserialize, Serialize)]
/// struct SumOfTargets;
///
/// impl RowPass for SumOfTargets {
///     type State = f64;
///     type Output = f64;
///
///     fn name() -> String {
///         "sum of targets".to_string()
///     }
///
///     fn start(&self) -> f64 {
///         0.0
///     }
///
///     fn update(&self, sum: &mut f64, rows: &RowChunk) -> Result<(), DataError> {
///         *sum += rows.targets.iter().sum::<f64>();
///         Ok(())
///     }
///
///     fn merge(&self, sum: &mut f64, later: f64) -> Result<(), DataError> {
///         *sum += later;
///         Ok(())
///     }
///
///     fn finish(self, sum: f64) -> Result<f64, DataError> {
///         Ok(sum)
///     }
/// }
///
/// # fn main() -> Result<(), DataError> {
/// let dataset = SyntheticConfig::new(vec![2.0, -3.4], 4.2).generate()?;
/// let on_all_cores = SumOfTargets.run(&dataset)?;
/// assert_eq!(dataset.run(&Threads::new(1), SumOfTargets)?, on_all_cores);
/// # Ok(())
/// # }
/// ```
pub trait RowPass: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What is known of some rows.
    type State: Serialize + DeserializeOwned + Send + 'static;
    /// The result.
    type Output;

    /// The name by which another machine finds the pass; no other row pass has
    /// it.
    fn name() -> String;

    /// Returns the state before any row.
    fn start(&self) -> Self::State;

    /// Adds all rows of a part.
    ///
    /// # Errors
    ///
    /// Rows that the pass cannot use; the error ends the pass.
    fn update(&self, state: &mut Self::State, rows: &RowChunk) -> Result<(), DataError>;

    /// Adds the state of the rows that follow in the table.
    ///
    /// # Errors
    ///
    /// States that cannot be merged; the error ends the pass.
    fn merge(&self, state: &mut Self::State, later: Self::State) -> Result<(), DataError>;

    /// Returns the result for the state of all rows.
    ///
    /// # Errors
    ///
    /// Rows for which there is no result.
    fn finish(self, state: Self::State) -> Result<Self::Output, DataError>;

    /// Runs the pass over all rows of a source: those of a table on the engine
    /// that it is read with, those in memory on all cores.
    ///
    /// # Errors
    ///
    /// The first error in the order of the rows, of reading or of the pass.
    fn run(self, source: &(impl RowSource + ?Sized)) -> Result<Self::Output, DataError> {
        let state = source.run_any(&self)?;
        self.finish(taken(state, Self::name)?)
    }
}

/// The encoded rows of a part of a table; at least one.
///
/// # Shapes
///
/// - features and tails: row-major `[num_rows, num_features]`
/// - targets: row-major `[num_rows, num_targets]`
/// - weights: `[num_rows]`
#[derive(Clone, Copy)]
pub struct RowChunk<'a> {
    /// The features.
    pub features: &'a [f64],
    /// The targets.
    pub targets: &'a [f64],
    /// The weight of each row; None where all rows count the same.
    pub weights: Option<&'a [f64]>,
    /// The rounding errors of the features; see [`Rows`](crate::Rows).
    pub tails: Option<&'a [f64]>,
    /// Number of features of a row; at least 1.
    pub num_features: usize,
    /// Number of targets of a row; at least 1.
    pub num_targets: usize,
    numbers: RowNumbers<'a>,
    origins: &'a [SliceOrigin],
}

/// The numbers of the rows in the table.
#[derive(Clone, Copy)]
enum RowNumbers<'a> {
    /// They are consecutive from this one.
    From(u64),
    Listed(&'a [u64]),
}

/// Where the rows of a slice of a part come from.
struct SliceOrigin {
    first_row: u64,
    origin: Arc<dyn Origin>,
}

impl RowChunk<'_> {
    /// Number of rows; 0 without targets.
    pub fn num_rows(&self) -> usize {
        let rows = self.targets.len().checked_div(self.num_targets);
        rows.unwrap_or(0)
    }

    /// Returns the number of a row in the table, from 0; rows that are left out
    /// count too.
    ///
    /// # Panics
    ///
    /// If there is no row of this index.
    pub fn row_number(&self, index: usize) -> u64 {
        assert!(index < self.num_rows(), "no row {index}");
        match self.numbers {
            RowNumbers::From(first) => first + index as u64,
            RowNumbers::Listed(numbers) => numbers[index],
        }
    }

    /// Returns the place of a row as a person finds it, for messages:
    /// `houses.csv: line 17`, or `row 17` where the rows are from no file.
    ///
    /// # Panics
    ///
    /// If there is no row of this index.
    pub fn place(&self, index: usize) -> Place {
        let row = self.row_number(index);
        let later = self.origins.partition_point(|slice| slice.first_row <= row);
        match later.checked_sub(1).map(|slice| &self.origins[slice]) {
            Some(slice) => slice.origin.place((row - slice.first_row) as usize),
            None => Place::of_row("", row + 1),
        }
    }
}

impl<A: RowPass, B: RowPass> RowPass for (A, B) {
    type State = (A::State, B::State);
    type Output = (A::Output, B::Output);

    fn name() -> String {
        format!("({}, {})", A::name(), B::name())
    }

    fn start(&self) -> Self::State {
        (self.0.start(), self.1.start())
    }

    fn update(&self, state: &mut Self::State, rows: &RowChunk) -> Result<(), DataError> {
        self.0.update(&mut state.0, rows)?;
        self.1.update(&mut state.1, rows)
    }

    fn merge(&self, state: &mut Self::State, later: Self::State) -> Result<(), DataError> {
        self.0.merge(&mut state.0, later.0)?;
        self.1.merge(&mut state.1, later.1)
    }

    fn finish(self, state: Self::State) -> Result<Self::Output, DataError> {
        Ok((self.0.finish(state.0)?, self.1.finish(state.1)?))
    }
}
