//! The training itself, and why it diverges where it does.

use std::time::Instant;

use anyhow::{Result, bail};
use burn::module::AutodiffModule;
use burn::tensor::backend::AutodiffBackend;
use linreg_backend::{Precision, Task};
use linreg_data::{Batches, Dataset};
use linreg_fit::page::thinned;
use linreg_fit::{FitError, Trainer};
use linreg_model::{Coefficients, LinearRegressionConfig};
use linreg_training::{
    EpochRecord, LearningRateLimit, Observer, RunOptions, TrainingConfig, TrainingError, mean_loss,
};
use serde_json::{Value, json};

use super::pictures;
use super::section::{Block, Section, Table, row};
use crate::commands::Backend;
use crate::fit_advice::advised;
use crate::language::Language;
use crate::number::{count, four_digits, thousands};
use crate::terminal::Text;

/// The most epochs of the picture, and of the table beside it.
const MOST_EPOCHS: [usize; 2] = [500, 20];

/// A training and its results.
pub struct Run {
    pub config: TrainingConfig,
    /// The mean loss over all rows before the first update.
    pub loss_before: f64,
    /// The mean loss over all rows after each epoch.
    pub losses: Vec<f64>,
    /// `None` if the training diverged.
    pub coefficients: Option<Coefficients>,
    pub limit: LearningRateLimit,
    /// The error of a training that diverged.
    problem: Option<TrainingError>,
}

impl Run {
    /// Trains, and prints the loss after each epoch.
    pub fn train(
        config: &TrainingConfig,
        dataset: &Dataset,
        loss_before: f64,
        backend: &Backend,
        out: &mut Text,
    ) -> Result<Self> {
        let limit = LearningRateLimit::of(dataset, config.batch_size, config.intercept)?;
        let mut epochs = PrintEpochs {
            out,
            losses: Vec::new(),
            failed: None,
        };
        let start = Instant::now();
        let options = RunOptions::default();
        let trained = backend
            .trainer()
            .train(config, dataset.into(), options, &mut epochs);
        if let Some(error) = epochs.failed {
            return Err(error.into());
        }
        let mut losses = epochs.losses;
        let (coefficients, problem) = match trained {
            Ok(trained) => {
                backend.report(&trained.transfer, start.elapsed())?;
                (Some(trained.coefficients), None)
            }
            // The learning rate is not certain to be stable, which explains the
            // error.
            Err(FitError::Training(problem)) if config.learning_rate >= limit.batches => {
                (None, Some(problem))
            }
            Err(error) => return Err(advised(error)),
        };
        if let Some(TrainingError::Diverged { loss, epoch, .. }) = &problem {
            writeln!(out, "epoch {epoch}, loss: {}", four_digits(*loss))?;
            losses.push(*loss);
        }
        if let Some(TrainingError::NotFinite { loss, epoch, .. }) = &problem {
            writeln!(out, "epoch {epoch}, loss: {loss}")?;
        }
        Ok(Self {
            config: config.clone(),
            loss_before,
            losses,
            coefficients,
            limit,
            problem,
        })
    }

    /// The mean loss over all rows after the last epoch, or before the first.
    pub fn last_loss(&self) -> f64 {
        self.losses.last().copied().unwrap_or(self.loss_before)
    }

    /// Whether the training failed, or the loss grew, which noise alone does not make
    /// it do by that much.
    pub fn has_diverged(&self) -> bool {
        self.problem.is_some() || self.last_loss() > 2.0 * self.loss_before
    }

    pub fn json(&self) -> Value {
        let losses = self.losses.iter().enumerate();
        let epochs = losses.map(|(epoch, loss)| json!({"epoch": epoch, "loss": loss}));
        json!(epochs.collect::<Vec<_>>())
    }

    /// The limit of the learning rate, and what became of a run beyond it.
    pub fn limit_json(&self) -> Value {
        json!({
            "has_diverged": self.has_diverged(),
            "problem": self.problem.as_ref().map(ToString::to_string),
            "learning_rate": self.config.learning_rate,
            "largest_eigenvalue": self.limit.largest_eigenvalue,
            "limit_of_all_rows": self.limit.all_rows,
            "safe_for_batches": self.limit.batches,
        })
    }

