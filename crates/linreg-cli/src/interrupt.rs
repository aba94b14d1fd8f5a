//! What the program does when it is told to end: by Ctrl-C, by a terminal that
//! closes, or by `kill`.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Mutex, Once, PoisonError};

use thiserror::Error;

use crate::terminal;

/// Whether a first signal has come that the training is to handle.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Whether the first signal leaves it to the training to end.
static DEFERRED: AtomicBool = AtomicBool::new(false);

/// Whether a signal ends the program, on the thread that hears of signals.
static ENDING: AtomicBool = AtomicBool::new(false);

/// The last signal that came.
static SIGNAL: AtomicI32 = AtomicI32::new(0);

/// What to print before a signal ends the program.
static LAST_WORDS: Mutex<String> = Mutex::new(String::new());

/// What to do before a signal ends the program.
static LAST_ACTS: Mutex<Vec<Box<dyn Fn() + Send>>> = Mutex::new(Vec::new());

/// The error of work that a signal stopped.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Interrupted(pub String);

/// The exit code after a signal, by the convention of shells: 130 for Ctrl-C.
pub fn exit_code() -> u8 {
    let signal = match SIGNAL.load(Ordering::Relaxed) {
        0 => signal_hook::consts::SIGINT,
        signal => signal,
    };
    u8::try_from(128 + signal).unwrap_or(u8::MAX)
}

/// From now on, a signal removes unfinished files and ends the program.
pub fn listen() {
    static ONCE: Once = Once::new();
    // If the thread cannot be started, signals end the program as they do by
    // default.
    ONCE.call_once(|| start().unwrap_or(()));
}

#[cfg(unix)]
fn start() -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut listened = vec![SIGINT, SIGTERM];
    if !is_ignored(SIGHUP) {
        listened.push(SIGHUP);
    }
    let mut signals = signal_hook::iterator::Signals::new(listened)?;
    let handle = signals.handle();
    let thread = std::thread::Builder::new().name("signals".to_string());
    let started = thread.spawn(move || signals.forever().for_each(act));
    if started.is_err() {
        handle.close();
    }
    started.map(drop)
}

/// Whether the program was started with a signal ignored, as by `nohup`.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok());
    ignored.is_some_and(|bits| bits >> (signal - 1) & 1 == 1)
}

#[cfg(unix)]
fn act(signal: i32) {
    SIGNAL.store(signal, Ordering::Relaxed);
    if DEFERRED.load(Ordering::SeqCst) && !INTERRUPTED.swap(true, Ordering::SeqCst) {
        return;
    }
    ENDING.store(true, Ordering::SeqCst);
    linreg_model::remove_unfinished_files();
    for act in &*LAST_ACTS.lock().unwrap_or_else(PoisonError::into_inner) {
        act();
    }
    let words = LAST_WORDS.lock().unwrap_or_else(PoisonError::into_inner);
    if !words.is_empty() {
        // Standard error may be closed.
        terminal::stderr().note(&*words).ok();
    }
    signal_hook::low_level::exit(128 + signal);
}

#[cfg(not(unix))]
fn start() -> std::io::Result<()> {
    Ok(())
}

/// Returns unless a signal ends the program. It removes files while other threads still
/// work with them, and what becomes of their work is not to be reported.
pub fn return_unless_ending() {
    while ENDING.load(Ordering::SeqCst) {
        std::thread::park();
    }
}

/// Sets what to print before a signal ends the program.
pub fn say_at_the_end(words: String) {
    *LAST_WORDS.lock().unwrap_or_else(PoisonError::into_inner) = words;
}

/// Adds what to do before a signal ends the program.
#[cfg(feature = "ballista")]
pub fn do_at_the_end(act: impl Fn() + Send + 'static) {
    listen();
    let mut acts = LAST_ACTS.lock().unwrap_or_else(PoisonError::into_inner);
    acts.push(Box::new(act));
}

/// While this lives, the first signal sets a flag, and the second ends the
/// program.
pub struct Deferred(());

impl Deferred {
    pub fn new() -> Self {
        listen();
        DEFERRED.store(true, Ordering::SeqCst);
        Self(())
    }

    /// True once a signal has come.
    pub fn flag(&self) -> &'static AtomicBool {
        &INTERRUPTED
    }

    /// An error if a signal has come.
    pub fn end(self) -> Result<(), Interrupted> {
        drop(self);
        if INTERRUPTED.load(Ordering::SeqCst) {
            Err(Interrupted("interrupted".to_string()))
        } else {
            Ok(())
        }
    }
}

impl Drop for Deferred {
    fn drop(&mut self) {
        DEFERRED.store(false, Ordering::SeqCst);
    }
}
