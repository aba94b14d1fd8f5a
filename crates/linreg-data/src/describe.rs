mod pairs;
mod sample;

use serde::{Deserialize, Serialize};

use crate::numbers::read_any_numbers;
use crate::schema::{Column, Schema};
use crate::source::{Source, column_indices};
use crate::values::Values;
use crate::{Chunk, ColumnIndex, DataError, Engine, Pass, SampleLimit, Threads, pass};
use pairs::{Pair, Pairs};
pub use sample::Sample;
use sample::SampledRows;

/// Statistics of the numeric columns of a table beyond its [`Schema`], from one
/// pass.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Description {
    /// The columns described: the numeric, boolean and date ones, in file order.
    pub columns: Vec<String>,
    /// A sample of the rows, from which quantiles are taken.
    pub sample: Sample,
    /// The correlation of each column with the target, if one is named; None
    /// for a column that is constant and for the target itself.
    pub correlations: Vec<Option<f64>>,
}

/// The rows of the sample for quantiles: enough that a rank is within 1 % of
/// the rows in 19 of 20 cases.
const SAMPLE_ROWS: usize = 10_000;

/// The largest number of numbers in a sample, which limits its rows for very
/// many columns.
const SAMPLE_NUMBERS: usize = 1 << 23;

/// Describes the numeric columns of a source, each on its own and, if there is
/// a target, together with it.
///
/// # Errors
///
/// A target that is not numeric, or a source that cannot be read.
pub fn describe(
    source: &dyn Source,
    schema: &Schema,
    target: Option<&str>,
) -> Result<Description, DataError> {
    describe_on(&Threads::default(), source, schema, target)
}

/// As [`describe()`], on an engine of the caller's.
///
/// # Errors
///
/// As [`describe()`].
pub fn describe_on(
    engine: &dyn Engine,
    source: &dyn Source,
    schema: &Schema,
    target: Option<&str>,
) -> Result<Description, DataError> {
    let columns = schema.columns.iter();
    let columns = columns.filter(|column| column.kind.is_number());
    let columns: Vec<Column> = columns.cloned().collect();
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let target = match target {
        None => None,
        Some(name) => {
            schema.column(name)?.check_number("target")?;
            ColumnIndex::new(&names).get(name)
        }
    };
    let indices = column_indices(source, &names)?;
    let capacity = SAMPLE_ROWS.min(SAMPLE_NUMBERS / columns.len().max(1));
    let pass = DescribePass {
        part_rows: pass::part_rows_of(source),
        capacity: capacity.max(1),
        columns,
        target,
        limit: SampleLimit::default(),
    };
    pass.run(engine, source, &indices)
}

/// Describes numeric columns.
#[derive(Deserialize, Serialize)]
pub(crate) struct DescribePass {
    columns: Vec<Column>,
    /// The position of the target among the columns.
    target: Option<usize>,
    /// The largest number of rows of the sample.
    capacity: usize,
    part_rows: u64,
    #[serde(skip)]
    limit: SampleLimit,
}

impl Pass for DescribePass {
    type State = (SampledRows, Pairs);
    type Output = Description;

    fn name() -> String {
        "describe".to_string()
    }

    fn start(&self) -> Self::State {
        let sample = SampledRows::new(self.capacity).within(&self.limit);
        (sample, Pairs::new(self.columns.len()))
    }

    fn update(&self, (sample, pairs): &mut Self::State, chunk: &Chunk) -> Result<(), DataError> {
        let numbers = numbers(&self.columns, chunk)?;
        if let Some(target) = self.target {
            pairs.update(&numbers, target);
        }
        sample.update(&numbers, chunk.first_row, chunk.num_rows());
        Ok(())
    }

    fn end_part(&self, (_, pairs): &mut Self::State) -> Result<(), DataError> {
        if let Some(target) = self.target {
            pairs.settle(target);
        }
        Ok(())
    }

    fn merge(&self, state: &mut Self::State, later: Self::State) -> Result<(), DataError> {
        state.0.merge(later.0);
        state.0.tell(&self.limit);
        state.1.merge(&later.1);
        Ok(())
    }

    fn finish(self, (sample, pairs): Self::State) -> Result<Description, DataError> {
        let correlation = |(index, (column, pair)): (usize, (&Column, &Pair))| {
            // The rounding error of the mean of a constant could correlate with
            // anything.
            let is_one = Some(index) == self.target || column.is_constant();
            pair.correlation().filter(|_| !is_one)
        };
        let columns = self.columns.iter().zip(&pairs.sums).enumerate();
        Ok(Description {
            correlations: columns.map(correlation).collect(),
            sample: sample.finish(self.columns.len()),
            columns: self.columns.into_iter().map(|column| column.name).collect(),
        })
    }

    fn part_rows(&self) -> u64 {
        self.part_rows
    }
}

/// Returns the finite numbers of each column; NaN for other cells.
fn numbers(columns: &[Column], chunk: &Chunk) -> Result<Vec<Vec<f64>>, DataError> {
    let all = vec![true; chunk.num_rows()];
    let arrays = columns.iter().zip(chunk.batch.columns());
    let finite = |(column, array)| {
        let mut numbers = read_any_numbers(column, &Values::of(array)?, chunk, &all)?;
        for number in numbers.iter_mut().filter(|number| number.is_infinite()) {
            *number = f64::NAN;
        }
        Ok(numbers)
    };
    arrays.map(finite).collect()
}

#[cfg(test)]
mod tests;
