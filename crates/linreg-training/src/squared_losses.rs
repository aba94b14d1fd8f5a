//! The squared losses of a linear model as one node of the graph of derivatives.

use std::any::{Any, TypeId};
use std::iter::zip;
use std::marker::PhantomData;
use std::ops::{Add, Mul, Sub};

use burn::tensor::backend::{AutodiffBackend, Backend, BackendTypes};
use burn::tensor::{DType, Element, Tensor, TensorData, TensorPrimitive};
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::base::Checkpointer;
use burn_autodiff::checkpoint::strategy::NoCheckpointing;
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};
use linreg_data::Batch;
use linreg_model::LinearRegression;
use pulp::Arch;

/// A tensor of Burn's `Autodiff`, which has the same type whatever it keeps for `backward`.
type Tracked<B> =
    <Autodiff<<B as AutodiffBackend>::InnerBackend> as BackendTypes>::FloatTensorPrimitive;

/// Whether the losses of a model with this number of targets can be one node: the
/// backend is Burn's `Autodiff` on one of its CPU backends, whose tensors are numbers in
/// the host's memory that need no copy to be read. Many targets at once are what products
/// of matrices are for.
pub(crate) fn can_be_one_node<B: AutodiffBackend>(num_targets: usize, device: &B::Device) -> bool {
    let name = <B::InnerBackend as Backend>::name(device);
    num_targets == 1
        && matches!(name.as_str(), "ndarray" | "flex")
        && TypeId::of::<B::FloatTensorPrimitive>() == TypeId::of::<Tracked<B>>()
}

/// Returns the squared loss of each row times the row's weight, `w (prediction - y)²`,
/// `[rows, 1]`, where the losses [can be one node](can_be_one_node), there are rows and
/// all numbers have the same type; otherwise the batch. The shapes must fit.
///
/// With Burn's own operations, the prediction, the difference and the square are nodes
/// of their own, with locks and allocations that take most of the time of a small step,
/// and a product with one column takes about as long as one with eight. The gradient
/// still comes from `backward`, which runs [`SquaredLosses`].
pub(crate) fn squared_losses<B: AutodiffBackend>(
    model: &LinearRegression<B>,
    batch: Batch<B::InnerBackend>,
) -> Result<Tensor<B, 2>, Batch<B::InnerBackend>> {
    let dtype = model.weight.val().dtype();
    let others = [
        Some(model.bias.val().dtype()),
        Some(batch.features.dtype()),
        Some(batch.targets.dtype()),
        batch.weights.as_ref().map(Tensor::dtype),
    ];
    let [num_rows, _] = batch.features.dims();
    if num_rows == 0 || others.iter().flatten().any(|other| *other != dtype) {
        return Err(batch);
    }
    match dtype {
        DType::F32 => losses_of::<B, f32>(model, batch),
        DType::F64 => losses_of::<B, f64>(model, batch),
        _ => Err(batch),
    }
}

/// Does the same for one type of numbers.
fn losses_of<B: AutodiffBackend, F: Number>(
    model: &LinearRegression<B>,
    batch: Batch<B::InnerBackend>,
) -> Result<Tensor<B, 2>, Batch<B::InnerBackend>> {
    let (weight, bias) = (model.weight.val(), model.bias.val());
    let parameters = [
        weight.clone().inner().into_data(),
        bias.clone().inner().into_data(),
    ];
    let Some((weight, bias)) = tracked::<B, 2>(weight).zip(tracked::<B, 1>(bias)) else {
        return Err(batch);
    };
    let device = batch.features.device();
    let num_rows = batch.features.dims()[0];
    let features = batch.features.into_data();
    let targets = batch.targets.into_data();
    let weights = batch.weights.map(Tensor::into_data);

    let [w, b] = parameters.each_ref().map(numbers::<F>);
    let residuals = residuals(numbers(&features), numbers(&targets), w, b[0]);
    let mut losses: Vec<F> = residuals.iter().map(|r| *r * *r).collect();
    let mut slopes: Vec<F> = residuals.iter().map(|r| *r + *r).collect();
    if let Some(weights) = &weights {
        for (row, weight) in numbers::<F>(weights).iter().enumerate() {
            losses[row] = losses[row] * *weight;
            slopes[row] = slopes[row] * *weight;
        }
    }

    let losses = tensor::<B::InnerBackend, 2>(TensorData::new(losses, [num_rows, 1]), &device);
    let losses = losses.into_primitive().tensor();
    let operation = SquaredLosses::<F>(PhantomData);
    let nodes = [weight.node, bias.node];
    let operation = Backward::<B::InnerBackend, 2>::prepare::<NoCheckpointing>(operation, nodes);
    let losses = match operation.compute_bound().stateful() {
        OpsKind::Tracked(operation) => operation.finish(Saved { features, slopes }, losses),
        OpsKind::UnTracked(operation) => operation.finish(losses),
    };
    let losses = same_type(losses).expect("the type of the parameters' tensors");
    Ok(Tensor::from_primitive(TensorPrimitive::Float(losses)))
}

/// What the gradients are computed from.
#[derive(Clone, Debug)]
struct Saved<F> {
    /// `[rows, num_features]`.
    features: TensorData,
    /// The derivative of each row's loss with respect to its prediction.
    slopes: Vec<F>,
}

