use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

/// Returns the squared loss of each example, `(prediction - target)²`, without
/// the factor 1/2 of some textbooks.
///
/// # Shapes
///
/// - predictions, targets, output: `[rows, num_targets]`
///
/// # Panics
///
/// If the shapes differ. `[rows, 1]` against `[1, rows]` would otherwise
/// broadcast to every pair of rows.
pub fn squared_loss<B: Backend>(predictions: Tensor<B, 2>, targets: Tensor<B, 2>) -> Tensor<B, 2> {
    assert_eq!(
        predictions.dims(),
        targets.dims(),
        "predictions and targets differ in shape"
    );
    (predictions - targets).square()
}

/// Returns the [`squared_loss`] of each example, times its weight if there are
/// weights.
///
/// # Shapes
///
/// - predictions, targets, output: `[rows, num_targets]`
/// - weights: `[rows, 1]`
///
/// # Panics
///
/// If the shapes differ.
pub fn weighted_squared_loss<B: Backend>(
    predictions: Tensor<B, 2>,
    targets: Tensor<B, 2>,
    weights: Option<Tensor<B, 2>>,
) -> Tensor<B, 2> {
    let losses = squared_loss(predictions, targets);
    match weights {
        None => losses,
        Some(weights) => {
            let rows = losses.dims()[0];
            assert_eq!(weights.dims(), [rows, 1], "not one weight for each row");
            losses * weights
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn_ndarray::NdArray;

    type B = NdArray<f32>;

    #[test]
    fn a_weight_counts_for_every_target_of_its_row() {
        let device = Default::default();
        let predictions = Tensor::<B, 2>::from_data([[1.0, 2.0], [3.0, 4.0]], &device);
        let targets = Tensor::zeros([2, 2], &device);
        let weights = Tensor::from_data([[0.5], [2.0]], &device);
        let loss = weighted_squared_loss(predictions, targets, Some(weights)).into_data();
        let losses: Vec<f64> = loss.iter().collect();
        assert_eq!(losses, [0.5, 2.0, 18.0, 32.0]);
    }

    #[test]
    fn is_the_square_of_each_difference() {
        let device = Default::default();
        let predictions = Tensor::<B, 2>::from_data([[1.0], [2.0], [-3.0]], &device);
        let targets = Tensor::<B, 2>::from_data([[1.0], [0.0], [1.0]], &device);
        let loss = squared_loss(predictions, targets).into_data();
        assert_eq!(loss.iter::<f64>().collect::<Vec<_>>(), [0.0, 4.0, 16.0]);
    }

    #[test]
    #[should_panic(expected = "predictions and targets differ in shape")]
    fn never_broadcasts() {
        let device = Default::default();
        let predictions = Tensor::<B, 2>::zeros([3, 1], &device);
        squared_loss(predictions, Tensor::zeros([1, 3], &device));
    }
}
