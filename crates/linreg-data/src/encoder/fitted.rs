use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::Encoder;
use super::levels::MISSING;
use crate::error::StoredError;
use crate::number_summary::NumberSummary;
use crate::schema::{Column, ColumnError, CommonCell, Kind, Schema, SchemaIndex, Spread, Why};
use crate::{DataError, Split};

/// A summary of the rows that a model is fitted to, one entry for each column
/// of the encoder. These rows are neither held out, nor left out for a missing
/// value, nor of weight 0.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(try_from = "Vec<FittedColumn>")]
pub(crate) struct FittedRows(pub Vec<FittedColumn>);

impl TryFrom<Vec<FittedColumn>> for FittedRows {
    type Error = StoredError;

    fn try_from(columns: Vec<FittedColumn>) -> Result<Self, StoredError> {
        for column in &columns {
            StoredError::check_counts("number of missing cells", [column.missing])?;
            StoredError::check_counts(
                "number of cells with levels",
                column.levels.iter().copied(),
            )?;
        }
        Ok(Self(columns))
    }
}

/// A summary of a column in these rows.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct FittedColumn {
    /// The number of missing values.
    pub missing: u64,
    /// The number of rows of each level; empty for numbers.
    pub levels: Vec<u64>,
    /// The first number.
    pub first: Option<f64>,
    /// Whether some number differs from the first.
    pub varies: bool,
    /// The mean and spread of the numbers, where missing values take the mean.
    pub numbers: Option<NumberSummary>,
}

impl FittedColumn {
    pub fn add_levels(&mut self, num_levels: usize, indices: &[u32], kept: &[bool]) {
        self.levels.resize(num_levels, 0);
        for (index, _) in indices.iter().zip(kept).filter(|(_, kept)| **kept) {
            match self.levels.get_mut(*index as usize) {
                Some(count) => *count += 1,
                None => self.missing += u64::from(*index == MISSING),
            }
        }
    }

    pub fn add_numbers(
        &mut self,
        values: &[f64],
        missing: &[bool],
        kept: &[bool],
        with_means: bool,
    ) {
        let rows = || {
            let rows = values.iter().zip(missing).zip(kept);
            rows.filter_map(|((value, missing), kept)| kept.then_some((*value, *missing)))
        };
        let present = || rows().filter_map(|(value, missing)| (!missing).then_some(value));
        self.first = self.first.or_else(|| present().next());
        // `any` stops at the first number that differs, nearly always in the
        // second row.
        let first = self.first.filter(|_| !self.varies);
        self.varies |= first.is_some_and(|first| present().any(|value| value != first));
        if with_means {
            let values: Vec<f64> = present().collect();
            self.numbers.get_or_insert_default().update(&values);
            self.missing += rows().filter(|(_, missing)| *missing).count() as u64;
        }
    }

    fn merge(&mut self, later: Self) {
        self.missing += later.missing;
        self.levels
            .resize(self.levels.len().max(later.levels.len()), 0);
        for (count, later) in self.levels.iter_mut().zip(later.levels) {
            *count += later;
        }
        let differs = self.first.zip(later.first).is_some_and(|(a, b)| a != b);
        self.varies |= later.varies || differs;
        self.first = self.first.or(later.first);
        match (&mut self.numbers, later.numbers) {
            (Some(numbers), Some(later)) => numbers.merge(&later),
            (numbers, later) => *numbers = numbers.take().or(later),
        }
    }
}

impl FittedRows {
    /// Ends a part of the table.
    pub fn settle(&mut self) {
        let numbers = self
            .0
            .iter_mut()
            .filter_map(|column| column.numbers.as_mut());
        numbers.for_each(NumberSummary::settle);
    }

    /// Adds the summary of later rows. Both have been settled.
    pub fn merge(&mut self, later: Self) {
        if self.0.is_empty() {
            *self = later
        } else {
            let columns = self.0.iter_mut().zip(later.0);
            columns.for_each(|(column, later)| column.merge(later));
        }
    }
}

impl Encoder {
    /// Whether a model of the training rows of a split may be fitted to fewer
    /// rows than the table has.
    pub(crate) fn may_leave_out_rows(&self, split: &Split) -> bool {
        let num_features = self.num_feature_columns();
        let is_dropped = |(index, column): (usize, &Column)| {
            column.missing > 0 && (index >= num_features || !self.takes_means())
        };
        *split != Split::None
            || self.columns.iter().enumerate().any(is_dropped)
            || self.weight.is_some() && self.columns.last().is_some_and(has_zero)
    }

