use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{ArrayRef, Float64Array, RecordBatch};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::*;
use crate::test_source::{Damage, Divided, broken};

/// A table of the numbers of its rows, in pieces of chunks of these sizes.
fn numbered(pieces: Vec<Vec<usize>>) -> Divided {
    let num_rows: usize = pieces.iter().flatten().sum();
    let numbers: Float64Array = (0..num_rows).map(|row| Some(row as f64)).collect();
    let columns = [("x", Arc::new(numbers) as ArrayRef)];
    Divided::new(RecordBatch::try_from_iter(columns).unwrap(), pieces)
}

/// The same in pieces of 10 rows in chunks of 5.
fn even(num_pieces: usize) -> Divided {
    numbered(vec![vec![5, 5]; num_pieces])
}

/// Notes in which order states are merged.
#[derive(Default, Deserialize, Serialize)]
struct Shape {
    part_rows: u64,
    /// At these rows an update fails.
    failing: Vec<f64>,
    /// In which part the pass panics.
    panics_in_update: Option<f64>,
    panics_in_merge: bool,
    /// Whether parts take different times.
    is_uneven: bool,
}

impl Shape {
    fn of_parts(part_rows: u64) -> Self {
        Self {
            part_rows,
            is_uneven: true,
            ..Self::default()
        }
    }
}

impl Pass for Shape {
    type State = (Vec<f64>, String);
    type Output = String;

    fn name() -> String {
        "shape".to_string()
    }

    fn start(&self) -> Self::State {
        Default::default()
    }

    fn update(&self, (rows, _): &mut Self::State, chunk: &Chunk) -> Result<(), DataError> {
        let values = chunk.batch.column(0).as_primitive::<Float64Type>().values();
        assert_eq!(values[0], chunk.first_row as f64);
        assert!(
            self.panics_in_update.is_none_or(|row| row != values[0]),
            "update panicked"
        );
        let random = crate::random::mix(chunk.first_row);
        if self.is_uneven && random.is_multiple_of(4) {
            thread::sleep(Duration::from_micros(random % 200));
        }
        if let Some(row) = values.iter().find(|row| self.failing.contains(row)) {
            return Err(broken("failed", *row as usize));
        }
        rows.extend(values);
        Ok(())
    }

    fn end_part(&self, (rows, text): &mut Self::State) -> Result<(), DataError> {
        *text = format!("{}-{}", rows[0], rows[rows.len() - 1]);
        Ok(())
    }

    fn merge(&self, state: &mut Self::State, later: Self::State) -> Result<(), DataError> {
        assert!(!self.panics_in_merge, "merge panicked");
        state.0.extend(later.0);
        state.1 = format!("({} {})", state.1, later.1);
        Ok(())
    }

    fn finish(self, (rows, text): Self::State) -> Result<String, DataError> {
        assert!(rows.is_sorted());
        Ok(text)
    }

    fn part_rows(&self) -> u64 {
        self.part_rows
    }
}

/// Fails, instead of waiting for ever, if the work does not end.
fn within_a_minute<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = channel();
    thread::spawn(move || sender.send(work()));
    let minute = Duration::from_secs(60);
    receiver.recv_timeout(minute).expect("the work has ended")
}

fn run(threads: usize, table: Divided, pass: Shape) -> Result<String, String> {
    within_a_minute(move || {
        let result = pass.run(&Threads::new(threads), &table, &[0]);
        result.map_err(|error| error.to_string())
    })
}

