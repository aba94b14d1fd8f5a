//! The time of one epoch on every backend that is compiled in, losses of all
//! rows after it included, with the rows kept with the host and on the device.
//!
//! Run with `cargo bench -p linreg-backend --features flex,wgpu`.

use burn::module::AutodiffModule;
use burn::tensor::backend::AutodiffBackend;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use linreg_backend::{BackendKind, Precision, Task, run};
use linreg_data::{Batches, Dataset, Placement, SyntheticConfig};
use linreg_model::LinearRegressionConfig;
use linreg_training::{Training, TrainingConfig, mean_loss};

struct Epochs<'a> {
    criterion: &'a mut Criterion,
    name: String,
    dataset: &'a Dataset,
    batch_size: usize,
    placement: Placement,
}

impl Task for Epochs<'_> {
    type Output = ();

    fn run<B: AutodiffBackend>(self, device: B::Device) {
        let batches = Batches::new(self.dataset, self.batch_size, &device).expect("the rows fit");
        let batches = batches.place(self.placement);
        let config = TrainingConfig::new()
            .with_batch_size(self.batch_size)
            .with_learning_rate(0.003);
        let num_features = self.dataset.num_features();
        let model = LinearRegressionConfig::new(num_features)
            .init::<B>(&device)
            .expect("features");
        let mut training = Some(Training::new(model, &config, &batches).expect("minibatches"));
        let mut group = self.criterion.benchmark_group(self.name);
        group.sample_size(10);
        group.throughput(Throughput::Elements(batches.num_batches() as u64));
        group.bench_function(format!("{:?}", self.placement), |bencher| {
            bencher.iter(|| {
                let mut steps = batches.epoch(0, 0);
                let trained = steps.try_fold(training.take().expect("put back"), Training::step);
                let trained = trained.expect("batches of the model");
                let (trained, not_finite) = trained.end_epoch();
                assert!(not_finite.is_none());
                let loss = mean_loss(&trained.model().valid(), &batches).expect("rows in memory");
                training = Some(trained);
                loss
            });
        });
        group.finish();
    }
}

fn epoch(criterion: &mut Criterion) {
    for (what, num_rows, num_features, batch_size) in [
        ("lesson, 1,000 x 2 by 10", 1000, 2, 10),
        ("300,000 x 40 by 8,192", 300_000, 40, 8192),
    ] {
        let data = SyntheticConfig::new(vec![1.0; num_features], 4.2).with_num_examples(num_rows);
        let dataset = data.generate().expect("the data is well defined");
        for backend in BackendKind::available() {
            for placement in [Placement::Host, Placement::Device] {
                let epochs = Epochs {
                    criterion,
                    name: format!("{what}, {backend}"),
                    dataset: &dataset,
                    batch_size,
                    placement,
                };
                run(backend, Precision::F32, None, epochs).expect("the backend works");
            }
        }
    }
}

criterion_group!(benches, epoch);
criterion_main!(benches);
