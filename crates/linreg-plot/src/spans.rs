use std::fmt::{self, Display};

use unicode_width::UnicodeWidthStr;

use crate::name::without_marks;
use crate::scene::Role;

/// A picture as text for a terminal. Printed, it is plain text; its
/// [`lines`](Self::lines) also say what each part shows, for a terminal with
/// colours. Nothing is lost without colours, because lines and points use different
/// characters.
///
/// # Example
///
/// ```
/// use linreg_plot::{Ink, Picture};
///
/// # fn main() -> Result<(), linreg_plot::PlotError> {
/// let scatter = Picture::scatter("area", &[50.0, 60.0, 80.0], "price", &[2.0, 2.5, 3.0])?;
/// let picture = scatter.terminal(60, 15);
/// let mut coloured = String::new();
/// for line in picture.lines() {
///     for span in line {
///         match span.ink {
///             Ink::Points => coloured += &format!("\u{1b}[36m{}\u{1b}[0m", span.text),
///             Ink::Line => coloured += &format!("\u{1b}[31m{}\u{1b}[0m", span.text),
///             _ => coloured += &span.text,
///         }
///     }
///     coloured.push('\n');
/// }
/// assert!(coloured.contains("\u{1b}[31m"));
/// assert!(picture.to_string().starts_with("area alone explains"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TerminalPicture {
    lines: Vec<Vec<Span>>,
}

/// A part of a line of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// What it shows, for its colour.
    pub ink: Ink,
    /// The text, without line breaks.
    pub text: String,
}

/// What a part of a picture shows, which determines its colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ink {
    /// Titles, axes, numbers and reference lines.
    #[default]
    Text,
    /// Points of the data, and their curves.
    Points,
    /// The line to compare the points with.
    Line,
}

impl From<Role> for Ink {
    fn from(role: Role) -> Self {
        match role {
            Role::Point => Self::Points,
            Role::Line | Role::Second => Self::Line,
            Role::Background | Role::Ink | Role::Faint | Role::Grid => Self::Text,
        }
    }
}

impl TerminalPicture {
    /// The spans of each line, from the top.
    pub fn lines(&self) -> &[Vec<Span>] {
        &self.lines
    }

    /// Adds a line of text.
    pub(crate) fn push_text(&mut self, text: &str) {
        let mut line = TextLine::default();
        line.push(Ink::Text, text);
        self.push(line);
    }

    pub(crate) fn push(&mut self, line: TextLine) {
        self.lines.push(line.finished());
    }

    pub(crate) fn append(&mut self, mut below: Self) {
        self.lines.append(&mut below.lines);
    }

    /// Removes empty lines at the end.
    pub(crate) fn finished(mut self) -> Self {
        while self.lines.last().is_some_and(Vec::is_empty) {
            self.lines.pop();
        }
        self
    }
}

impl Display for TerminalPicture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, line) in self.lines.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            for span in line {
                f.write_str(&span.text)?;
            }
        }
        Ok(())
    }
}

/// A line of a [`TerminalPicture`] under construction.
#[derive(Default)]
pub(crate) struct TextLine(Vec<Span>);

impl TextLine {
    pub(crate) fn push(&mut self, ink: Ink, text: &str) {
        match self.0.last_mut() {
            // Spaces have no visible colour.
            Some(last) if last.ink == ink || text.trim().is_empty() => last.text += text,
            _ => self.0.push(Span {
                ink,
                text: text.to_string(),
            }),
        }
    }

    pub(crate) fn push_spaces(&mut self, count: usize) {
        self.push(Ink::Text, &" ".repeat(count));
    }

    pub(crate) fn append(&mut self, other: Self) {
        for span in other.0 {
            self.push(span.ink, &span.text);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Number of terminal columns of the line.
    pub(crate) fn columns(&self) -> usize {
        self.0.iter().map(|span| columns_of(&span.text)).sum()
    }

    fn finished(mut self) -> Vec<Span> {
        for span in &mut self.0 {
            span.text = without_marks(&span.text);
        }
        while let Some(last) = self.0.last_mut() {
            last.text.truncate(last.text.trim_end().len());
            if !last.text.is_empty() {
                break;
            }
            self.0.pop();
        }
        self.0
    }
}

/// Number of terminal columns of a text.
pub(crate) fn columns_of(text: &str) -> usize {
    without_marks(text).width()
}