/// The shape of the merges of parts of two rows.
fn expected(num_rows: usize) -> String {
    let fold = |texts: Vec<String>| -> String {
        let joined = texts
            .into_iter()
            .reduce(|all, next| format!("({all} {next})"));
        joined.unwrap_or_default()
    };
    let part = |first: usize| format!("{first}-{}", (first + 1).min(num_rows - 1));
    let parts: Vec<String> = (0..num_rows).step_by(2).map(part).collect();
    fold(
        parts
            .chunks(4096)
            .map(|block| fold(block.to_vec()))
            .collect(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn states_are_merged_along_one_tree_however_the_table_is_divided(
        pieces in prop::collection::vec(prop::collection::vec(0..900usize, 0..5), 0..12),
        threads in prop::sample::select(vec![1, 2, 7]),
    ) {
        let table = numbered(pieces);
        let num_rows = table.rows.num_rows();
        prop_assert_eq!(run(threads, table, Shape::of_parts(2)).unwrap(), expected(num_rows));
    }

    #[test]
    fn the_first_error_in_the_table_is_the_one_reported(
        failing in prop::collection::vec(0..400u16, 1..4),
        piece in 0..40usize,
        threads in prop::sample::select(vec![1, 2, 7]),
    ) {
        let table = even(40).damaged(piece, Damage::Undecodable);
        let first = usize::from(*failing.iter().min().unwrap());
        let pass = Shape {
            failing: failing.iter().map(|row| f64::from(*row)).collect(),
            ..Shape::of_parts(4)
        };
        // The second chunk of the piece is damaged.
        let message = if first < 10 * piece + 5 {
            format!("failed at row {first}")
        } else {
            format!("undecodable at row {}", 10 * piece)
        };
        prop_assert_eq!(run(threads, table, pass).unwrap_err(), message);
    }
}

#[test]
fn a_damaged_piece_is_an_error_after_the_rows_before_it() {
    for threads in [1, 2, 7] {
        for (damage, message) in [
            (Damage::Lost, "lost at row 200"),
            (Damage::Unreadable, "unreadable at row 200"),
            (Damage::Undecodable, "undecodable at row 200"),
            (
                Damage::Short(3),
                "found 10 rows where there should be 13; the file is damaged or changes while it is read",
            ),
            (
                Damage::Short(-3),
                "found 10 rows where there should be 7; the file is damaged or changes while it is read",
            ),
            (
                Damage::Elsewhere,
                "found a part of the table that begins at row 201, expected row 200",
            ),
        ] {
            let table = || even(40).damaged(20, damage);
            let error = run(threads, table(), Shape::of_parts(8)).unwrap_err();
            assert_eq!(error, message, "{threads} threads");
            let pass = Shape {
                failing: vec![199.0],
                ..Shape::of_parts(8)
            };
            let error = run(threads, table(), pass).unwrap_err();
            assert_eq!(error, "failed at row 199", "{threads} threads");
        }
    }
}

#[test]
fn a_panic_reaches_the_caller() {
    let message = |threads, table: Divided, pass: Shape| {
        within_a_minute(move || {
            let run = || pass.run(&Threads::new(threads), &table, &[0]).is_ok();
            let panic = catch_unwind(AssertUnwindSafe(run)).unwrap_err();
            let text = panic.downcast_ref::<String>().cloned();
            text.or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string()))
        })
    };
    for threads in [1, 2, 7] {
        let table = || even(100);
        let in_update = Shape {
            panics_in_update: Some(500.0),
            ..Shape::of_parts(4)
        };
        let found = message(threads, table(), in_update);
        assert_eq!(found.as_deref(), Some("update panicked"));
        let in_merge = Shape {
            panics_in_merge: true,
            ..Shape::of_parts(4)
        };
        let found = message(threads, table(), in_merge);
        assert_eq!(found.as_deref(), Some("merge panicked"));
        let table = table().damaged(3, Damage::Panics);
        let found = message(threads, table, Shape::of_parts(4));
        assert_eq!(found.as_deref(), Some("decoding panicked"));
    }
}

#[test]
fn a_pair_of_passes_runs_in_the_smaller_parts() {
    let pair = (Shape::of_parts(64), Shape::of_parts(2));
    let pairs = pair.run(&Threads::new(2), &even(30), &[0]);
    let (first, second) = pairs.unwrap();
    assert_eq!(second, expected(300));
    assert_eq!(first, second);
}

/// Counts the states that are in memory.
#[derive(Deserialize, Serialize)]
struct CountStates;

static STATES: AtomicUsize = AtomicUsize::new(0);
static MOST_STATES: AtomicUsize = AtomicUsize::new(0);

impl Pass for CountStates {
    type State = u64;
    type Output = u64;

    fn name() -> String {
        "count states".to_string()
    }

    fn start(&self) -> u64 {
        let states = STATES.fetch_add(1, Ordering::SeqCst) + 1;
        MOST_STATES.fetch_max(states, Ordering::SeqCst);
        0
    }

    fn update(&self, rows: &mut u64, chunk: &Chunk) -> Result<(), DataError> {
        *rows += chunk.num_rows() as u64;
        if chunk.first_row == 0 {
            thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }

    fn merge(&self, rows: &mut u64, later: u64) -> Result<(), DataError> {
        *rows += later;
        STATES.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    }

    fn finish(self, rows: u64) -> Result<u64, DataError> {
        Ok(rows)
    }

    fn part_rows(&self) -> u64 {
        1
    }
}

#[test]
fn a_slow_part_does_not_fill_the_memory_with_the_states_of_the_others() {
    let rows = within_a_minute(|| CountStates.run(&Threads::new(4), &even(500), &[0]));
    assert_eq!(rows.unwrap(), 5000);
    // Four for each thread, and the one that each works on.
    assert!(MOST_STATES.load(Ordering::SeqCst) <= 5 * 4);
}

#[test]
fn wide_rows_come_in_smaller_parts() {
    let rows = [0, 1, 256, 257, 1000, 4096, 5000, 100_000].map(part_rows);
    assert_eq!(rows, [8192, 8192, 8192, 4096, 2048, 512, 512, 512]);
}

/// Counts rows in parts of a size that no group is a multiple of.
#[derive(Deserialize, Serialize)]
struct OddParts(u64);

impl Pass for OddParts {
    type State = u64;
    type Output = u64;

    fn name() -> String {
        "odd parts".to_string()
    }

    fn start(&self) -> u64 {
        0
    }

    fn update(&self, rows: &mut u64, chunk: &Chunk) -> Result<(), DataError> {
        *rows += chunk.num_rows() as u64;
        Ok(())
    }

    fn merge(&self, rows: &mut u64, later: u64) -> Result<(), DataError> {
        *rows += later;
        Ok(())
    }

    fn finish(self, rows: u64) -> Result<u64, DataError> {
        Ok(rows)
    }

    fn part_rows(&self) -> u64 {
        self.0
    }
}

#[test]
fn any_number_of_rows_of_a_part_and_of_threads_will_do() {
    for part_rows in [0, 1, 3000, 1 << 20, u64::MAX] {
        for threads in [0, 1, 50] {
            let rows = OddParts(part_rows).run(&Threads::new(threads), &even(30), &[0]);
            assert_eq!(rows.unwrap(), 300, "{part_rows}");
        }
    }
    assert_eq!(Threads::new(usize::MAX), Threads::new(4096));
}
