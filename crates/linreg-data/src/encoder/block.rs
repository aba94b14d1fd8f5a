use super::bound::Kept;
use super::design::{Piece, Product};
use super::fitted::{FittedColumn, FittedRows};
use super::levels::{LevelIndex, MISSING, UNSEEN};
use super::{BoundEncoder, EncodingCounts};
use crate::numbers::read_numbers;
use crate::rows::Rows;
use crate::schema::{Column, Kind};
use crate::values::{ReadNumbers, Values, text};
use crate::{CellPlace, Chunk, DataError, MissingPolicy, RowProblem, RowsError, UnseenPolicy};

/// The cells of a chunk's columns, converted to the kinds of the columns.
pub(super) struct Block {
    columns: Vec<Cells>,
    kept: Vec<bool>,
    counts: EncodingCounts,
}

enum Cells {
    /// A missing value holds the mean of the column.
    Numbers {
        values: Vec<f64>,
        missing: Vec<bool>,
    },
    /// The index of each level, or [`MISSING`] or [`UNSEEN`].
    Levels(Vec<u32>),
}

impl Block {
    pub fn read(
        encoder: &BoundEncoder,
        chunk: &Chunk,
        wanted: Option<&[bool]>,
        numbers: &mut [ReadNumbers],
    ) -> Result<Self, DataError> {
        let num_rows = chunk.num_rows();
        if let Some(found) = wanted.map(<[bool]>::len).filter(|found| *found != num_rows) {
            let rows = num_rows;
            return Err(RowsError::Wanted { found, rows }.into());
        }
        let (found, expected) = (chunk.batch.num_columns(), encoder.columns.len());
        if found < expected {
            return Err(RowsError::Columns { found, expected }.into());
        }
        let kept = wanted.map_or_else(|| vec![true; num_rows], <[bool]>::to_vec);
        let mut block = Self {
            columns: Vec::new(),
            counts: EncodingCounts {
                rows: kept.iter().filter(|kept| **kept).count() as u64,
                ..EncodingCounts::default()
            },
            kept,
        };
        let num_feature_columns = encoder.encoder.num_feature_columns();
        let arrays = &chunk.batch.columns()[..expected];
        let columns = encoder.encoder.columns.iter();
        for (index, (column, array)) in columns.zip(arrays).enumerate() {
            let numbers = numbers.get_mut(index).and_then(Option::take);
            let cells = match (&column.kind, numbers) {
                (Kind::Categorical { levels, .. }, _) => {
                    block.levels(column, levels, &Values::words(array)?, chunk)?
                }
                (kind, numbers) => {
                    let values = match numbers.filter(|_| *kind == Kind::Numeric) {
                        Some(values) => values,
                        None => read_numbers(column, &Values::of(array)?, chunk, &block.kept)?,
                    };
                    let missing = values.iter().map(|value| value.is_nan()).collect();
                    Cells::Numbers { values, missing }
                }
            };
            let policy = encoder.encoder.missing;
            block.settle_missing(column, cells, index < num_feature_columns, policy, chunk)?;
        }
        block.leave_out_weightless(encoder);
        // This comes last, so that a new level in a row that is left out anyway
        // is no error.
        block.settle_unseen(encoder, chunk)?;
        block.counts.dropped =
            block.counts.rows - block.kept.iter().filter(|kept| **kept).count() as u64;
        Ok(block)
    }

    fn levels(
        &self,
        column: &Column,
        levels: &[String],
        values: &Values,
        chunk: &Chunk,
    ) -> Result<Cells, DataError> {
        let known = LevelIndex::new(levels);
        let mut indices = vec![MISSING; chunk.num_rows()];
        for (row, index) in indices.iter_mut().enumerate() {
            if !self.kept[row] {
                continue;
            }
            let word = match values {
                Values::Words(array) => text(array, row),
                Values::Other(kind) => {
                    let found = kind.to_string();
                    return Err(chunk.wrong_cell(row, &column.name, &found, "words or numbers"));
                }
                _ => None,
            };
            if let Some(word) = word.and_then(|word| chunk.cells.word(word)) {
                *index = known.get(word).unwrap_or(UNSEEN);
            }
        }
        Ok(Cells::Levels(indices))
    }

    /// Leaves out the rows of weight 0.
    fn leave_out_weightless(&mut self, encoder: &BoundEncoder) {
        let Some(column) = encoder.weight_column() else {
            return;
        };
        if let Some(Cells::Numbers { values, .. }) = self.columns.get(column) {
            for (kept, weight) in self.kept.iter_mut().zip(values) {
                if *kept && *weight == 0.0 {
                    *kept = false;
                    self.counts.weightless += 1;
                }
            }
        }
    }

