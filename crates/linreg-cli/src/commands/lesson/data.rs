//! The section on the rows and their variables.

use linreg_data::SyntheticConfig;
use serde_json::{Value, json};

use super::section::{Block, Section, Table, row};
use crate::language::Language;
use crate::number::thousands;

/// The rows' formula, with its weights.
pub fn formula(data: &SyntheticConfig, language: Language) -> String {
    let mut formula = String::from("y =");
    for (index, weight) in data.weights.iter().enumerate() {
        let sign = match (index, *weight < 0.0) {
            (0, false) => " ",
            (0, true) => " -",
            (_, false) => " + ",
            (_, true) => " - ",
        };
        formula += &format!("{sign}{} x{}", weight.abs(), index + 1);
    }
    let sign = if data.bias < 0.0 { '-' } else { '+' };
    let noise = language.choose("noise", "噪声");
    formula += &format!(" {sign} {} + {noise}", data.bias.abs());
    formula
}

/// Shapes and types of the lesson's variables, in PyTorch's words and in ours.
struct Variable {
    name: &'static str,
    meaning: [&'static str; 2],
    pytorch: String,
    here: String,
}

fn variables(data: &SyntheticConfig) -> [Variable; 6] {
    let (rows, features) = (data.num_examples, data.weights.len());
    [
        Variable {
            name: "w",
            meaning: ["true weights", "真实权重"],
            pytorch: format!("torch.Tensor [{features}]"),
            here: format!("Vec<f64>, {features}"),
        },
        Variable {
            name: "b",
            meaning: ["true bias, scalar", "真实偏置，标量"],
            pytorch: "float".into(),
            here: "f64".into(),
        },
        Variable {
            name: "num_examples",
            meaning: ["number of rows", "样本数"],
            pytorch: "int".into(),
            here: "usize".into(),
        },
        Variable {
            name: "X (features)",
            meaning: ["a row an example", "每行一个样本"],
            pytorch: format!("torch.Tensor [{rows}, {features}]"),
            here: "Tensor<B, 2>".into(),
        },
        Variable {
            name: "noise",
            meaning: ["a number a row", "每行一个数"],
            pytorch: format!("torch.Tensor [{rows}]"),
            here: "f64, a row".into(),
        },
        Variable {
            name: "y (labels)",
            meaning: ["what to predict", "要预测的值"],
            pytorch: format!("torch.Tensor [{rows}, 1]"),
            here: "Tensor<B, 2>".into(),
        },
    ]
}

/// How to take a feature's column out for a plot, in PyTorch and in Burn.
fn column(data: &SyntheticConfig) -> String {
    // The last feature, which by default is the second of two.
    let (last, features) = (data.weights.len() - 1, data.weights.len());
    format!(
        "PyTorch   features[:, {last}].detach().numpy()\n\
         Burn      features.slice([0..n, {last}..{features}]).into_data()\n\
         autodiff  features.inner().slice([0..n, {last}..{features}]).into_data()"
    )
}

pub fn json(data: &SyntheticConfig) -> Value {
    let variables = variables(data).map(|variable| {
        json!({
            "name": variable.name,
            "pytorch": variable.pytorch,
            "here": variable.here,
        })
    });
    json!({
        "formula": formula(data, Language::English),
        "num_examples": data.num_examples,
        "noise_std": data.noise_std,
        "noise": format!("N(0, {}²), in y and in no feature", data.noise_std),
        "column": column(data).lines().collect::<Vec<_>>(),
        "seed": data.seed,
        "variables": variables,
    })
}

pub fn section(data: &SyntheticConfig, language: Language) -> Section {
    let (rows, seed, noise) = (thousands(data.num_examples), data.seed, data.noise_std);
    let header = language.choose(
        ["name", "what it is", "PyTorch", "here"],
        ["名称", "含义", "PyTorch", "本程序"],
    );
    let lines = variables(data).map(|variable| {
        let meaning = language.choose(variable.meaning[0], variable.meaning[1]);
        row([variable.name, meaning, &variable.pytorch, &variable.here])
    });
    let last = data.weights.len() - 1;
    let blocks = vec![
        Block::Paragraph(language.choose(
            format!("{rows} rows (seed {seed}) of"),
            format!("{rows} 行数据（随机种子 {seed}），每行都来自"),
        )),
        Block::Code(formula(data, language)),
        Block::Paragraph(language.choose(
            format!(
                "or, for all rows at once, y = X w + b + noise. Each feature is drawn from \
                 N(0,\u{a0}1), the normal distribution of mean 0 and variance 1, and the noise from \
                 N(0,\u{a0}{noise}²): it is the part of y that nothing explains. A model sees X and y \
                 only. The experiments below ask whether it finds w and b again."
            ),
            format!(
                "对所有行一起写，就是 y = X w + b + 噪声。每个特征都取自 N(0,\u{a0}1)，\
                 即均值为 0、方差为 1 的正态分布；噪声取自 N(0,\u{a0}{noise}²)，\
                 是 y 中无法解释的部分。模型只能看到 X 和 y。\
                 下面的实验要看它能否重新找到 w 和 b。"
            ),
        )),
        Block::Table(Table {
            caption: language.choose("Variables and their types", "变量及其类型"),
            rows: [vec![row(header)], lines.to_vec()].concat(),
            first_number: usize::MAX,
        }),
        Block::Paragraph(language.choose(
            format!(
                "The tensors here have the same shapes; `B` is the backend. To plot y against one \
                 feature, its column is taken out of X: `[:, {last}]` keeps all rows and the \
                 column with the index {last}, counted from 0. `numpy` gives its numbers to the \
                 plotting library; of a tensor that requires gradients it does so only after \
                 `detach`, which takes it out of the graph. In Burn, `into_data` brings the \
                 numbers to the host, and `inner` leaves the graph:"
            ),
            format!(
                "本程序中张量的形状与之相同，`B` 是后端。要画出 y 与某个特征的散点图，\
                 需要从 X 中取出这一列：`[:, {last}]` 保留所有行，只取下标为 {last} 的列（从 0 数起）。\
                 `numpy` 把数值交给绘图库；对于需要梯度的张量，必须先用 `detach` 使它脱离计算图。\
                 在 Burn 中，`into_data` 把数值取回主机，`inner` 脱离计算图："
            ),
        )),
        Block::Code(column(data)),
    ];
    Section {
        id: "data",
        heading: language.choose("The question and the data", "问题与数据"),
        blocks,
    }
}
