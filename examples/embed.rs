//! Another Burn app that has a linear model inside one of its own modules,
//! loaded from a file that `linreg fit` wrote.
//!
//! Run with `cargo run --release --example embed MODEL`, where `MODEL` predicts
//! from two features: `linreg generate --output data.csv` and
//! `linreg fit data.csv --target y` make such a file, `data.safetensors`.

use burn::module::Module;
use burn::tensor::{Tensor, activation::relu, backend::Backend};
use linreg_backend::DefaultBackend;
use linreg_model::{LinearRegression, ModelFile};

/// A model of prices, which are never negative.
#[derive(Module, Debug)]
struct PriceModel<B: Backend> {
    linear: LinearRegression<B>,
}

impl<B: Backend> PriceModel<B> {
    fn load(path: &str, device: &B::Device) -> Result<Self, Box<dyn std::error::Error>> {
        let file = ModelFile::load(path)?;
        println!("{:?} from {:?}", file.target_names, file.feature_names);
        let linear = LinearRegression::from_coefficients(&file.coefficients, device);
        Ok(Self { linear })
    }

    fn forward(&self, features: Tensor<B, 2>) -> Tensor<B, 2> {
        relu(self.linear.forward(features))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1);
    let path = path.ok_or("name a model file of two features, such as data.safetensors")?;
    let device = Default::default();
    let model = PriceModel::<DefaultBackend>::load(&path, &device)?;
    let rows = Tensor::from_floats([[0.0, 0.0], [1.0, 1.0], [0.0, 10.0]], &device);
    for price in model.forward(rows).into_data().iter::<f32>() {
        println!("{price:.2}");
    }
    Ok(())
}
