//! The lesson in Burn's own training loop, which brings metrics, checkpoints
//! and early stopping; its dashboard is off.
//!
//! Run with `cargo run --release --example learner --features burn-train`.

use burn::data::dataloader::{DataLoaderBuilder, batcher::Batcher};
use burn::data::dataset::InMemDataset;
use burn::optim::SgdConfig;
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use burn_train::metric::LossMetric;
use burn_train::renderer::{
    EvaluationName, EvaluationProgress, MetricState, MetricsRenderer, MetricsRendererEvaluation,
    MetricsRendererTraining, ProgressType, TrainingProgress,
};
use burn_train::{Learner, SupervisedTraining};
use linreg_backend::DefaultBackend;
use linreg_data::{Batches, SyntheticConfig};
use linreg_model::LinearRegressionConfig;
use linreg_training::mean_loss;

/// Features and target of a row.
type Row = (Vec<f32>, f32);

/// Makes tensors of rows.
#[derive(Clone)]
struct Stack;

impl<B: Backend> Batcher<B, Row, (Tensor<B, 2>, Tensor<B, 2>)> for Stack {
    fn batch(&self, rows: Vec<Row>, device: &B::Device) -> (Tensor<B, 2>, Tensor<B, 2>) {
        let num_rows = rows.len();
        let (features, targets): (Vec<Vec<f32>>, Vec<f32>) = rows.into_iter().unzip();
        let width = features[0].len();
        let features = TensorData::new(features.concat(), [num_rows, width]);
        let targets = TensorData::new(targets, [num_rows, 1]);
        (
            Tensor::from_data(features, device),
            Tensor::from_data(targets, device),
        )
    }
}

/// Shows nothing while training goes on.
struct Silent;

impl MetricsRendererTraining for Silent {
    fn update_train(&mut self, _: MetricState) {}
    fn update_valid(&mut self, _: MetricState) {}
    fn render_train(&mut self, _: TrainingProgress, _: Vec<ProgressType>) {}
    fn render_valid(&mut self, _: TrainingProgress, _: Vec<ProgressType>) {}
}

impl MetricsRendererEvaluation for Silent {
    fn update_test(&mut self, _: EvaluationName, _: MetricState) {}
    fn render_test(&mut self, _: EvaluationProgress, _: Vec<ProgressType>) {}
}

impl MetricsRenderer for Silent {
    fn manual_close(&mut self) {}
    fn register_metric(&mut self, _: burn_train::metric::MetricDefinition) {}
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dataset = SyntheticConfig::new(vec![2.0, -3.4], 4.2).generate()?;
    let features = dataset.features().chunks(2);
    let rows = features.zip(dataset.targets()).map(|(features, target)| {
        let features = features.iter().map(|value| *value as f32).collect();
        (features, *target as f32)
    });
    let rows: Vec<Row> = rows.collect();

    // Burn keeps its log and checkpoints in a folder.
    let folder = std::env::temp_dir().join(format!("linreg_learner_{}", std::process::id()));
    let training = DataLoaderBuilder::<DefaultBackend, _, _>::new(Stack)
        .batch_size(10)
        .shuffle(0)
        .build(InMemDataset::new(rows.clone()));
    let validation = DataLoaderBuilder::new(Stack)
        .batch_size(1000)
        .build(InMemDataset::new(rows));
    let model = LinearRegressionConfig::new(2).init(&Default::default())?;
    let learner = Learner::new(model, SgdConfig::new().init(), 0.03);
    let result = SupervisedTraining::new(&folder, training, validation)
        .metric_valid_numeric(LossMetric::new())
        .with_application_logger(None)
        .renderer(Silent)
        .num_epochs(3)
        .launch(learner);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }

    let device = Default::default();
    let batches = Batches::new(&dataset, 1000, &device)?;
    println!("loss: {:.6}", mean_loss(&result.model, &batches)?);
    let coefficients = result.model.coefficients()?;
    println!(
        "w: {:.3?}, b: {:.3?}",
        coefficients.weight(),
        coefficients.bias()
    );
    Ok(())
}
