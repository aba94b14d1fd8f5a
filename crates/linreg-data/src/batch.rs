use std::ops::Range;

use burn::tensor::backend::Backend;
use burn::tensor::{Element, ElementConversion, Tensor, TensorData};

use crate::{DataError, RowsError};

/// The largest number of rows of one tensor: half of the 65,536 beyond which
/// reductions of Burn 0.21 on wgpu give wrong results.
pub const MAX_TENSOR_ROWS: usize = 32_768;

/// The largest size of one tensor, in numbers: 64 MiB in `f32`, half of what
/// every wgpu device has to support. A larger tensor may fail to be allocated.
pub const MAX_TENSOR_NUMBERS: usize = 1 << 24;

/// A batch of rows as tensors.
#[derive(Clone, Debug)]
pub struct Batch<B: Backend> {
    /// Features, `[rows, num_features]`.
    pub features: Tensor<B, 2>,
    /// Targets, `[rows, num_targets]`.
    pub targets: Tensor<B, 2>,
    /// Weights, `[rows, 1]`, with mean 1 over all rows of the data, so that a
    /// learning rate keeps its meaning; None where all rows count the same.
    pub weights: Option<Tensor<B, 2>>,
    /// Whether more rows of the same batch follow: a batch of more than
    /// [`MAX_TENSOR_ROWS`] or [`MAX_TENSOR_NUMBERS`] comes in parts.
    pub more_follows: bool,
}

/// Rows in the host's memory, rounded to the backend's float type.
#[derive(Clone, Debug)]
pub(crate) struct HostBatch<B: Backend> {
    pub(crate) features: Vec<B::FloatElem>,
    pub(crate) targets: Vec<B::FloatElem>,
    pub(crate) weights: Option<Vec<B::FloatElem>>,
    pub(crate) more_follows: bool,
}

impl<B: Backend> HostBatch<B> {
    /// Returns the rows at these indices, in that order.
    pub(crate) fn gather(&self, order: &[usize], [features, targets]: [usize; 2]) -> Self {
        let gather = |numbers: &[B::FloatElem], width: usize| {
            let mut gathered = Vec::with_capacity(order.len() * width);
            for row in order {
                gathered.extend_from_slice(&numbers[row * width..(row + 1) * width]);
            }
            gathered
        };
        self.map(gather, [features, targets])
    }

    /// Returns a range of rows.
    pub(crate) fn part(&self, rows: Range<usize>, widths: [usize; 2]) -> Self {
        let part = |numbers: &[B::FloatElem], width: usize| {
            numbers[rows.start * width..rows.end * width].to_vec()
        };
        self.map(part, widths)
    }

    fn map(
        &self,
        of: impl Fn(&[B::FloatElem], usize) -> Vec<B::FloatElem>,
        [features, targets]: [usize; 2],
    ) -> Self {
        Self {
            features: of(&self.features, features),
            targets: of(&self.targets, targets),
            weights: self.weights.as_ref().map(|weights| of(weights, 1)),
            more_follows: false,
        }
    }

    /// Moves the rows to the device.
    pub(crate) fn into_batch(self, num_targets: usize, device: &B::Device) -> Batch<B> {
        let num_rows = self.targets.len() / num_targets;
        Batch {
            features: tensor(self.features, num_rows, device),
            targets: tensor(self.targets, num_rows, device),
            weights: self
                .weights
                .map(|weights| tensor(weights, num_rows, device)),
            more_follows: self.more_follows,
        }
    }
}

/// The largest number of rows of one tensor, for rows of these widths.
pub(crate) fn max_tensor_rows(num_features: usize, num_targets: usize) -> usize {
    (MAX_TENSOR_NUMBERS / num_features.max(num_targets).max(1)).clamp(1, MAX_TENSOR_ROWS)
}

/// Returns row-major numbers as a tensor,
/// `[num_rows, numbers.len() / num_rows]`.
pub(crate) fn tensor<B: Backend>(
    numbers: Vec<B::FloatElem>,
    num_rows: usize,
    device: &B::Device,
) -> Tensor<B, 2> {
    let width = numbers.len() / num_rows;
    // The float type is named, because Burn 0.21 otherwise takes that of the
    // first backend that used the device.
    let options = (device, B::FloatElem::dtype());
    Tensor::from_data(TensorData::new(numbers, [num_rows, width]), options)
}

/// Appends row-major numbers, rounded to the backend's float type.
///
/// # Errors
///
/// A number too large for that type, with the name of its column.
pub(crate) fn round<E: Element>(
    rounded: &mut Vec<E>,
    values: &[f64],
    names: &[String],
) -> Result<(), DataError> {
    let start = rounded.len();
    rounded.extend(values.iter().map(|value| value.elem::<E>()));
    let too_large = |value: &E| !value.elem::<f64>().is_finite();
    let rounded = &rounded[start..];
    // Without an early end, so that several are compared at once.
    if !rounded
        .iter()
        .fold(false, |any, value| any | too_large(value))
    {
        return Ok(());
    }
    match rounded.iter().position(too_large) {
        None => Ok(()),
        Some(index) => Err(RowsError::TooLarge {
            column: names[index % names.len()].clone(),
            found: values[index],
        }
        .into()),
    }
}

/// Appends weights, divided by their mean over all rows of the data.
pub(crate) fn round_weights<E: Element>(rounded: &mut Vec<E>, weights: &[f64], mean: f64) {
    rounded.extend(weights.iter().map(|weight| (weight / mean).elem::<E>()));
}

/// Checks that a batch has at least one row.
pub(crate) fn check_batch_size(batch_size: usize) -> Result<(), DataError> {
    if batch_size > 0 {
        return Ok(());
    }
    Err(DataError::Setting {
        name: "batch size",
        found: "0".to_string(),
        expected: "at least 1".to_string(),
    })
}
