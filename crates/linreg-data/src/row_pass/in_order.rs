use super::{RowChunk, RowNumbers, RowPass};
use crate::pass::{Shape, Tree, part_rows};
use crate::{ChunkOrder, DataError, RowSource, Rows};

/// Runs a pass over the rows of any source on the calling thread, with the result
/// that [`Dataset::run`](crate::Dataset::run) has for the same rows.
///
/// # Errors
///
/// An error of the source or of the pass, or rows that are not finite numbers of
/// the source's columns.
pub(crate) fn run_in_order<P: RowPass>(
    source: &(impl RowSource + ?Sized),
    pass: P,
) -> Result<P::Output, DataError> {
    let (features, targets) = (source.feature_names(), source.target_names());
    let width = features.len() + targets.len();
    let mut run = InOrder {
        pass: &pass,
        tree: Tree::new(1, Shape::new(part_rows(width))),
        num_features: features.len(),
        num_targets: targets.len(),
        next_part: 0,
    };
    let part_rows = part_rows(width) as usize;
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
    tree.end(next_part, |state, later| pass.merge(state, later));
    let state = tree.finish()?.unwrap_or_else(|| pass.start());
    pass.finish(state)
}

/// A pass that goes over part after part.
struct InOrder<'a, P: RowPass> {
    pass: &'a P,
    tree: Tree<P::State>,
    num_features: usize,
    num_targets: usize,
    next_part: u64,
}

impl<P: RowPass> InOrder<'_, P> {
    /// Makes a part of the rows from `start` to `end`.
    fn update(&mut self, rows: &Rows, start: usize, end: usize) -> Result<(), DataError> {
        let (num_features, num_targets) = (self.num_features, self.num_targets);
        let part = part_rows(num_features + num_targets);
        let rows = RowChunk {
            features: &rows.features[start * num_features..end * num_features],
            targets: &rows.targets[start * num_targets..end * num_targets],
            weights: rows.weights.as_ref().map(|weights| &weights[start..end]),
            tails: None,
            num_features,
            num_targets,
            numbers: RowNumbers::From(self.next_part * part),
            origins: &[],
        };
        let mut state = self.pass.start();
        self.pass.update(&mut state, &rows)?;
        let merge = |state: &mut P::State, later| self.pass.merge(state, later);
        self.tree.deliver(self.next_part, state, merge);
        self.next_part += 1;
        Ok(())
    }
}
