use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle, available_parallelism};

/// The numbers in a group of batches, without those of its last batch: 1 or 2
/// MiB.
const GROUP_NUMBERS: usize = 1 << 18;

/// Sends batches in groups, because waking the thread that waits for them takes
/// as long as a small training step; stops when the receiver is gone.
pub(crate) fn send<T>(
    batches: impl Iterator<Item = T>,
    numbers: impl Fn(&T) -> usize,
    sender: &SyncSender<Vec<T>>,
) {
    let mut group = Vec::new();
    let mut in_group = 0;
    for batch in batches {
        in_group += numbers(&batch);
        group.push(batch);
        if in_group >= GROUP_NUMBERS {
            in_group = 0;
            if sender.send(std::mem::take(&mut group)).is_err() {
                return;
            }
        }
    }
    // A receiver that is gone does not need the last group.
    sender.send(group).ok();
}

/// Makes batches one after the other: where that saves time, on a thread of its
/// own, at most two groups ahead of the consumer.
pub(crate) struct Ahead<T, F> {
    next: usize,
    len: usize,
    make: F,
    thread: Option<Thread<T>>,
}

struct Thread<T> {
    receiver: Receiver<Vec<T>>,
    group: std::vec::IntoIter<T>,
    /// None once the thread has been joined.
    handle: Option<JoinHandle<()>>,
}

impl<T: Send + 'static, F: Fn(usize) -> T + Clone + Send + 'static> Ahead<T, F> {
    /// Calls `make` with 0 to `len - 1` for the batches, each of about
    /// `numbers` numbers.
    pub(crate) fn new(len: usize, numbers: usize, make: F) -> Self {
        /// Handing over fewer numbers takes as long as copying them.
        const LEAST_NUMBERS: usize = 1 << 14;
        /// Fewer batches are made before a thread has started.
        const LEAST_BATCHES: usize = 8;
        let has_two_cores = || available_parallelism().is_ok_and(|cores| cores.get() > 1);
        let is_worth_it = numbers >= LEAST_NUMBERS && len >= LEAST_BATCHES && has_two_cores();
        let thread = if is_worth_it {
            // If no thread can be started, this one makes the batches.
            Thread::start(len, numbers, make.clone())
        } else {
            None
        };
        Self {
            next: 0,
            len,
            make,
            thread,
        }
    }
}

impl<T: Send + 'static> Thread<T> {
    fn start(
        len: usize,
        numbers: usize,
        make: impl Fn(usize) -> T + Send + 'static,
    ) -> Option<Self> {
        let (sender, receiver) = sync_channel(1);
        let thread = Builder::new().name("linreg batches".to_string());
        let handle = thread
            .spawn(move || send((0..len).map(make), |_| numbers, &sender))
            .ok()?;
        Some(Self {
            receiver,
            group: Vec::new().into_iter(),
            handle: Some(handle),
        })
    }

    fn next(&mut self) -> Option<T> {
        loop {
            if let Some(batch) = self.group.next() {
                return Some(batch);
            }
            match self.receiver.recv() {
                Ok(group) => self.group = group.into_iter(),
                Err(_) => {
                    // The thread has ended; if it panicked, the panic goes on
                    // here.
                    if let Some(Err(panic)) = self.handle.take().map(JoinHandle::join) {
                        resume_unwind(panic);
                    }
                    return None;
                }
            }
        }
    }
}

impl<T: Send + 'static, F: Fn(usize) -> T> Iterator for Ahead<T, F> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if self.next == self.len {
            return None;
        }
        self.next += 1;
        match &mut self.thread {
            None => Some((self.make)(self.next - 1)),
            Some(thread) => thread.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.len - self.next;
        (left, Some(left))
    }
}

impl<T: Send + 'static, F: Fn(usize) -> T> ExactSizeIterator for Ahead<T, F> {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn gives_every_batch_once_and_in_order_with_a_thread_and_without() {
        for (len, numbers) in [(0, 1 << 20), (1, 1), (7, 1 << 20), (500, 1), (500, 1 << 15)] {
            let mut batches = Ahead::new(len, numbers, |index| 3 * index);
            assert_eq!(batches.len(), len);
            let first = batches.next();
            assert_eq!(first, (len > 0).then_some(0));
            assert_eq!(batches.len(), len.saturating_sub(1));
            assert!(batches.eq((1..len).map(|index| 3 * index)));
        }
    }

    #[test]
    fn stays_two_groups_ahead_and_stops_when_nobody_takes_more() {
        let made = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&made);
        let mut batches = Ahead::new(1000, GROUP_NUMBERS, move |_| {
            count.fetch_add(1, Ordering::SeqCst)
        });
        batches.next();
        let Some(mut thread) = batches.thread.take() else {
            return; // On one core there is no thread to stop.
        };
        let handle = thread.handle.take().unwrap();
        drop(thread);
        handle.join().unwrap();
        // The groups taken, waiting in the channel, and made but not sent.
        assert!(made.load(Ordering::SeqCst) <= 3);
    }

    #[test]
    #[should_panic(expected = "no such row")]
    fn a_panic_while_making_a_batch_is_that_of_whoever_takes_it() {
        let batches = Ahead::new(100, 1 << 20, |index| {
            assert!(index < 50, "no such row");
            index
        });
        assert_eq!(batches.count(), 100);
    }
}
