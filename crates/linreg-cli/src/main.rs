//! `linreg`: linear regression from the shell.

#[cfg(not(any(feature = "ndarray", feature = "flex")))]
compile_error!(
    "linreg needs a backend: build with --features ndarray (the default) or --features flex"
);

mod commands;
mod input;
mod memory;
mod number;
mod output;
mod progress;

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use linreg_data::DataError;

use commands::{completions, evaluate, fit, generate, inspect, lesson, predict};

/// Linear regression from the shell, on the Burn framework
#[derive(Parser)]
#[command(version, arg_required_else_help = true, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  linreg lesson                                     the lesson, step by step
  linreg fit houses.csv --target price              fit a model to a CSV file
  linreg predict houses.safetensors new.csv         predict for new rows
  linreg evaluate houses.safetensors test.csv       how good is the model?";

#[derive(Subcommand)]
enum Command {
    Lesson(lesson::Args),
    Generate(generate::Args),
    Fit(fit::Args),
    Predict(predict::Args),
    Evaluate(evaluate::Args),
    Inspect(inspect::Args),
    Completions(completions::Args),
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has read enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing can be done if standard error is closed.
            let _ = writeln!(
                anstream::stderr(),
                "{}error:{} {error:#}",
                anstyle::AnsiColor::Red.on_default().bold(),
                anstyle::Reset
            );
            ExitCode::from(2)
        }
    }
}

fn run(cli: Cli) -> Result<()> {
    match cli.command {
        Command::Lesson(args) => lesson::run(args),
        Command::Generate(args) => generate::run(args),
        Command::Fit(args) => fit::run(args),
        Command::Predict(args) => predict::run(args),
        Command::Evaluate(args) => evaluate::run(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Completions(args) => completions::run(args),
    }
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
