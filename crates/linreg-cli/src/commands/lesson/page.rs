//! The lesson as a page.

use linreg_data::SyntheticConfig;
use linreg_plot::Picture;

use super::section::{self, Block, Table};
use crate::commands::Backend;
use crate::language::Language;
use crate::number::thousands;
use linreg_fit::page::html::{definitions, paragraph, table, text};
use linreg_fit::page::{Page, Pictures, Section, versions};

use crate::command::command_line;

/// The most rows of a table.
const MOST_ROWS: usize = 100;

/// A page of these sections, and what it takes to make it again.
pub fn page(
    sections: &[section::Section],
    data: &SyntheticConfig,
    backend: &Backend,
    language: Language,
) -> Page {
    let formula = text(super::data::formula(data, language));
    let rows = thousands(data.num_examples);
    let sections = sections.iter().map(|section| Section {
        id: section.id,
        heading: section.heading,
        body: body(section, language),
    });
    Page {
        language,
        title: language
            .choose("Linear regression, step by step", "线性回归，一步一步来")
            .to_string(),
        lead: language.choose(
            format!(
                "Can a model find the weights of <code>{formula}</code> from {rows} rows alone?"
            ),
            format!("模型能否仅凭 {rows} 行数据，找到 <code>{formula}</code> 的权重？"),
        ),
        sections: sections.chain([repeat(data, backend, language)]).collect(),
    }
}

/// The trained model in pictures.
pub fn pictures(pictures: Vec<Picture>, language: Language) -> section::Section {
    section::Section {
        id: "pictures",
        heading: language.choose("The trained model in pictures", "用图看训练好的模型"),
        blocks: vec![Block::Pictures {
            pictures,
            in_terminal: 0,
        }],
    }
}

fn body(section: &section::Section, language: Language) -> String {
    let mut html = String::new();
    for (index, block) in section.blocks.iter().enumerate() {
        html += &match block {
            Block::Paragraph(sentences) => paragraph(&with_code(sentences)),
            Block::Code(lines) => {
                let lines: Vec<String> = lines.lines().map(text).collect();
                format!("<pre>{}</pre>\n", lines.join("\n"))
            }
            Block::Table(shown) => rows_table(shown, language),
            Block::Pictures { pictures, .. } => {
                let id = format!("{}-picture-{index}", section.id);
                let mut shown = Pictures::new(&id, language);
                for picture in pictures {
                    shown.add(Ok(picture.clone()));
                }
                shown.html()
            }
        };
    }
    html
}

/// A text whose code stands between backticks.
fn with_code(sentences: &str) -> String {
    let parts = sentences.split('`').enumerate();
    let parts = parts.map(|(index, part)| match index % 2 {
        0 => text(part),
        _ => format!("<code>{}</code>", text(part)),
    });
    parts.collect()
}

fn rows_table(shown: &Table, language: Language) -> String {
    let (header, rows) = shown.rows.split_at(1);
    let header: Vec<&str> = header.iter().flatten().map(String::as_str).collect();
    let cells = |row: &Vec<String>| row.iter().map(text).collect();
    let first: Vec<Vec<String>> = rows.iter().take(MOST_ROWS).map(cells).collect();
    let mut html = table(shown.caption, &header, shown.first_number, &first);
    if rows.len() > MOST_ROWS {
        let more = thousands(rows.len() - MOST_ROWS);
        html +=
            &paragraph(&language.choose(format!("And {more} more."), format!("另有 {more} 行。")));
    }
    html
}

fn repeat(data: &SyntheticConfig, backend: &Backend, language: Language) -> Section {
    let mut body = paragraph(language.choose(
        "The same command gives the same rows and the same weights:",
        "同样的命令给出同样的数据和同样的权重：",
    ));
    body += &format!("<pre>{}</pre>\n", text(command_line()));
    body += &definitions([
        (language.choose("Seed", "随机种子"), text(data.seed)),
        (language.choose("Backend", "后端"), text(backend)),
        (language.choose("Versions", "版本"), text(versions())),
    ]);
    Section {
        id: "reproduce",
        heading: language.choose("How to reproduce it", "如何重现"),
        body,
    }
}