    /// Restricts levels and means to those of the rows fitted to, in the schema
    /// too.
    ///
    /// Returns false, and leaves the encoder as it was, if features are
    /// constant in these rows: their columns become ignored in the schema, and
    /// the caller has to make a new encoder. With `keeps_constants` they stay.
    ///
    /// # Errors
    ///
    /// A reference level that the user named and that no row fitted to has.
    pub(crate) fn settle(
        &mut self,
        rows: &FittedRows,
        schema: &mut Schema,
        keeps_constants: bool,
    ) -> Result<bool, DataError> {
        let num_features = self.num_feature_columns();
        let target = rows.0.get(num_features);
        if target.is_none_or(|target| target.first.is_none()) {
            // There are no rows at all; the fit reports that.
            return Ok(true);
        }
        let mut constants = Vec::new();
        let features = self.columns_alone();
        let columns = self.columns[..num_features].iter().enumerate();
        for ((index, column), found) in columns.zip(&rows.0) {
            let why = found.constant(&column.kind, self.intercept);
            // A column that is only in products may be constant, but not
            // missing in every row.
            let is_left_out = features.contains(&index) || found.is_empty();
            if let Some(why) = why.filter(|_| !keeps_constants && is_left_out) {
                constants.push((column, why));
            }
        }
        if !constants.is_empty() {
            // A column whose missing values have cost rows is left out alone:
            // in the rows that come back, other columns may vary.
            constants.sort_by_key(|(column, _)| std::cmp::Reverse(column.missing));
            if constants[0].0.missing > 0 {
                constants.truncate(1);
            }
            let index = SchemaIndex::new(schema);
            let position = |column: &Column| index.position(&column.name, column.is_second);
            let constants = constants.into_iter();
            let left_out = constants.filter_map(|(column, why)| Some((position(column)?, why)));
            let left_out: Vec<(usize, Why)> = left_out.collect();
            schema.leave_out(left_out);
            return Ok(false);
        }
        let with_means = self.takes_means();
        let in_schema = SchemaIndex::new(schema);
        let positions = self.columns.iter();
        let positions = positions.map(|column| in_schema.position(&column.name, column.is_second));
        let positions: Vec<Option<usize>> = positions.collect();
        for (index, (column, found)) in self.columns.iter_mut().zip(&rows.0).enumerate() {
            if with_means && index < num_features {
                column.missing = found.missing;
            }
            if let Some(numbers) = &found.numbers {
                column.spread = Spread::of(numbers);
            }
            let unfitted = narrow(column, &found.levels, keeps_constants)?;
            if let Some(position) = positions[index] {
                let of_schema = &mut schema.columns[position];
                of_schema.kind = column.kind.clone();
                of_schema.spread = column.spread;
                of_schema.unfitted_levels = unfitted;
            }
        }
        Ok(true)
    }

    /// The positions of the columns that are features on their own, not only in
    /// products.
    fn columns_alone(&self) -> HashSet<usize> {
        let index = self.feature_index();
        let alone = self.terms.iter().filter_map(|term| match &term.0[..] {
            [factor] => index.of(factor),
            _ => None,
        });
        alone.collect()
    }
}

/// Keeps the levels of a column that some row has, and returns the others.
fn narrow(
    column: &mut Column,
    counts: &[u64],
    may_lose_baseline: bool,
) -> Result<Vec<String>, DataError> {
    let Kind::Categorical { levels, shares } = &mut column.kind else {
        return Ok(Vec::new());
    };
    if let (Some(baseline), Some(0)) = (levels.first(), counts.first())
        && column.is_baseline_named
        && !may_lose_baseline
    {
        let (column, baseline) = (column.name.clone(), baseline.clone());
        return Err(ColumnError::UnfittedBaseline { column, baseline }.into());
    }
    let all = counts.iter().sum::<u64>() as f64;
    let (mut fitted, mut unfitted) = (Vec::new(), Vec::new());
    shares.clear();
    for (level, count) in std::mem::take(levels).into_iter().zip(counts) {
        if *count > 0 {
            fitted.push(level);
            shares.push(*count as f64 / all);
        } else {
            unfitted.push(level);
        }
    }
    *levels = fitted;
    Ok(unfitted)
}

fn has_zero(weight: &Column) -> bool {
    weight.spread.is_some_and(|spread| spread.min == 0.0)
}

impl FittedColumn {
    /// Whether every value is missing.
    fn is_empty(&self) -> bool {
        self.first.is_none() && self.levels.iter().all(|count| *count == 0)
    }

    /// Says what every cell is, if all are the same.
    fn constant(&self, kind: &Kind, has_intercept: bool) -> Option<Why> {
        let cell = match kind {
            Kind::Categorical { levels, .. } => {
                let mut present = levels.iter().zip(&self.levels);
                let mut present = present.by_ref().filter(|(_, count)| **count > 0);
                match (present.next(), present.next()) {
                    (_, Some(_)) => return None,
                    (Some((level, _)), None) => CommonCell::Word(level.clone()),
                    (None, None) => CommonCell::Missing,
                }
            }
            _ => match self.first {
                None => CommonCell::Missing,
                Some(value) if !self.varies && (has_intercept || value == 0.0) => {
                    CommonCell::Number(value)
                }
                Some(_) => return None,
            },
        };
        Some(Why::Constant {
            cell,
            in_fitted_rows: true,
        })
    }
}
