//! The lesson in the terminal: sections with numbers, in lines that fit.

use anyhow::Result;
use textwrap::Options;

use super::section::{Block, Section};
use crate::number::table_of_texts;
use crate::terminal::{self, BOLD, Text};
use crate::wrap::{Width, wrapped};

/// The most columns of a line.
const WIDTH: usize = 80;

/// Lines of a plot.
const PLOT_LINES: usize = 18;

pub struct Story<'a> {
    pub out: &'a mut Text,
    sections: usize,
    width: usize,
}

impl<'a> Story<'a> {
    pub fn new(out: &'a mut Text) -> Self {
        let width = terminal::size().map_or(WIDTH, |(columns, _)| columns);
        Self {
            out,
            sections: 0,
            width: width.clamp(40, WIDTH),
        }
    }

    /// Prints a section under the next number.
    pub fn tell(&mut self, section: &Section) -> Result<()> {
        if self.sections > 0 {
            writeln!(self.out)?;
        }
        self.sections += 1;
        let heading = format!("{}. {}", self.sections, section.heading);
        self.out.styled(BOLD, &heading)?;
        writeln!(self.out)?;
        self.go_on(&section.blocks)
    }

    /// Prints further parts of the section.
    pub fn go_on(&mut self, blocks: &[Block]) -> Result<()> {
        for block in blocks {
            match block {
                Block::Paragraph(text) => {
                    writeln!(self.out, "\n{}", paragraph(text, self.width))?;
                }
                Block::Code(lines) => {
                    writeln!(self.out)?;
                    for line in lines.lines() {
                        let options = Options::new(self.width)
                            .initial_indent("  ")
                            .subsequent_indent("      ");
                        writeln!(self.out, "{}", textwrap::fill(line, options))?;
                    }
                }
                Block::Table(shown) => {
                    let lines = table_of_texts(&shown.rows, shown.first_number);
                    write!(self.out, "\n{lines}")?;
                }
                Block::Pictures {
                    pictures,
                    in_terminal,
                } => {
                    for picture in pictures.iter().take(*in_terminal) {
                        writeln!(self.out)?;
                        let picture = picture.terminal(self.width.min(76), PLOT_LINES);
                        self.out.picture(&picture)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// A text in lines of so many columns, in which a no-break space becomes a plain
/// space afterwards.
fn paragraph(text: &str, width: usize) -> String {
    wrapped(text, Width::of(width)).replace('\u{a0}', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_space_without_a_break_keeps_what_belongs_together() {
        assert_eq!(
            paragraph("drawn from N(0,\u{a0}1), all", 15),
            "drawn from\nN(0, 1), all"
        );
    }
}
