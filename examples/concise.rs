//! The lesson with the crates: the same model, loss and training in a few
//! lines, then saved as one file.
//!
//! Run with `cargo run --release --example concise`.

use linreg_backend::DefaultBackend;
use linreg_data::SyntheticConfig;
use linreg_model::ModelFile;
use linreg_training::{EpochRecord, Observer, TrainingConfig, evaluate, train};

struct Print;

impl Observer for Print {
    fn epoch(&mut self, epoch: &EpochRecord) {
        println!("epoch {}, loss: {:.6}", epoch.epoch, epoch.loss);
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dataset = SyntheticConfig::new(vec![2.0, -3.4], 4.2).generate()?;
    let device = Default::default();
    let config = TrainingConfig::new();
    let trained = train::<DefaultBackend>(&config, &dataset, &device, &mut Print)?;

    for metrics in evaluate(&trained.model, &dataset, &device)? {
        println!("RMSE: {:.4} over {} rows", metrics.rmse, metrics.rows);
    }
    println!(
        "w: {:.3?}, b: {:.3?}",
        trained.coefficients.weight(),
        trained.coefficients.bias()
    );

    let path = std::env::temp_dir().join("linreg_concise.safetensors");
    let names = (dataset.feature_names(), dataset.target_names());
    ModelFile::new(trained.coefficients, names.0, names.1)?.save(&path)?;
    println!("saved {}", path.display());
    Ok(())
}
