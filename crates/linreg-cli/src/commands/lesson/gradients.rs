//! Why gradients are set to zero.

use anyhow::Result;
use burn::tensor::backend::AutodiffBackend;
use linreg_backend::Task;
use linreg_data::{Batch, Batches, Dataset};
use linreg_fit::Trainer;
use linreg_model::{LinearRegression, LinearRegressionConfig};
use linreg_training::{RunOptions, TrainingConfig};
use serde_json::{Value, json};

use super::parameters::{Parameters, largest_difference};
use super::section::{Block, Section, Table, loss, row};
use crate::commands::Backend;
use crate::fit_advice::advised;
use crate::language::Language;
use crate::number::{count, thousands, two_digits};

/// What happens to a training whose gradients add up.
pub struct Gradients {
    /// The mean loss after each epoch where gradients are set to zero, and where
    /// they never are.
    pub epochs: Vec<[f64; 2]>,
    on_purpose: Option<OnPurpose>,
    precision: String,
}

/// Gradients of several batches, added up for one update.
struct OnPurpose {
    batches: usize,
    batch_size: usize,
    /// The largest difference of a parameter from that of one large batch.
    largest_difference: f64,
}

/// Batches whose gradients are added up on purpose, if there are so many.
const ACCUMULATE: usize = 4;

impl Gradients {
    pub fn measure(config: &TrainingConfig, dataset: &Dataset, backend: &Backend) -> Result<Self> {
        let epochs = backend.run(TrainBothWays { config, dataset })??;
        // Only whole batches count, so that the large batch has exactly as many
        // rows.
        let batches = (dataset.num_rows() / config.batch_size).min(ACCUMULATE);
        let on_purpose = match batches {
            0 | 1 => None,
            _ => {
                let once = config.clone().with_num_epochs(1);
                let large = once.clone().with_batch_size(batches * config.batch_size);
                let parameters = |config: &TrainingConfig| {
                    let options = RunOptions::default();
                    let trainer = backend.trainer();
                    let trained = trainer.train(config, dataset.into(), options, &mut ());
                    let trained = trained.map_err(advised)?.coefficients;
                    Ok::<_, anyhow::Error>([trained.weight(), trained.bias()].concat())
                };
                let [added, whole] =
                    [once.with_accumulate(batches), large].map(|config| parameters(&config));
                Some(OnPurpose {
                    batches,
                    batch_size: config.batch_size,
                    largest_difference: largest_difference(&added?, &whole?),
                })
            }
        };
        Ok(Self {
            epochs,
            on_purpose,
            precision: backend.precision.to_string(),
        })
    }

    pub fn json(&self) -> Value {
        let epochs = self.epochs.iter().enumerate();
        let epochs = epochs.map(|(epoch, [zeroed, added])| {
            json!({"epoch": epoch, "zeroed": zeroed, "never_zeroed": added})
        });
        let on_purpose = self.on_purpose.as_ref().map(|on_purpose| {
            json!({
                "batches": on_purpose.batches,
                "batch_size": on_purpose.batch_size,
                "largest_difference": on_purpose.largest_difference,
            })
        });
        json!({"epochs": epochs.collect::<Vec<_>>(), "accumulated": on_purpose})
    }

