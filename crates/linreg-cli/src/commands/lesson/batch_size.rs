//! Why the loss is summed, and its gradient divided by the batch size.

use anyhow::Result;
use burn::tensor::backend::AutodiffBackend;
use linreg_backend::Task;
use linreg_data::{Batches, Dataset};
use linreg_model::LinearRegressionConfig;
use linreg_training::{RunOptions, TrainingConfig, TrainingError};
use serde_json::{Value, json};

use super::parameters::{Parameters, largest_difference};
use super::section::{Block, Section, Table, row};
use crate::commands::Backend;
use crate::language::Language;
use crate::number::{count, four_digits, thousands, two_digits};

/// Updates of each run: few, so that the loss still falls.
const UPDATES: usize = 20;

/// The same number of updates with batches of several sizes.
pub struct BatchSizes {
    runs: Vec<SizeRun>,
    /// The largest difference between the gradient of the mean and that of the sum,
    /// divided: as a share of the largest gradient.
    gradient_difference: f64,
    num_rows: usize,
    batch_size: usize,
}

/// The mean loss over all rows after the updates; none if it has no end.
struct SizeRun {
    batch_size: usize,
    divided: Option<f64>,
    sum_alone: Option<f64>,
}

impl BatchSizes {
    pub fn measure(config: &TrainingConfig, dataset: &Dataset, backend: &Backend) -> Result<Self> {
        let gradient_difference = backend.run(CompareGradients { config, dataset })??;
        let num_rows = dataset.num_rows();
        let batch_size = config.batch_size.min(num_rows);
        let mut sizes = match 5 * batch_size <= num_rows {
            true => vec![batch_size, 2 * batch_size, 5 * batch_size],
            false => vec![batch_size.div_ceil(5), batch_size.div_ceil(2), batch_size],
        };
        sizes.dedup();
        let run = |batch_size: usize, factor: f64| {
            let config = config
                .clone()
                .with_batch_size(batch_size)
                .with_learning_rate(config.learning_rate * factor)
                .with_num_epochs(UPDATES)
                .with_max_steps(Some(UPDATES));
            let trained = backend.train(&config, dataset, RunOptions::default(), &mut ());
            match trained {
                Ok(trained) => Ok(trained.history.last().map(|epoch| epoch.loss)),
                Err(error) => match error.downcast_ref() {
                    Some(TrainingError::Diverged { loss, .. }) => Ok(Some(*loss)),
                    Some(TrainingError::NotFinite { .. }) => Ok(None),
                    _ => Err(error),
                },
            }
        };
        let runs = sizes.into_iter().map(|batch_size| {
            Ok(SizeRun {
                batch_size,
                divided: run(batch_size, 1.0)?,
                sum_alone: run(batch_size, batch_size as f64)?,
            })
        });
        Ok(Self {
            runs: runs.collect::<Result<_>>()?,
            gradient_difference,
            num_rows,
            batch_size,
        })
    }

    pub fn json(&self) -> Value {
        let runs = self.runs.iter().map(|run| {
            json!({
                "batch_size": run.batch_size,
                "loss_divided": run.divided,
                "loss_sum_alone": run.sum_alone,
            })
        });
        json!({
            "updates": UPDATES,
            "runs": runs.collect::<Vec<_>>(),
            "gradient_difference": self.gradient_difference,
            "rows_of_last_batch": self.rows_of_last_batch(),
        })
    }

    fn rows_of_last_batch(&self) -> usize {
        match self.num_rows % self.batch_size {
            0 => self.batch_size,
            rows => rows,
        }
    }

