use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use linreg_model::OutputFile;
use linreg_plot::Picture;

use crate::output::Files;
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

/// Where a picture goes, after checks.
pub enum Drawing {
    Terminal,
    Svg(OutputFile),
    Png(OutputFile),
}

/// The most lines of a picture, and its size if that of the terminal is not
/// known.
const MOST_LINES: usize = 40;
const SIZE: (usize, usize) = (80, 24);

impl DrawingArgs {
    /// Checks that the file can be written, before any work is done for it.
    /// `tables` and `others` are the files that the command reads.
    pub fn check(self, tables: &[&Path], others: &[&Path]) -> Result<Drawing> {
        let mut files = Files::new(tables, self.force)?;
        others.iter().for_each(|other| files.read(other));
        let Some(path) = self.output else {
            return Ok(Drawing::Terminal);
        };
        let extension = path.extension().and_then(|extension| extension.to_str());
        let kind = extension.unwrap_or("").to_ascii_lowercase();
        match kind.as_str() {
            "svg" => Ok(Drawing::Svg(files.file("picture", &path)?)),
            "png" => Ok(Drawing::Png(files.file("picture", &path)?)),
            _ => bail!("{}: a picture is a .svg or a .png", path.display()),
        }
    }
}

impl Drawing {
    pub fn write(&self, picture: &Picture) -> Result<()> {
        match self {
            Self::Svg(output) => {
                let svg = picture.svg();
                Ok(output.save(svg.as_bytes())?)
            }
            Self::Png(output) => {
                let png = picture.png()?;
                Ok(output.save(&png)?)
            }
            Self::Terminal => {
                let (width, height) = match terminal::size() {
                    // One line is left for the prompt that follows.
                    Some((width, height)) => {
                        let lines = height.saturating_sub(1);
                        (width, lines.min(MOST_LINES))
                    }
                    None => SIZE,
                };
                terminal::stdout().picture(&picture.terminal(width, height))?;
                Ok(())
            }
        }
    }
}
