//! Whether a training has come to the least loss, and what to change if not.

use linreg_backend::Precision;
use linreg_data::Dataset;

use super::training::{Run, one_digit};
use crate::language::Language;
use crate::number::{significant, two_digits};

/// Whether the loss has reached the least possible.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Convergence {
    Converged,
    /// It has, as far as the backend's floats can tell.
    Rounding,
    /// It still falls; the number of epochs that it would take, if not too
    /// many.
    StillFalling(Option<usize>),
    /// It no longer falls, but is not the least.
    Hovering,
}

impl Convergence {
    /// An excess of no more than this share of the least loss counts as none.
    const ENOUGH: f64 = 0.1;
    const MOST_EPOCHS: f64 = 10_000.0;

    pub fn of(run: &Run, dataset: &Dataset, least: f64, precision: Precision) -> Self {
        let excess = |loss: f64| (loss - least).max(0.0);
        let (before, losses) = (run.loss_before, &run.losses);
        let last = excess(run.last_loss());
        let (rate, limit) = (run.config.learning_rate, &run.limit);
        let epsilon = match precision {
            Precision::F32 => f64::from(f32::EPSILON),
            Precision::F64 => f64::EPSILON,
        };
        let slowest = limit.smallest_eigenvalue.unwrap_or(2.0);
        // A step is lost where it is below half a unit in the last place of a
        // parameter, whose error is then epsilon / (2 rate eigenvalue) of its size.
        let rounding = (epsilon / (rate * slowest)).powi(2).min(1e-6) * before;
        if last <= Self::ENOUGH * least {
            return Self::Converged;
        } else if last <= rounding {
            return Self::Rounding;
        }
        // Constant steps end at a distance from the least that makes the loss about
        // rate × trace of X'X / n / batch size times the least (Bottou, Curtis and
        // Nocedal, *Optimization Methods for Large-Scale Machine Learning*, 2018,
        // theorem 4.6); each feature and the bias add 1 to the trace.
        let trace = (dataset.num_features() + 1) as f64;
        let floor = rate * trace / run.config.batch_size as f64 * least;
        let previous = excess(match losses.len() {
            0 | 1 => before,
            epochs => losses[epochs - 2],
        });
        let is_tiny = rate < limit.batches / 50.0;
        if !is_tiny && (last >= previous || last <= 4.0 * floor) {
            return Self::Hovering;
        }
        // Along the slowest direction, an update multiplies the error by 1 - rate ×
        // eigenvalue, and its loss by the square of that.
        let updates = dataset.num_rows() as f64 / run.config.batch_size as f64;
        let of_epoch = -2.0 * updates * (-rate * slowest).ln_1p();
        let enough = (Self::ENOUGH * least).max(rounding) / 2.0;
        let epochs = losses.len() as f64 + (last / enough).ln() / of_epoch;
        Self::StillFalling((epochs < Self::MOST_EPOCHS).then(|| epochs.ceil() as usize + 1))
    }

    /// What is said of a run that came to this, with what to change.
    pub fn sentence(
        self,
        run: &Run,
        least: f64,
        precision: Precision,
        language: Language,
    ) -> String {
        let rate = run.config.learning_rate;
        let above = distance(run.last_loss(), least, language);
        match self {
            Self::Converged => language.choose(
                format!("This run has converged: its loss is {above}."),
                format!("这次训练已经收敛：它的损失{above}。"),
            ),
            Self::Rounding => {
                let floats = precision;
                let advice = match floats {
                    Precision::F32 => language.choose(
                        " `--precision f64` goes further, on ndarray.",
                        "在 ndarray 上，`--precision f64` 可以更进一步。",
                    ),
                    Precision::F64 => "",
                };
                language.choose(
                    format!(
                        "This run has converged as far as {floats} goes: its loss is {above}, and \
                         smaller steps are lost in rounding.{advice}"
                    ),
                    format!(
                        "这次训练已经收敛到 {floats} 所能达到的程度：它的损失{above}，\
                         更小的更新会被舍入掉。{advice}"
                    ),
                )
            }
            Self::StillFalling(epochs) => {
                let faster = run.stable_rate();
                let faster = (faster > 2.0 * rate).then_some(faster);
                let advice = match (epochs, faster) {
                    (Some(epochs), Some(faster)) => language.choose(
                        format!(
                            "`--epochs {epochs}` should do; larger steps, `--learning-rate \
                             {faster}`, take fewer epochs."
                        ),
                        format!(
                            "`--epochs {epochs}` 应该足够；\
                             加大步长 `--learning-rate {faster}`，所需的迭代周期更少。"
                        ),
                    ),
                    (Some(epochs), None) => language.choose(
                        format!("`--epochs {epochs}` should do."),
                        format!("`--epochs {epochs}` 应该足够。"),
                    ),
                    (None, Some(faster)) => language.choose(
                        format!("Take larger steps: `--learning-rate {faster}`."),
                        format!("请加大步长：`--learning-rate {faster}`。"),
                    ),
                    (None, None) => language.choose(
                        "Take smaller batches: `--batch-size 10`.".to_string(),
                        "请减小批量：`--batch-size 10`。".to_string(),
                    ),
                };
                language.choose(
                    format!(
                        "This run has not converged: its loss is {above}, and still falls. \
                         {advice}"
                    ),
                    format!("这次训练还没有收敛：它的损失{above}，并且仍在下降。{advice}"),
                )
            }
            Self::Hovering => {
                let size = run.config.batch_size;
                let (smaller, larger) = (one_digit(rate / 10.0), size.saturating_mul(10));
                language.choose(
                    format!(
                        "This run has not converged: its loss is {above}, and no longer \
                         falls. Each step follows the noise of its own batch; smaller steps, \
                         `--learning-rate {smaller}`, or larger batches, `--batch-size {larger}`, \
                         average more of it out."
                    ),
                    format!(
                        "这次训练没有收敛：它的损失{above}，而且不再下降。\
                         每一步都跟着本批数据的噪声走；减小步长 `--learning-rate {smaller}`，\
                         或加大批量 `--batch-size {larger}`，可以把更多噪声平均掉。"
                    ),
                )
            }
        }
    }
}

/// How far a loss is above the least, to follow the words "its loss is".
fn distance(loss: f64, least: f64, language: Language) -> String {
    let ratio = loss / least;
    if !ratio.is_finite() || ratio > 1e6 {
        let difference = two_digits(loss - least);
        language.choose(
            format!("{difference} above the least"),
            format!("比最小值大 {difference}"),
        )
    } else if ratio < 2.0 {
        let percent = format!("{:.2}", 100.0 * (ratio - 1.0).max(0.0));
        language.choose(
            format!("{percent} % above the least"),
            format!("比最小值高 {percent} %"),
        )
    } else {
        let times = format!("{ratio:.2e}")
            .parse()
            .map_or(String::new(), significant);
        language.choose(
            format!("{times} times the least"),
            format!("是最小值的 {times} 倍"),
        )
    }
}
