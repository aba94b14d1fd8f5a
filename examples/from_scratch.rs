//! Linear regression from scratch: raw tensors, autodiff, and the lesson's
//! functions under their own names.
//!
//! The lesson is "Linear Regression Implementation from Scratch" of *Dive into
//! Deep Learning*: section 3.2 of the second Chinese edition and of the English
//! edition up to 0.17. (English 1.0 has it as section 3.4, rewritten as classes.)
//! Two things differ. The book's `squared_loss` is divided by 2; here it is not,
//! so steps are twice as long at the same `lr` and losses are twice as large.
//! The book prints epochs from 1, this program from 0.
//!
//! Run with `cargo run --release --example from_scratch`.

use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Int, Tensor, TensorData};
use linreg_backend::DefaultBackend;
use rand::{SeedableRng, rngs::ChaCha8Rng as Rng, seq::SliceRandom};
use rand_distr::{Distribution, Normal};

/// The backend without autodiff, which the data stay on: nothing is tracked there.
type Inner = <DefaultBackend as AutodiffBackend>::InnerBackend;
type Matrix = Tensor<Inner, 2>;
/// A parameter, on the backend with autodiff.
type Param = Tensor<DefaultBackend, 2>;
type Gradients = <DefaultBackend as AutodiffBackend>::Gradients;

/// Numbers from N(0, std²) as a tensor; drawn on the host, so that every
/// backend sees the same.
fn normal(std: f32, shape: [usize; 2], rng: &mut Rng) -> Matrix {
    let numbers = Normal::new(0.0, std).unwrap().sample_iter(rng);
    let numbers: Vec<f32> = numbers.take(shape[0] * shape[1]).collect();
    Tensor::from_data(TensorData::new(numbers, shape), &Default::default())
}

/// `num_examples` rows of y = X w + b + noise: X, `[num_examples, 2]`, from
/// N(0, 1), and y, `[num_examples, 1]`.
///
/// `w` holds the true weight of each feature (in PyTorch a `torch.Tensor` of
/// shape `[2]`), `b` is the true bias (a Python `float`), `num_examples` the
/// number of rows (an `int`). The noise, from N(0, 0.01²), stands for what the
/// features do not explain, such as errors of measurement.
fn synthetic_data(w: [f32; 2], b: f32, num_examples: usize, rng: &mut Rng) -> (Matrix, Matrix) {
    let x = normal(1.0, [num_examples, 2], rng);
    let w = Matrix::from_floats([[w[0]], [w[1]]], &Default::default());
    let y = x.clone().matmul(w) + b + normal(0.01, [num_examples, 1], rng);
    (x, y)
}

/// One column as numbers, to plot. PyTorch: `x[:, index].detach().numpy()`, where
/// `detach` is needed only for tensors that require gradients; the data do not.
fn column(x: &Matrix, index: usize) -> Vec<f32> {
    let column = x.clone().slice([0..x.dims()[0], index..index + 1]);
    column.into_data().to_vec().unwrap()
}

/// Minibatches in a new random order; the last may be short.
fn data_iter(
    batch_size: usize,
    features: &Matrix,
    labels: &Matrix,
    rng: &mut Rng,
) -> impl Iterator<Item = (Matrix, Matrix)> {
    let mut indices: Vec<i32> = (0..features.dims()[0] as i32).collect();
    indices.shuffle(rng);
    let batches: Vec<Vec<i32>> = indices.chunks(batch_size).map(<[i32]>::to_vec).collect();
    batches.into_iter().map(move |batch| {
        let batch = Tensor::<Inner, 1, Int>::from_ints(&batch[..], &Default::default());
        let x = features.clone().select(0, batch.clone());
        (x, labels.clone().select(0, batch))
    })
}

/// The model, on either backend: `[rows, 2]` times `[2, 1]` plus `[1, 1]`.
fn linreg<B: Backend>(x: Tensor<B, 2>, w: Tensor<B, 2>, b: Tensor<B, 2>) -> Tensor<B, 2> {
    x.matmul(w) + b
}

