//! Tests that no figure has fewer right digits than claimed: designs that are made
//! to lose digits, compared with least squares in exact integer arithmetic.
//!
//! `LINREG_DESIGNS=20000 cargo test -p linreg-exact no_figure_is_worse` tries that
//! many designs, starting at the seed `LINREG_SEED`.

use crate::testing::rational::{ExactFit, Fraction};
use crate::{
    Accumulator, Arithmetic, Collinear, DoubleDouble, ExactError, Inference, RefinementPass, Rows,
    Solution,
};

/// A design and a target.
struct Design {
    features: Vec<f64>,
    targets: Vec<f64>,
    weights: Option<Vec<f64>>,
    num_features: usize,
    intercept: bool,
}

/// A generator of pseudo-random numbers.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        // SplitMix64 (Steele, Lea and Flood, 2014).
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 to 1.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number near a normal distribution about zero, mostly within 2.
    fn normal(&mut self) -> f64 {
        (0..4).map(|_| self.share() - 0.5).sum::<f64>() * 1.7
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn power_of_ten(&mut self, from: i32, to: i32) -> f64 {
        10f64.powi(from + self.below((to - from + 1) as usize) as i32)
    }
}

/// A column of a kind that has once cost digits.
fn column(random: &mut Random, num_rows: usize, before: &[Vec<f64>]) -> Vec<f64> {
    let offset = random.power_of_ten(0, 15);
    let scale = random.power_of_ten(-6, 6);
    let period = [2, 3, 7, 32, 64, 256][random.below(6)];
    let phase = random.below(period);
    let (low, high) = (random.normal(), offset * random.normal());
    let digits = random.power_of_ten(0, 6);
    let rows = 0..num_rows;
    match random.below(9) {
        0 | 1 => rows.map(|_| scale * random.normal()).collect(),
        2 => rows.map(|_| offset + random.normal()).collect(),
        // Whole numbers far from zero.
        3 => rows
            .map(|_| offset.round() + random.below(12) as f64)
            .collect(),
        4 => rows
            .map(|_| if random.below(2) == 0 { low } else { high })
            .collect(),
        5 => rows
            .map(|row| {
                if row % period == phase {
                    high
                } else {
                    random.normal()
                }
            })
            .collect(),
        6 => rows
            .map(|row| offset + (row % period) as f64 * scale)
            .collect(),
        7 => rows
            .map(|_| (random.normal() * digits).round() / digits)
            .collect(),
        _ => {
            let Some(other) = before.get(random.below(before.len().max(1))) else {
                return rows.map(|_| random.normal()).collect();
            };
            let size = other.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
            let near = 2f64.powi(-(random.below(30) as i32)) * size;
            other.iter().map(|x| x + near * random.normal()).collect()
        }
    }
}

impl Design {
    fn new(seed: u64) -> Self {
        let random = &mut Random(seed.wrapping_mul(0x2545_F491_4F6C_DD1D));
        let num_features = match random.below(20) {
            0 => 25 + random.below(16),
            1..4 => 8 + random.below(17),
            _ => 1 + random.below(7),
        };
        let num_rows = match random.below(50) {
            0 if num_features < 4 => 9000,
            1..4 if num_features < 8 => 1000 + random.below(1000),
            _ => num_features + 2 + random.below(60),
        };
        let mut columns: Vec<Vec<f64>> = Vec::new();
        for _ in 0..num_features {
            columns.push(column(random, num_rows, &columns));
        }
        let factors: Vec<f64> = columns
            .iter()
            .map(|column| {
                let size = column.iter().fold(1e-300_f64, |most, x| most.max(x.abs()));
                random.normal() * random.power_of_ten(-3, 0) / size
            })
            .collect();
        let offset = match random.below(3) {
            0 => random.power_of_ten(0, 15) * random.normal(),
            _ => random.normal(),
        };
        let noise = random.power_of_ten(-12, 3);
        let targets = (0..num_rows).map(|row| {
            let sum: f64 = columns.iter().zip(&factors).map(|(x, b)| x[row] * b).sum();
            offset + sum + noise * random.normal()
        });
        let targets = targets.collect();
        let weights = match random.below(3) {
            0 => Some(random.below(4)),
            _ => None,
        };
        let weights = weights.map(|kind| {
            let weight = |_| match kind {
                0 => random.share(),
                1 => random.below(4) as f64,
                _ => [0.0, 1.0][random.below(2)] * random.power_of_ten(-12, 0),
            };
            (0..num_rows).map(weight).collect()
        });
        Self {
            features: (0..num_rows)
                .flat_map(|row| columns.iter().map(move |column| column[row]))
                .collect(),
            targets,
            weights,
            num_features,
            intercept: random.below(5) > 0,
        }
    }

