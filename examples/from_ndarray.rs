//! A matrix and a vector of the crate `ndarray`: fit, read the statistics, and
//! predict the rows of another matrix.
//!
//! Run with `cargo run --release --example from_ndarray`.

use std::error::Error;

use linreg_fit::{FitConfig, Table};
use ndarray::{Array1, Array2, ArrayView1, array};

fn main() -> Result<(), Box<dyn Error>> {
    let (x, y) = arrays();
    let fitted = FitConfig::to("y").run(&table(&x, Some(y.view()))?)?;

    let fit = fitted.exact().ok_or("the fit is exact by default")?;
    for c in &fit.inferences[0].coefficients {
        println!("{:.4}, standard error {:.4}", c.estimate, c.std_error);
    }
    println!("R² {:.5}", fit.inferences[0].r_squared);

    let new = array![[0.0, 0.0], [1.0, 1.0]];
    let predicted = fitted.model.predict(&table(&new, None)?)?;
    let values = predicted.targets[0].values.iter().flatten();
    println!("{:.1}", Array1::from_iter(values.copied()));
    Ok(())
}

/// The columns of a matrix, named x1, x2 and so on, with the target if it is known.
fn table(x: &Array2<f64>, y: Option<ArrayView1<f64>>) -> Result<Table, Box<dyn Error>> {
    let names = (1..).map(|number| format!("x{number}"));
    let columns = names
        .zip(x.columns())
        .chain(y.map(|y| ("y".to_string(), y)));
    let columns = columns.map(|(name, column)| (name, column.to_vec().into()));
    Ok(Table::from_columns(columns)?)
}

/// y = 2 x1 - 3.4 x2 + 4.2 + noise.
fn arrays() -> (Array2<f64>, Array1<f64>) {
    let angle = |row: usize, speed: f64| speed * row as f64;
    let x = Array2::from_shape_fn((100, 2), |(row, column)| {
        angle(row, [0.7, 0.3][column]).sin()
    });
    let noise = Array1::from_shape_fn(100, |row| 0.01 * angle(row, 1.9).sin());
    let y = x.dot(&array![2.0, -3.4]) + 4.2 + noise;
    (x, y)
}
