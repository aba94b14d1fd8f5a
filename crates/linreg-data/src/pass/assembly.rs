use std::collections::BTreeMap;

use crate::DataError;
use crate::source::Chunk;

/// Gives the state of each part its rows in order. Pieces of the table are decoded in any
/// order, without regard to parts.
///
/// The thread that brings the rows that a part waits for takes its state, adds them, and
/// puts it back: rows are used while they are in the cache, and few are in memory.
pub(super) struct Assembly<S> {
    part_rows: u64,
    parts: BTreeMap<u64, Part<S>>,
    /// The number of rows of the table, or of those that can be found, once it is known.
    num_rows: Option<u64>,
    /// Why no more rows can be found.
    problem: Option<DataError>,
    /// The row at which the first error found so far stands.
    first_error: Option<u64>,
}

struct Part<S> {
    /// The state of the rows before `next_row`; None before the first, and while
    /// somebody adds rows to it.
    state: Option<S>,
    is_taken: bool,
    /// The first row that nobody has taken.
    next_row: u64,
    /// Later rows, by the number of the first, or the error that stands in their place.
    waiting: BTreeMap<u64, Result<Chunk, DataError>>,
}

/// The state of a part, and what comes next in it.
pub(super) struct Taken<S> {
    pub index: u64,
    /// None before the first rows.
    pub state: Option<S>,
    pub next: Next,
}

/// What comes next in a part.
pub(super) enum Next {
    /// Rows; then the state is to be put back.
    Rows(Chunk),
    /// An error, which nothing follows.
    Error(DataError),
    /// Nothing: all of its rows have been added.
    End,
}

impl<S> Assembly<S> {
    pub fn new(part_rows: u64) -> Self {
        Self {
            part_rows,
            parts: BTreeMap::new(),
            num_rows: None,
            problem: None,
            first_error: None,
        }
    }

    /// Adds rows that are all of one part, or an error that stands where a row should
    /// be, and takes the state of the part if it waits for them.
    pub fn add(&mut self, first_row: u64, rows: Result<Chunk, DataError>) -> Option<Taken<S>> {
        // What comes after an error is of no interest.
        if self.first_error.is_some_and(|error| error <= first_row) {
            return None;
        }
        if rows.is_err() {
            self.first_error = Some(first_row);
        }
        let index = first_row / self.part_rows;
        self.part(index).waiting.insert(first_row, rows);
        self.take(index)
    }

    /// Puts back the state of a part, and takes it again if more rows have come, or if
    /// it has them all.
    pub fn put_back(&mut self, index: u64, state: S) -> Option<Taken<S>> {
        let part = self.parts.get_mut(&index)?;
        (part.state, part.is_taken) = (Some(state), false);
        self.take(index)
    }

    /// Says how many rows the table has, or how many can be found, and then why; takes
    /// the state of the last part if it has all of its rows.
    pub fn end(&mut self, num_rows: u64, problem: Option<DataError>) -> Option<Taken<S>> {
        let index = num_rows / self.part_rows;
        if problem.is_some() {
            self.part(index);
        }
        (self.num_rows, self.problem) = (Some(num_rows), problem);
        self.take(index)
    }

    fn part(&mut self, index: u64) -> &mut Part<S> {
        self.parts.entry(index).or_insert_with(|| Part {
            state: None,
            is_taken: false,
            next_row: index * self.part_rows,
            waiting: BTreeMap::new(),
        })
    }

