use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use crate::TrainingError;

/// Returns the squared loss of each example, `(prediction - target)²`, without
/// the factor 1/2 of some textbooks.
///
/// # Shapes
///
/// - predictions, targets, output: `[rows, num_targets]`
///
/// # Errors
///
/// [`TrainingError::Shape`] if the shapes differ. `[rows, 1]` against `[1, rows]`
/// would otherwise broadcast to every pair of rows.
pub fn squared_loss<B: Backend>(
    predictions: Tensor<B, 2>,
    targets: Tensor<B, 2>,
) -> Result<Tensor<B, 2>, TrainingError> {
    check_shape("targets", targets.dims(), predictions.dims())?;
    Ok((predictions - targets).square())
}

pub(crate) fn check_shape(
    what: &'static str,
    found: [usize; 2],
    expected: [usize; 2],
) -> Result<(), TrainingError> {
    if found == expected {
        return Ok(());
    }
    Err(TrainingError::Shape {
        what,
        found,
        expected,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn_ndarray::NdArray;

    type B = NdArray<f32>;

    #[test]
    fn is_the_square_of_each_difference() {
        let device = Default::default();
        let predictions = Tensor::<B, 2>::from_data([[1.0], [2.0], [-3.0]], &device);
        let targets = Tensor::<B, 2>::from_data([[1.0], [0.0], [1.0]], &device);
        let loss = squared_loss(predictions, targets).unwrap().into_data();
        assert_eq!(loss.iter::<f64>().collect::<Vec<_>>(), [0.0, 4.0, 16.0]);
    }

    #[test]
    fn never_broadcasts() {
        let device = Default::default();
        let predictions = Tensor::<B, 2>::zeros([3, 1], &device);
        let error = squared_loss(predictions, Tensor::zeros([1, 3], &device)).unwrap_err();
        let expected = "the targets have the shape [1, 3], expected [3, 1]";
        assert_eq!(error.to_string(), expected);
    }
}