    pub fn section(&self, language: Language) -> Section {
        let header = language.choose(
            ["epoch", "set to zero", "never set to zero"],
            ["迭代周期", "清零", "从不清零"],
        );
        let mut rows = vec![row(header)];
        for (epoch, losses) in self.epochs.iter().enumerate() {
            let [zeroed, added] = losses.map(|one| loss(one, language));
            rows.push(vec![epoch.to_string(), zeroed, added]);
        }
        let mut blocks = vec![
            Block::Paragraph(language.choose(
                "In PyTorch, `backward` adds to the gradients that are there. Where none is set \
                 to zero, each update takes the sum of all gradients so far. That sum is like a \
                 velocity that nothing slows down: sooner or later it carries the parameters past \
                 the minimum, and it does not let them come to rest there. The same batches in both ways, and the mean loss over all rows after each \
                 epoch:"
                    .into(),
                "在 PyTorch 中，`backward` 会把新梯度加到已有的梯度上。如果从不清零，\
                 每次更新用的就是迄今所有梯度之和。这个和就像一个没有阻力的速度：\
                 它迟早会带着参数冲过最小值，而且不会在那里停下。用同样的批量做两遍，每个迭代周期之后所有行的平均损失："
                    .into(),
            )),
            Block::Table(Table {
                caption: language.choose("Mean loss after each epoch", "每个迭代周期之后的平均损失"),
                rows,
                first_number: 1,
            }),
            Block::Paragraph(language.choose(
                "Burn returns new gradients from every `backward`, so that it cannot happen by \
                 accident."
                    .into(),
                "Burn 的每次 `backward` 都返回新的梯度，所以不会无意中累积。".into(),
            )),
        ];
        if let Some(on_purpose) = &self.on_purpose {
            let (batches, size) = (on_purpose.batches, on_purpose.batch_size);
            let rows = count(size, "row");
            let large = thousands(batches * size);
            let difference = two_digits(on_purpose.largest_difference);
            let precision = &self.precision;
            blocks.push(Block::Paragraph(language.choose(
                format!(
                    "On purpose, the gradients of several batches are added up for one update, to \
                     train as with batches too large for the memory: `linreg fit --accumulate \
                     {batches}`. {batches} batches of {rows} give the update of one batch of \
                     {large}. After an epoch of each, the largest difference of a parameter is \
                     {difference}, no more than rounding in {precision}."
                ),
                format!(
                    "有意的累积则是把几个批量的梯度加起来再更新一次，这样就能像使用内存放不下的大批量一样训练：\
                     `linreg fit --accumulate {batches}`。{batches} 个 {size} 行的批量，\
                     与一个 {large} 行的批量给出同样的更新。各训练一个迭代周期之后，\
                     参数的最大差异为 {difference}，不超过 {precision} 的舍入误差。"
                ),
            )));
        }
        Section {
            id: "gradients",
            heading: language.choose("Why gradients are set to zero", "梯度为什么要清零"),
            blocks,
        }
    }
}

/// Trains with gradients that are set to zero after each update, and with those
/// that never are.
struct TrainBothWays<'a> {
    config: &'a TrainingConfig,
    dataset: &'a Dataset,
}

impl Task for TrainBothWays<'_> {
    type Output = Result<Vec<[f64; 2]>>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let (config, dataset) = (self.config, self.dataset);
        let batches = Batches::<B::InnerBackend>::new(dataset, config.batch_size, &device)?;
        let batches = batches.place(config.placement);
        let model = LinearRegressionConfig::new(dataset.num_features()).with_seed(config.seed);
        let start = model.init::<B::InnerBackend>(&device)?;
        let epochs = || (0..config.num_epochs).map(|epoch| batches.epoch(epoch, config.seed));
        let rate = config.learning_rate;
        let zeroed = train::<B, _>(&start, epochs(), &batches, rate, true);
        let added = train::<B, _>(&start, epochs(), &batches, rate, false);
        Ok(zeroed.into_iter().zip(added).map(|(a, b)| [a, b]).collect())
    }
}

/// The lesson's loop, with `zero_grad` or without: the mean loss over all rows
/// after each epoch.
fn train<B: AutodiffBackend, E: Iterator<Item = Batch<B::InnerBackend>>>(
    start: &LinearRegression<B::InnerBackend>,
    epochs: impl Iterator<Item = E>,
    batches: &Batches<B::InnerBackend>,
    learning_rate: f64,
    zero: bool,
) -> Vec<f64> {
    let factor = -learning_rate / batches.batch_size() as f64;
    let mut parameters = Parameters::of(start);
    // What PyTorch keeps in `param.grad`.
    let mut kept: Option<Parameters<B::InnerBackend>> = None;
    let mut losses = Vec::new();
    for epoch in epochs {
        for batch in epoch {
            let new = parameters.gradients_of::<B>(batch);
            let gradients = match kept.take() {
                Some(before) if !zero => before.plus(new, 1.0),
                _ => new,
            };
            parameters = parameters.plus(gradients.clone(), factor);
            kept = Some(gradients);
        }
        losses.push(parameters.mean_loss(batches));
    }
    losses
}

#[cfg(test)]
mod tests;
