//! A CSV file with words in it: fit, print, save, load, and predict another file
//! and one row.
//!
//! Run with `cargo run --release --example exact_csv`.

use std::path::{Path, PathBuf};

use linreg_fit::{FitConfig, FittedModel, Table};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let [houses, new, saved] = files(folder.path())?;

    let fitted = FitConfig::to("price").run(&Table::open(&houses)?)?;
    println!("{fitted}");
    fitted.model.save(&saved)?;

    let model = FittedModel::load(&saved)?;
    let predicted = model.predict_with_intervals(&Table::open(&new)?, 0.95)?;
    for (price, range) in predicted.targets[0].rows().flatten() {
        println!("{price:.1}, from {:.1} to {:.1}", range.lower, range.upper);
    }
    let prices = model.predict_row([("area", 75.0.into()), ("town", "Bonn".into())])?;
    println!("{:.1}", prices[0]);
    Ok(())
}

/// Two tables, and where the model goes.
fn files(folder: &Path) -> std::io::Result<[PathBuf; 3]> {
    let [houses, new, saved] = ["houses.csv", "new.csv", "price.safetensors"];
    std::fs::write(folder.join(houses), HOUSES)?;
    std::fs::write(folder.join(new), NEW)?;
    Ok([houses, new, saved].map(|name| folder.join(name)))
}

const HOUSES: &str = "\
area,town,price
50,Bonn,210
60,Trier,205
70,Bonn,290
85,Trier,300
90,Bonn,365
110,Trier,385
120,Bonn,480
75,Kiel,270
95,Kiel,340
";

const NEW: &str = "area,town\n80,Kiel\n100,Bonn\n";