/// The operation whose inputs are the weight and the bias, and whose output are the
/// losses of the rows.
#[derive(Debug)]
struct SquaredLosses<F>(PhantomData<F>);

impl<B: Backend, F: Number> Backward<B, 2> for SquaredLosses<F> {
    type State = Saved<F>;

    /// For the slopes `s` of the rows and the gradient `g` of their losses, adds the
    /// gradients `Xᵀ (s g)` of the weight and `Σ s g` of the bias.
    fn backward(self, ops: Ops<Saved<F>, 2>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let of_losses = gradients.consume::<B>(&ops.node);
        let device = B::float_device(&of_losses);
        let of_losses = Tensor::<B, 2>::from_primitive(TensorPrimitive::Float(of_losses));
        let of_losses = of_losses.into_data();
        let mut slopes = ops.state.slopes;
        for (slope, of_loss) in zip(&mut slopes, numbers::<F>(&of_losses)) {
            *slope = *slope * *of_loss;
        }
        let [weight, bias] = ops.parents;
        if let Some(weight) = weight {
            let features = numbers::<F>(&ops.state.features);
            let gradient = weighted_sum(features, &slopes);
            let shape = [gradient.len(), 1];
            let gradient = tensor::<B, 2>(TensorData::new(gradient, shape), &device);
            gradients.register::<B>(weight.id, gradient.into_primitive().tensor());
        }
        if let Some(bias) = bias {
            let gradient = vec![sum(&slopes)];
            let gradient = tensor::<B, 1>(TensorData::new(gradient, [1]), &device);
            gradients.register::<B>(bias.id, gradient.into_primitive().tensor());
        }
    }
}

/// Number of rows whose sum is added to the others' at once, so that rounding errors of
/// large batches stay small.
const BLOCK: usize = 256;

/// Returns the differences of predictions and targets, with the vector instructions that
/// the processor has.
fn residuals<F: Number>(features: &[F], targets: &[F], weight: &[F], bias: F) -> Vec<F> {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            let rows = zip(features.chunks_exact(weight.len()), targets);
            rows.map(|(x, y)| dot(x, weight) + bias - *y).collect()
        },
    )
}

/// Returns the sum of rows of features, each times a factor. There must be rows.
fn weighted_sum<F: Number>(features: &[F], factors: &[F]) -> Vec<F> {
    let num_features = features.len() / factors.len();
    let mut total = vec![F::default(); num_features];
    let mut sums = total.clone();
    Arch::new().dispatch(
        #[inline(always)]
        || {
            let blocks = features.chunks(num_features * BLOCK);
            for (rows, factors) in zip(blocks, factors.chunks(BLOCK)) {
                sums.fill(F::default());
                for (row, factor) in zip(rows.chunks_exact(num_features), factors) {
                    for (sum, x) in zip(&mut sums, row) {
                        *sum = *sum + *factor * *x;
                    }
                }
                for (total, sum) in zip(&mut total, &sums) {
                    *total = *total + *sum;
                }
            }
        },
    );
    total
}

fn sum<F: Number>(numbers: &[F]) -> F {
    let add = |sum: F, x: &F| sum + *x;
    let blocks = numbers.chunks(BLOCK);
    blocks.fold(F::default(), |total, block| {
        total + block.iter().fold(F::default(), add)
    })
}

/// Returns the sum of products, in sums that vector instructions add side by side.
#[inline(always)]
fn dot<F: Number>(a: &[F], b: &[F]) -> F {
    const LANES: usize = 16;
    let mut sums = [F::default(); LANES];
    let (whole_a, whole_b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = zip(whole_a.remainder(), whole_b.remainder());
    let rest = rest.fold(F::default(), |sum, (a, b)| sum + *a * *b);
    if a.len() < LANES {
        return rest;
    }
    for (a, b) in zip(whole_a, whole_b) {
        for lane in 0..LANES {
            sums[lane] = sums[lane] + a[lane] * b[lane];
        }
    }
    sums.iter().fold(rest, |sum, lane| sum + *lane)
}

/// The numbers of tensors that are computed with.
trait Number: Element + Default + Add<Output = Self> + Mul<Output = Self> + Sub<Output = Self> {}

impl Number for f32 {}

impl Number for f64 {}

fn numbers<F: Number>(data: &TensorData) -> &[F] {
    data.as_slice()
        .expect("numbers of the type that was asked for")
}

/// Returns a tensor of the type of its numbers, which Burn 0.21 otherwise chooses.
fn tensor<B: Backend, const D: usize>(data: TensorData, device: &B::Device) -> Tensor<B, D> {
    let dtype = data.dtype;
    Tensor::from_data(data, (device, dtype))
}

fn tracked<B: AutodiffBackend, const D: usize>(tensor: Tensor<B, D>) -> Option<Tracked<B>> {
    same_type(tensor.into_primitive().tensor())
}

/// Returns a value by the other name of its type; None if the types differ.
fn same_type<A: 'static, T: 'static>(value: A) -> Option<T> {
    let mut value = Some(value);
    let value: &mut dyn Any = &mut value;
    value.downcast_mut::<Option<T>>()?.take()
}

#[cfg(test)]
mod tests;
