use linreg_data::Scaler;
use linreg_model::{Coefficients, CoefficientsError};

/// Converts the coefficients of a model of standardised rows to the original
/// units, in `f64`.
///
/// With `z = (x - mean) / std` for each feature and target, `z_y = w z_x + b`
/// becomes `y = w' x + b'` with `w' = w std_y / std_x` and
/// `b' = mean_y + std_y b - sum of w' mean_x`. A constant feature, whose standard
/// deviation is 0, says nothing about the targets and gets the weight 0.
///
/// The scaler has to have as many features and targets as the coefficients.
///
/// # Errors
///
/// A coefficient that overflows 64-bit floats.
pub(crate) fn fold_scale(
    scaled: &Coefficients,
    scaler: &Scaler,
) -> Result<Coefficients, CoefficientsError> {
    let num_targets = scaler.target_stds.len();
    let mut weight = Vec::with_capacity(scaled.weight().len());
    let mut from_means = vec![0.0; num_targets];
    for (feature, weights) in scaled.weight().chunks_exact(num_targets).enumerate() {
        for (target, scaled) in weights.iter().enumerate() {
            let folded = match scaler.feature_stds[feature] {
                0.0 => 0.0,
                std => scaled * (target_std(scaler, target) / std),
            };
            from_means[target] += folded * scaler.feature_means[feature];
            weight.push(folded);
        }
    }
    let bias = (0..num_targets).map(|target| {
        let bias = target_std(scaler, target) * scaled.bias()[target];
        scaler.target_means[target] + bias - from_means[target]
    });
    Coefficients::new(weight, bias.collect())
}

/// Returns the number that a target was divided by: its standard deviation, or 1
/// if it is constant.
pub(crate) fn target_std(scaler: &Scaler, target: usize) -> f64 {
    match scaler.target_stds[target] {
        0.0 => 1.0,
        std => std,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use linreg_data::{Dataset, Summary};

    #[test]
    fn predicts_the_same_in_the_units_of_the_data() {
        let features = vec![1e6, 0.1, 7.0, 2e6, 0.3, 7.0, 4e6, -0.9, 7.0];
        let names = ["a", "b", "constant"].map(String::from).to_vec();
        let targets = vec![-100.0, 3.0, 300.0, 3.0, 50.0, 3.0];
        let target_names = ["y", "constant too"].map(String::from).to_vec();
        let dataset = Dataset::new(features, targets, names, target_names).unwrap();
        let summary = Summary::of(&dataset).unwrap();
        for centred in [true, false] {
            let scaler = Scaler::new(&summary, centred).unwrap();
            let scaled_rows = scaler.transform(&dataset).unwrap();
            let weight = vec![0.7, 0.5, -1.3, 2.0, 0.02, 0.3];
            let scaled = Coefficients::new(weight, vec![0.4, 0.2]).unwrap();
            let folded = fold_scale(&scaled, &scaler).unwrap();
            if centred {
                assert_eq!(folded.weight()[4..], [0.0, 0.0]);
            }
            let in_units = folded.predict(dataset.features()).unwrap();
            let expected = scaled.predict(scaled_rows.features()).unwrap();
            for (index, (a, z)) in in_units.iter().zip(expected).enumerate() {
                let target = index % 2;
                let b = scaler.target_means[target] + target_std(&scaler, target) * z;
                assert!((a - b).abs() < 1e-10, "{a} {b}");
            }
        }
    }

    #[test]
    fn without_centring_a_bias_of_0_stays_exactly_0() {
        let names = |name: &str| vec![name.to_string()];
        let dataset = Dataset::new(vec![1e9, -3e9], vec![7.0, 8.0], names("x"), names("y"));
        let summary = Summary::of(&dataset.unwrap()).unwrap();
        let scaler = Scaler::new(&summary, false).unwrap();
        let scaled = Coefficients::new(vec![-0.3], vec![0.0]).unwrap();
        assert_eq!(fold_scale(&scaled, &scaler).unwrap().bias(), [0.0]);
    }
}
