//! The only way for text out of the program. Names, levels and messages may
//! come from a file that somebody else has made, and control characters hidden
//! in them can control the terminal. So every text is escaped here, where it
//! leaves the program, and nowhere before. Colours are added after that, so
//! that no text can bring its own.
//!
//! `.clippy.toml` keeps the rest of the program from using standard output and
//! standard error directly.

mod arguments;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::{Arguments, Display};
use std::io::{self, IsTerminal, Write};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use anyhow::Result;
use indicatif::ProgressBar;
use linreg_data::{is_control, printable, printable_lines};
use linreg_plot::{Ink, TerminalPicture};

use crate::wrap::{WIDTH, Width, after};

pub use arguments::parse;

/// Where text is written. Its line feeds stay; all other control characters are
/// escaped.
///
/// It is no [`Write`], which takes bytes: `write!` and `writeln!` find
/// [`write_fmt`](Self::write_fmt), which takes text.
pub struct Text<W = Box<dyn Write>> {
    writer: W,
    /// The most columns of a line of a message.
    width: usize,
}

/// Standard output for text. Colours are left out where it is no terminal.
#[expect(clippy::disallowed_methods, reason = "this is the way to it")]
pub fn stdout() -> Text {
    Text::to(Box::new(AutoStream::auto(io::stdout())))
}

/// Standard error for text. If it is closed, the program goes on without it.
#[expect(clippy::disallowed_methods, reason = "this is the way to it")]
pub fn stderr() -> Text {
    let width = terminal_size::terminal_size_of(io::stderr());
    Text {
        writer: Box::new(Unheard(AutoStream::auto(io::stderr()))),
        // In a file, each message is a line, which a search finds.
        width: width.map_or(usize::MAX, |(width, _)| within(width.0.into())),
    }
}

/// A writer that ignores errors, since it may be closed.
struct Unheard<W>(W);

impl<W: Write> Write for Unheard<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => Ok(bytes.len()),
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().ok();
        Ok(())
    }
}

/// An output that discards all text.
pub fn nowhere() -> Text {
    Text::to(Box::new(io::sink()))
}

/// Standard output for data: tables, pictures and scripts, which another program
/// reads and which are written as they are.
#[expect(clippy::disallowed_methods, reason = "this is the way to it")]
pub fn data() -> io::Stdout {
    io::stdout()
}

/// Columns and lines of the terminal that standard output is.
pub fn size() -> Option<(usize, usize)> {
    let (width, height) = terminal_size::terminal_size_of(data())?;
    Some((usize::from(width.0), usize::from(height.0)))
}

/// The columns that lines on standard output may take: those of the terminal, of prose
/// only up to [`WIDTH`], or without a terminal those that the environment variable
/// `COLUMNS` names, else [`WIDTH`].
pub fn width() -> Width {
    match size() {
        Some((columns, _)) => Width {
            prose: within(columns),
            table: columns.max(LEAST),
        },
        None => {
            let columns = std::env::var("COLUMNS").ok();
            let columns = columns.and_then(|columns| columns.parse().ok());
            Width::of(columns.map_or(WIDTH, |columns: usize| columns.max(LEAST)))
        }
    }
}

/// The fewest columns of a line: with less, it holds hardly a word.
const LEAST: usize = 40;

/// The columns of prose in a terminal with so many.
fn within(columns: usize) -> usize {
    columns.clamp(LEAST, WIDTH)
}

/// Whether standard error is a terminal.
#[expect(clippy::disallowed_methods, reason = "this is the way to it")]
pub fn is_watched() -> bool {
    io::stderr().is_terminal()
}

impl<W: Write> Text<W> {
    pub fn to(writer: W) -> Self {
        let width = usize::MAX;
        Self { writer, width }
    }

    #[cfg(test)]
    pub fn into_inner(self) -> W {
        self.writer
    }

    pub fn write_fmt(&mut self, text: Arguments<'_>) -> io::Result<()> {
        let text = text.to_string();
        self.writer.write_all(printable_lines(&text).as_bytes())
    }

    /// A line after the word `warning:`.
    pub fn warning(&mut self, text: impl Display) -> io::Result<()> {
        self.labelled(YELLOW, "warning:", text)
    }

    /// A line after the word `note:`.
    pub fn note(&mut self, text: impl Display) -> io::Result<()> {
        self.labelled(YELLOW, "note:", text)
    }

    /// A line after the word `error:`.
    pub fn error(&mut self, text: impl Display) -> io::Result<()> {
        self.labelled(RED, "error:", text)
    }

    /// Further lines are indented, so that none can pass for another message; those
    /// that are already, such as a formula with a mark below, are not broken.
    fn labelled(&mut self, style: Style, label: &str, text: impl Display) -> io::Result<()> {
        self.styled(style, label)?;
        let text = text.to_string();
        let mut lines = text.split('\n');
        let first = after(
            &format!("{label} "),
            lines.next().unwrap_or_default(),
            Width::of(self.width),
        );
        write!(self, "{}", &first[label.len()..])?;
        for line in lines {
            if line.starts_with(' ') {
                writeln!(self, "{line}")?;
            } else {
                write!(self, "{}", after("  ", line, Width::of(self.width)))?;
            }
        }
        Ok(())
    }

    /// A text in a style.
    pub fn styled(&mut self, style: Style, text: &str) -> io::Result<()> {
        write!(self.writer, "{style}")?;
        write!(self, "{text}")?;
        write!(self.writer, "{style:#}")
    }

