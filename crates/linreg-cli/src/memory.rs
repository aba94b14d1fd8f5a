//! How much memory a piece of code takes, so that the lesson can show what
//! work without gradients saves.

#![expect(unsafe_code, reason = "an allocator cannot be written without it")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering::Relaxed};

/// The system's allocator, which counts only while something is measured.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static MEASURING: AtomicBool = AtomicBool::new(false);
static IN_USE: AtomicIsize = AtomicIsize::new(0);
static PEAK: AtomicIsize = AtomicIsize::new(0);

fn count(bytes: isize) {
    if MEASURING.load(Relaxed) {
        let in_use = IN_USE.fetch_add(bytes, Relaxed) + bytes;
        PEAK.fetch_max(in_use, Relaxed);
    }
}

// SAFETY: every call is handed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller keeps to the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller keeps to the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller keeps to the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(new_size as isize - layout.size() as isize);
        // SAFETY: the caller keeps to the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

/// The most bytes of the host's memory in use at once while this ran, beyond
/// those in use before. Only one measurement may run at a time.
pub fn peak_of<T>(code: impl FnOnce() -> T) -> (T, usize) {
    let result = measure(code);
    (result, PEAK.load(Relaxed).max(0) as usize)
}

/// The bytes of the host's memory that the result holds. Only one measurement may
/// run at a time.
pub fn held_by<T>(code: impl FnOnce() -> T) -> (T, usize) {
    let result = measure(code);
    (result, IN_USE.load(Relaxed).max(0) as usize)
}

fn measure<T>(code: impl FnOnce() -> T) -> T {
    IN_USE.store(0, Relaxed);
    PEAK.store(0, Relaxed);
    MEASURING.store(true, Relaxed);
    let result = code();
    MEASURING.store(false, Relaxed);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_peak_and_not_the_sum_and_what_is_held() {
        // Other tests allocate at the same time, but far less.
        let ((), peak) = peak_of(|| {
            for _ in 0..4 {
                std::hint::black_box(vec![1u8; 64 << 20]);
            }
        });
        assert!((60 << 20..100 << 20).contains(&peak), "{peak}");
        let (kept, held) = held_by(|| {
            drop(std::hint::black_box(vec![1u8; 256 << 20]));
            std::hint::black_box(vec![1u8; 64 << 20])
        });
        assert_eq!(kept.len(), 64 << 20);
        assert!((60 << 20..100 << 20).contains(&held), "{held}");
    }
}
