//! A table with categories, trained by gradients on a Burn backend of one's own
//! with rows held out to stop by, saved, and applied on the device.
//!
//! Run with `cargo run --release --example train_table`.

use burn::tensor::backend::AutodiffBackend;
use linreg_backend::DefaultBackend;
use linreg_fit::{FitConfig, FittedModel, HoldOut, On, Set, Table, Training};

/// Any backend with gradients: `Autodiff<Wgpu>` as well.
type Backend = DefaultBackend;
type Inner = <Backend as AutodiffBackend>::InnerBackend;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (table, device) = (table()?, Default::default());
    let training = Training::on(On::<Backend>(Default::default()));
    let config = FitConfig::to("price").with_hold_out(HoldOut::validation(0.2));
    let fitted = config.with_training(training).run(&table)?;
    println!("RMSE {:.3}", fitted.on(Set::Validation)[0].rmse);

    let path = std::env::temp_dir().join("linreg_train_table.safetensors");
    fitted.model.save(&path)?;
    let model = FittedModel::load(&path)?;
    let rows = model.features::<Inner>(&table, &device)?;
    let prices = model.on::<Inner>(&device).forward(rows);
    println!("{:?}", prices.dims());
    Ok(())
}

const NUM_ROWS: usize = 600;

/// price = 3 area + 20 (in Bonn) + noise.
fn table() -> Result<Table, linreg_fit::FitError> {
    let rows = 0..NUM_ROWS as u32;
    let area: Vec<f64> = rows
        .clone()
        .map(|i| 50.0 + f64::from(i * 37 % 100))
        .collect();
    let towns = ["Bonn", "Trier", "Ulm"];
    let town: Vec<&str> = rows.clone().map(|i| towns[i as usize % 3]).collect();
    let price = rows.zip(&area).zip(&town);
    let price = price.map(|((i, area), town)| {
        let noise = (f64::from(i) * 1.7).sin();
        3.0 * area + if *town == "Bonn" { 20.0 } else { 0.0 } + noise
    });
    let price: Vec<f64> = price.collect();
    let (area, town) = (area.into(), town[..].into());
    Table::from_columns([("area", area), ("town", town), ("price", price.into())])
}
