//! Arrays in memory: fit, read the statistics, save.
//!
//! Run with `cargo run --release --example arrays`.

use linreg_fit::{FitConfig, Table};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [x1, x2, y] = arrays();
    let columns = [("x1", x1.into()), ("x2", x2.into()), ("y", y.into())];
    let fitted = FitConfig::to("y").run(&Table::from_columns(columns)?)?;

    let fit = fitted.exact().ok_or("the fit is exact by default")?;
    for c in &fit.inferences[0].coefficients {
        let (estimate, std_error, p) = (c.estimate, c.std_error, c.p);
        println!("{estimate:.4}, standard error {std_error:.4}, p {p:.1e}");
    }
    let path = std::env::temp_dir().join("linreg_arrays.safetensors");
    fitted.model.save(&path)?;
    println!("saved {}", path.display());
    Ok(())
}

/// y = 2 x1 - 3.4 x2 + 4.2 + noise.
fn arrays() -> [Vec<f64>; 3] {
    let row = |i: u32| {
        let i = f64::from(i);
        let (x1, x2, noise) = ((0.7 * i).sin(), (0.3 * i).cos(), (1.9 * i).sin());
        [x1, x2, 2.0 * x1 - 3.4 * x2 + 4.2 + 0.01 * noise]
    };
    [0, 1, 2].map(|column| (0..100).map(|i| row(i)[column]).collect())
}
