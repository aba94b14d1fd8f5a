//! Why the loss is summed, and its gradient divided by the batch size.

use anyhow::Result;
use burn::tensor::backend::AutodiffBackend;
use linreg_backend::Task;
use linreg_data::{Batches, Dataset};
use linreg_model::LinearRegressionConfig;
use linreg_training::{LearningRateLimit, TrainingConfig};
use serde_json::{Value, json};

use super::parameters::{Parameters, largest_difference};
use super::section::{Block, Section, Table, loss, row};
use crate::commands::Backend;
use crate::language::Language;
use crate::number::{count, four_digits, thousands, two_digits};

/// Updates of each run: few, so that the loss still falls.
const UPDATES: usize = 20;

/// The same number of updates with batches of several sizes.
pub struct BatchSizes {
    runs: Vec<SizeRun>,
    /// The largest difference between the gradient of the mean and the gradient
    /// of the sum divided by the batch size, as a share of the largest
    /// gradient.
    gradient_difference: f64,
    num_rows: usize,
    batch_size: usize,
    learning_rate: f64,
    limit: f64,
}

/// The mean loss over all rows after the updates, which may be infinite or NaN.
struct SizeRun {
    batch_size: usize,
    divided: f64,
    /// With the sum alone, at the learning rate that makes the same steps with
    /// the smallest batches.
    sum_alone: f64,
    /// The learning rate that the steps with the sum alone amount to.
    rate_of_sum: f64,
}

impl BatchSizes {
    pub fn measure(
        config: &TrainingConfig,
        dataset: &Dataset,
        limit: &LearningRateLimit,
        backend: &Backend,
    ) -> Result<Self> {
        let (gradient_difference, runs) = backend.run(TrySizes { config, dataset })??;
        Ok(Self {
            runs,
            gradient_difference,
            num_rows: dataset.num_rows(),
            batch_size: config.batch_size,
            learning_rate: config.learning_rate,
            limit: limit.all_rows,
        })
    }

