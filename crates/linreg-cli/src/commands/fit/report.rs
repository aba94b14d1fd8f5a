use std::path::Path;

use anyhow::Result;
use linreg_fit::Fitted;
use serde_json::{Value, json};

use super::Args;
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
        let [before, warnings, after] = self.fitted.to_text_with(flag);
        let mut stdout = terminal::stdout();
        write!(stdout, "{before}")?;
        if !warnings.is_empty() {
            writeln!(stdout)?;
            stdout.styled(YELLOW, "Warnings")?;
            write!(stdout, "\n{warnings}")?;
        }
        let path = self.path.display();
        writeln!(
            stdout,
            "{after}\nSaved {path}; predict with: linreg predict {path} FILE"
        )?;
        if let Some(report) = self.page {
            writeln!(stdout, "Saved {}; open it in a browser", report.display())?;
        }
        Ok(())
    }
}