    /// A picture and a line feed: in colours where they are shown, and else as
    /// plain text.
    pub fn picture(&mut self, picture: &TerminalPicture) -> io::Result<()> {
        for line in picture.lines() {
            for span in line {
                match span.ink {
                    Ink::Points => self.styled(POINTS, &span.text)?,
                    Ink::Line => self.styled(LINE, &span.text)?,
                    _ => write!(self, "{}", span.text)?,
                }
            }
            writeln!(self)?;
        }
        Ok(())
    }
}

/// The style of errors.
pub const RED: Style = AnsiColor::Red.on_default().bold();

/// The style of warnings and notes.
pub const YELLOW: Style = AnsiColor::Yellow.on_default().bold();

/// The style of the points of a picture: readable on a dark and on a light
/// background, and distinct from [`LINE`] for the colour-blind.
const POINTS: Style = AnsiColor::Cyan.on_default();

/// The style of the line of a picture.
const LINE: Style = AnsiColor::Red.on_default().bold();

/// The style of headings.
pub const BOLD: Style = Style::new().bold();

/// Prints a JSON object for a machine to read. Control characters become
/// escapes such as `\u001b` in JSON strings, so that they are read back
/// unchanged.
pub fn print_json(value: &serde_json::Value) -> Result<()> {
    let mut json = serde_json::to_string_pretty(value)?;
    json.push('\n');
    Ok(data().write_all(escaped_json(&json).as_bytes())?)
}

/// The same JSON without control characters. Outside of its strings there are
/// only line feeds, and inside of them serde_json has escaped line feeds.
fn escaped_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        if character == '\n' || !is_control(character) {
            escaped.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            escaped += &format!("\\u{unit:04x}");
        }
    }
    escaped
}

/// Sets the message of a progress bar.
#[expect(clippy::disallowed_methods, reason = "this is the way to it")]
pub fn set_message(bar: &ProgressBar, text: &str) {
    bar.set_message(printable(text).into_owned());
}

/// From now on, the message of a panic is escaped too.
pub fn show_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let mut stderr = stderr();
        let thread = std::thread::current();
        let thread = thread.name().unwrap_or("without a name");
        // Nothing can be done if standard error is closed.
        let _ = stderr.error(format_args!("thread {thread} {panic}"));
        let backtrace = Backtrace::capture();
        if backtrace.status() == BacktraceStatus::Captured {
            let _ = writeln!(stderr, "{backtrace}");
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Text<Vec<u8>>) -> io::Result<()>) -> String {
        let mut text = Text::to(Vec::new());
        write(&mut text).unwrap();
        String::from_utf8(text.writer).unwrap()
    }

    #[test]
    fn a_text_is_spelt_out_and_only_our_words_are_coloured() {
        let hostile = "\u{1b}[31m\u{9b}0m\u{202e}\r\u{2028}";
        let spelt = r"\u{1b}[31m\u{9b}0m\u{202e}\r\u{2028}";
        let line = written(|text| writeln!(text, "a {hostile}"));
        assert_eq!(line, format!("a {spelt}\n"));
        let warning = written(|text| text.warning(hostile));
        assert_eq!(
            warning,
            format!("\u{1b}[1m\u{1b}[33mwarning:\u{1b}[0m {spelt}\n")
        );
    }

    #[test]
    fn a_picture_is_coloured_and_its_names_are_spelt_out() {
        let scatter =
            linreg_plot::Picture::scatter("a\u{1b}[31m", &[1.0, 2.0, 3.0], "y", &[1.0, 5.0, 2.0]);
        let picture = scatter.unwrap().terminal(40, 12);
        let coloured = written(|text| text.picture(&picture));
        for colour in [POINTS, LINE] {
            assert!(coloured.contains(&colour.to_string()), "{coloured}");
        }
        let plain = anstream::adapter::strip_str(&coloured).to_string();
        assert_eq!(plain, format!("{picture}\n"));
        assert!(!plain.contains(|c: char| c != '\n' && is_control(c)));
    }

    #[test]
    fn no_line_of_a_message_passes_for_another_message() {
        let name = "t\nerror: forged.csv";
        let error = written(|text| text.error(format_args!("{name}: no such file\n    ^")));
        assert!(
            error.ends_with(" t\n  error: forged.csv: no such file\n    ^\n"),
            "{error}"
        );
    }

    #[test]
    fn a_message_is_broken_between_words_and_a_formula_is_not() {
        let mut text = Text {
            writer: Vec::new(),
            width: 20,
        };
        text.error("no such column here\n    y ~ x1 + x2 + x3 + x4\n    ^")
            .unwrap();
        let said = anstream::adapter::strip_bytes(&text.writer).into_vec();
        assert_eq!(
            String::from_utf8(said).unwrap(),
            "error: no such\n       column here\n    y ~ x1 + x2 + x3 + x4\n    ^\n"
        );
    }

    #[test]
    fn json_without_controls_is_read_back_as_it_was() {
        let name = "\u{1b}[31m\u{7f}\u{85}\u{202e}\u{e0041}\n\\u001b é";
        let value = serde_json::json!({ name: [name, 1.5, null] });
        let json = escaped_json(&serde_json::to_string_pretty(&value).unwrap());
        assert!(!json.replace('\n', "").contains(is_control), "{json}");
        assert!(json.contains(r"\u007f\u0085\u202e\udb40\udc41"), "{json}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&json).unwrap(),
            value
        );
    }
}
