use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::Parser;
use clap::builder::Styles;
use linreg_data::is_control;

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

fn tell(mut to: Text, error: &clap::Error, is_ours: bool) -> io::Result<()> {
    let text = error.render();
    let text = text.ansi();
    match is_ours {
        true => write!(to.0, "{text}"),
        false => write!(to, "{text}"),
    }
}