    /// Applies the policy for new levels.
    fn settle_unseen(&mut self, encoder: &BoundEncoder, chunk: &Chunk) -> Result<(), DataError> {
        let before = self.kept.clone();
        for (column, cells) in encoder.encoder.columns.iter().zip(&mut self.columns) {
            let (Kind::Categorical { levels, .. }, Cells::Levels(indices)) = (&column.kind, cells)
            else {
                continue;
            };
            let mut unseen = 0;
            for (row, index) in indices.iter_mut().enumerate() {
                if *index != UNSEEN || !before[row] {
                    continue;
                }
                unseen += 1;
                match encoder.encoder.unseen {
                    UnseenPolicy::Baseline => *index = 0,
                    UnseenPolicy::Drop => {
                        self.counts.unseen_rows += u64::from(self.kept[row]);
                        self.kept[row] = false;
                    }
                    UnseenPolicy::Error => {
                        return Err(DataError::UnseenLevel {
                            at: Box::new(CellPlace {
                                row: chunk.origin.place(row),
                                column: column.name.clone(),
                            }),
                            found: found(chunk, encoder, &column.name, row),
                            levels: levels.as_slice().into(),
                        });
                    }
                }
            }
            if unseen > 0 {
                self.counts.unseen.insert(column.name.clone(), unseen);
            }
        }
        Ok(())
    }

    /// Applies the policy for missing values to a column.
    fn settle_missing(
        &mut self,
        column: &Column,
        mut cells: Cells,
        is_feature: bool,
        policy: MissingPolicy,
        chunk: &Chunk,
    ) -> Result<(), DataError> {
        let is_missing = |cells: &Cells, row: usize| match cells {
            Cells::Numbers { missing, .. } => missing[row],
            Cells::Levels(indices) => indices[row] == MISSING,
        };
        let mut count = 0;
        for row in 0..self.kept.len() {
            if !self.kept[row] || !is_missing(&cells, row) {
                continue;
            }
            count += 1;
            match policy {
                MissingPolicy::Error => {
                    return Err(DataError::MissingCell(CellPlace {
                        row: chunk.origin.place(row),
                        column: column.name.clone(),
                    }));
                }
                MissingPolicy::Drop => self.kept[row] = false,
                // A missing target or weight is never replaced: its row is left
                // out.
                MissingPolicy::Mean | MissingPolicy::Indicator => {
                    self.kept[row] = is_feature;
                }
            }
        }
        if count > 0 {
            self.counts.missing.insert(column.name.clone(), count);
        }
        if let Cells::Numbers { values, missing } = &mut cells {
            let mean = column.spread.map_or(0.0, |spread| spread.mean);
            for (value, missing) in values.iter_mut().zip(missing) {
                if *missing {
                    *value = mean;
                }
            }
        }
        self.columns.push(cells);
        Ok(())
    }

    /// Adds the rows that are kept to a summary.
    pub fn add_to(&self, summary: &mut FittedRows, encoder: &BoundEncoder) {
        let with_means = encoder.encoder.takes_means();
        summary
            .0
            .resize_with(self.columns.len(), FittedColumn::default);
        let columns = encoder.encoder.columns.iter().zip(&self.columns);
        for (summary, (column, cells)) in summary.0.iter_mut().zip(columns) {
            match (&column.kind, cells) {
                (Kind::Categorical { levels, .. }, Cells::Levels(indices)) => {
                    summary.add_levels(levels.len(), indices, &self.kept)
                }
                (_, Cells::Numbers { values, missing }) => {
                    summary.add_numbers(values, missing, &self.kept, with_means)
                }
                (_, Cells::Levels(_)) => (),
            }
        }
    }

    /// Encodes the rows that are kept, after those that `rows` has of the same encoder.
    /// After an error, `rows` is of no use.
    pub fn encode(
        self,
        encoder: &BoundEncoder,
        chunk: &Chunk,
        rows: &mut Rows,
    ) -> Result<Kept, DataError> {
        let kept: Vec<usize> = (0..self.kept.len()).filter(|row| self.kept[*row]).collect();
        let width = encoder.features.len();
        let before = rows.features.len();
        rows.features.resize(before + kept.len() * width, 0.0);
        let features = &mut rows.features[before..];
        let mut tails = None;
        if encoder.features.iter().any(Product::is_rounded) {
            let all = rows.tails.get_or_insert_default();
            all.resize(before + features.len(), 0.0);
            tails = Some(&mut all[before..]);
        }
        for (index, feature) in encoder.features.iter().enumerate() {
            let first = index.min(features.len());
            let cells = features[first..].iter_mut().step_by(width);
            let cells = cells.zip(&kept);
            match feature.0[..] {
                [Piece::Power { column, degree: 1 }] => {
                    if let Cells::Numbers { values, .. } = &self.columns[column] {
                        cells.for_each(|(cell, row)| *cell = values[*row]);
                    }
                }
                _ => match tails.as_mut().filter(|_| feature.is_rounded()) {
                    None => {
                        cells.for_each(|(cell, row)| *cell = self.product(feature, *row, encoder).0)
                    }
                    Some(tails) => {
                        let tails = tails[first..].iter_mut().step_by(width);
                        for ((cell, row), tail) in cells.zip(tails) {
                            (*cell, *tail) = self.product(feature, *row, encoder);
                        }
                    }
                },
            }
        }
        if let Some(index) = features.iter().position(|value| !value.is_finite()) {
            return Err(DataError::Row {
                place: chunk.origin.place(kept[index / width]),
                problem: RowProblem::FeatureOverflow(
                    encoder.features[index % width]
                        .feature(&encoder.encoder)
                        .to_string(),
                ),
            });
        }
        if encoder.with_targets {
            self.add_targets(encoder, chunk, &kept, rows)?;
        }
        Ok(Kept {
            kept: self.kept,
            counts: self.counts,
        })
    }