    /// A learning rate to try instead, rounded to one digit.
    pub fn stable_rate(&self) -> f64 {
        one_digit(self.limit.batches / 2.0)
    }

    /// The losses as a picture and a table for a page; the terminal has printed
    /// them already.
    pub fn pictures(&self, language: Language) -> Vec<Block> {
        let (epochs, losses) = thinned(&self.losses, MOST_EPOCHS[0]);
        let mut blocks = Vec::new();
        // A loss that is not finite cannot be drawn.
        if let Ok(picture) = pictures::losses(&epochs, &losses, language) {
            blocks.push(Block::Pictures {
                pictures: vec![picture],
                in_terminal: 0,
            });
        }
        let (epochs, losses) = thinned(&self.losses, MOST_EPOCHS[1]);
        let mut rows = vec![row(language.choose(["epoch", "loss"], ["迭代周期", "损失"]))];
        let lines = epochs.iter().zip(&losses);
        rows.extend(lines.map(|(epoch, loss)| vec![epoch.to_string(), four_digits(*loss)]));
        blocks.push(Block::Table(Table {
            caption: language.choose(
                "Mean squared loss after each epoch",
                "每个迭代周期之后的平均平方损失",
            ),
            rows,
            first_number: 1,
        }));
        blocks
    }

    /// Why the loss grew, if it did.
    pub fn divergence(&self, language: Language) -> Vec<Block> {
        if !self.has_diverged() {
            return Vec::new();
        }
        let rate = self.config.learning_rate;
        let what = match &self.problem {
            Some(TrainingError::Diverged { epoch, loss, .. }) => {
                let (before, loss) = (four_digits(self.loss_before), four_digits(*loss));
                language.choose(
                    format!("The loss grew from {before} to {loss} by the end of epoch {epoch}."),
                    format!("到迭代周期 {epoch} 结束时，损失从 {before} 增大到 {loss}。"),
                )
            }
            Some(TrainingError::NotFinite { epoch, batch, .. }) => language.choose(
                format!(
                    "The loss grew beyond all floats in epoch {epoch}, batch {batch} (both counted \
                     from 0)."
                ),
                format!(
                    "在迭代周期 {epoch} 的第 {batch} 批（都从 0 数起），损失超出了浮点数的范围。"
                ),
            ),
            _ => language.choose(
                format!(
                    "The loss is larger than before training, {}.",
                    four_digits(self.loss_before)
                ),
                format!("损失比训练前的 {} 还大。", four_digits(self.loss_before)),
            ),
        };
        let size = self.config.batch_size;
        let [eigenvalue, all_rows, batches] = [
            self.limit.largest_eigenvalue,
            self.limit.all_rows,
            self.limit.batches,
        ]
        .map(four_digits);
        let instead = self.stable_rate();
        let verdict = if rate > self.limit.all_rows {
            language.choose(
                format!("The rate of {rate} is above that limit."),
                format!("学习率 {rate} 超过了这个上限。"),
            )
        } else {
            language.choose(
                format!(
                    "The rate of {rate} is below that, but batches are steeper than all rows by \
                     chance, and the smaller they are the more."
                ),
                format!(
                    "学习率 {rate} 低于它，但由于随机性，批量会比全部数据更陡，批量越小越明显。"
                ),
            )
        };
        let rows = count(size, "row");
        vec![
            Block::Paragraph(language.choose(
                format!("This run diverges. {what}"),
                format!("这次训练发散了。{what}"),
            )),
            Block::Paragraph(language.choose(
                format!(
                    "The mean squared loss is a bowl, whose steepness is its Hessian, H = 2 X'X / n \
                     (with a column of ones in X for the bias). Along an eigenvector of H, a step \
                     multiplies the error by 1 - learning rate × eigenvalue. The largest eigenvalue \
                     is {eigenvalue} here, so steps on all rows at once overshoot by more than they \
                     gain above 2 / {eigenvalue} = {all_rows}. {verdict} For batches of {rows}, a \
                     rate below {batches} is certain not to diverge: try `--learning-rate \
                     {instead}`."
                ),
                format!(
                    "平均平方损失像一只碗，它的陡峭程度由黑塞矩阵 H = 2 X'X / n 给出\
                     （X 中另有一列 1，对应偏置）。沿 H 的特征向量方向，每一步把误差乘以 \
                     1 - 学习率 × 特征值。这里最大的特征值是 {eigenvalue}，\
                     所以在全部数据上，学习率超过 2 / {eigenvalue} = {all_rows} 时，\
                     每一步越过最小值的距离比出发时离它的距离还大。{verdict}对于 {size} 行的批量，\
                     低于 {batches} 的学习率一定不会发散：请试试 `--learning-rate {instead}`。"
                ),
            )),
        ]
    }
}

