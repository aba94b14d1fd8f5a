use crate::{FitConfig, Inference, PredictionErrors, Rows, Weighting, fit};

/// The squared standard errors of the means of all rows are the residual variance times
/// the leverages, which add up to the number of coefficients.
#[test]
fn leverages_of_nearly_collinear_rows_add_up_to_the_number_of_coefficients() {
    const ROWS: usize = 30;
    for seed in 1..=4 {
        let next_to = |row: usize| ((7 * row * seed) % 31 % 5) as f64 * 2f64.powi(-30);
        let features: Vec<f64> = (0..ROWS)
            .flat_map(|row| [row as f64, row as f64 + next_to(row)])
            .collect();
        let targets: Vec<f64> = (0..ROWS)
            .map(|row| row as f64 + ((row * row * seed) % 7) as f64)
            .collect();
        let rows = Rows::new(&features, &targets, 2, 1).unwrap();
        let solution = fit(&rows, &FitConfig::default()).unwrap();
        let errors = PredictionErrors::new(&solution, Weighting::Precision).unwrap();
        assert!(errors.keeps_more_digits(), "seed {seed}");
        let deviation = Inference::new(&solution, 0).unwrap().residual_std_error;
        let leverages = features.chunks(2).map(|features| {
            let row = errors.in_basis(features, None).unwrap();
            (errors.std_errors(0, &row).unwrap().mean / deviation).powi(2)
        });
        let sum: f64 = leverages.sum();
        // At a condition of 1e10, 64-bit floats alone would keep six digits.
        assert!((sum - 3.0).abs() < 3e-12, "seed {seed}: {sum}");
    }
}