    /// The product of a feature's factors, and the part of it that an `f64`
    /// cannot hold.
    fn product(&self, feature: &Product, row: usize, encoder: &BoundEncoder) -> (f64, f64) {
        let mut product = (1.0, 0.0);
        for piece in &feature.0 {
            let (factor, degree) = match *piece {
                Piece::Power { column, degree } => match &self.columns[column] {
                    Cells::Numbers { values, .. } => (values[row], degree),
                    Cells::Levels(_) => (f64::NAN, 1),
                },
                Piece::Missing { column } => match &self.columns[column] {
                    Cells::Numbers { missing, .. } => (f64::from(u8::from(missing[row])), 1),
                    Cells::Levels(_) => (f64::NAN, 1),
                },
                Piece::Level { column, level, .. } => match &self.columns[column] {
                    Cells::Levels(indices) => (encoder.level(column, indices[row], level), 1),
                    Cells::Numbers { .. } => (f64::NAN, 1),
                },
            };
            for _ in 0..degree {
                product = times(product, factor);
            }
        }
        product
    }

    fn add_targets(
        &self,
        encoder: &BoundEncoder,
        chunk: &Chunk,
        kept: &[usize],
        rows: &mut Rows,
    ) -> Result<(), DataError> {
        let targets = encoder.encoder.num_feature_columns()..;
        let mut columns = self.columns[targets].iter();
        let num_targets = encoder.encoder.targets.len();
        let before = rows.targets.len();
        rows.targets.resize(before + kept.len() * num_targets, 0.0);
        let targets = &mut rows.targets[before..];
        for target in 0..num_targets {
            if let Some(Cells::Numbers { values, .. }) = columns.next() {
                for (index, row) in kept.iter().enumerate() {
                    targets[index * num_targets + target] = values[*row];
                }
            }
        }
        if let (Some(name), Some(Cells::Numbers { values, .. })) =
            (&encoder.encoder.weight, columns.next())
        {
            let all = rows.weights.get_or_insert_default();
            let before = all.len();
            all.extend(kept.iter().map(|row| values[*row]));
            let weights = &all[before..];
            if let Some(index) = weights.iter().position(|weight| *weight < 0.0) {
                let found = weights[index].to_string();
                let expected = "a weight of 0 or more";
                return Err(chunk.wrong_cell(kept[index], name, &found, expected));
            }
            let is_part = |weight: &f64| weight.fract() != 0.0;
            if encoder.encoder.counts
                && let Some(index) = weights.iter().position(is_part)
            {
                let found = weights[index].to_string();
                let expected = "a whole number, as weights are numbers of equal rows";
                return Err(chunk.wrong_cell(kept[index], name, &found, expected));
            }
        }
        Ok(())
    }
}

/// The text of a cell, for a message.
fn found(chunk: &Chunk, encoder: &BoundEncoder, column: &str, row: usize) -> String {
    let columns = encoder.encoder.columns.iter().zip(chunk.batch.columns());
    let mut arrays = columns.filter(|(other, _)| other.name == column);
    let words = arrays.next().map(|(_, array)| Values::words(array));
    match words {
        Some(Ok(Values::Words(array))) => text(&array, row).unwrap_or_default().trim().to_string(),
        _ => String::new(),
    }
}

/// Multiplies a number by an `f64`. The number is the sum of two `f64`, and so
/// has twice the digits of one (Dekker, *A floating-point technique for
/// extending the available precision*, 1971).
fn times((high, low): (f64, f64), factor: f64) -> (f64, f64) {
    let product = high * factor;
    let rest = high.mul_add(factor, -product) + low * factor;
    let sum = product + rest;
    (sum, rest - (sum - product))
}

impl BoundEncoder {
    /// The value of the feature of `level` in a row of the level `found`: 1 if
    /// they are the same, else 0; the level's share where the value is missing
    /// and takes the mean.
    fn level(&self, column: usize, found: u32, level: u32) -> f64 {
        let Kind::Categorical { levels, shares } = &self.encoder.columns[column].kind else {
            return f64::NAN;
        };
        let is_missing_level = level as usize == levels.len();
        match (found, self.encoder.missing) {
            (MISSING, MissingPolicy::Indicator) if self.encoder.columns[column].missing > 0 => {
                f64::from(u8::from(is_missing_level))
            }
            (MISSING, _) => shares.get(level as usize).copied().unwrap_or(0.0),
            _ => f64::from(u8::from(found == level)),
        }
    }
}
