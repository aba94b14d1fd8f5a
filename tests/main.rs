//! Tests across crates: the lesson against PyTorch's, the tool as its users run
//! it, the examples, and every kind of bad input.

mod advice;
mod backends;
mod bad_input;
#[cfg(feature = "ballista")]
mod ballista;
mod browser;
mod categorical;
mod cli;
mod columns;
mod damaged;
mod diabetes;
mod diagnostics;
mod engines;
mod escapes;
mod exact;
mod examples;
mod from_exact;
mod hostile;
mod lesson;
mod library;
mod numeric;
#[cfg(feature = "object-store")]
mod objects;
mod outputs;
mod plots;
mod quantiles;
mod readers;
mod reading;
mod reference;
mod released;
mod report;
mod ridge;
mod same_bits;
mod search;
mod tables;
mod tool;
mod training;