/// Describes the training before it runs.
pub fn introduction(config: &TrainingConfig, backend: &Backend, language: Language) -> Section {
    let (rate, size) = (config.learning_rate, thousands(config.batch_size));
    let rows = count(config.batch_size, "row");
    Section {
        id: "training",
        heading: language.choose("Training", "训练"),
        blocks: vec![Block::Paragraph(language.choose(
            format!(
                "Minibatch stochastic gradient descent on {backend}: batches of {rows} in a new \
                 order every epoch, weights that start near 0, a bias that starts at 0. For each \
                 batch the model predicts, the squared losses are summed, `backward` gives their \
                 gradient, and each parameter changes by -{rate} × gradient / batch size, where \
                 {rate} is the learning rate. The mean squared loss over all rows after each epoch, \
                 counted from 0:"
            ),
            format!(
                "在 {backend} 上做小批量随机梯度下降：每个迭代周期重新打乱顺序，每批 {size} 行；\
                 权重从接近 0 的值开始，偏置从 0 开始。对每一批：模型做出预测，平方损失求和，\
                 `backward` 给出梯度，每个参数改变 -{rate} × 梯度 / 批量大小，其中 {rate} 是学习率。\
                 每个迭代周期（epoch，从 0 数起）之后，所有行的平均平方损失："
            ),
        ))],
    }
}

/// A number rounded to one digit, as a person would type it.
pub fn one_digit(number: f64) -> f64 {
    format!("{number:.0e}").parse().unwrap_or(number)
}

/// The mean loss of the model that training starts from.
///
/// # Errors
///
/// No such device, or rows that are too large for the backend.
pub fn loss_before(config: &TrainingConfig, dataset: &Dataset, backend: &Backend) -> Result<f64> {
    let advice = || match backend.precision {
        Precision::F32 => "choose smaller --weights, --bias or --noise, or --precision f64",
        Precision::F64 => "choose smaller --weights, --bias or --noise",
    };
    let loss = backend.run(LossBefore { config, dataset })?;
    let loss = loss.map_err(|error| anyhow::Error::from(error).context(advice()))?;
    if !loss.is_finite() {
        bail!(
            "the squares of these targets are too large for {backend}; {}",
            advice()
        );
    }
    Ok(loss)
}

struct LossBefore<'a> {
    config: &'a TrainingConfig,
    dataset: &'a Dataset,
}

impl Task for LossBefore<'_> {
    type Output = Result<f64, TrainingError>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let (config, dataset) = (self.config, self.dataset);
        let batches = Batches::<B::InnerBackend>::new(dataset, config.batch_size, &device)?;
        let model = LinearRegressionConfig::new(dataset.num_features()).with_seed(config.seed);
        mean_loss(&model.init::<B>(&device)?.valid(), &batches)
    }
}

/// Prints the loss after each epoch, in the lesson's own form.
struct PrintEpochs<'a> {
    out: &'a mut Text,
    losses: Vec<f64>,
    failed: Option<std::io::Error>,
}

impl Observer for PrintEpochs<'_> {
    fn epoch(&mut self, report: &EpochRecord) {
        let (epoch, loss) = (report.epoch, report.loss);
        self.losses.push(loss);
        let line = writeln!(self.out, "epoch {epoch}, loss: {loss:.6}");
        self.failed = self.failed.take().or(line.err());
    }
}
