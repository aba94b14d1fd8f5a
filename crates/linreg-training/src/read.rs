use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData, Transaction};

/// Reads tensors back from the device, and waits for it only once.
pub(crate) fn read_all<B: Backend>(tensors: Vec<Tensor<B, 2>>) -> Vec<TensorData> {
    if tensors.is_empty() {
        return Vec::new();
    }
    let reading = Transaction::<B>::default();
    tensors
        .into_iter()
        .fold(reading, Transaction::register)
        .execute()
}
