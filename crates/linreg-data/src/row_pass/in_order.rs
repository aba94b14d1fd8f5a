use super::{AnyRowPass, RowChunk, RowNumbers};
use crate::pass::{Shape, Tree, part_rows};
use crate::{AnyState, ChunkOrder, DataError, RowSource, Rows};

/// Runs a pass over the rows of any source on the calling thread, with the state
/// that [`Dataset::run`](crate::Dataset::run) has for the same rows.
///
/// # Errors
///
/// An error of the source or of the pass, or rows that are not finite numbers of
/// the source's columns.
pub(crate) fn run_in_order(
    source: &(impl RowSource + ?Sized),
    pass: &dyn AnyRowPass,
) -> Result<AnyState, DataError> {
    let (features, targets) = (source.feature_names(), source.target_names());
    let width = features.len() + targets.len();
    let part_rows = part_rows(width) as usize;
    let mut run = InOrder {
        pass,
        tree: Tree::new(1, Shape::new(part_rows as u64)),
        num_features: features.len(),
        num_targets: targets.len(),
        part_rows,
        next_part: 0,
    };
    let (mut pending, mut num_pending) = (Rows::default(), 0);
    let (mut num_rows, mut is_weighted) = (0, None);
    for rows in source.chunks(ChunkOrder::File)? {
        let rows = rows?;
        let found = rows.check(features, targets, num_rows)?;
        if found == 0 {
            continue;
        }
        if *is_weighted.get_or_insert(rows.weights.is_some()) != rows.weights.is_some() {
            return Err(Rows::some_weighted());
        }
        num_rows += found;
        num_pending += found;
        pending.append(rows);
        let mut start = 0;
        while num_pending - start >= part_rows {
            run.update(&pending, start, start + part_rows)?;
            start += part_rows;
        }
        if start > 0 {
            pending.remove_first(start, features.len(), targets.len());
            num_pending -= start;
        }
    }
    if num_pending > 0 {
        run.update(&pending, 0, num_pending)?;
    }
    let InOrder {
        tree, next_part, ..
    } = run;
    tree.end(next_part, |state, later| pass.merge_any(state, later));
    let state = tree.finish()?;
    Ok(state.unwrap_or_else(|| pass.start_any()))
}

/// A pass that goes over part after part.
struct InOrder<'a> {
    pass: &'a dyn AnyRowPass,
    tree: Tree<AnyState>,
    num_features: usize,
    num_targets: usize,
    part_rows: usize,
    next_part: u64,
}

impl InOrder<'_> {
    /// Makes a part of the rows from `start` to `end`.
    fn update(&mut self, rows: &Rows, start: usize, end: usize) -> Result<(), DataError> {
        let (num_features, num_targets) = (self.num_features, self.num_targets);
        let rows = RowChunk {
            features: &rows.features[start * num_features..end * num_features],
            targets: &rows.targets[start * num_targets..end * num_targets],
            weights: rows.weights.as_ref().map(|weights| &weights[start..end]),
            tails: None,
            num_features,
            num_targets,
            numbers: RowNumbers::From(self.next_part * self.part_rows as u64),
            origins: &[],
        };
        let mut state = self.pass.start_any();
        self.pass.update_any(&mut state, &rows)?;
        let merge = |state: &mut AnyState, later| self.pass.merge_any(state, later);
        self.tree.deliver(self.next_part, state, merge);
        self.next_part += 1;
        Ok(())
    }
}
