use serde::{Deserialize, Serialize};

use crate::numbers::read_any_numbers;
use crate::random::mix;
use crate::schema::{Column, Kind, Schema};
use crate::source::{ChunkOrder, Source, column_indices};
use crate::values::Values;
use crate::{Chunk, ColumnIndex, DataError, read};

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
    let is_number =
        |column: &&Column| matches!(column.kind, Kind::Numeric | Kind::Boolean | Kind::Date);
    let columns: Vec<Column> = schema.columns.iter().filter(is_number).cloned().collect();
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let target = match target {
        None => None,
        Some(name) => {
            schema.column(name)?.check_number("target")?;
            ColumnIndex::new(&names).get(name)
        }
    };
    let indices = column_indices(source, &names)?;
    let is_constant: Vec<bool> = columns.iter().map(Column::is_constant).collect();
    let num_columns = columns.len();
    let capacity = SAMPLE_ROWS.min(SAMPLE_NUMBERS / num_columns.max(1)).max(1);
    let states = read(source, &indices, ChunkOrder::File, move |chunk| {
        let numbers = numbers(&columns, &chunk)?;
        let pairs = target.map(|target| {
            let pairs = numbers.iter();
            pairs
                .map(|column| Pair::of(column, &numbers[target]))
                .collect::<Vec<_>>()
        });
        Ok((Sample::of(numbers, &chunk, capacity), pairs))
    })?;
    let mut sample = Sample::new(num_columns, capacity);
    let mut pairs = vec![Pair::default(); num_columns];
    for state in states {
        let (later, later_pairs) = state?;
        sample.merge(later);
        for (pair, later) in pairs.iter_mut().zip(later_pairs.iter().flatten()) {
            pair.merge(later);
        }
    }
    sample.shrink();
    let correlation = |(index, pair): (usize, &Pair)| {
        // The rounding error of the mean of a constant could correlate with
        // anything.
        let is_one = Some(index) == target || is_constant[index];
        pair.correlation().filter(|_| !is_one)
    };
    let correlations = pairs.iter().enumerate().map(correlation).collect();
    Ok(Description {
        columns: names,
        sample,
        correlations,
    })
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

    fn of(numbers: Vec<Vec<f64>>, chunk: &Chunk, capacity: usize) -> Self {
        let rows = chunk.first_row..chunk.first_row + chunk.num_rows() as u64;
        let mut sample = Self {
            capacity,
            num_rows: chunk.num_rows() as u64,
            hashes: rows.map(mix).collect(),
            rows: numbers,
        };
        sample.shrink();
        sample
    }

    fn merge(&mut self, other: Self) {
        self.num_rows += other.num_rows;
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
        match self.is_whole() {
            true => 0.0,
            false => 1.96 * (0.25 / self.num_rows() as f64).sqrt(),
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

/// Sums of products of the deviations of two columns from their means, over the
/// rows in which neither is missing.
#[derive(Clone, Debug, Default)]
struct Pair {
    count: f64,
    mean_x: f64,
    mean_y: f64,
    xx: f64,
    yy: f64,
    xy: f64,
}

impl Pair {
    fn of(x: &[f64], y: &[f64]) -> Self {
        let both = || x.iter().zip(y).filter(|(x, y)| !x.is_nan() && !y.is_nan());
        let count = both().count() as f64;
        if count == 0.0 {
            return Self::default();
        }
        let mean_x = both().map(|(x, _)| x / count).sum();
        let mean_y = both().map(|(_, y)| y / count).sum();
        let mut pair = Self {
            count,
            mean_x,
            mean_y,
            ..Self::default()
        };
        for (x, y) in both() {
            let (dx, dy) = (x - mean_x, y - mean_y);
            pair.xx += dx * dx;
            pair.yy += dy * dy;
            pair.xy += dx * dy;
        }
        pair
    }

    /// Merges the sums by the formulas of Chan, Golub and LeVeque, *Updating
    /// Formulae and a Pairwise Algorithm for Computing Sample Variances*, 1979.
    fn merge(&mut self, other: &Self) {
        if other.count == 0.0 {
            return;
        }
        let count = self.count + other.count;
        let (dx, dy) = (other.mean_x - self.mean_x, other.mean_y - self.mean_y);
        let factor = self.count * other.count / count;
        self.xx += other.xx + dx * dx * factor;
        self.yy += other.yy + dy * dy * factor;
        self.xy += other.xy + dx * dy * factor;
        self.mean_x += dx * other.count / count;
        self.mean_y += dy * other.count / count;
        self.count = count;
    }

    /// Pearson's correlation; None where one of the columns is constant.
    fn correlation(&self) -> Option<f64> {
        let product = self.xx.sqrt() * self.yy.sqrt();
        let r = self.xy / product;
        (product > 0.0 && r.is_finite()).then_some(r.clamp(-1.0, 1.0))
    }
}

#[cfg(test)]
mod tests;
