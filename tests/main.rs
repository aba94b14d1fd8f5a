//! What crosses crates: the lesson against PyTorch's, the tool as its users run
//! it, the examples, and every kind of bad input.

mod backends;
mod bad_input;
mod cli;
mod diabetes;
mod exact;
mod examples;
mod from_exact;
mod lesson;
mod reference;
mod search;
mod tables;
mod tool;
mod training;
