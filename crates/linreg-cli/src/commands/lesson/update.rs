//! Why the update of the parameters is not tracked.

use std::time::{Duration, Instant};

use anyhow::Result;
use burn::tensor::backend::AutodiffBackend;
use linreg_backend::Task;
use linreg_data::{Batches, Dataset};
use linreg_model::LinearRegressionConfig;
use linreg_training::TrainingConfig;
use serde_json::{Value, json};

use super::parameters::{Parameters, largest_difference};
use super::section::{Block, Section, Table, row};
use crate::language::Language;
use crate::memory::held_by;
use crate::number::{bytes, duration, two_digits};

/// After how many updates a step is measured.
const AFTER: [usize; 3] = [1, 10, 100];

/// The number of steps of which the median is taken.
const RUNS: usize = 11;

/// The costs of the same updates, tracked and not tracked.
pub struct Updates {
    after: Vec<After>,
    /// The largest difference of a parameter after the last update.
    pub largest_difference: f64,
    /// The first step, from 0, at which parameters that stayed in the graph have no
    /// gradient.
    pub without_gradient: Option<usize>,
}

/// The cost of a step after so many updates.
struct After {
    updates: usize,
    untracked: Cost,
    tracked: Cost,
}

#[derive(Clone, Copy)]
struct Cost {
    /// The time of the next forward pass, backward pass and update.
    time: Duration,
    /// The memory that the parameters and their graph hold between steps.
    bytes: usize,
}

impl Updates {
    pub fn json(&self) -> Value {
        let cost = |cost: Cost| json!({"seconds": cost.time.as_secs_f64(), "bytes": cost.bytes});
        let after = self.after.iter().map(|after| {
            json!({
                "updates": after.updates,
                "untracked": cost(after.untracked),
                "tracked": cost(after.tracked),
            })
        });
        json!({
            "after": after.collect::<Vec<_>>(),
            "largest_difference": self.largest_difference,
            "first_step_without_gradient": self.without_gradient,
        })
    }

    pub fn section(&self, has_own_memory: bool, language: Language) -> Section {
        let memory = if has_own_memory {
            language.choose("host's memory", "主机内存")
        } else {
            language.choose("memory", "内存")
        };
        let header = language.choose(
            ["after", "not tracked", memory, "tracked", memory],
            ["更新次数", "不跟踪", memory, "跟踪", memory],
        );
        let mut rows = vec![row(header)];
        for after in &self.after {
            let updates = after.updates;
            let name = match updates {
                1 => language.choose("1 update".into(), "1 次".into()),
                _ => language.choose(format!("{updates} updates"), format!("{updates} 次")),
            };
            rows.push(vec![
                name,
                duration(after.untracked.time),
                bytes(after.untracked.bytes as u64),
                duration(after.tracked.time),
                bytes(after.tracked.bytes as u64),
            ]);
        }
        let difference = two_digits(self.largest_difference);
        let last = AFTER[AFTER.len() - 1];
        let mut blocks = vec![
            Block::Paragraph(language.choose(
                format!(
                    "The update, `param -= lr * grad / batch_size`, is a computation too. \
                     PyTorch's `sgd` makes it under `torch.no_grad()` and ours on Burn's inner \
                     backend, so that no graph records it. Here the same {last} updates were made \
                     in both ways, from the same gradients: not tracked, and on the autodiff \
                     backend without leaving its graph. The parameters are the same (largest \
                     difference: {difference}). But \
                     tracked, the graph grows with every update, and the next step goes back \
                     through all of them. Time of the next step, and memory held until then:"
                ),
                format!(
                    "更新 `param -= lr * grad / batch_size` 本身也是一次计算。PyTorch 的 `sgd` \
                     在 `torch.no_grad()` 中完成它，本程序则在 Burn 的内层后端上完成，\
                     因此没有计算图记录它。这里用同样的梯度把 {last} 次更新做了两遍：一遍不跟踪，\
                     一遍留在自动微分后端的计算图中。得到的参数相同（最大差异：{difference}）。\
                     但留在图中时，计算图随每次更新而变大，下一步反向传播要穿过之前的所有更新。\
                     下一步所用的时间，以及到那时占用的内存："
                ),
            )),
            Block::Table(Table {
                caption: language.choose("A step after so many updates", "若干次更新之后的一步"),
                rows,
                first_number: 1,
            }),
        ];
        if let Some(step) = self.without_gradient {
            blocks.push(Block::Paragraph(language.choose(
                format!(
                    "Parameters that come out of a tracked update are results, not leaves of the \
                     graph. A training loop written so ends early: in Burn, `grad` finds no \
                     gradient for them at step {step} (counted from 0). In PyTorch, the `grad` of \
                     such a tensor is None, and an update in place without `no_grad` is an error: \
                     \"a leaf Variable that requires grad is being used in an in-place \
                     operation\"."
                ),
                format!(
                    "由被跟踪的更新得到的参数是计算结果，而不是计算图的叶子。\
                     这样写的训练循环很快就会中断：在 Burn 中，第 {step} 步（从 0 数起）时 `grad` \
                     就找不到它们的梯度了。在 PyTorch 中，这种张量的 `grad` 是 None；\
                     而不用 `no_grad` 的原地更新会报错：\"a leaf Variable that requires grad \
                     is being used in an in-place operation\"。"
                ),
            )));
        }
        Section {
            id: "update",
            heading: language.choose("Why the update is not tracked", "为什么不跟踪参数的更新"),
            blocks,
        }
    }
}

