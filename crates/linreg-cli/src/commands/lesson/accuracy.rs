//! How good a model of these rows can get, and how good this one is.

use anyhow::Result;
use linreg_backend::Precision;
use linreg_data::{Dataset, SyntheticConfig};
use linreg_exact::{Collinear, FitConfig, Inference, Rows, fit};
use linreg_model::Coefficients;
use serde_json::{Value, json};

use super::convergence::Convergence;
use super::section::{Block, Section, Table, row};
use super::training::Run;
use crate::language::Language;
use crate::number::{four_digits, significant, two_digits};

/// The most parameters that are listed.
const MOST_PARAMETERS: usize = 100;

/// The learned parameters, compared with the true ones and with the best that
/// these rows allow.
pub struct Accuracy {
    parameters: Vec<Parameter>,
    loss_before: f64,
    loss: f64,
    loss_of_truth: f64,
    least_loss: f64,
    convergence: Convergence,
    precision: Precision,
}

/// A weight or the bias.
struct Parameter {
    /// The index of the feature, from 0; `None` for the bias.
    feature: Option<usize>,
    truth: f64,
    learned: f64,
    least_squares: f64,
    /// Whether the rows determine it: false for a linearly dependent feature.
    is_determined: bool,
    /// NaN where there are as many parameters as rows.
    std_error: f64,
}

impl Accuracy {
    pub fn measure(
        data: &SyntheticConfig,
        dataset: &Dataset,
        run: &Run,
        learned: &Coefficients,
        precision: Precision,
    ) -> Result<Self> {
        let features = dataset.num_features();
        let rows = Rows::new(dataset.features(), dataset.targets(), features, 1)?;
        let config = FitConfig {
            collinear: Collinear::Drop,
            ..FitConfig::default()
        };
        let exact = Inference::new(&fit(&rows, &config)?, 0)?;
        let (intercept, weights) = exact.coefficients.split_first().expect("an intercept");
        let estimates: Vec<f64> = weights.iter().map(|weight| weight.estimate).collect();
        let truth = Coefficients::new(data.weights.clone(), vec![data.bias])?;
        let least = Coefficients::new(estimates, vec![intercept.estimate])?;
        let least_loss = mean_squared_error(&least, dataset)?;
        let of_weights = (0..features).map(|feature| Parameter {
            feature: Some(feature),
            truth: data.weights[feature],
            learned: learned.weight()[feature],
            least_squares: weights[feature].estimate,
            is_determined: !weights[feature].is_dropped,
            std_error: weights[feature].std_error,
        });
        let of_bias = Parameter {
            feature: None,
            truth: data.bias,
            learned: learned.bias()[0],
            least_squares: intercept.estimate,
            is_determined: true,
            std_error: intercept.std_error,
        };
        Ok(Self {
            parameters: of_weights.chain([of_bias]).collect(),
            loss_before: run.loss_before,
            loss: run.last_loss(),
            loss_of_truth: mean_squared_error(&truth, dataset)?,
            least_loss,
            convergence: Convergence::of(run, dataset, least_loss, precision),
            precision,
        })
    }

    pub fn json(&self, data: &SyntheticConfig) -> Value {
        let parameters = self.parameters.iter().map(|parameter| {
            json!({
                "name": parameter.name(Language::English),
                "true": parameter.truth,
                "learned": parameter.learned,
                "least_squares": parameter.least_squares,
                "std_error": finite(parameter.std_error),
            })
        });
        let (converged, epochs) = match self.convergence {
            Convergence::Converged | Convergence::Rounding => (true, None),
            Convergence::StillFalling(epochs) => (false, epochs),
            Convergence::Hovering => (false, None),
        };
        json!({
            "parameters": parameters.collect::<Vec<_>>(),
            "std_error_expected": expected_std_error(data),
            "loss": self.loss,
            "loss_before": self.loss_before,
            "loss_of_true_parameters": self.loss_of_truth,
            "least_loss": self.least_loss,
            "noise_variance": data.noise_std.powi(2),
            "has_converged": converged,
            "epochs_to_converge": epochs,
        })
    }

