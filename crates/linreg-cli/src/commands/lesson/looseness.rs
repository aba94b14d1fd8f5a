//! Why the scatter of one feature is looser than that of another.

use linreg_data::{Dataset, SyntheticConfig};
use linreg_plot::{Line, Picture, PlotError};
use serde_json::{Value, json};

use super::pictures;
use super::section::{Block, Section, Table, row};
use crate::language::Language;
use crate::number::{four_digits, significant, thousands};

/// The most features whose scatter plots are shown; a folder of pictures has
/// all of them.
pub const MOST_SCATTERS: usize = 8;

/// The most of them that a terminal shows.
const MOST_IN_TERMINAL: usize = 4;

/// What the scatter of one feature shows, measured and expected.
pub struct FeatureLine {
    pub name: String,
    pub measured: Line,
    expected_explained: Option<f64>,
    expected_variance: f64,
}

impl FeatureLine {
    /// Features are independent with variance 1, so each feature's line leaves
    /// the other features' squared weights and the noise as its variance.
    pub fn of_each(data: &SyntheticConfig, dataset: &Dataset) -> Result<Vec<Self>, PlotError> {
        let squares = data.weights.iter().map(|weight| weight * weight);
        let total = squares.clone().sum::<f64>() + data.noise_std.powi(2);
        let features = squares.zip(dataset.feature_names()).enumerate();
        features
            .map(|(index, (square, name))| {
                let feature = dataset.feature(index).into_iter().flatten();
                let feature: Vec<f64> = feature.collect();
                Ok(Self {
                    name: name.clone(),
                    measured: Line::fit(&feature, dataset.targets())?,
                    expected_explained: (total > 0.0).then(|| square / total),
                    expected_variance: total - square,
                })
            })
            .collect()
    }

    pub fn json(&self) -> Value {
        json!({
            "name": self.name,
            "slope": self.measured.slope,
            "explained": self.measured.explained,
            "explained_expected": self.expected_explained,
            "residual_variance": self.measured.residual_variance,
            "residual_variance_expected": self.expected_variance,
        })
    }
}

pub fn section(
    dataset: &Dataset,
    lines: &[FeatureLine],
    scatters: Vec<Picture>,
    language: Language,
) -> Section {
    let mut blocks = vec![Block::Pictures {
        pictures: scatters,
        in_terminal: MOST_IN_TERMINAL,
    }];
    let features = dataset.num_features();
    if features > MOST_IN_TERMINAL {
        blocks.push(Block::Paragraph(language.choose(
            format!(
                "Of {features} features, a few are drawn here; `linreg lesson --plots DIR` draws \
                 them all."
            ),
            format!(
                "共有 {features} 个特征，这里只画出几个；`linreg lesson --plots DIR` 会全部画出。"
            ),
        )));
    }
    blocks.push(Block::Table(Table {
        caption: language.choose(
            "Each feature alone: measured, and expected from the true weights",
            "单个特征：实测值，以及由真实权重得出的期望值",
        ),
        rows: figures(lines, language),
        first_number: 1,
    }));
    blocks.push(why(dataset, lines, language));
    Section {
        id: "looseness",
        heading: language.choose("Why one scatter plot is looser", "为什么有的散点图更松散"),
        blocks,
    }
}

/// The scatter plot of each feature with its line, for the first features.
pub fn scatters(
    dataset: &Dataset,
    most: usize,
    language: Language,
) -> Result<Vec<Picture>, PlotError> {
    let features = 0..dataset.num_features().min(most);
    features
        .map(|index| pictures::scatter(dataset, index, language))
        .collect()
}

