//! `linreg`: linear regression from the shell.

#![deny(clippy::print_stdout, clippy::print_stderr)]

#[cfg(not(any(feature = "ndarray", feature = "flex", feature = "wgpu")))]
compile_error!("linreg needs a backend: build with --features ndarray (the default), flex or wgpu");

mod advice;
mod cluster;
mod columns;
mod command;
mod commands;
mod fit_advice;
mod input;
mod interrupt;
mod language;
mod memory;
mod names;
mod output;
mod progress;
mod reading;
mod settings;
mod split;
mod terminal;
mod text_args;

use std::io::ErrorKind;
use std::process::ExitCode;
#[cfg(unix)]
use std::sync::Arc;

use anyhow::Result;
use clap::{Parser, Subcommand};
use linreg_data::DataError;
use linreg_fit::{loss, number, wrap};

use commands::{
    check, completions, describe, devices, evaluate, fit, generate, inspect, lesson, plot, predict,
};

/// Linear regression from the shell, on the Burn framework
#[derive(Parser)]
#[command(
    name = "linreg",
    version,
    arg_required_else_help = true,
    after_help = EXAMPLES,
    max_term_width = wrap::WIDTH
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  linreg lesson                                     the lesson, step by step
  linreg describe houses.csv                        look at a table's columns
  linreg fit houses.csv --target price              fit a model to a table
  linreg predict houses.safetensors new.csv         predict for new rows
  linreg evaluate houses.safetensors test.csv       judge the model
  linreg plot scatter houses.csv --target price     draw each feature";

#[derive(Subcommand)]
enum Command {
    Lesson(lesson::Args),
    Generate(generate::Args),
    Describe(describe::Args),
    Fit(Box<fit::Args>),
    Predict(predict::Args),
    Evaluate(evaluate::Args),
    Inspect(inspect::Args),
    Plot(plot::Args),
    Devices(devices::Args),
    Check(check::Args),
    Completions(completions::Args),
    #[cfg(feature = "ballista")]
    Ballista(commands::ballista::Args),
}

fn main() -> ExitCode {
    quieten_mesa();
    hear_of_limits();
    terminal::show_panics();
    let cli = match terminal::parse() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let done = run(cli);
    interrupt::return_unless_ending();
    match done {
        Ok(code) => code,
        // The program that reads our output has read enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing can be done if standard error is closed.
            let _ = terminal::stderr().error(advice::message(&error));
            match error.downcast_ref::<interrupt::Interrupted>() {
                Some(_) => ExitCode::from(interrupt::exit_code()),
                None => ExitCode::from(2),
            }
        }
    }
}

/// Mesa's Vulkan drivers print an error where no session has set this variable,
/// in containers and over ssh, though nothing is wrong.
#[cfg_attr(
    all(feature = "wgpu", target_os = "linux"),
    expect(unsafe_code, reason = "the environment belongs to all threads")
)]
fn quieten_mesa() {
    #[cfg(all(feature = "wgpu", target_os = "linux"))]
    if std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        // SAFETY: this is the first thing that the program does, and there is
        // no other thread yet.
        unsafe { std::env::set_var("XDG_RUNTIME_DIR", std::env::temp_dir()) };
    }
}

/// Makes a file that grows beyond the user's limit an error to report; by
/// default, the signal for it ends the program.
fn hear_of_limits() {
    #[cfg(unix)]
    // If this fails, the signal ends the program.
    signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default()).ok();
}

fn run(cli: Cli) -> Result<ExitCode> {
    match cli.command {
        Command::Lesson(args) => lesson::run(args)?,
        Command::Generate(args) => generate::run(args)?,
        Command::Describe(args) => describe::run(args)?,
        Command::Fit(args) => return fit::run(*args),
        Command::Predict(args) => predict::run(args)?,
        Command::Evaluate(args) => evaluate::run(args)?,
        Command::Inspect(args) => inspect::run(args)?,
        Command::Plot(args) => plot::run(args)?,
        Command::Devices(args) => devices::run(args)?,
        Command::Check(args) => return check::run(args),
        Command::Completions(args) => completions::run(args)?,
        #[cfg(feature = "ballista")]
        Command::Ballista(args) => commands::ballista::run(args)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = match cause.downcast_ref::<DataError>() {
            Some(DataError::Io(io)) => Some(io),
            _ => cause.downcast_ref::<std::io::Error>(),
        };
        io.is_some_and(|io| io.kind() == ErrorKind::BrokenPipe)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_well_formed() {
        Cli::command().debug_assert();
    }
}
