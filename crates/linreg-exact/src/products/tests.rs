use super::*;
use crate::{DoubleDouble, Rows};

fn add(rows: &Rows, add: impl Fn(&Rows, &Frame, &mut Sums), centres: Option<&[f64]>) -> Triangle {
    let size = rows.num_features() + rows.num_targets() + 1;
    let mut sums = Sums::zeros(size);
    let zeros = vec![0.0; size];
    let frame = Frame {
        centres: centres.unwrap_or(&zeros),
        scales: &vec![1.0; size],
        weight: 1.0,
    };
    add(rows, &frame, &mut sums);
    sums.products
}

/// Whole numbers, whose products are exact in both arithmetics.
#[test]
fn sums_up_products_of_whole_numbers_exactly() {
    // The last two are the widest of one kind of product, and the narrowest of the other.
    let few = [(1, 1), (7, 3), (600, 9), (2049, 16), (5000, 2), (600, 60)];
    for (num_rows, num_features) in few.into_iter().chain([(33, 382), (33, 383)]) {
        let features: Vec<f64> = (0..num_rows * num_features)
            .map(|k| ((k * k) % 23) as f64 - 7.0)
            .collect();
        let targets: Vec<f64> = (0..num_rows).map(|k| (k % 5) as f64).collect();
        let weights: Vec<f64> = (0..num_rows).map(|k| (k % 3) as f64).collect();
        for weights in [None, Some(&weights[..])] {
            let rows = Rows::new(&features, &targets, num_features, 1).unwrap();
            let rows = rows.with_weights(weights).unwrap();
            let size = num_features + 2;
            let double = add(&rows, add_in_double, None);
            let twice = add(&rows, add_in_double_double, None);
            for i in 0..size {
                for j in 0..=i {
                    let value = |row: usize, column: usize| match column {
                        0 => 1.0,
                        _ if column <= num_features => rows.features(row)[column - 1],
                        _ => rows.targets(row)[0],
                    };
                    let sum: f64 = (0..num_rows)
                        .map(|row| rows.weight(row) * value(row, i) * value(row, j))
                        .sum();
                    let twice = twice.row(i)[j];
                    assert_eq!((twice.high(), twice.low()), (sum, 0.0), "{i} {j}");
                    let double = double.row(i)[j].high();
                    let largest = 400.0 * num_rows as f64;
                    assert!(
                        (double - sum).abs() < 1e-15 * largest,
                        "{i} {j} {double} {sum}"
                    );
                }
            }
        }
    }
}

#[test]
fn keeps_digits_that_64_bits_lose() {
    // Σ x² of 1 + k 2^-40 has terms down to 2^-80.
    let x: Vec<f64> = (0..1000)
        .map(|k| 1.0 + f64::from(k) * 2f64.powi(-40))
        .collect();
    let rows = Rows::new(&x, &x, 1, 1).unwrap();
    let sums = add(&rows, add_in_double_double, None);
    let expected: DoubleDouble = [1000.0, 999.0 * 1000.0 * 2f64.powi(-40)]
        .into_iter()
        .chain([332_833_500.0 * 2f64.powi(-80)])
        .map(DoubleDouble::from)
        .sum();
    assert_eq!(sums.row(1)[1], expected);
    assert_eq!(sums.row(2)[1], expected);
}

#[test]
fn tails_take_part_in_the_products() {
    let (x, tail) = ([1.0, 3.0], [2f64.powi(-60), -(2f64.powi(-58))]);
    let rows = Rows::new(&x, &[1.0, 1.0], 1, 1).unwrap();
    let rows = rows.with_tails(Some(&tail)).unwrap();
    let sums = add(&rows, add_in_double_double, None);
    // (1 + e)² + (3 - 4e)² = 10 - 22 e + 17 e², and the sum is 4 - 3 e.
    let e = 2f64.powi(-60);
    let square = DoubleDouble::sum_of(10.0, -22.0 * e);
    assert_eq!(sums.row(1)[1], square);
    assert_eq!(sums.row(1)[0], DoubleDouble::sum_of(4.0, -3.0 * e));
}

#[test]
fn products_about_a_centre_are_those_about_zero_shifted() {
    let features: Vec<f64> = (0..600).map(|k| f64::from(1000 + k % 7)).collect();
    let targets: Vec<f64> = (0..300).map(|k| f64::from(k % 5)).collect();
    let rows = Rows::new(&features, &targets, 2, 1).unwrap();
    let centres = [0.0, 1000.0, 1003.0, 0.0];
    let by = centres.map(DoubleDouble::from);
    for arithmetic in [add_in_double, add_in_double_double] {
        let mut shifted = add(&rows, arithmetic, None);
        shifted.shift(&by);
        let about = add(&rows, arithmetic, Some(&centres));
        for (a, b) in shifted.numbers().iter().zip(about.numbers()) {
            assert!((*a - *b).high().abs() < 1e-9, "{a:?} {b:?}");
        }
    }
}
