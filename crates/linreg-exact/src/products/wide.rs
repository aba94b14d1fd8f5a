use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, MatMut, MatRef, Par};
use pulp::Arch;

use super::Frame;
use super::double::{BLOCK, Fill, weigh};
use crate::double_double::two_sum;
use crate::threads::for_each;
use crate::triangle::{Triangle, TriangleRows};
use crate::{DoubleDouble, Rows};

/// Number of columns whose products with the columns before them are computed at once.
const TILE: usize = 128;

/// Computes the sums of the products of every two columns about a point, on all threads.
/// The sums have to be zero.
pub(super) fn add_about(rows: &Rows, frame: &Frame, middle: &[f64], sums: &mut Triangle) {
    let size = middle.len();
    let mut values = vec![0.0; BLOCK.min(rows.num_rows()) * size];
    let mut weighted = vec![0.0; if rows.is_weighted() { values.len() } else { 0 }];
    for start in (0..rows.num_rows()).step_by(BLOCK) {
        let end = rows.num_rows().min(start + BLOCK);
        let values = &mut values[..(end - start) * size];
        fill(rows, start, frame, middle, values);
        let right = &*values;
        let mut left = right;
        if rows.is_weighted() {
            let weighted = &mut weighted[..right.len()];
            weigh(rows, start, frame, size, right, weighted);
            left = weighted;
        }
        let matrix = |values| MatRef::from_row_major_slice(values, end - start, size);
        let (left, right) = (matrix(left), matrix(right));
        let tiles = sums.rows_mut(TILE);
        for_each(BLOCK * size * size / 2, tiles, |tile| {
            add_tile(left, right, tile);
        });
    }
    for sum in sums.numbers_mut() {
        *sum = DoubleDouble::sum_of(sum.high(), sum.low());
    }
}

/// Writes rows about the point, on all threads.
fn fill(rows: &Rows, start: usize, frame: &Frame, middle: &[f64], values: &mut [f64]) {
    const ROWS: usize = 64;
    let (size, numbers) = (middle.len(), values.len());
    let parts = values.chunks_mut(ROWS * size).enumerate().collect();
    for_each(numbers, parts, |(part, values)| {
        Arch::new().dispatch(Fill {
            rows,
            start: start + part * ROWS,
            centres: middle,
            scales: frame.scales,
            columns: size,
            values,
        });
    });
}

/// Adds the products of some columns with those up to them, by compensated summation: the
/// rounding errors are in the low parts.
fn add_tile(left: MatRef<'_, f64>, right: MatRef<'_, f64>, mut tile: TriangleRows<'_>) {
    let (first, count) = (tile.first, tile.count);
    let end = first + count;
    let left = left.subcols(first, count).transpose();
    let mut products = vec![0.0; count * end];
    let of_tile = MatMut::from_row_major_slice_mut(&mut products, count, end);
    let (before, own) = of_tile.split_at_col_mut(first);
    let columns = right.subcols(0, first);
    matmul(before, Accum::Replace, left, columns, 1.0, Par::Seq);
    triangular::matmul(
        own,
        BlockStructure::TriangularLower,
        Accum::Replace,
        left,
        BlockStructure::Rectangular,
        right.subcols(first, count),
        BlockStructure::Rectangular,
        1.0,
        Par::Seq,
    );
    for (row, products) in products.chunks_exact(end).enumerate() {
        for (sum, product) in tile.row_mut(row).iter_mut().zip(products) {
            let (total, rest) = two_sum(sum.high(), *product);
            *sum = DoubleDouble::of_halves(total, sum.low() + rest);
        }
    }
}
