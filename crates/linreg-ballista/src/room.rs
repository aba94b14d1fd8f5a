use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use linreg_data::{AnyPass, DataError};
use thiserror::Error;

/// How many states of a pass a task has in memory at most: those that wait to be merged,
/// the one that grows, and the one that is sent, in writing.
const STATES: u64 = 7;

/// How many times a task has the numbers of a part in memory: as text, in columns, in
/// rows, and in what is computed of them. Fits to 20 and to 800 features took 12 times.
const COPIES: u64 = 12;

/// The memory of the tasks of an executor. A task for which there is too little left
/// waits for others to end.
#[derive(Debug)]
pub(crate) struct Room {
    /// None without a limit.
    limit: Option<u64>,
    taken: Mutex<u64>,
    freed: Condvar,
    /// The largest state of each pass that was sent, in bytes: those of some passes grow
    /// with the rows.
    largest: Mutex<HashMap<String, u64>>,
}

/// A task takes more memory than the executor has for all.
#[derive(Debug, Error)]
#[error(
    "a task of this pass takes about {} MiB, and an executor has {} MiB for its tasks; give every executor more memory",
    .needed.div_ceil(1 << 20),
    .limit >> 20
)]
struct TooLarge {
    needed: u64,
    limit: u64,
}

/// Memory that is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Taken<'a> {
    room: &'a Room,
    bytes: u64,
}

impl Room {
    pub fn new(limit: Option<u64>) -> Self {
        Self {
            limit,
            taken: Mutex::new(0),
            freed: Condvar::new(),
            largest: Mutex::default(),
        }
    }

    /// About how many bytes a task of a pass over so many columns takes.
    pub fn bytes_of_task(&self, pass: &dyn AnyPass, num_columns: usize) -> Result<u64, DataError> {
        let empty = pass.state_to_bytes(&pass.start_any())?.len() as u64;
        let largest = lock(&self.largest).get(&pass.pass_name()).copied();
        let states = empty
            .saturating_mul(STATES)
            .max(largest.map_or(0, |bytes| 3 * bytes));
        let numbers = pass.rows_of_part().saturating_mul(num_columns as u64);
        let rows = numbers.saturating_mul(COPIES * size_of::<f64>() as u64);
        Ok(states.saturating_add(rows))
    }

    /// Notes that a state of a pass of so many bytes was sent.
    pub fn has_sent(&self, pass: &dyn AnyPass, bytes: usize) {
        let mut largest = lock(&self.largest);
        let largest = largest.entry(pass.pass_name()).or_default();
        *largest = (*largest).max(bytes as u64);
    }

    /// Takes memory for a task as soon as there is enough, or None if nobody wants the
    /// task any more.
    pub fn take(
        &self,
        bytes: impl FnOnce() -> Result<u64, DataError>,
        is_wanted: &dyn Fn() -> bool,
    ) -> Result<Option<Taken<'_>>, DataError> {
        let Some(limit) = self.limit else {
            return Ok(Some(Taken {
                room: self,
                bytes: 0,
            }));
        };
        let needed = bytes()?;
        if needed > limit {
            return Err(DataError::Other(TooLarge { needed, limit }.into()));
        }
        let mut taken = lock(&self.taken);
        while *taken + needed > limit {
            if !is_wanted() {
                return Ok(None);
            }
            let waited = self.freed.wait_timeout(taken, Duration::from_millis(100));
            taken = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *taken += needed;
        Ok(Some(Taken {
            room: self,
            bytes: needed,
        }))
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        *lock(&self.room.taken) -= self.bytes;
        self.room.freed.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use linreg_data::{Chunk, Pass};
    use serde::{Deserialize, Serialize};

    use super::*;

    #[test]
    fn tasks_wait_for_memory_until_others_end_or_nobody_wants_them() {
        let room = Room::new(Some(10));
        let first = room.take(|| Ok(6), &|| true).unwrap().unwrap();
        let second = room.take(|| Ok(4), &|| true).unwrap();
        assert!(room.take(|| Ok(1), &|| false).unwrap().is_none());
        let has_waited = AtomicBool::new(false);
        thread::scope(|scope| {
            let third = scope.spawn(|| {
                let is_wanted = || {
                    has_waited.store(true, Ordering::SeqCst);
                    true
                };
                room.take(|| Ok(5), &is_wanted).unwrap().is_some()
            });
            while !has_waited.load(Ordering::SeqCst) {
                thread::yield_now();
            }
            drop(first);
            assert!(third.join().unwrap());
        });
        drop(second);
        assert_eq!(*room.taken.lock().unwrap(), 0);
    }

    #[test]
    fn a_task_that_takes_more_than_there_is_never_waits() {
        let room = Room::new(Some(3 << 20));
        let error = room.take(|| Ok((5 << 20) - 1), &|| true).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a task of this pass takes about 5 MiB, and an executor has 3 MiB for its tasks; give every executor more memory"
        );
        assert!(
            Room::new(None)
                .take(|| Ok(u64::MAX), &|| true)
                .unwrap()
                .is_some()
        );
    }

    /// Sums that take some memory.
    #[derive(Deserialize, Serialize)]
    struct Sums(usize);

    impl Pass for Sums {
        type State = Vec<f64>;
        type Output = ();

        fn name() -> String {
            "sums".to_string()
        }

        fn start(&self) -> Vec<f64> {
            vec![0.0; self.0]
        }

        fn update(&self, _: &mut Vec<f64>, _: &Chunk) -> Result<(), DataError> {
            Ok(())
        }

        fn merge(&self, _: &mut Vec<f64>, _: Vec<f64>) -> Result<(), DataError> {
            Ok(())
        }

        fn finish(self, _: Vec<f64>) -> Result<(), DataError> {
            Ok(())
        }
    }

    #[test]
    fn a_task_takes_several_states_and_the_rows_of_a_part_several_times() {
        let room = Room::new(None);
        let bytes = |length: usize| room.bytes_of_task(&Sums(length), 3).unwrap();
        let rows = 8192 * 3 * 8 * COPIES;
        assert_eq!(bytes(0), STATES + rows);
        // A float is 9 bytes in writing.
        assert_eq!(bytes(1000) - bytes(500), STATES * 500 * 9);
        // States that grow with the rows.
        room.has_sent(&Sums(1), 1 << 20);
        room.has_sent(&Sums(1), 7);
        assert_eq!(bytes(0), (3 << 20) + rows);
    }
}
