use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use crate::Place;
use crate::source::Origin;

/// An example of a cell, for messages.
#[derive(Clone, Debug, Deserialize)]
pub struct Example {
    /// The place of the cell.
    pub place: Place,
    /// The text of the cell, at most 100 characters.
    pub found: String,
    /// Where the place can be found, until it has been: most examples are
    /// dropped when profiles merge, and finding a line takes time.
    #[serde(skip)]
    unplaced: Option<Unplaced>,
}

#[derive(Clone)]
struct Unplaced {
    origin: Arc<dyn Origin>,
    row: usize,
}

impl Debug for Unplaced {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        write!(f, "row {} of a chunk", self.row)
    }
}

impl Example {
    /// Returns an example from a row of a chunk.
    pub(super) fn new(origin: &Arc<dyn Origin>, row: usize, found: &str) -> Self {
        Self {
            place: Place::default(),
            found: found.chars().take(100).collect(),
            unplaced: Some(Unplaced {
                origin: origin.clone(),
                row,
            }),
        }
    }

    /// Finds the place.
    pub(super) fn find(&mut self) {
        if let Some(Unplaced { origin, row }) = self.unplaced.take() {
            self.place = origin.place(row);
        }
    }

    fn found(&self) -> Self {
        let mut found = self.clone();
        found.find();
        found
    }
}

impl PartialEq for Example {
    fn eq(&self, other: &Self) -> bool {
        self.found == other.found && self.found().place == other.found().place
    }
}

impl Serialize for Example {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Stored {
            place: Place,
            found: String,
        }
        let Self { place, found, .. } = self.found();
        Stored { place, found }.serialize(serializer)
    }
}

/// Keeps the first example, with its place: this is called when profiles merge.
pub(super) fn keep_first(first: &mut Option<Example>, later: Option<Example>) {
    if first.is_none() {
        *first = later;
    }
    first.iter_mut().for_each(Example::find);
}