    fn rows(&self) -> Rows<'_> {
        let rows = Rows::new(&self.features, &self.targets, self.num_features, 1).unwrap();
        rows.with_weights(self.weights.as_deref()).unwrap()
    }
}

/// How many of the claimed digits of a figure are wrong.
fn excess(found: f64, exact: DoubleDouble, relative_to: f64, claimed: f64) -> f64 {
    let error = (DoubleDouble::from(found) - exact).high().abs();
    let size = exact.high().abs().max(relative_to);
    if error == 0.0 || claimed == 0.0 {
        return f64::NEG_INFINITY;
    }
    claimed + (error / size).log10()
}

/// The figure of a solution that falls shortest of its claim.
fn worst(solution: &Solution, exact: &ExactFit) -> (f64, String) {
    let inference = Inference::new(solution, 0).unwrap();
    let fit = &solution.targets[0];
    let number = |fraction: &Fraction| fraction.to_double_double();
    let freedom = DoubleDouble::from(inference.degrees_of_freedom);
    let one = DoubleDouble::from(1.0);
    let variance = number(&exact.residual_sum) / freedom;
    let mut all: Vec<(String, f64)> = Vec::new();
    let mut check = |name: String, found: f64, exact: DoubleDouble, relative_to, claimed: f64| {
        if !claimed.is_nan() {
            all.push((name, excess(found, exact, relative_to, claimed)));
        }
    };
    if fit.is_exact {
        // An exact fit has no figures to check except the estimates, which are off
        // by the rounding of the data.
        return (f64::NEG_INFINITY, String::new());
    }
    let constant = f64::from(u8::from(solution.has_intercept));
    for (index, c) in inference.coefficients.iter().enumerate() {
        let estimate = number(&exact.estimates[index]);
        let square = variance * number(&exact.inverse[index]);
        let std_error = square.sqrt();
        let size = std_error.high();
        let digits = &c.digits_of;
        check(
            format!("estimate {index}"),
            c.estimate,
            estimate,
            size,
            c.digits,
        );
        check(
            format!("std_error {index}"),
            c.std_error,
            std_error,
            0.0,
            digits.std_error,
        );
        check(
            format!("t {index}"),
            c.t,
            estimate / std_error,
            1.0,
            digits.t,
        );
        // The quantile is our own, with 12 right digits: see its test.
        let quantile = (c.upper - c.lower) / 2.0 / c.std_error;
        let half = std_error * DoubleDouble::from(quantile);
        let length = half.high();
        let digits_of_interval = digits.interval;
        check(
            format!("lower {index}"),
            c.lower,
            estimate - half,
            length,
            digits_of_interval,
        );
        check(
            format!("upper {index}"),
            c.upper,
            estimate + half,
            length,
            digits_of_interval,
        );
        let inflation = number(&exact.squares[index].times(&exact.inverse[index]));
        check(
            format!("inflation {index}"),
            c.variance_inflation,
            inflation,
            0.0,
            digits.variance_inflation,
        );
        assert!(c.variance_inflation.is_nan() || c.variance_inflation >= 1.0);
    }
    let digits = &inference.digits;
    let total = number(&exact.total_sum);
    if !exact.total_sum.is_zero() {
        let explained = total - number(&exact.residual_sum);
        let share = number(&exact.residual_sum) / total;
        check(
            "R²".to_string(),
            inference.r_squared,
            explained / total,
            1e-20,
            digits.r_squared,
        );
        let adjusted = one - share * DoubleDouble::from(inference.rows - constant) / freedom;
        check(
            "adjusted R²".to_string(),
            inference.adjusted_r_squared,
            adjusted,
            0.0,
            digits.adjusted_r_squared,
        );
        let f = explained / DoubleDouble::from(inference.f_degrees_of_freedom) / variance;
        check("F".to_string(), inference.f, f, 0.0, digits.f);
    }
    check(
        "residual error".to_string(),
        inference.residual_std_error,
        variance.sqrt(),
        0.0,
        digits.residual_std_error,
    );
    all.into_iter().map(|(name, excess)| (excess, name)).fold(
        (f64::NEG_INFINITY, String::new()),
        |a, b| {
            if b.0 > a.0 { b } else { a }
        },
    )
}

