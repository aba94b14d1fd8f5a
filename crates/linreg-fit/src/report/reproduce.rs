use crate::How;
use crate::export::training::stopped;

use super::files::Hashed;
use super::look::Look;
use crate::Report;
use crate::number::{bytes, count};
use crate::page::html::{definitions, paragraph, shorten, table, text};
use crate::page::{Section, versions};

/// The most files whose hashes are listed.
const MOST_FILES: usize = 100;

/// What it takes to get the same page again.
pub fn section(report: &Report, look: &Look, files: &[Hashed]) -> Section {
    let mut body = match &report.command {
        Some(command) => {
            paragraph("The same command gives the same numbers, from the same files:")
                + &format!("<pre>{}</pre>\n", text(command))
        }
        None => paragraph("The same settings give the same numbers, from the same table."),
    };
    let shown = files.iter().take(MOST_FILES);
    let rows: Vec<Vec<String>> = shown
        .map(|file| {
            let hash = format!("<code class=\"hash\">{}</code>", file.sha256);
            vec![text(shorten(&file.name)), hash, bytes(file.bytes)]
        })
        .collect();
    if !rows.is_empty() {
        let caption = "SHA-256 of each file, as sha256sum prints it";
        body += &table(caption, &["file", "SHA-256", "size"], 2, &rows);
    }
    if files.len() > MOST_FILES {
        body += &paragraph(&format!("And {} more files.", files.len() - MOST_FILES));
    }
    if report.files.iter().any(|file| file.as_os_str() == "-") {
        body += &paragraph(
            "Rows came through standard input, of which nothing is kept: save them in a file to \
             have their hash here.",
        );
    }
    let how = match &report.fitted.how {
        How::Exact(fit) => fit.method(),
        How::Trained(trained) => {
            let config = &trained.config;
            let batches = if config.optimizer.is_full_batch() {
                "all rows at once".to_string()
            } else {
                format!(
                    "batches of {}, learning rate {}",
                    config.batch_size, config.learning_rate
                )
            };
            format!(
                "{} of {} with {batches}, on {}, {}",
                count(trained.history.len(), "epoch"),
                config.optimizer.name(),
                trained.backend,
                stopped(trained.stopped, report.say)
            )
        }
    };
    body += &definitions([
        ("Method", text(how)),
        ("Seed", text(report.seed)),
        ("Pictures", text(look.rows_drawn())),
        ("Versions", text(versions())),
    ]);
    Section {
        id: "reproduce",
        heading: "How to reproduce it",
        body,
    }
}