    pub fn section(&self, data: &SyntheticConfig, run: &Run, language: Language) -> Section {
        let mut blocks = self.of_losses(data, language);
        let sentence = self
            .convergence
            .sentence(run, self.least_loss, self.precision, language);
        blocks.push(Block::Paragraph(sentence));
        blocks.extend(self.of_parameters(data, language));
        Section {
            id: "accuracy",
            heading: language.choose("How good it can get", "最好能做到什么程度"),
            blocks,
        }
    }

    fn of_losses(&self, data: &SyntheticConfig, language: Language) -> Vec<Block> {
        let (variance, rows) = (data.noise_std.powi(2), data.num_examples);
        let numbers = self.parameters.len();
        let mut lines = vec![row(
            language.choose(["model", "mean loss"], ["模型", "平均损失"])
        )];
        for (name, loss) in [
            (
                language.choose("before training", "训练前"),
                self.loss_before,
            ),
            (language.choose("trained", "训练后"), self.loss),
            (
                language.choose("true weights and bias", "真实的权重和偏置"),
                self.loss_of_truth,
            ),
            (
                language.choose(
                    "least squares, the least there is",
                    "最小二乘，可能的最小值",
                ),
                self.least_loss,
            ),
        ] {
            lines.push(vec![name.to_string(), four_digits(loss)]);
        }
        let [variance, expected] = [
            variance,
            variance * (1.0 - (numbers.min(rows)) as f64 / rows as f64),
        ]
        .map(four_digits);
        vec![
            Block::Table(Table {
                caption: language.choose("Mean squared loss over all rows", "所有行的平均平方损失"),
                rows: lines,
                first_number: 1,
            }),
            Block::Paragraph(if numbers >= rows {
                language.choose(
                    format!(
                        "The variance of the noise is {variance}, but there are no more rows than \
                         numbers to fit: least squares fits the rows exactly, noise included."
                    ),
                    format!(
                        "噪声的方差是 {variance}，但行数不多于要拟合的参数个数：\
                         最小二乘连同噪声一起精确地拟合了这些行。"
                    ),
                )
            } else if data.noise_std == 0.0 {
                language.choose(
                    "Without noise, the least loss is 0 but for rounding.".to_string(),
                    "没有噪声时，除舍入以外，最小的损失是 0。".to_string(),
                )
            } else {
                language.choose(
                    format!(
                        "A run that converges stops near the variance of the noise, {variance}: \
                         even the true weights and bias leave the noise. Least squares leaves a \
                         little less, {expected} expected, since it fits its {numbers} numbers to \
                         the noise of these rows too. No training can go below that."
                    ),
                    format!(
                        "收敛的训练停在噪声的方差 {variance} 附近：即使是真实的权重和偏置，也无法消除噪声。\
                         最小二乘的损失还要小一点，期望值为 {expected}，\
                         因为它的 {numbers} 个参数也拟合了这些行中的噪声。任何训练都不可能低于它。"
                    ),
                )
            }),
        ]
    }