fn figures(lines: &[FeatureLine], language: Language) -> Vec<Vec<String>> {
    let percent = |share: Option<f64>| share.map_or("-".into(), |s| format!("{:.1} %", 100.0 * s));
    let header = language.choose(
        [
            "feature",
            "slope",
            "explains",
            "expected",
            "variance left",
            "expected left",
        ],
        [
            "特征",
            "斜率",
            "解释比例",
            "期望比例",
            "残差方差",
            "期望方差",
        ],
    );
    let mut rows = vec![row(header)];
    for line in lines {
        rows.push(vec![
            line.name.clone(),
            four_digits(line.measured.slope),
            percent(line.measured.explained),
            percent(line.expected_explained),
            four_digits(line.measured.residual_variance),
            four_digits(line.expected_variance),
        ]);
    }
    rows
}

/// Why one scatter is looser than another, or none is.
fn why(dataset: &Dataset, lines: &[FeatureLine], language: Language) -> Block {
    let variance = |line: &&FeatureLine| line.expected_variance;
    let by = |a: &&FeatureLine, b: &&FeatureLine| variance(a).total_cmp(&variance(b));
    let tight = lines.iter().min_by(by).expect("there is a feature");
    let loose = lines.iter().max_by(by).expect("there is a feature");
    let rows = thousands(dataset.num_rows());
    let [left, least] = [loose, tight].map(|line| significant(line.expected_variance));
    if left == least {
        return Block::Paragraph(language.choose(
            format!(
                "In a scatter of y against one feature, all other features are noise. The variance \
                 around its line is expected to be the sum of their squared weights and the \
                 variance of the noise. Here that is {left} for every feature, so no scatter is \
                 looser than another but by chance; weights of other sizes make one so."
            ),
            format!(
                "在 y 对单个特征的散点图中，其他特征都成了噪声。直线周围的期望方差，\
                 等于其他特征权重的平方和再加上噪声的方差。这里每个特征都是 {left}，\
                 所以除随机性以外，没有哪个散点图更松散；权重大小不同时才会不同。"
            ),
        ));
    }
    let (loose, tight) = (&loose.name, &tight.name);
    Block::Paragraph(language.choose(
        format!(
            "In a scatter of y against one feature, all other features are noise. The variance \
             around its line is expected to be the sum of their squared weights and the variance \
             of the noise: {left} around the line of {loose}, but {least} around that of {tight}, \
             whose weight is the larger in size. Each is the best line for its feature alone; \
             only all features together predict y closely. The expected figures assume features that are independent of one \
             another and have the variance 1, as these were drawn; in {rows} rows, both hold only \
             approximately."
        ),
        format!(
            "在 y 对单个特征的散点图中，其他特征都成了噪声。直线周围的期望方差，\
             等于其他特征权重的平方和再加上噪声的方差：{loose} 的直线周围是 {left}，\
             而 {tight} 的直线周围是 {least}，因为 {tight} 的权重绝对值更大。每条直线都是只用这一个特征时最好的直线；\
             只有用上所有特征才能准确预测 y。期望值假定特征相互独立、方差为 1（数据就是这样抽取的）；\
             在 {rows} 行样本中，由于随机性，这两点只是近似成立。"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_rows_leave_the_variance_that_is_expected() {
        // The relative standard error of a variance is sqrt(2 / 40,000), less
        // than 1 %.
        for seed in 0..5 {
            let data = SyntheticConfig::new(vec![2.0, -3.4, 0.5], 4.2)
                .with_num_examples(40_000)
                .with_noise_std(1.5)
                .with_seed(seed);
            let dataset = data.generate().unwrap();
            let lines = FeatureLine::of_each(&data, &dataset).unwrap();
            // 3.4² + 0.5² + 1.5², 2² + 0.5² + 1.5², 2² + 3.4² + 1.5².
            for (line, expected) in lines.iter().zip([14.06, 6.5, 17.81]) {
                assert!((line.expected_variance - expected).abs() < 1e-12);
                let share = line.measured.residual_variance / expected;
                assert!((share - 1.0).abs() < 0.03, "seed {seed}: {share}");
                let explained = 1.0 - expected / 18.06;
                assert!((line.expected_explained.unwrap() - explained).abs() < 1e-12);
                assert!((line.measured.explained.unwrap() - explained).abs() < 0.02);
            }
        }
    }
}
