//! Probes of single operations of Burn, at sizes beyond those that drivers get
//! wrong.

use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Element, ElementConversion, Int, Tensor, TensorData};
use linreg_data::MAX_TENSOR_ROWS;

use super::finding::{Finding, Outcome};

/// Sizes to test, up to beyond 65,536 rows, where reductions of Burn 0.21 on
/// wgpu are wrong.
const SIZES: [usize; 8] = [1, 2, 255, 1000, MAX_TENSOR_ROWS, 65_537, 100_000, 1_000_003];

/// Features of a row.
const WIDTH: usize = 3;

const FEWER_ROWS: &str = "its tensors have at most 32,768 rows";
const NOT_USED: &str = "it adds up on the CPU, in 64-bit floats";

/// The relative error that rounding in this float type may cause over a million
/// rows.
pub fn tolerance<B: Backend>() -> f64 {
    match size_of::<B::FloatElem>() {
        8 => 1e-11,
        _ => 1e-4,
    }
}

/// Numbers between 1 and 2 that every float type holds exactly, so that errors
/// are the operation's own.
pub fn number(index: usize) -> f64 {
    1.0 + (index * 7 % 16) as f64 / 16.0
}

fn numbers(count: usize) -> Vec<f64> {
    (0..count).map(number).collect()
}

pub fn tensor<B: Backend>(numbers: &[f64], width: usize, device: &B::Device) -> Tensor<B, 2> {
    let elements: Vec<B::FloatElem> = numbers.iter().map(|x| x.elem()).collect();
    let rows = numbers.len() / width;
    let options = (device, B::FloatElem::dtype());
    Tensor::from_data(TensorData::new(elements, [rows, width]), options)
}

pub fn values<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f64> {
    tensor.into_data().iter().collect()
}

pub fn probe<B: AutodiffBackend>(device: &B::Device) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (operation, probe, not_used) in operations::<B::InnerBackend>() {
        for rows in SIZES {
            let (found, expected) = probe(rows, device);
            findings.push(Finding {
                operation,
                rows,
                outcome: Outcome::compare(&found, &expected, tolerance::<B>()),
                avoided: not_used.or((rows > MAX_TENSOR_ROWS).then_some(FEWER_ROWS)),
            });
        }
    }
    findings
}

/// Returns the result of the device and the expected result.
type Probe<B> =
    fn(usize, &<B as burn::tensor::backend::BackendTypes>::Device) -> (Vec<f64>, Vec<f64>);

/// Each operation, with the reason why linreg does not use it, if it does not.
fn operations<B: Backend>() -> Vec<(&'static str, Probe<B>, Option<&'static str>)> {
    vec![
        ("features times weights", forward::<B>, None),
        ("transposed features times errors", backward::<B>, None),
        ("squared difference", squared_difference::<B>, None),
        ("a row added to every row", broadcast::<B>, None),
        ("rows selected", select::<B>, None),
        ("sum along axis 0", sum_along_0::<B>, None),
        ("sum along axis 1", sum_along_1::<B>, Some(NOT_USED)),
        ("mean along axis 0", mean_along_0::<B>, Some(NOT_USED)),
        ("sum of all", sum::<B>, Some(NOT_USED)),
        ("mean of all", mean::<B>, Some(NOT_USED)),
    ]
}

fn forward<B: Backend>(rows: usize, device: &B::Device) -> (Vec<f64>, Vec<f64>) {
    let (features, weights) = (numbers(rows * WIDTH), numbers(WIDTH));
    let product = tensor::<B>(&features, WIDTH, device).matmul(tensor(&weights, 1, device));
    let dot = |row: &[f64]| row.iter().zip(&weights).map(|(x, w)| x * w).sum();
    (values(product), features.chunks(WIDTH).map(dot).collect())
}