    fn of_parameters(&self, data: &SyntheticConfig, language: Language) -> Vec<Block> {
        let header = language.choose(
            [
                "",
                "true",
                "learned",
                "error",
                "least squares",
                "standard error",
            ],
            ["", "真实值", "学到的值", "误差", "最小二乘", "标准误差"],
        );
        let mut rows = vec![row(header)];
        for parameter in self.parameters.iter().take(MOST_PARAMETERS) {
            let std_error = if parameter.std_error.is_finite() {
                two_digits(parameter.std_error)
            } else {
                "-".to_string()
            };
            let least_squares = if parameter.is_determined {
                format!("{:.5}", parameter.least_squares)
            } else {
                "-".to_string()
            };
            let error = parameter.learned - parameter.truth;
            let sign = if error > 0.0 { "+" } else { "" };
            rows.push(vec![
                parameter.name(language),
                significant(parameter.truth),
                format!("{:.5}", parameter.learned),
                format!("{sign}{}", two_digits(error)),
                least_squares,
                std_error,
            ]);
        }
        let more = self.parameters.len().saturating_sub(MOST_PARAMETERS);
        let expected = expected_std_error(data).map_or("-".to_string(), four_digits);
        let noise = data.noise_std;
        let mut blocks = vec![Block::Table(Table {
            caption: language.choose("Weights and bias", "权重和偏置"),
            rows,
            first_number: 1,
        })];
        if more > 0 {
            blocks.push(Block::Paragraph(language.choose(
                format!("And {more} more, which `--json` has."),
                format!("另有 {more} 个，见 `--json`。"),
            )));
        }
        let can_tell = self.parameters.iter().all(|one| one.std_error.is_finite());
        blocks.push(Block::Paragraph(match (can_tell, noise == 0.0) {
            (false, _) => language.choose(
                "There are no more rows than parameters: a model can fit them exactly, noise \
                 included, and nothing tells how far it is from the truth."
                    .to_string(),
                "行数不多于参数个数：模型可以连同噪声一起精确地拟合它们，\
                 而它离真实值有多远无从得知。"
                    .to_string(),
            ),
            (true, true) => language.choose(
                "Without noise, least squares finds every parameter exactly. What training is off \
                 by is rounding, and the steps that it has not made."
                    .to_string(),
                "没有噪声时，最小二乘能精确地找到每个参数。训练的误差只来自舍入，以及尚未走完的步数。"
                    .to_string(),
            ),
            (true, false) => language.choose(
                format!(
                    "The standard error is what chance leaves of any method: with other noise, the \
                     numbers of least squares would be off by about as much. For features like \
                     these it is about the noise / sqrt(rows - features - 2), {expected} here. More \
                     epochs do not lessen it; four times as many rows halve it."
                ),
                format!(
                    "标准误差是任何方法都无法消除的随机误差：换一组噪声，\
                     最小二乘得到的参数也会偏离这么多。对这样的特征，它大约是 \
                     噪声标准差 / sqrt(行数 - 特征数 - 2)，这里是 {expected}。\
                     增加迭代周期不能减小它；行数增加到四倍，它才减半。"
                ),
            ),
        }));
        let is_further = |one: &Parameter| {
            one.is_determined && (one.learned - one.least_squares).abs() > one.std_error
        };
        if matches!(self.convergence, Convergence::Converged)
            && noise > 0.0
            && self.parameters.iter().any(is_further)
        {
            blocks.push(Block::Paragraph(language.choose(
                "Here some of the learned numbers are further from least squares than that: each \
                 step follows the noise of its own batch. Smaller steps or larger batches bring \
                 them nearer."
                    .to_string(),
                "这里学到的某些参数与最小二乘的距离比标准误差还大：每一步都跟着本批数据的噪声走。\
                 减小步长或加大批量可以使它们更接近。"
                    .to_string(),
            )));
        }
        blocks
    }
}

impl Parameter {
    fn name(&self, language: Language) -> String {
        match self.feature {
            None => language.choose("bias", "偏置").to_string(),
            Some(feature) => language.choose(
                format!("weight of x{}", feature + 1),
                format!("x{} 的权重", feature + 1),
            ),
        }
    }
}

/// The standard error of a weight that is expected of features drawn from N(0, 1),
/// `noise / sqrt(rows - features - 2)`: the mean of `(X'X)⁻¹` of centred columns is
/// `1 / (rows - 1 - features - 1)` (Mardia, Kent and Bibby, *Multivariate Analysis*,
/// 1979, section 3.8). None where there are too few rows.
fn expected_std_error(data: &SyntheticConfig) -> Option<f64> {
    let rows = data.num_examples.checked_sub(data.weights.len() + 2)?;
    (rows > 0).then(|| data.noise_std / (rows as f64).sqrt())
}

fn finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

fn mean_squared_error(coefficients: &Coefficients, dataset: &Dataset) -> Result<f64> {
    let predictions = coefficients.predict(dataset.features())?;
    let pairs = predictions.iter().zip(dataset.targets());
    let sum: f64 = pairs.map(|(predicted, y)| (predicted - y).powi(2)).sum();
    Ok(sum / dataset.num_rows() as f64)
}
