//! The time of one training step, forward to update, batches gathered included.
//!
//! Run with `cargo bench -p linreg-training`. Each figure is of one epoch; the
//! elements per second are steps.

use burn_autodiff::Autodiff;
use burn_flex::Flex;
use burn_ndarray::NdArray;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use linreg_data::{Batches, SyntheticConfig};
use linreg_model::LinearRegressionConfig;
use linreg_training::{Training, TrainingConfig};

fn epoch<B: burn::tensor::backend::AutodiffBackend>(criterion: &mut Criterion, backend: &str) {
    let mut group = criterion.benchmark_group(backend);
    for (name, num_rows, num_features, batch_size) in [
        ("lesson: batch 10, 2 features", 1000, 2, 10),
        ("batch 256, 100 features", 25_600, 100, 256),
    ] {
        let weights = vec![1.0; num_features];
        let data = SyntheticConfig::new(weights, 4.2).with_num_examples(num_rows);
        let dataset = data.generate().expect("the data is well defined");
        let device = B::Device::default();
        let config = TrainingConfig::new()
            .with_batch_size(batch_size)
            .with_learning_rate(0.003);
        let batches = Batches::new(&dataset, batch_size, &device).expect("the rows fit");
        let model = LinearRegressionConfig::new(num_features)
            .init::<B>(&device)
            .expect("features");
        let mut training = Some(Training::new(model, &config, &batches).expect("minibatches"));
        group.throughput(Throughput::Elements(batches.num_batches() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut steps = batches.epoch(0, 0);
                let trained = steps.try_fold(training.take().expect("put back"), Training::step);
                let trained = trained.expect("batches of the model");
                let (trained, not_finite) = trained.end_epoch();
                assert!(not_finite.is_none());
                training = Some(trained);
            });
        });
    }
    group.finish();
}

fn training_step(criterion: &mut Criterion) {
    epoch::<Autodiff<NdArray>>(criterion, "ndarray f32");
    epoch::<Autodiff<NdArray<f64>>>(criterion, "ndarray f64");
    epoch::<Autodiff<Flex>>(criterion, "flex f32");
}

criterion_group!(benches, training_step);
criterion_main!(benches);