/// The solutions of a design by every way to compute one.
fn solutions(design: &Design) -> Vec<(&'static str, Result<Solution, ExactError>)> {
    let rows = design.rows();
    let solve = |arithmetic| {
        let mut accumulator = Accumulator::new(design.num_features, 1, arithmetic);
        accumulator.update(&rows)?;
        accumulator.solve(design.intercept, Collinear::Error)
    };
    let refined = |solution: &Solution| {
        let pass = RefinementPass::new(solution.clone());
        let mut sums = pass.start();
        pass.update(&mut sums, &rows)?;
        pass.solution(&sums)
    };
    let ways = [
        ("double", "double, refined", Arithmetic::Double),
        ("twice", "twice, refined", Arithmetic::DoubleDouble),
    ];
    let mut all = Vec::new();
    for (way, with_refinement, arithmetic) in ways {
        let solution = solve(arithmetic);
        let refined = solution.as_ref().ok().map(refined);
        all.push((way, solution));
        all.extend(refined.map(|solution| (with_refinement, solution)));
    }
    all
}

#[test]
fn no_figure_is_worse_than_claimed() {
    let number = |name: &str, default: u64| {
        let value = std::env::var(name).ok();
        value.map_or(default, |value| value.parse().unwrap())
    };
    let (count, first) = (number("LINREG_DESIGNS", 300), number("LINREG_SEED", 0));
    let (mut fits, mut refused, mut digits) = (0, 0, 0.0);
    let mut failed = Vec::new();
    for seed in first..first + count {
        let design = Design::new(seed);
        let exact = ExactFit::new(&design.rows(), design.intercept);
        for (way, solution) in solutions(&design) {
            let (solution, exact) = match (solution, &exact) {
                (Ok(solution), Some(exact)) => (solution, exact),
                (Ok(_), None) => {
                    failed.push(format!(
                        "design {seed}, {way}: dependent columns have a fit"
                    ));
                    continue;
                }
                (Err(_), _) => {
                    refused += 1;
                    continue;
                }
            };
            let (excess, name) = worst(&solution, exact);
            if excess > 0.0 {
                failed.push(format!(
                    "design {seed}, {way}: {name} has {excess:.2} digits less than claimed"
                ));
            }
            fits += 1;
            digits += Inference::new(&solution, 0).unwrap().fewest_digits();
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {fits}:\n{}",
        failed.len(),
        failed.join("\n")
    );
    // Claims of no digits would always be true.
    assert!(fits > 2 * refused && digits / f64::from(fits) > 7.0);
    println!(
        "{fits} fits, {refused} refused, {:.1} digits on average",
        digits / f64::from(fits)
    );
}