/// Makes the updates of the first batches in both ways.
pub struct MakeUpdates<'a> {
    pub config: &'a TrainingConfig,
    pub dataset: &'a Dataset,
}

impl Task for MakeUpdates<'_> {
    type Output = Result<Updates>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let (config, dataset) = (self.config, self.dataset);
        let batches = Batches::<B::InnerBackend>::new(dataset, config.batch_size, &device)?;
        let model = LinearRegressionConfig::new(dataset.num_features()).with_seed(config.seed);
        let start = Parameters::of(&model.init::<B::InnerBackend>(&device)?);
        let factor = -config.learning_rate / batches.batch_size() as f64;
        let epochs = || (0..).flat_map(|epoch| batches.epoch(epoch, config.seed));
        let step = |parameters: &Parameters<B>, leaf: &Parameters<B>, batch| {
            let gradients = parameters.losses(batch).sum().backward();
            leaf.gradients(&gradients)
        };

        // Not tracked: new leaves after each update.
        let most = AFTER[AFTER.len() - 1];
        let mut updates = Vec::new();
        let mut end = start.clone();
        for batch in epochs().take(most) {
            let gradients = end.gradients_of::<B>(batch);
            updates.push(gradients.clone());
            end = end.plus(gradients, factor);
        }
        // Tracked: the results of those updates, as a graph from the leaf on.
        let tracked = |leaf: &Parameters<B>, count: usize| {
            let updates = updates[..count].iter().cloned().map(Parameters::from_inner);
            updates.fold(leaf.clone(), |result, update| result.plus(update, factor))
        };
        let untracked = |count: usize| {
            let updates = updates[..count].iter().cloned();
            updates.fold(start.clone(), |result, update| result.plus(update, factor))
        };
        let leaf = Parameters::leaf(start.clone());
        let largest_difference =
            largest_difference(&end.clone().numbers(), &tracked(&leaf, most).numbers());

        let batch = || {
            batches
                .epoch(0, config.seed)
                .next()
                .expect("there are rows")
        };
        let after = AFTER.map(|count| {
            let cost = |is_tracked: bool| {
                let mut times = Vec::with_capacity(RUNS);
                let mut bytes = Vec::with_capacity(RUNS);
                for _ in 0..RUNS {
                    let ((leaf, parameters), held) = held_by(|| {
                        if is_tracked {
                            let leaf = Parameters::leaf(start.clone());
                            let parameters = tracked(&leaf, count);
                            (leaf, parameters)
                        } else {
                            let leaf = Parameters::leaf(untracked(count));
                            (leaf.clone(), leaf)
                        }
                    });
                    // Other threads may allocate meanwhile.
                    bytes.push(held);
                    let batch = batch();
                    let clock = Instant::now();
                    let gradients = step(&parameters, &leaf, batch).expect("a leaf has a gradient");
                    let result = parameters.plus(Parameters::from_inner(gradients), factor);
                    std::hint::black_box(result.numbers());
                    times.push(clock.elapsed());
                }
                times.sort();
                bytes.sort();
                let (time, bytes) = (times[RUNS / 2], bytes[RUNS / 2]);
                Cost { time, bytes }
            };
            After {
                updates: count,
                untracked: cost(false),
                tracked: cost(true),
            }
        });

        // The loop that a reader would write.
        let mut parameters = Parameters::<B>::leaf(start.clone());
        let mut without_gradient = None;
        for (index, batch) in epochs().take(most).enumerate() {
            let Some(gradients) = step(&parameters, &parameters, batch) else {
                without_gradient = Some(index);
                break;
            };
            parameters = parameters.plus(Parameters::from_inner(gradients), factor);
        }
        Ok(Updates {
            after: after.into(),
            largest_difference,
            without_gradient,
        })
    }
}
