use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use linreg_plot::Picture;

use crate::output::Output;
use crate::terminal;

/// Where a picture goes.
#[derive(clap::Args)]
#[command(next_help_heading = "Picture")]
pub struct DrawingArgs {
    /// File to write, .svg or .png [default: text to the terminal]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Replace the file if it exists
    #[arg(long, requires = "output")]
    force: bool,
}

/// A place for a picture that can be written.
pub enum Drawing {
    Terminal,
    Svg(Output),
    Png(Output),
}

/// Lines of a picture where the terminal has more, or tells nothing.
const MOST_LINES: usize = 40;
const SIZE: (usize, usize) = (80, 24);

impl DrawingArgs {
    /// Checks that the file can be written, before any work is done for it.
    pub fn check(self, inputs: &[&Path]) -> Result<Drawing> {
        let Some(path) = self.output else {
            return Ok(Drawing::Terminal);
        };
        let extension = path.extension().and_then(|extension| extension.to_str());
        let kind = extension.unwrap_or("").to_ascii_lowercase();
        let output = |path| Output::new(Some(path), self.force, inputs);
        match kind.as_str() {
            "svg" => Ok(Drawing::Svg(output(path)?)),
            "png" => Ok(Drawing::Png(output(path)?)),
            _ => bail!("{}: a picture is a .svg or a .png", path.display()),
        }
    }
}

impl Drawing {
    pub fn write(&self, picture: &Picture) -> Result<()> {
        match self {
            Self::Svg(output) => {
                let svg = picture.svg();
                output.write(|file| Ok(file.write_all(svg.as_bytes())?))
            }
            Self::Png(output) => {
                let png = picture.png()?;
                output.write(|file| Ok(file.write_all(&png)?))
            }
            Self::Terminal => {
                let (width, height) = match terminal::size() {
                    // A line for the prompt that follows.
                    Some((width, height)) => {
                        let lines = height.saturating_sub(1);
                        (width, lines.min(MOST_LINES))
                    }
                    None => SIZE,
                };
                writeln!(terminal::stdout(), "{}", picture.terminal(width, height))?;
                Ok(())
            }
        }
    }
}
