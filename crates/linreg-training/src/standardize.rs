use linreg_data::Scaler;
use linreg_model::{Coefficients, CoefficientsError};

/// Turns the coefficients of a model of standardised rows into those of the
/// rows themselves, in `f64`.
///
/// With `z = (x - mean) / std` for each feature and the target, `z_y = w z_x +
/// b` becomes `y = w' x + b'` with `w' = w std_y / std_x` and `b' = mean_y +
/// std_y b - sum of w' mean_x`. A constant feature says nothing about the
/// target and gets the weight 0.
///
/// # Errors
///
/// A coefficient beyond 64-bit floats.
///
/// # Panics
///
/// If the coefficients are not of one target and the scaler's features.
pub fn fold_scale(
    scaled: &Coefficients,
    scaler: &Scaler,
) -> Result<Coefficients, CoefficientsError> {
    assert_eq!(scaled.num_targets(), 1, "one target is scaled");
    assert_eq!(scaled.num_features(), scaler.feature_stds.len());
    // A constant target was not divided by anything.
    let target_std = if scaler.target_std == 0.0 {
        1.0
    } else {
        scaler.target_std
    };
    let weight: Vec<f64> = scaled
        .weight()
        .iter()
        .zip(&scaler.feature_stds)
        .map(|(weight, std)| match std {
            0.0 => 0.0,
            std => weight * (target_std / std),
        })
        .collect();
    let from_means = weight.iter().zip(&scaler.feature_means);
    let from_means: f64 = from_means.map(|(weight, mean)| weight * mean).sum();
    let bias = scaler.target_mean + target_std * scaled.bias()[0] - from_means;
    Coefficients::new(weight, vec![bias])
}

#[cfg(test)]
mod tests {
    use super::*;
    use linreg_data::Dataset;

    #[test]
    fn predicts_the_same_in_the_units_of_the_data() {
        let features = vec![1e6, 0.1, 7.0, 2e6, 0.3, 7.0, 4e6, -0.9, 7.0];
        let names = ["a", "b", "constant"].map(String::from).to_vec();
        let targets = vec![-100.0, 300.0, 50.0];
        let dataset = Dataset::new(features, targets, names, "y".to_string()).unwrap();
        let scaler = Scaler::fit(&dataset).unwrap();
        let scaled_rows = scaler.transform(&dataset).unwrap();

        let scaled = Coefficients::new(vec![0.7, -1.3, 0.02], vec![0.4]).unwrap();
        let folded = fold_scale(&scaled, &scaler).unwrap();
        assert_eq!(folded.weight()[2], 0.0);
        let in_units = folded.predict(dataset.features());
        let expected = scaled.predict(scaled_rows.features());
        for (a, z) in in_units.iter().zip(expected) {
            let b = scaler.target_mean + scaler.target_std * z;
            assert!((a - b).abs() < 1e-10, "{a} {b}");
        }
    }
}
