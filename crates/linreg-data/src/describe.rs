mod pairs;

use serde::{Deserialize, Serialize};

use crate::numbers::read_any_numbers;
use crate::random::mix;
use crate::schema::{Column, Schema};
use crate::source::{Source, column_indices};
use crate::values::Values;
use crate::{Chunk, ColumnIndex, DataError, Engine, Pass, Threads, exact, pass};
use pairs::{Pair, Pairs};

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
    };
    pass.run(engine, source, &indices)
}

/// Describes numeric columns.
#[derive(Deserialize, Serialize)]
struct DescribePass {
    columns: Vec<Column>,
    /// The position of the target among the columns.
    target: Option<usize>,
    /// The largest number of rows of the sample.
    capacity: usize,
    part_rows: u64,
}

impl Pass for DescribePass {
    type State = (Sample, Pairs);
    type Output = Description;

    fn name() -> String {
        "describe".to_string()
    }

    fn start(&self) -> Self::State {
        let num_columns = self.columns.len();
        let sample = Sample::new(num_columns, self.capacity);
        (sample, Pairs::new(num_columns))
    }

    fn update(&self, (sample, pairs): &mut Self::State, chunk: &Chunk) -> Result<(), DataError> {
        let numbers = numbers(&self.columns, chunk)?;
        if let Some(target) = self.target {
            pairs.update(&numbers, target);
        }
        sample.update(numbers, chunk);
        Ok(())
    }

    fn end_part(&self, (sample, pairs): &mut Self::State) -> Result<(), DataError> {
        if let Some(target) = self.target {
            pairs.settle(target);
        }
        sample.shrink();
        Ok(())
    }

    fn merge(&self, state: &mut Self::State, later: Self::State) -> Result<(), DataError> {
        state.0.merge(later.0);
        state.1.merge(&later.1);
        Ok(())
    }

    fn finish(self, (mut sample, pairs): Self::State) -> Result<Description, DataError> {
        sample.shrink();
        let correlation = |(index, pair): (usize, &Pair)| {
            // The rounding error of the mean of a constant could correlate with
            // anything.
            let is_one = Some(index) == self.target || self.columns[index].is_constant();
            pair.correlation().filter(|_| !is_one)
        };
        let correlations = pairs.sums.iter().enumerate().map(correlation);
        Ok(Description {
            correlations: correlations.collect(),
            columns: self.columns.into_iter().map(|column| column.name).collect(),
            sample,
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

/// A random sample of the rows of a table in which every row is equally likely:
/// it keeps the rows whose numbers have the smallest hashes. The samples of
/// parts of a table merge to the sample of the whole, whatever the parts.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Sample {
    /// The largest number of rows to keep.
    capacity: usize,
    /// The number of rows seen.
    num_rows: u64,
    /// The hash of each row kept.
    hashes: Vec<u64>,
    /// The numbers of the rows kept, one vector for each column; NaN where
    /// missing.
    #[serde(with = "exact::lists")]
    rows: Vec<Vec<f64>>,
}

impl Sample {
    fn new(num_columns: usize, capacity: usize) -> Self {
        Self {
            capacity,
            num_rows: 0,
            hashes: Vec::new(),
            rows: vec![Vec::new(); num_columns],
        }
    }

    fn update(&mut self, numbers: Vec<Vec<f64>>, chunk: &Chunk) {
        let num_rows = chunk.num_rows() as u64;
        let rows = chunk.first_row..chunk.first_row + num_rows;
        self.merge(Self {
            capacity: self.capacity,
            num_rows,
            hashes: rows.map(mix).collect(),
            rows: numbers,
        });
    }

    fn merge(&mut self, other: Self) {
        self.num_rows += other.num_rows;
        if self.hashes.is_empty() {
            (self.hashes, self.rows) = (other.hashes, other.rows);
            return;
        }
        self.hashes.extend(other.hashes);
        for (column, other) in self.rows.iter_mut().zip(other.rows) {
            column.extend(other);
        }
        // It does not shrink at every chunk, since each selection goes over all
        // rows kept.
        if self.hashes.len() > 2 * self.capacity {
            self.shrink();
        }
    }

    fn shrink(&mut self) {
        let Some(kept) = self.kept() else {
            return;
        };
        let keep = |values: &mut Vec<f64>| {
            let mut kept = kept.iter();
            values.retain(|_| kept.next().is_some_and(|kept| *kept));
        };
        self.rows.iter_mut().for_each(keep);
        let mut all = kept.iter();
        self.hashes.retain(|_| all.next().is_some_and(|kept| *kept));
    }

    /// Says of each row held whether it is in the sample; None if all are.
    fn kept(&self) -> Option<Vec<bool>> {
        if self.hashes.len() <= self.capacity {
            return None;
        }
        let mut sorted = self.hashes.clone();
        let (_, limit, _) = sorted.select_nth_unstable(self.capacity);
        let limit = *limit;
        Some(self.hashes.iter().map(|hash| *hash < limit).collect())
    }

    /// The number of rows in the sample.
    pub fn num_rows(&self) -> usize {
        self.hashes.len().min(self.capacity)
    }

    /// Whether the sample is the whole table, so that quantiles are exact.
    pub fn is_whole(&self) -> bool {
        self.num_rows <= self.capacity as u64
    }

    /// The error of the rank of a quantile as a share of the rows, which is not
    /// exceeded in 19 of 20 cases: 1.96 standard deviations of a binomial share
    /// of one half.
    pub fn rank_error(&self) -> f64 {
        if self.is_whole() {
            0.0
        } else {
            1.96 * (0.25 / self.num_rows() as f64).sqrt()
        }
    }

    /// Returns the quantiles of a column at shares from 0 to 1, without missing
    /// values, by linear interpolation as R's type 7 (Hyndman and Fan, *Sample
    /// Quantiles in Statistical Packages*, 1996); None if there are no numbers.
    pub fn quantiles(&self, column: usize, shares: &[f64]) -> Option<Vec<f64>> {
        let kept = self.kept();
        let is_kept = |row: usize| kept.as_ref().is_none_or(|kept| kept[row]);
        let values = self.rows[column].iter().enumerate();
        let values = values.filter(|(row, value)| !value.is_nan() && is_kept(*row));
        let mut values: Vec<f64> = values.map(|(_, value)| *value).collect();
        if values.is_empty() {
            return None;
        }
        values.sort_unstable_by(f64::total_cmp);
        let quantile = |share: &f64| {
            let position = share * (values.len() - 1) as f64;
            let below = position.floor() as usize;
            let above = (below + 1).min(values.len() - 1);
            let part = position - below as f64;
            // The difference of the two values is not used, since it may
            // overflow.
            values[below] * (1.0 - part) + values[above] * part
        };
        Some(shares.iter().map(quantile).collect())
    }
}

#[cfg(test)]
mod tests;
