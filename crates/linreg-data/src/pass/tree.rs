use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::MOST_PART_ROWS;
use crate::DataError;

/// The number of blocks of a group.
const BLOCKS_OF_GROUP: u64 = 16;

/// The number of rows of a group, the states of which are merged on one machine.
pub const GROUP_ROWS: u64 = BLOCKS_OF_GROUP * MOST_PART_ROWS;

/// How many neighbours are merged into one at each level below the total: parts
/// into a block of as many rows as the largest parts have, and 16 blocks into a
/// group. So a pass may merge the states of small parts of a block itself, and
/// another machine those of a group.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub parts_of_block: u64,
    pub blocks_of_group: u64,
}

impl Shape {
    /// The shape for parts of this many rows.
    pub fn new(part_rows: u64) -> Self {
        Self {
            parts_of_block: (MOST_PART_ROWS / part_rows).max(1),
            blocks_of_group: BLOCKS_OF_GROUP,
        }
    }

    /// The number of nodes of the level below that make up a node; None for the
    /// total.
    fn width(self, level: Level) -> Option<u64> {
        match level {
            Level::Block => Some(self.parts_of_block),
            Level::Group => Some(self.blocks_of_group),
            Level::Total => None,
        }
    }

    /// The number of parts of a node of the level below.
    fn parts_below(self, level: Level) -> u64 {
        match level {
            Level::Block => 1,
            Level::Group => self.parts_of_block,
            Level::Total => self.parts_of_block * self.blocks_of_group,
        }
    }
}

/// Merges the states of parts in the order of the table, along a tree that is the
/// same whoever delivers them, and when.
///
/// Workers deliver states in any order. Whoever delivers the state that a group
/// waits for merges it, and those that follow it. Merging happens outside the
/// lock.
pub(crate) struct Tree<S> {
    shape: Shape,
    inner: Mutex<Inner<S>>,
    changed: Condvar,
    /// With this many states in memory, no part may begin but the first that has
    /// not been delivered, once all others that can be merged are.
    most_states: usize,
    /// Whether the states of groups are taken out, not merged.
    keeps_groups: bool,
}

struct Inner<S> {
    folds: BTreeMap<Node, Fold<S>>,
    /// The states of groups to take out.
    groups: Vec<(u64, S)>,
    num_states: usize,
    /// The number of workers that are merging.
    num_busy: usize,
    /// The first part that has not been delivered, and the later ones that have.
    first_missing: u64,
    delivered: BTreeSet<u64>,
    /// The number of parts, once it is known.
    num_parts: Option<u64>,
    /// The first error in the order of the table, with its part.
    error: Option<(u64, DataError)>,
    /// Whether a worker has panicked.
    is_stopped: bool,
}

/// A place where states are merged.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
struct Node {
    level: Level,
    index: u64,
}

#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum Level {
    /// The states of parts.
    Block,
    /// The states of blocks.
    Group,
    /// The states of groups.
    Total,
}

impl Level {
    fn above(self) -> Self {
        match self {
            Self::Block => Self::Group,
            Self::Group | Self::Total => Self::Total,
        }
    }
}

const TOTAL: Node = Node {
    level: Level::Total,
    index: 0,
};

/// States that are merged from left to right.
struct Fold<S> {
    merged: Option<S>,
    /// The number of states merged, or being merged.
    num_merged: u64,
    waiting: BTreeMap<u64, S>,
    /// Whether a worker is merging; it will also merge what arrives meanwhile.
    is_busy: bool,
}

impl<S> Tree<S> {
    pub fn new(num_workers: usize, shape: Shape) -> Self {
        Self {
            shape,
            inner: Mutex::new(Inner {
                folds: BTreeMap::new(),
                groups: Vec::new(),
                num_states: 0,
                num_busy: 0,
                first_missing: 0,
                delivered: BTreeSet::new(),
                num_parts: None,
                error: None,
                is_stopped: false,
            }),
            changed: Condvar::new(),
            most_states: 4 * num_workers.max(1),
            keeps_groups: false,
        }
    }

    /// Returns a tree whose groups are taken out with
    /// [`take_groups`](Self::take_groups).
    pub fn keeping_groups(self) -> Self {
        Self {
            keeps_groups: true,
            ..self
        }
    }

    /// Takes out the states of groups that are whole, each with its index.
    pub fn take_groups(&self) -> Vec<(u64, S)> {
        let mut inner = self.lock();
        let groups = std::mem::take(&mut inner.groups);
        inner.num_states -= groups.len();
        self.changed.notify_all();
        groups
    }

    fn lock(&self) -> MutexGuard<'_, Inner<S>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is room for one more state, and returns whether that
    /// of the part is still wanted.
    ///
    /// This does not wait for ever: the first part that is missing only waits
    /// for those who are merging, and they wait for nobody. A worker that still
    /// has rows of it to decode has not come to a later part, since it decodes
    /// rows in order.
    pub fn wait_for_room(&self, part: u64) -> bool {
        let inner = self.changed.wait_while(self.lock(), |inner| {
            let is_full = inner.num_states >= self.most_states;
            let is_next = part == inner.first_missing && inner.num_busy == 0;
            is_full && !is_next && inner.wants(part)
        });
        inner.unwrap_or_else(PoisonError::into_inner).wants(part)
    }

    /// Whether the state of this part can still be of use.
    pub fn wants(&self, part: u64) -> bool {
        self.lock().wants(part)
    }

