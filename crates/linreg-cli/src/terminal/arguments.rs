use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::Parser;
use clap::builder::{StyledStr, Styles};
use clap::error::{ContextKind, ContextValue};
use linreg_data::{is_control, printable};

use super::{Text, stderr, stdout};

/// The arguments of the program; where there is no more to do than to say what is
/// wrong with them, or how they go, it is said, and this is the exit code.
pub fn parse<C: Parser>() -> Result<C, ExitCode> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    parsed(&arguments).map_err(|error| {
        let exit_code = error.exit_code();
        let to = match error.use_stderr() {
            true => stderr(),
            false => stdout(),
        };
        // Nothing can be done if they are closed.
        let _ = tell(to, &error, are_printable(&arguments));
        ExitCode::from(u8::try_from(exit_code).unwrap_or(2))
    })
}

/// What clap says is our own text, in colours, but for the arguments that it
/// repeats. Where one has controls, clap adds no colours: then all the controls in
/// its text are those of the arguments.
fn parsed<C: Parser>(arguments: &[OsString]) -> Result<C, clap::Error> {
    let are_printable = are_printable(arguments);
    let mut command = C::command();
    if !are_printable {
        command = command.styles(Styles::plain());
    }
    let matches = command.try_get_matches_from_mut(arguments);
    let parsed = matches.and_then(|mut matches| {
        let found = C::from_arg_matches_mut(&mut matches);
        found.map_err(|error| error.format(&mut command))
    });
    parsed.map_err(|error| match are_printable {
        true => error,
        false => within_lines(error),
    })
}

/// The error with the line feeds of arguments spelt out too.
fn within_lines(mut error: clap::Error) -> clap::Error {
    let text = |text: &str| printable(text).into_owned();
    let styled = |styled: &StyledStr| StyledStr::from(text(&styled.ansi().to_string()));
    let within_lines = error.context().filter_map(|(kind, value)| {
        let value = match value {
            ContextValue::String(one) => ContextValue::String(text(one)),
            ContextValue::Strings(all) => {
                ContextValue::Strings(all.iter().map(|one| text(one)).collect())
            }
            ContextValue::StyledStrs(all) if kind != ContextKind::Usage => {
                ContextValue::StyledStrs(all.iter().map(styled).collect())
            }
            _ => return None,
        };
        Some((kind, value))
    });
    for (kind, value) in within_lines.collect::<Vec<_>>() {
        error.insert(kind, value);
    }
    error
}

fn are_printable(arguments: &[OsString]) -> bool {
    let has_controls = |argument: &OsString| argument.to_string_lossy().contains(is_control);
    !arguments.iter().any(has_controls)
}

fn tell(mut to: Text, error: &clap::Error, is_ours: bool) -> io::Result<()> {
    let text = error.render();
    let text = text.ansi();
    match is_ours {
        true => write!(to.0, "{text}"),
        false => write!(to, "{text}"),
    }
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
        error.render().ansi().to_string()
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