    fn take(&mut self, index: u64) -> Option<Taken<S>> {
        let end = (index + 1) * self.part_rows;
        let end = self.num_rows.map_or(end, |rows| rows.min(end));
        let is_last = self.num_rows.map(|rows| rows / self.part_rows) == Some(index);
        let part = self.parts.get_mut(&index)?;
        if part.is_taken {
            return None;
        }
        let next = match part.waiting.remove(&part.next_row) {
            Some(Ok(rows)) => {
                part.next_row += rows.num_rows() as u64;
                part.is_taken = true;
                Next::Rows(rows)
            }
            Some(Err(error)) => Next::Error(error),
            None if part.next_row != end => return None,
            None => match self.problem.take_if(|_| is_last) {
                Some(problem) => Next::Error(problem),
                None => Next::End,
            },
        };
        let state = part.state.take();
        if !part.is_taken {
            self.parts.remove(&index);
        }
        Some(Taken { index, state, next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{ChunkOrder, Source};
    use crate::test_source::{Divided, broken};
    use crate::test_table::numbered;

    fn rows(first_row: u64, num_rows: usize) -> Result<Chunk, DataError> {
        let table = Divided::new(numbered(num_rows), vec![vec![num_rows]]);
        let part = table.parts(&[0], ChunkOrder::File)?.next().unwrap()?;
        let chunk = (part.read)()?.next().unwrap()?;
        Ok(Chunk { first_row, ..chunk })
    }

    /// What was taken, in words, and the state.
    fn shown(taken: Option<Taken<u32>>) -> Option<(u64, Option<u32>, String)> {
        let Taken { index, state, next } = taken?;
        let next = match next {
            Next::Rows(rows) => format!("{} from {}", rows.num_rows(), rows.first_row),
            Next::Error(error) => error.to_string(),
            Next::End => "end".to_string(),
        };
        Some((index, state, next))
    }

    fn some(index: u64, state: Option<u32>, next: &str) -> Option<(u64, Option<u32>, String)> {
        Some((index, state, next.to_string()))
    }

    #[test]
    fn a_part_gets_its_rows_in_order_whoever_brings_them_when() {
        let mut assembly = Assembly::new(4);
        assert_eq!(shown(assembly.add(2, rows(2, 1))), None);
        assert_eq!(
            shown(assembly.add(0, rows(0, 2))),
            some(0, None, "2 from 0")
        );
        // Nobody else gets the state meanwhile.
        assert_eq!(shown(assembly.add(3, rows(3, 1))), None);
        assert_eq!(
            shown(assembly.add(4, rows(4, 2))),
            some(1, None, "2 from 4")
        );
        assert_eq!(shown(assembly.put_back(0, 1)), some(0, Some(1), "1 from 2"));
        assert_eq!(shown(assembly.put_back(0, 2)), some(0, Some(2), "1 from 3"));
        assert_eq!(shown(assembly.put_back(0, 3)), some(0, Some(3), "end"));
        // Whether the last part is whole is known at the end of the table.
        assert_eq!(shown(assembly.put_back(1, 4)), None);
        assert_eq!(shown(assembly.end(6, None)), some(1, Some(4), "end"));
    }

    #[test]
    fn an_error_comes_after_the_rows_before_it_and_nothing_after_it() {
        let mut assembly = Assembly::new(4);
        assert_eq!(shown(assembly.add(3, Err(broken("torn", 3)))), None);
        assert_eq!(shown(assembly.add(4, rows(4, 4))), None);
        assert_eq!(
            shown(assembly.add(0, rows(0, 3))),
            some(0, None, "3 from 0")
        );
        assert_eq!(
            shown(assembly.put_back(0, 1)),
            some(0, Some(1), "torn at row 3")
        );
    }

    #[test]
    fn why_there_are_no_more_rows_comes_last() {
        // After a whole part.
        let mut assembly = Assembly::new(4);
        assert_eq!(
            shown(assembly.add(0, rows(0, 4))),
            some(0, None, "4 from 0")
        );
        let problem = || Some(broken("lost", 9));
        assert_eq!(
            shown(assembly.end(4, problem())),
            some(1, None, "lost at row 9")
        );
        assert_eq!(shown(assembly.put_back(0, 1)), some(0, Some(1), "end"));
        // Within a part; what is wrong with its own rows is told first.
        for is_torn in [false, true] {
            let mut assembly = Assembly::new(4);
            assert_eq!(shown(assembly.end(3, problem())), None);
            if is_torn {
                assert_eq!(shown(assembly.add(3, Err(broken("torn", 3)))), None);
            }
            assert_eq!(
                shown(assembly.add(0, rows(0, 3))),
                some(0, None, "3 from 0")
            );
            let expected = if is_torn {
                "torn at row 3"
            } else {
                "lost at row 9"
            };
            assert_eq!(shown(assembly.put_back(0, 1)), some(0, Some(1), expected));
        }
    }
}