    pub fn section(&self, language: Language) -> Section {
        let header = language.choose(
            ["batch size", "sum / batch size", "sum alone"],
            ["批量大小", "和 / 批量大小", "只用和"],
        );
        let loss = |loss: Option<f64>| match loss {
            Some(loss) if loss.is_finite() => four_digits(loss),
            _ => language.choose("not finite", "不是有限数").to_string(),
        };
        let mut rows = vec![row(header)];
        for run in &self.runs {
            let (divided, sum_alone) = (loss(run.divided), loss(run.sum_alone));
            rows.push(vec![thousands(run.batch_size), divided, sum_alone]);
        }
        let difference = two_digits(self.gradient_difference);
        let (short, size) = (self.rows_of_last_batch(), self.batch_size);
        let short = match short == size {
            true => language.choose(
                format!(
                    "Batches of {} divide the {} evenly here. Where the last batch is short, it is \
                     still divided by the batch size, so that each row of an epoch counts the \
                     same; divided by its own length, its rows would count for more.",
                    thousands(size),
                    count(self.num_rows, "row"),
                ),
                format!(
                    "这里的 {} 行正好分成每批 {} 行的完整批量。如果最后一批不足，\
                     仍然除以批量大小，这样一个迭代周期中每一行的分量都相同；\
                     若除以它自己的行数，其中的行就会占更大的分量。",
                    thousands(self.num_rows),
                    thousands(size),
                ),
            ),
            false => language.choose(
                format!(
                    "The last batch of an epoch is short here: {short} of {size} rows. It is \
                     still divided by {size}, so that each row of an epoch counts the same; \
                     divided by {short}, its rows would count {} times as much.",
                    four_digits(size as f64 / short as f64),
                ),
                format!(
                    "这里每个迭代周期的最后一批不足：只有 {short} 行，而批量大小是 {size}。\
                     它仍然除以 {size}，这样一个迭代周期中每一行的分量都相同；若除以 {short}，\
                     其中的行的分量就会是其他行的 {} 倍。",
                    four_digits(size as f64 / short as f64),
                ),
            ),
        };
        let blocks = vec![
            Block::Paragraph(language.choose(
                format!(
                    "`backward` starts from one number, so the losses of a batch are summed \
                     first. The gradient of the sum, divided by the batch size, is that of the \
                     mean: on the first batch here, both differ by {difference} of the largest \
                     gradient. {short}"
                ),
                format!(
                    "`backward` 要从一个数开始，所以先对一批样本的损失求和。和的梯度除以批量大小，\
                     就是平均值的梯度：在这里的第一个批量上，两者相差不过最大梯度的 {difference} 倍。{short}"
                ),
            )),
            Block::Paragraph(language.choose(
                format!(
                    "Divided, the learning rate keeps its meaning when the batch size changes: \
                     {UPDATES} updates take the loss about as far with small batches as with \
                     large ones. With the sum alone, a step is as many times as long as the batch \
                     has rows, and a rate that suits small batches diverges with large ones. The \
                     mean loss over all rows after {UPDATES} updates of each:"
                ),
                format!(
                    "除以批量大小之后，学习率的含义就不随批量大小而变：同样 {UPDATES} 次更新，\
                     小批量和大批量把损失降到差不多的程度。如果只用和，步长就要乘以批量的行数，\
                     适合小批量的学习率用在大批量上会发散。各做 {UPDATES} 次更新之后所有行的平均损失："
                ),
            )),
            Block::Table(Table {
                caption: language.choose("Mean loss after the same updates", "同样次数的更新之后的平均损失"),
                rows,
                first_number: 0,
            }),
        ];
        Section {
            id: "batch-size",
            heading: language.choose(
                "Why the gradient is divided by the batch size",
                "梯度为什么要除以批量大小",
            ),
            blocks,
        }
    }
}

/// How far the gradient of a mean is from that of a sum, divided.
struct CompareGradients<'a> {
    config: &'a TrainingConfig,
    dataset: &'a Dataset,
}

impl Task for CompareGradients<'_> {
    type Output = Result<f64>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let (config, dataset) = (self.config, self.dataset);
        let batches = Batches::<B::InnerBackend>::new(dataset, config.batch_size, &device)?;
        let model = LinearRegressionConfig::new(dataset.num_features()).with_seed(config.seed);
        let start = Parameters::of(&model.init::<B::InnerBackend>(&device));
        let gradients = |is_mean: bool| {
            let leaf = Parameters::<B>::leaf(start.clone());
            let batch = batches.epoch(0, config.seed).next();
            let losses = leaf.losses(batch.expect("there are rows"));
            let loss = if is_mean { losses.mean() } else { losses.sum() };
            let gradients = leaf.gradients(&loss.backward());
            gradients.expect("a leaf has a gradient").numbers()
        };
        let size = batches.batch_size() as f64;
        let of_mean = gradients(true);
        let of_sum: Vec<f64> = gradients(false).iter().map(|x| x / size).collect();
        let largest = of_mean
            .iter()
            .fold(0.0, |largest: f64, x| largest.max(x.abs()));
        let difference = largest_difference(&of_mean, &of_sum);
        Ok(if largest > 0.0 {
            difference / largest
        } else {
            0.0
        })
    }
}