fn backward<B: Backend>(rows: usize, device: &B::Device) -> (Vec<f64>, Vec<f64>) {
    let (features, errors) = (numbers(rows * WIDTH), numbers(rows));
    let transposed = tensor::<B>(&features, WIDTH, device).transpose();
    let product = transposed.matmul(tensor(&errors, 1, device));
    let mut expected = vec![0.0; WIDTH];
    for (row, error) in features.chunks(WIDTH).zip(&errors) {
        for (sum, x) in expected.iter_mut().zip(row) {
            *sum += x * error;
        }
    }
    (values(product), expected)
}

fn squared_difference<B: Backend>(rows: usize, device: &B::Device) -> (Vec<f64>, Vec<f64>) {
    let (a, b) = (numbers(rows), numbers(rows + 1));
    let b = &b[1..];
    let difference = tensor::<B>(&a, 1, device) - tensor(b, 1, device);
    let expected = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).collect();
    (values(difference.square()), expected)
}

fn broadcast<B: Backend>(rows: usize, device: &B::Device) -> (Vec<f64>, Vec<f64>) {
    let (matrix, row) = (numbers(rows * WIDTH), [0.5, -1.0, 2.0]);
    let sum = tensor::<B>(&matrix, WIDTH, device) + tensor(&row, WIDTH, device);
    let expected = matrix.iter().zip(row.iter().cycle()).map(|(x, y)| x + y);
    (values(sum), expected.collect())
}

fn select<B: Backend>(rows: usize, device: &B::Device) -> (Vec<f64>, Vec<f64>) {
    let matrix = numbers(rows * WIDTH);
    let order: Vec<usize> = (0..rows).rev().collect();
    let indices: Vec<B::IntElem> = order.iter().map(|row| (*row as i64).elem()).collect();
    let options = (device, B::IntElem::dtype());
    let indices = Tensor::<B, 1, Int>::from_data(TensorData::new(indices, [rows]), options);
    let selected = tensor::<B>(&matrix, WIDTH, device).select(0, indices);
    let expected = order
        .iter()
        .flat_map(|row| &matrix[row * WIDTH..(row + 1) * WIDTH]);
    (values(selected), expected.copied().collect())
}

fn sum_along_0<B: Backend>(rows: usize, device: &B::Device) -> (Vec<f64>, Vec<f64>) {
    let column = numbers(rows);
    let sum = tensor::<B>(&column, 1, device).sum_dim(0);
    (values(sum), vec![column.iter().sum()])
}

fn sum_along_1<B: Backend>(columns: usize, device: &B::Device) -> (Vec<f64>, Vec<f64>) {
    let matrix = numbers(2 * columns);
    let sum = tensor::<B>(&matrix, columns, device).sum_dim(1);
    let expected = matrix.chunks(columns).map(|row| row.iter().sum());
    (values(sum), expected.collect())
}

fn mean_along_0<B: Backend>(rows: usize, device: &B::Device) -> (Vec<f64>, Vec<f64>) {
    let column = numbers(rows);
    let mean = tensor::<B>(&column, 1, device).mean_dim(0);
    (values(mean), vec![column.iter().sum::<f64>() / rows as f64])
}

fn sum<B: Backend>(rows: usize, device: &B::Device) -> (Vec<f64>, Vec<f64>) {
    let column = numbers(rows);
    let sum = tensor::<B>(&column, 1, device).sum();
    (values(sum), vec![column.iter().sum()])
}

fn mean<B: Backend>(rows: usize, device: &B::Device) -> (Vec<f64>, Vec<f64>) {
    let column = numbers(rows);
    let mean = tensor::<B>(&column, 1, device).mean();
    (values(mean), vec![column.iter().sum::<f64>() / rows as f64])
}

/// Doubles the numbers of one tensor, however large.
pub fn past_one_tensor<B: Backend>(count: usize, device: &B::Device) -> Outcome {
    let column = numbers(count);
    let doubled = values(tensor::<B>(&column, 1, device) * 2);
    let expected: Vec<f64> = column.iter().map(|x| 2.0 * x).collect();
    Outcome::compare(&doubled, &expected, tolerance::<B>())
}
