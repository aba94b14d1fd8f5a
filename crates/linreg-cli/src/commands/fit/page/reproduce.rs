use crate::commands::fit::{How, Report};
use crate::number::{bytes, count};
use crate::report::html::{paragraph, shorten, table, text};
use crate::report::{Hashed, Look, Section, command_line};

/// Files whose hashes are told.
const MOST_FILES: usize = 100;

/// What it takes to get the same page again.
pub fn section(report: &Report, look: &Look, files: &[Hashed]) -> Section {
    let mut body = paragraph("The same command gives the same numbers, from the same files:");
    body += &format!("<pre>{}</pre>\n", text(command_line()));
    let shown = files.iter().take(MOST_FILES);
    let rows: Vec<Vec<String>> = shown
        .map(|file| {
            let hash = format!("<code>{}</code>", file.sha256);
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
    if report
        .args
        .source
        .files
        .iter()
        .any(|file| file.as_os_str() == "-")
    {
        body += &paragraph(
            "Rows came through standard input, of which nothing is kept: save them in a file to \
             have their hash here.",
        );
    }
    let how = match &report.fitted.how {
        How::Exact(fit) => fit.method(),
        How::Trained(trained) => format!(
            "{} of batches of {} on {}, learning rate {}",
            count(trained.config.num_epochs, "epoch"),
            trained.config.batch_size,
            trained.backend,
            trained.config.learning_rate,
        ),
    };
    let points = match look.is_whole() {
        true => "every row is drawn".to_string(),
        false => format!(
            "{} drawn at random by the seed; lines and figures are of all {}",
            count(look.sample.len(), "row"),
            count(look.num_rows as usize, "row"),
        ),
    };
    let figures = [
        ("Method", how),
        ("Seed", report.args.seed.to_string()),
        ("Pictures", points),
        (
            "Versions",
            format!(
                "linreg {}, Burn 0.21.0, {} {}",
                env!("CARGO_PKG_VERSION"),
                std::env::consts::OS,
                std::env::consts::ARCH
            ),
        ),
    ];
    let figures = figures.map(|(name, value)| format!("<dt>{name}</dt><dd>{}</dd>\n", text(value)));
    body += &format!("<dl>\n{}</dl>\n", figures.concat());
    Section {
        id: "reproduce",
        heading: "How to reproduce it",
        body,
    }
}
