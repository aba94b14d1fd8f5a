use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::{Deliver, Run, Threads, on_threads, out_of_order};
use crate::pass::tree::{GROUP_ROWS, Shape, Tree};
use crate::pass::{AnyPass, AnyState, EachState};
use crate::{ChunkOrder, DataError, Source};

impl Threads {
    /// Runs a pass over whole groups of [`GROUP_ROWS`] rows, the last of which may
    /// be shorter at the end of the table. Calls `deliver` with the state of each and
    /// the number of the group in the table, from 0, in any order and on any thread.
    ///
    /// This is the share of one machine in a pass: states of groups that are merged
    /// from the first to the last give the state that
    /// [`run_any`](crate::Engine::run_any) returns.
    ///
    /// # Errors
    ///
    /// As [`Pass::run`](crate::Pass::run), in the order of the rows of the range; a
    /// range that does not begin where a group does, or has rows beyond the table;
    /// or what `deliver` returns.
    pub fn run_groups(
        &self,
        table: &dyn Source,
        columns: &[usize],
        rows: Range<u64>,
        pass: &dyn AnyPass,
        deliver: &Deliver<'_>,
    ) -> Result<(), DataError> {
        if !rows.start.is_multiple_of(GROUP_ROWS) {
            return Err(out_of_order(
                rows.start,
                rows.start.next_multiple_of(GROUP_ROWS),
            ));
        }
        let parts = table.parts_of(columns, rows.clone())?;
        let parts = parts.map({
            let rows = rows.clone();
            move |part| part.map(|part| part.within(&rows))
        });
        let shape = Shape::new(pass.rows_of_part());
        let tree = Tree::new(self.num_threads, shape).keeping_groups();
        let run = Run::new(pass, Box::new(parts), rows.start, tree, deliver);
        on_threads(self.num_threads, &run.tree, || run.work());
        let next_row = run.pieces.lock().map_or(0, |pieces| pieces.next_row);
        run.tree.finish()?;
        if next_row != rows.end {
            return Err(DataError::PartChanged {
                found: next_row.saturating_sub(rows.start),
                expected: rows.end - rows.start,
            });
        }
        Ok(())
    }

    /// Runs a pass over a table, and calls `each` with the states of groups, in order.
    pub(super) fn run_groups_in_order(
        &self,
        table: &dyn Source,
        columns: &[usize],
        pass: &dyn AnyPass,
        each: &mut EachState<'_>,
    ) -> Result<(), DataError> {
        let parts = table.parts(columns, ChunkOrder::File)?;
        let shape = Shape::new(pass.rows_of_part());
        let tree = Tree::new(self.num_threads, shape).keeping_groups();
        let in_order = Mutex::new(InOrder {
            next: 0,
            waiting: BTreeMap::new(),
            each,
        });
        let deliver = |group, state| {
            let in_order = in_order.lock();
            in_order
                .unwrap_or_else(PoisonError::into_inner)
                .add(group, state)
        };
        let run = Run::new(pass, parts, 0, tree, &deliver);
        on_threads(self.num_threads, &run.tree, || run.work());
        run.tree.finish().map(drop)
    }
}

/// States of groups that come in any order.
struct InOrder<'a, 'b> {
    /// The number of the group that comes next.
    next: u64,
    waiting: BTreeMap<u64, AnyState>,
    each: &'a mut EachState<'b>,
}

impl InOrder<'_, '_> {
    fn add(&mut self, group: u64, state: AnyState) -> Result<(), DataError> {
        self.waiting.insert(group, state);
        while let Some(state) = self.waiting.remove(&self.next) {
            (self.each)(state)?;
            self.next += 1;
        }
        Ok(())
    }
}
