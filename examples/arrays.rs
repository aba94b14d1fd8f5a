//! Arrays in memory: fit, read the statistics, save.
//!
//! Run with `cargo run --release --example arrays`.

use linreg_fit::{FitConfig, Table};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let x1: Vec<f64> = (0..100).map(|i| (f64::from(i) * 0.7).sin()).collect();
    let x2: Vec<f64> = (0..100).map(|i| (f64::from(i) * 0.3).cos()).collect();
    let noise = (0..100).map(|i| 0.01 * (f64::from(i) * 1.9).sin());
    let y = x1.iter().zip(&x2).zip(noise);
    let y: Vec<f64> = y.map(|((a, b), e)| 2.0 * a - 3.4 * b + 4.2 + e).collect();

    let columns = [("x1", x1.into()), ("x2", x2.into()), ("y", y.into())];
    let fitted = FitConfig::to("y").run(&Table::from_columns(columns)?)?;
    for c in fitted
        .exact()
        .iter()
        .flat_map(|fit| &fit.inferences[0].coefficients)
    {
        println!(
            "{:.4}, standard error {:.4}, p {:.1e}",
            c.estimate, c.std_error, c.p
        );
    }
    let path = std::env::temp_dir().join("linreg_arrays.safetensors");
    fitted.model.save(&path)?;
    println!("saved {}", path.display());
    Ok(())
}
