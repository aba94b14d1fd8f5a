use std::sync::OnceLock;

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Runs parallel work on the threads of the rayon pool that this is called in, or
/// else of a pool of its own, with as many threads as the system provides.
///
/// Rayon's own pool panics if the system provides fewer threads than there are
/// cores.
pub(crate) fn on_threads<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();
    if rayon::current_thread_index().is_some() {
        return work();
    }
    match POOL.get_or_init(pool) {
        Some(pool) => pool.install(work),
        None => alone(work),
    }
}

/// Does work for each item, in parallel where there are enough products of numbers to be
/// worth it.
pub(crate) fn for_each<T: Send>(products: usize, items: Vec<T>, work: impl Fn(T) + Send + Sync) {
    /// Fewer take less time than waking a thread.
    const FEW: usize = 1 << 16;
    if products < FEW {
        items.into_iter().for_each(work);
    } else {
        on_threads(|| items.into_par_iter().for_each(work));
    }
}

/// A pool of all cores, or of half as many, and so on; `None` if no thread starts.
fn pool() -> Option<ThreadPool> {
    let pool = |threads| ThreadPoolBuilder::new().num_threads(threads).build();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    // 0 is the number that the environment sets, or all cores.
    let fewer = std::iter::successors(Some(cores / 2), |threads| Some(threads / 2));
    let fewer = fewer.take_while(|threads| *threads > 0);
    std::iter::once(0)
        .chain(fewer)
        .find_map(|threads| pool(threads).ok())
}

/// Runs work on this thread, the only one of a new pool.
fn alone<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    let pool = ThreadPoolBuilder::new().num_threads(1).use_current_thread();
    // This thread stays part of the pool, so the pool must never be dropped.
    std::mem::forget(pool.build());
    work()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_done_without_any_other_thread() {
        let sum = || (0..1000u64).into_par_iter().sum::<u64>();
        let sums = std::thread::spawn(move || [alone(sum), on_threads(sum), on_threads(sum)]);
        assert_eq!(sums.join().unwrap(), [499_500; 3]);
        assert_eq!(on_threads(sum), 499_500);
    }
}
