//! The time of full-batch training of rows in memory, by L-BFGS until the loss no longer
//! falls, with the squared loss and with Huber's.
//!
//! Run with `cargo bench -p linreg-training --bench full_batch`. Each figure is the
//! shortest of three.

#![allow(missing_docs)]

use std::time::{Duration, Instant};

use burn::tensor::backend::AutodiffBackend;
use burn_autodiff::Autodiff;
use burn_flex::Flex;
use burn_ndarray::NdArray;
use linreg_data::{Dataset, SyntheticConfig};
use linreg_training::{Loss, Penalty, TrainingConfig, train};

fn main() {
    for (num_rows, num_features) in [(1_000_000, 20), (1_000_000, 100)] {
        let weights = (0..num_features).map(|k| f64::from(k % 7) - 3.0).collect();
        let data = SyntheticConfig::new(weights, 4.2)
            .with_noise_std(0.5)
            .with_num_examples(num_rows);
        let dataset = data.generate().expect("the data is well defined");
        println!("{num_rows} rows of {num_features} features");
        for (name, loss) in [
            ("squared", Loss::Squared),
            ("Huber", Loss::Huber { delta: 0.5 }),
        ] {
            fit::<Autodiff<NdArray>>(&format!("  ndarray f32, {name}"), loss, &dataset);
            fit::<Autodiff<Flex>>(&format!("  flex f32, {name}"), loss, &dataset);
        }
    }
}

fn fit<B: AutodiffBackend>(name: &str, loss: Loss, dataset: &Dataset) {
    let config = TrainingConfig::full_batch_of(loss, Penalty::default());
    let mut shortest = (Duration::MAX, 0, 0.0);
    for _ in 0..3 {
        let start = Instant::now();
        let trained = train::<B>(&config, dataset, &B::Device::default(), &mut ());
        let trained = trained.expect("a fit");
        let last = trained.history.last().expect("an epoch");
        let found = (start.elapsed(), trained.history.len(), last.loss);
        if found.0 < shortest.0 {
            shortest = found;
        }
    }
    let (time, epochs, loss) = shortest;
    println!("{name}: {time:.2?}, {epochs} epochs, loss {loss:.6}");
}
