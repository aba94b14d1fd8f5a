//! What evaluating without gradients saves, and what it changes.

use std::time::{Duration, Instant};

use anyhow::Result;
use burn::tensor::backend::AutodiffBackend;
use linreg_backend::Task;
use linreg_data::{Batches, Dataset};
use linreg_model::{Coefficients, LinearRegression};
use linreg_training::{TrainingConfig, TrainingError, mean_loss};
use serde_json::{Value, json};

use super::section::{Block, Section, Table, row};
use crate::language::Language;
use crate::memory::peak_of;
use crate::number::{bytes, duration, four_digits, two_digits};

/// The same evaluation with gradient tracking and without.
pub struct Evaluations {
    tracked: Evaluation,
    plain: Evaluation,
}

/// One way of evaluating, measured.
struct Evaluation {
    loss: f64,
    time: Duration,
    peak_bytes: usize,
}

impl Evaluation {
    /// The median time of several runs, and the peak memory of one more.
    fn measure(evaluate: impl Fn() -> Result<f64, TrainingError>) -> Result<Self, TrainingError> {
        const RUNS: usize = 21;
        /// After this time, three runs are enough.
        const ENOUGH: Duration = Duration::from_millis(50);
        let begin = Instant::now();
        let mut times = Vec::with_capacity(RUNS);
        while times.len() < 3 || (times.len() < RUNS && begin.elapsed() < ENOUGH) {
            let start = Instant::now();
            evaluate()?;
            times.push(start.elapsed());
        }
        times.sort();
        let (loss, peak_bytes) = peak_of(evaluate);
        Ok(Self {
            loss: loss?,
            time: times[times.len() / 2],
            peak_bytes,
        })
    }

    fn json(&self) -> Value {
        json!({
            "loss": self.loss,
            "seconds": self.time.as_secs_f64(),
            "peak_bytes": self.peak_bytes,
        })
    }
}

impl Evaluations {
    pub fn json(&self) -> Value {
        json!({
            "with_gradients": self.tracked.json(),
            "without_gradients": self.plain.json(),
        })
    }

    pub fn section(&self, has_own_memory: bool, language: Language) -> Section {
        let memory = if has_own_memory {
            language.choose("host's memory", "主机内存")
        } else {
            language.choose("memory", "内存")
        };
        let header = language.choose(["", "loss", "time", memory], ["", "损失", "时间", memory]);
        let mut rows = vec![row(header)];
        for (name, evaluation) in [
            (
                language.choose("with gradient tracking", "跟踪梯度"),
                &self.tracked,
            ),
            (
                language.choose("without (model.valid())", "不跟踪 (model.valid())"),
                &self.plain,
            ),
        ] {
            rows.push(vec![
                name.to_string(),
                four_digits(evaluation.loss),
                duration(evaluation.time),
                bytes(evaluation.peak_bytes as u64),
            ]);
        }
        let result = match (self.tracked.loss - self.plain.loss).abs() {
            0.0 => language.choose(
                "The loss is the same, to the last digit.".to_string(),
                "损失完全相同，直到最后一位。".to_string(),
            ),
            difference => language.choose(
                format!(
                    "The losses differ by {}, which is rounding.",
                    two_digits(difference)
                ),
                format!("两个损失相差 {}，这是舍入误差。", two_digits(difference)),
            ),
        };
        let blocks = vec![
            Block::Paragraph(language.choose(
                "Leaving out `no_grad` in the evaluation does not change its result. But the graph \
                 then keeps what each operation would need to go backwards, and evaluation never \
                 does: that takes memory and time. The mean loss over all rows:"
                    .to_string(),
                "评估时不写 `no_grad` 不会改变结果。但这样计算图就要保存每个运算反向传播所需的内容，\
                 而评估从不反向传播：这要占用内存，也多花时间。所有行的平均损失："
                    .to_string(),
            )),
            Block::Table(Table {
                caption: language.choose("Mean loss over all rows", "所有行的平均损失"),
                rows,
                first_number: 1,
            }),
            Block::Paragraph(language.choose(
                format!(
                    "{result} `model.valid()` is the same model with its parameters on the inner \
                     backend, `B::InnerBackend`, on which no operation is recorded. It does what \
                     `torch.no_grad()` does; PyTorch's `model.eval()` is another thing, which \
                     switches layers such as dropout."
                ),
                format!(
                    "{result}`model.valid()` 是同一个模型，只是参数在内层后端 `B::InnerBackend` 上，\
                     那里不记录任何运算。它的作用相当于 `torch.no_grad()`；PyTorch 的 `model.eval()` \
                     是另一回事，它切换的是 dropout 之类的层。"
                ),
            )),
        ];
        Section {
            id: "evaluation",
            heading: language.choose("Evaluation without gradients", "不带梯度的评估"),
            blocks,
        }
    }
}

/// Evaluates a model in both ways.
pub struct Evaluate<'a> {
    pub coefficients: &'a Coefficients,
    pub config: &'a TrainingConfig,
    pub dataset: &'a Dataset,
}

impl Task for Evaluate<'_> {
    type Output = Result<Evaluations>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let (size, placement) = (self.config.batch_size, self.config.placement);
        let plain =
            LinearRegression::<B::InnerBackend>::from_coefficients(self.coefficients, &device);
        let tracked = LinearRegression::<B>::from_coefficients(self.coefficients, &device);
        let rows = Batches::<B::InnerBackend>::new(self.dataset, size, &device)?.place(placement);
        let tracked_rows = Batches::<B>::new(self.dataset, size, &device)?.place(placement);
        let plain = Evaluation::measure(|| mean_loss(&plain, &rows))?;
        let tracked = Evaluation::measure(|| mean_loss(&tracked, &tracked_rows))?;
        Ok(Evaluations { tracked, plain })
    }
}
