use std::io::Write;

use anyhow::Result;
use clap::CommandFactory;
use clap_complete::Shell;

use crate::terminal;

/// Print the completion script of a shell
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  linreg completions bash > ~/.local/share/bash-completion/completions/linreg
  linreg completions zsh > ~/.zfunc/_linreg
  linreg completions fish > ~/.config/fish/completions/linreg.fish")]
pub struct Args {
    /// Shell to complete for
    shell: Shell,
}

pub fn run(args: Args) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(
        args.shell,
        &mut crate::Cli::command(),
        "linreg",
        &mut script,
    );
    Ok(terminal::data().write_all(&script)?)
}
