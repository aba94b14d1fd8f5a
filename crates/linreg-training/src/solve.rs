/// Solves `A x = b` in the free coordinates, for a symmetric, positive
/// semidefinite matrix of which the lower triangle is given, row-major. The other
/// coordinates of `x` are 0, and so is a free coordinate that is linearly
/// dependent on those before it.
///
/// Uses the factorisation L D L' of the matrix scaled to a diagonal of ones
/// (Golub and Van Loan, *Matrix Computations*, section 4.1.2).
pub(crate) fn solve(mut a: Vec<f64>, mut b: Vec<f64>, is_free: &[bool]) -> Vec<f64> {
    /// A pivot below this, on a diagonal of ones, marks a linearly dependent
    /// coordinate.
    const DEPENDENT: f64 = 1e-12;
    let size = b.len();
    let scale: Vec<f64> = (0..size)
        .map(|i| match (is_free[i], a[i * size + i]) {
            (true, diagonal) if diagonal > 0.0 => diagonal.sqrt().recip(),
            _ => 0.0,
        })
        .collect();
    for i in 0..size {
        b[i] *= scale[i];
        for j in 0..=i {
            a[i * size + j] *= scale[i] * scale[j];
        }
    }
    let mut diagonal = vec![0.0; size];
    for j in 0..size {
        let taken: f64 = (0..j).map(|k| a[j * size + k].powi(2) * diagonal[k]).sum();
        let left = a[j * size + j] - taken;
        if left < DEPENDENT {
            continue;
        }
        diagonal[j] = left;
        for i in j + 1..size {
            let taken: f64 = (0..j)
                .map(|k| a[i * size + k] * a[j * size + k] * diagonal[k])
                .sum();
            a[i * size + j] = (a[i * size + j] - taken) / left;
        }
    }
    for i in 0..size {
        let taken: f64 = (0..i)
            .filter(|k| diagonal[*k] > 0.0)
            .map(|k| a[i * size + k] * b[k])
            .sum();
        b[i] -= taken;
    }
    for (b, d) in b.iter_mut().zip(&diagonal) {
        *b = if *d > 0.0 { *b / d } else { 0.0 };
    }
    for i in (0..size).rev() {
        if diagonal[i] > 0.0 {
            let taken: f64 = (i + 1..size).map(|k| a[k * size + i] * b[k]).sum();
            b[i] -= taken;
        }
    }
    b.iter().zip(scale).map(|(x, scale)| x * scale).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The solution is `x = (1, -2, 3)`. The upper triangle is not read.
    #[test]
    fn finds_the_solution_in_the_free_coordinates() {
        let unused = f64::NAN;
        let a = vec![4.0, unused, unused, 2.0, 10.0, unused, 0.0, 3.0, 5.0];
        let b = vec![0.0, -9.0, 9.0];
        for (x, expected) in solve(a.clone(), b, &[true; 3]).iter().zip([1.0, -2.0, 3.0]) {
            assert!((x - expected).abs() < 1e-12, "{x} {expected}");
        }
        // Without the second coordinate the equations are 4 x = 8 and 5 z = 10.
        let found = solve(a, vec![8.0, 7.0, 10.0], &[true, false, true]);
        for (x, expected) in found.iter().zip([2.0, 0.0, 2.0]) {
            assert!((x - expected).abs() < 1e-12, "{x} {expected}");
        }
    }

    #[test]
    fn leaves_a_coordinate_at_0_that_repeats_another() {
        let a = vec![4.0, 0.0, 4.0, 4.0];
        assert_eq!(solve(a, vec![8.0, 8.0], &[true; 2]), [2.0, 0.0]);
    }
}
