use std::path::Path;

use anyhow::Result;
use linreg_fit::Fitted;
use serde_json::{Value, json};

use super::Args;
use crate::number::columns_of;
use crate::settings::flag;
use crate::terminal::{self, YELLOW, print_json};

/// A fit, with all that its output is made from.
pub struct Report<'a> {
    pub args: &'a Args,
    pub fitted: &'a Fitted,
    pub path: &'a Path,
    /// The report's page, if it was written.
    pub page: Option<&'a Path>,
}

impl Report<'_> {
    /// Prints what there is to say.
    pub fn tell(&self) -> Result<()> {
        if self.args.json {
            print_json(&self.json())
        } else {
            self.print()
        }
    }

    fn json(&self) -> Value {
        let mut object = json!({ "model": self.path.display().to_string() });
        for (key, value) in self
            .fitted
            .to_json_with(flag)
            .as_object()
            .into_iter()
            .flatten()
        {
            object[key] = value.clone();
            if let ("rows", Some(report)) = (key.as_str(), self.page) {
                object["report"] = json!(report.display().to_string());
            }
        }
        object
    }

    fn print(&self) -> Result<()> {
        let width = terminal::width();
        let [before, warnings, after] = self.fitted.to_text_with(flag, width);
        let mut stdout = terminal::stdout();
        write!(stdout, "{before}")?;
        if !warnings.is_empty() {
            writeln!(stdout)?;
            stdout.styled(YELLOW, "Warnings")?;
            write!(stdout, "\n{warnings}")?;
        }
        let path = self.path.display();
        let saved = format!("Saved {path}; predict with:");
        let command = format!("linreg predict {path} FILE");
        // A command is pasted whole.
        let fits = columns_of(&saved) + 1 + columns_of(&command) <= width.prose;
        let space = if fits { " " } else { "\n  " };
        writeln!(stdout, "{after}\n{saved}{space}{command}")?;
        if let Some(report) = self.page {
            writeln!(stdout, "Saved {}; open it in a browser", report.display())?;
        }
        Ok(())
    }
}
