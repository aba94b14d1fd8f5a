//! What to try after the lesson.

use super::section::{Block, Section};
use crate::language::Language;

/// The commands to try next, without those whose flag has been tried already.
pub fn section(done: &[&str], language: Language) -> Section {
    let commands = [
        (
            "linreg lesson --noise 1",
            "how closely can it know the weights now?",
            "现在还能多准确地得到权重？",
        ),
        (
            "linreg lesson --learning-rate 1",
            "what does a step too large do?",
            "步长太大会怎样？",
        ),
        (
            "linreg lesson --report pictures",
            "all of it as a page, with the plots",
            "把全部内容做成带图的网页",
        ),
        (
            "linreg generate --output data.csv",
            "the rows as a file",
            "把数据保存成文件",
        ),
        (
            "linreg fit data.csv --target y",
            "a model for it, and for your own files",
            "用它，或用自己的文件，拟合模型",
        ),
    ];
    let commands = commands
        .into_iter()
        .filter(|(command, _, _)| !done.iter().any(|done| command.contains(done)));
    let lines: Vec<String> = commands
        .map(|(command, english, chinese)| {
            format!("{command:<35} {}", language.choose(english, chinese))
        })
        .collect();
    Section {
        id: "next",
        heading: language.choose("Where to go next", "接下来"),
        blocks: vec![Block::Code(lines.join("\n"))],
    }
}