    /// Takes the state of a part, and merges what can be merged.
    pub fn deliver(&self, part: u64, state: S, merge: impl Fn(&mut S, S) -> Result<(), DataError>) {
        let mut inner = self.lock();
        inner.num_states += 1;
        inner.note_delivered(part);
        let node = self.add(&mut inner, Level::Block, part, state);
        self.merge(inner, node, merge);
        self.changed.notify_all();
    }

    /// Says how many parts there are.
    pub fn end(&self, num_parts: u64, merge: impl Fn(&mut S, S) -> Result<(), DataError>) {
        self.lock().num_parts = Some(num_parts);
        // The last block and the last group may be complete by this.
        for level in [Level::Block, Level::Group] {
            let index = num_parts / self.shape.parts_below(level.above());
            self.merge(self.lock(), Node { level, index }, &merge);
        }
    }

    /// Adds a state of the level below to its node, which it returns.
    fn add(&self, inner: &mut Inner<S>, level: Level, index: u64, state: S) -> Node {
        let width = self.shape.width(level);
        let node = Node {
            level,
            index: width.map_or(0, |width| index / width),
        };
        let fold = inner.folds.entry(node).or_default();
        let place = width.map_or(index, |width| index % width);
        fold.waiting.insert(place, state);
        node
    }

    /// Records the error of a part.
    pub fn fail(&self, part: u64, error: DataError) {
        self.lock().fail(part, error);
        self.changed.notify_all();
    }

    /// Tells all workers to end.
    pub fn stop(&self) {
        self.lock().is_stopped = true;
        self.changed.notify_all();
    }

    /// Returns the state of the whole table, None if it has no rows, or the
    /// first error.
    pub fn finish(self) -> Result<Option<S>, DataError> {
        let inner = self.inner.into_inner();
        let mut inner = inner.unwrap_or_else(PoisonError::into_inner);
        match inner.error {
            Some((_, error)) => Err(error),
            None => Ok(inner.folds.remove(&TOTAL).and_then(|fold| fold.merged)),
        }
    }

    /// Merges what can be merged at a node, and then above it.
    fn merge<'a>(
        &'a self,
        mut inner: MutexGuard<'a, Inner<S>>,
        mut node: Node,
        merge: impl Fn(&mut S, S) -> Result<(), DataError>,
    ) {
        loop {
            let next = inner.folds.entry(node).or_default().begin();
            if let Some((mut merged, index, later)) = next {
                inner.num_busy += 1;
                drop(inner);
                let result = merge(&mut merged, later);
                inner = self.lock();
                inner.num_busy -= 1;
                inner.num_states -= 1;
                self.changed.notify_all();
                if let Err(error) = result {
                    // The node stays busy: nothing after the error is needed.
                    return inner.fail(self.first_part(node, index), error);
                }
                let fold = inner.folds.entry(node).or_default();
                (fold.merged, fold.is_busy) = (Some(merged), false);
                continue;
            }
            let Some(state) = self.take_whole(&mut inner, node) else {
                return;
            };
            if self.keeps_groups && node.level == Level::Group {
                inner.groups.push((node.index, state));
                return;
            }
            node = self.add(&mut inner, node.level.above(), node.index, state);
        }
    }

    /// The first part of a state that is merged at a node.
    fn first_part(&self, node: Node, index: u64) -> u64 {
        let before = node.index * self.shape.width(node.level).unwrap_or(0);
        (before + index) * self.shape.parts_below(node.level)
    }

    /// Removes and returns the state of a node below the total if all of it is
    /// merged.
    fn take_whole(&self, inner: &mut Inner<S>, node: Node) -> Option<S> {
        let width = self.shape.width(node.level)?;
        let left = |num_parts: u64| {
            let parts = num_parts.saturating_sub(self.first_part(node, 0));
            parts.div_ceil(self.shape.parts_below(node.level))
        };
        let expected = inner.num_parts.map_or(width, left).min(width);
        let fold = inner.folds.get(&node)?;
        let is_whole = !fold.is_busy && fold.num_merged == expected;
        let fold = is_whole.then(|| inner.folds.remove(&node)).flatten();
        fold?.merged
    }
}

impl<S> Inner<S> {
    fn wants(&self, part: u64) -> bool {
        let is_later = |error: &(u64, DataError)| error.0 <= part;
        !self.is_stopped && !self.error.as_ref().is_some_and(is_later)
    }

    fn note_delivered(&mut self, part: u64) {
        self.delivered.insert(part);
        while self.delivered.remove(&self.first_missing) {
            self.first_missing += 1;
        }
    }

    fn fail(&mut self, part: u64, error: DataError) {
        if self.error.as_ref().is_none_or(|(first, _)| part < *first) {
            self.error = Some((part, error));
        }
    }
}

impl<S> Default for Fold<S> {
    fn default() -> Self {
        Self {
            merged: None,
            num_merged: 0,
            waiting: BTreeMap::new(),
            is_busy: false,
        }
    }
}

impl<S> Fold<S> {
    /// Takes the merged state and the one to merge into it next, with its index,
    /// if both are there and nobody else is merging.
    fn begin(&mut self) -> Option<(S, u64, S)> {
        if self.is_busy {
            return None;
        }
        loop {
            let index = self.num_merged;
            let next = self.waiting.remove(&index)?;
            self.num_merged += 1;
            match self.merged.take() {
                None => self.merged = Some(next),
                Some(merged) => {
                    self.is_busy = true;
                    return Some((merged, index, next));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
