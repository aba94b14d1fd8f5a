use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::Parser;
use clap::builder::Styles;
use linreg_data::{is_control, printable};

use super::{Text, stderr, stdout};

/// Parses the arguments of the program. If there is nothing more to do than to
/// print an error or the help, prints it and returns the exit code.
pub fn parse<C: Parser>() -> Result<C, ExitCode> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    parsed(&arguments).map_err(|error| {
        let exit_code = error.exit_code();
        let to = if error.use_stderr() {
            stderr()
        } else {
            stdout()
        };
        // Nothing can be done if they are closed.
        let _ = tell(to, &error, &arguments);
        ExitCode::from(u8::try_from(exit_code).unwrap_or(2))
    })
}

/// Messages of clap are our own text in colours, except for the arguments that
/// they repeat. If an argument has control characters, clap adds no colours:
/// then all control characters in its text come from arguments.
fn parsed<C: Parser>(arguments: &[OsString]) -> Result<C, clap::Error> {
    let mut command = C::command();
    if !are_printable(arguments) {
        command = command.styles(Styles::plain());
    }
    let matches = command.try_get_matches_from_mut(arguments);
    matches.and_then(|mut matches| {
        let found = C::from_arg_matches_mut(&mut matches);
        found.map_err(|error| error.format(&mut command))
    })
}

fn are_printable(arguments: &[OsString]) -> bool {
    let has_controls = |argument: &OsString| argument.to_string_lossy().contains(is_control);
    !arguments.iter().any(has_controls)
}

fn tell(mut to: Text, error: &clap::Error, arguments: &[OsString]) -> io::Result<()> {
    let text = error.render().ansi().to_string();
    if are_printable(arguments) {
        write!(to.writer, "{text}")
    } else {
        write!(to, "{}", within_lines(text, arguments))
    }
}

/// The text, in which the line feeds of arguments, and of values after `=`, are
/// escaped too.
fn within_lines(mut text: String, arguments: &[OsString]) -> String {
    for argument in arguments {
        let argument = argument.to_string_lossy();
        let value = argument.split_once('=').map(|(_, value)| value);
        for part in [Some(&*argument), value].into_iter().flatten() {
            if part.contains('\n') {
                text = text.replace(part, &printable(part));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A command with an option.
    #[derive(Debug, clap::Parser)]
    struct Command {
        /// How many
        #[arg(long)]
        number: Option<u8>,
    }

    fn said(argument: &str) -> String {
        let arguments = ["command", argument].map(OsString::from);
        let error = parsed::<Command>(&arguments).unwrap_err();
        let text = error.render().ansi().to_string();
        within_lines(text, &arguments)
    }

    #[test]
    fn an_argument_with_controls_is_repeated_without_colours_of_ours() {
        assert!(said("--numbre").contains("\u{1b}["));
        for argument in ["--number=\u{1b}[7m\nx", "--numbre\u{9b}7m\n", "\u{202e}\n"] {
            let said = said(argument);
            let controls = said.replace('\n', "");
            assert!(!controls.contains(is_control), "{said:?}");
            assert!(said.contains(r"\n"), "{said}");
        }
    }
}
