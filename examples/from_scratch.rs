//! Linear regression from scratch, as in *Dive into Deep Learning*, section
//! 3.4: raw tensors, autodiff, and the lesson's functions under their own names.
//!
//! Run with `cargo run --release --example from_scratch`.

use burn::tensor::{Int, Tensor, TensorData, backend::AutodiffBackend};
use linreg_backend::DefaultBackend as B;
use rand::{SeedableRng, rngs::ChaCha8Rng, seq::SliceRandom};
use rand_distr::{Distribution, Normal};

type Inner = <B as AutodiffBackend>::InnerBackend;
type Matrix = Tensor<B, 2>;

/// Numbers from N(0, std²) as a tensor; drawn on the host, so that every
/// backend sees the same.
fn normal(std: f32, shape: [usize; 2], rng: &mut ChaCha8Rng) -> Matrix {
    let numbers = Normal::new(0.0, std).unwrap().sample_iter(rng);
    let numbers: Vec<f32> = numbers.take(shape[0] * shape[1]).collect();
    Tensor::from_data(TensorData::new(numbers, shape), &Default::default())
}

/// y = X w + b + noise.
fn synthetic_data(w: [f32; 2], b: f32, num: usize, rng: &mut ChaCha8Rng) -> (Matrix, Matrix) {
    let x = normal(1.0, [num, 2], rng);
    let w = Matrix::from_floats([[w[0]], [w[1]]], &Default::default());
    let y = x.clone().matmul(w) + b + normal(0.01, [num, 1], rng);
    (x, y)
}

/// Minibatches in a new random order.
fn data_iter(
    batch_size: usize,
    features: &Matrix,
    labels: &Matrix,
    rng: &mut ChaCha8Rng,
) -> impl Iterator<Item = (Matrix, Matrix)> {
    let mut indices: Vec<i32> = (0..features.dims()[0] as i32).collect();
    indices.shuffle(rng);
    let batches: Vec<Vec<i32>> = indices.chunks(batch_size).map(<[i32]>::to_vec).collect();
    batches.into_iter().map(move |batch| {
        let batch = Tensor::<B, 1, Int>::from_ints(&batch[..], &Default::default());
        let x = features.clone().select(0, batch.clone());
        (x, labels.clone().select(0, batch))
    })
}

/// The model: `[rows, 2]` and `[2, 1]` give `[rows, 1]`.
fn linreg(x: Matrix, w: Matrix, b: Tensor<B, 1>) -> Matrix {
    x.matmul(w) + b.unsqueeze()
}

/// The loss of each example, `[rows, 1]`.
fn squared_loss(y_hat: Matrix, y: Matrix) -> Matrix {
    assert_eq!(y_hat.dims(), y.dims());
    (y_hat - y).square()
}

/// One step against the gradient, on the inner backend, which tracks nothing:
/// the step itself is not differentiated.
fn sgd<const D: usize>(param: Tensor<B, D>, grad: Tensor<Inner, D>, lr: f64) -> Tensor<B, D> {
    Tensor::from_inner(param.inner() - grad * lr).require_grad()
}

fn main() {
    let (lr, num_epochs, batch_size) = (0.03, 3, 10);
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let (features, labels) = synthetic_data([2.0, -3.4], 4.2, 1000, &mut rng);

    let mut w = normal(0.01, [2, 1], &mut rng).require_grad();
    let mut b = Tensor::<B, 1>::zeros([1], &Default::default()).require_grad();
    for epoch in 0..num_epochs {
        for (x, y) in data_iter(batch_size, &features, &labels, &mut rng) {
            let loss = squared_loss(linreg(x, w.clone(), b.clone()), y).sum();
            // New gradients every time: there are none to set to zero.
            let grads = loss.backward();
            let (w_grad, b_grad) = (w.grad(&grads).unwrap(), b.grad(&grads).unwrap());
            w = sgd(w, w_grad, lr / batch_size as f64);
            b = sgd(b, b_grad, lr / batch_size as f64);
        }
        // Evaluation without gradients: detached parameters build no graph.
        let y_hat = linreg(features.clone(), w.clone().detach(), b.clone().detach());
        let loss = squared_loss(y_hat, labels.clone()).mean().into_scalar();
        println!("epoch {epoch}, loss: {loss:.6}");
    }
    println!("w: {:.4}", w.into_data());
    println!("b: {:.4}", b.into_data());
}
