//! Colours, which `anstream` takes away where there is no terminal.

use anstyle::AnsiColor;

/// For what is wrong.
pub fn red(text: &str) -> String {
    coloured(AnsiColor::Red, text)
}

/// For what deserves a second look.
pub fn yellow(text: &str) -> String {
    coloured(AnsiColor::Yellow, text)
}

fn coloured(colour: AnsiColor, text: &str) -> String {
    let style = colour.on_default().bold();
    format!("{style}{text}{style:#}")
}