/// The loss of each example, `[rows, 1]`.
fn squared_loss<B: Backend>(y_hat: Tensor<B, 2>, y: Tensor<B, 2>) -> Tensor<B, 2> {
    assert_eq!(y_hat.dims(), y.dims());
    (y_hat - y).square()
}

/// One step against the gradient.
///
/// The gradient is that of the sum of a batch's losses. Divided by `batch_size`
/// it is that of their mean, so `lr` keeps its meaning when `batch_size`
/// changes: in `linreg lesson`, 20 updates by batches of 10, 100 and 1000 take the
/// loss from 36 to 1.8, 2.5 and 2.5; the sum alone, with an `lr` that makes the
/// same steps by batches of 10, takes it to 1e31 by batches of 1000. A short last
/// batch is divided by `batch_size` too: each of its rows moves the parameters no
/// further than a row of a full batch.
///
/// The step is computed on the inner backend, which tracks nothing (`no_grad` in
/// PyTorch). If it were tracked, the new parameter would be a result of the old
/// one, `backward` would give a gradient to the old one alone, and the graph
/// would grow: after 100 updates it holds 270 KiB, and a step takes 7 times as
/// long (`linreg lesson` measures it).
fn sgd(params: [Param; 2], grads: &Gradients, lr: f32, batch_size: usize) -> [Param; 2] {
    params.map(|param| {
        let grad = param.grad(grads).unwrap();
        Tensor::from_inner(param.inner() - grad * lr / batch_size as f32).require_grad()
    })
}

fn main() {
    let (true_w, true_b, num_examples) = ([2.0, -3.4], 4.2, 1000);
    let (lr, num_epochs, batch_size) = (0.03, 3, 10);
    let mut rng = Rng::seed_from_u64(0);
    let (features, labels) = synthetic_data(true_w, true_b, num_examples, &mut rng);

    let mut w = Param::from_inner(normal(0.01, [2, 1], &mut rng)).require_grad();
    let mut b = Param::zeros([1, 1], &Default::default()).require_grad();
    // With parameters near 0, the loss is about 2² + 3.4² + 4.2² = 33.2. It ends
    // near the variance of the noise, 0.01² = 0.0001, which no model can predict.
    // The largest eigenvalue of 2 X'X / n is about 2, so that an `lr` above 2 / 2
    // diverges, and one far below needs more epochs.
    for epoch in 0..num_epochs {
        for (x, y) in data_iter(batch_size, &features, &labels, &mut rng) {
            let y_hat = linreg(Param::from_inner(x), w.clone(), b.clone());
            // `backward` starts from a single number, hence the sum.
            let loss = squared_loss(y_hat, Param::from_inner(y)).sum();
            // New gradients every time: there are none to set to zero. PyTorch
            // adds them to those in `param.grad`, so its `sgd` has to zero them, or
            // the parameters never come to rest. On purpose, the gradients of k
            // batches added up give the update of one batch k times as large.
            let grads = loss.backward();
            [w, b] = sgd([w, b], &grads, lr, batch_size);
        }
        // Evaluation needs no gradients. On the inner backend the loss is the same,
        // without a graph that would stay in memory until the next `backward`. A
        // module's `valid()` does this to all its parameters.
        let y_hat = linreg(features.clone(), w.clone().inner(), b.clone().inner());
        let loss = squared_loss(y_hat, labels.clone()).mean().into_scalar();
        println!("epoch {epoch}, loss: {loss:.6}");
    }
    // The noise leaves each a standard error of 0.01 / sqrt(1000) = 0.0003.
    println!("w: {:.4}", w.into_data());
    println!("b: {:.4}", b.into_data());

    // A plot of y against one feature scatters by what the other feature adds.
    // Both have variance 1 and are independent, so about x1's line remains
    // 3.4² + 0.01² = 11.56, about x2's only 2² + 0.01² = 4.00: x1 looks looser.
    for (index, weight) in true_w.into_iter().enumerate() {
        let points = column(&features, index).into_iter().zip(column(&labels, 0));
        let squares = points.map(|(x, y)| (y - weight * x - true_b).powi(2));
        let variance = squares.sum::<f32>() / num_examples as f32;
        println!("variance about the line of x{}: {variance:.2}", index + 1);
    }
}