    pub fn json(&self) -> Value {
        let runs = self.runs.iter().map(|run| {
            json!({
                "batch_size": run.batch_size,
                "loss_divided": run.divided,
                "loss_sum_alone": run.sum_alone,
                "rate_of_sum_alone": run.rate_of_sum,
            })
        });
        json!({
            "updates": UPDATES,
            "learning_rate": self.learning_rate,
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
            ["batch size", "sum / batch size", "sum alone", "its step"],
            ["批量大小", "和 / 批量大小", "只求和，不除", "它的步长"],
        );
        let mut rows = vec![row(header)];
        for run in &self.runs {
            rows.push(vec![
                thousands(run.batch_size),
                loss(run.divided, language),
                loss(run.sum_alone, language),
                four_digits(run.rate_of_sum),
            ]);
        }
        let difference = two_digits(self.gradient_difference);
        let (short, size) = (self.rows_of_last_batch(), self.batch_size);
        let short = if short == size {
            language.choose(
                format!(
                    "Batches of {} divide the {} evenly here. Where the last batch is short, it is \
                     still divided by the batch size, so that each row of an epoch counts the \
                     same; divided by its own length, its rows would count for more.",
                    thousands(size),
                    count(self.num_rows, "row"),
                ),
                format!(
                    "这里的 {} 行正好分成每批 {} 行的完整批量。如果最后一批不足一个批量，\
                     仍然除以批量大小，这样一个迭代周期中每一行的权重都相同；\
                     若除以它自己的行数，其中的行权重就会更大。",
                    thousands(self.num_rows),
                    thousands(size),
                ),
            )
        } else {
            language.choose(
                format!(
                    "The last batch of an epoch is short here: {short} of {size} rows. It is \
                     still divided by {size}, so that each row of an epoch counts the same; \
                     divided by {short}, its rows would count {} times as much.",
                    four_digits(size as f64 / short as f64),
                ),
                format!(
                    "这里每个迭代周期的最后一批不满：只有 {short} 行，而批量大小是 {size}。\
                     它仍然除以 {size}，这样一个迭代周期中每一行的权重都相同；若除以 {short}，\
                     其中的行的权重就会是其他行的 {} 倍。",
                    four_digits(size as f64 / short as f64),
                ),
            )
        };
        let (rate, limit) = (self.learning_rate, four_digits(self.limit));
        let smallest = self.runs[0].batch_size;
        let smallest = language.choose(count(smallest, "row"), thousands(smallest));
        let blocks = vec![
            Block::Paragraph(language.choose(
                format!(
                    "`backward` starts from one number, so the losses of a batch are summed \
                     first. The gradient of the sum, divided by the batch size, is that of the \
                     mean: on the first batch here, the relative difference is {difference}. \
                     {short}"
                ),
                format!(
                    "`backward` 要从一个数开始，所以先对一批样本的损失求和。和的梯度除以批量大小，\
                     就是均值的梯度：在这里的第一个批量上，两者的相对差异为 {difference}。{short}"
                ),
            )),
            Block::Paragraph(language.choose(
                format!(
                    "Divided, the learning rate of {rate} keeps its meaning when the batch size \
                     changes: {UPDATES} updates take the loss to about the same, apart from \
                     the randomness of small batches. With the sum alone, a step is as many times \
                     as long as the batch has rows. Here its rate makes the same steps with \
                     batches of {smallest}; the last column is the learning rate that its steps are \
                     equal to. Above {limit}, steps on these rows diverge. The mean loss over all rows \
                     after {UPDATES} updates of each:"
                ),
                format!(
                    "除以批量大小之后，学习率 {rate} 的含义就不随批量大小而变：同样 {UPDATES} 次更新，\
                     除了小批量中的随机性以外，把损失降到差不多的程度。如果只求和、不除，\
                     步长就要乘以批量的行数。这里让它在 {smallest} 行的批量上与前者步长相同；\
                     最后一列是它的步长相当于多大的学习率，超过 {limit} 时，\
                     在这些数据上就会发散。各做 {UPDATES} 次更新之后所有行的平均损失："
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

/// Compares the gradients of a mean and of a sum, and trains with each.
struct TrySizes<'a> {
    config: &'a TrainingConfig,
    dataset: &'a Dataset,
}

impl Task for TrySizes<'_> {
    type Output = Result<(f64, Vec<SizeRun>)>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let (config, dataset) = (self.config, self.dataset);
        let (size, seed) = (config.batch_size, config.seed);
        let model = LinearRegressionConfig::new(dataset.num_features()).with_seed(seed);
        let start = Parameters::of(&model.init::<B::InnerBackend>(&device)?);
        let of_size = |size| Batches::<B::InnerBackend>::new(dataset, size, &device);

        let batches = of_size(size)?;
        let first = || batches.epoch(0, seed).next().expect("there are rows");
        let leaf = Parameters::<B>::leaf(start.clone());
        let all = leaf.losses(first()).mean().backward();
        let of_mean = leaf
            .gradients(&all)
            .expect("a leaf has a gradient")
            .numbers();
        let of_sum = start.gradients_of::<B>(first()).numbers();
        let of_sum: Vec<f64> = of_sum.iter().map(|x| x / size as f64).collect();
        let largest = of_mean.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        let difference = if largest > 0.0 {
            largest_difference(&of_mean, &of_sum) / largest
        } else {
            0.0
        };

        let sizes = sizes(size, dataset.num_rows());
        let runs = sizes.iter().map(|size| {
            let batches = of_size(*size)?;
            let loss = |rate: f64| {
                let factor = -rate / batches.batch_size() as f64;
                let epochs = (0..).flat_map(|epoch| batches.epoch(epoch, seed));
                let end = epochs
                    .take(UPDATES)
                    .fold(start.clone(), |parameters, batch| {
                        let gradients = parameters.gradients_of::<B>(batch);
                        parameters.plus(gradients, factor)
                    });
                end.mean_loss(&batches)
            };
            let rate_of_sum = config.learning_rate * *size as f64 / sizes[0] as f64;
            Ok(SizeRun {
                batch_size: *size,
                divided: loss(config.learning_rate),
                sum_alone: loss(rate_of_sum),
                rate_of_sum,
            })
        });
        Ok((difference, runs.collect::<Result<_>>()?))
    }
}

/// Up to three batch sizes, each about ten times the one before: from the given
/// size on if there are enough rows, else up to all rows.
fn sizes(size: usize, num_rows: usize) -> Vec<usize> {
    let mut sizes = if size.saturating_mul(100) <= num_rows {
        vec![size, 10 * size, 100 * size]
    } else {
        vec![num_rows.div_ceil(100), num_rows.div_ceil(10), num_rows]
    };
    sizes.dedup();
    sizes
}
