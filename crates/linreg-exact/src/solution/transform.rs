use super::Collinear;
use super::bounds::Bounds;
use super::scaled;
use crate::DoubleDouble;
use crate::factor::Factor;
use crate::triangle::Triangle;

/// How the coefficients of all columns follow from those of the kept ones, about
/// their origins and in units.
#[derive(Clone, Debug)]
pub(crate) struct Transform {
    /// A row for each coefficient, for the columns about their origins.
    columns: Vec<Row>,
    /// The row of the intercept, if there is one, at zero instead of the origins.
    intercept: Option<Row>,
    /// Error of each coefficient from errors of the relations, as multiples of the
    /// sizes of the estimates; empty without relations.
    of_relations: Vec<Vec<f64>>,
}

/// One coefficient as a sum of multiples of the kept coefficients.
#[derive(Clone, Debug)]
pub(crate) enum Row {
    /// Zero: the feature was left out.
    Nothing,
    /// One kept coefficient, unchanged.
    Kept(usize),
    /// A multiple of each kept coefficient.
    Sum(Vec<DoubleDouble>),
}

impl Transform {
    pub fn new(
        factor: &Factor,
        bounds: &Bounds,
        exponents: &[i32],
        origins: &[f64],
        has_intercept: bool,
        collinear: Collinear,
    ) -> Self {
        let first = usize::from(!has_intercept);
        let size = factor.num_columns() - first;
        let position = |column: usize| factor.kept.iter().position(|kept| *kept == column);
        let identity = |index: usize| position(index + first).map_or(Row::Nothing, Row::Kept);
        let mut columns: Vec<Row> = (0..size).map(identity).collect();
        let mut of_relations = Vec::new();
        if collinear == Collinear::MinimumNorm && !factor.dropped.is_empty() {
            let rows = least_norm(factor, bounds, exponents, first, size, 0.0);
            let other = least_norm(factor, bounds, exponents, first, size, 1.0);
            let differences = rows.iter().zip(&other).map(|(row, other)| {
                let all = row.iter().zip(other);
                all.map(|(a, b)| 4.0 * (*a - *b).high().abs()).collect()
            });
            of_relations = differences.collect();
            columns = rows.into_iter().map(Row::Sum).collect();
        }
        let mut transform = Self {
            columns,
            intercept: None,
            of_relations,
        };
        let origins = origins.iter().zip(exponents);
        let origins: Vec<f64> = origins.map(|(o, unit)| scaled(*o, -unit)).collect();
        if has_intercept && origins[1..size].iter().any(|origin| *origin != 0.0) {
            transform.move_intercept(&origins[1..size], factor.kept.len());
        }
        transform
    }

    /// The intercept at zero, b0 - Σ o_j b_j, for weights b_j of columns about o_j.
    fn move_intercept(&mut self, origins: &[f64], kept: usize) {
        let mut sum = vec![DoubleDouble::ZERO; kept];
        self.columns[0].add_to(&mut sum, DoubleDouble::from(1.0));
        for (row, origin) in self.columns[1..].iter().zip(origins) {
            row.add_to(&mut sum, DoubleDouble::from(-origin));
        }
        self.intercept = Some(Row::Sum(sum));
        if let Some((of_intercept, others)) = self.of_relations.split_first_mut() {
            for (other, origin) in others.iter().zip(origins) {
                for (sum, part) in of_intercept.iter_mut().zip(other) {
                    *sum += origin.abs() * part;
                }
            }
        }
    }

    pub fn num_coefficients(&self) -> usize {
        self.columns.len()
    }

    /// How much of column `index` about its origin is in each of the kept columns of
    /// a row.
    pub fn column(&self, index: usize) -> &Row {
        &self.columns[index]
    }

    fn row(&self, index: usize) -> &Row {
        match &self.intercept {
            Some(row) if index == 0 => row,
            _ => &self.columns[index],
        }
    }

    /// A coefficient from the estimates of the kept ones.
    pub fn estimate(&self, index: usize, basic: &[DoubleDouble]) -> DoubleDouble {
        match self.row(index) {
            Row::Nothing => DoubleDouble::ZERO,
            Row::Kept(kept) => basic[*kept],
            Row::Sum(factors) => factors.iter().zip(basic).map(|(f, b)| *f * *b).sum(),
        }
    }

    /// The largest size of a coefficient if the kept ones have these sizes.
    pub fn size(&self, index: usize, of_kept: &[f64]) -> f64 {
        match self.row(index) {
            Row::Nothing => 0.0,
            Row::Kept(kept) => of_kept[*kept],
            Row::Sum(factors) => {
                let factors = factors.iter().zip(of_kept);
                factors
                    .map(|(factor, size)| factor.high().abs() * size)
                    .sum()
            }
        }
    }

    /// An error bound of a coefficient from those of the kept ones.
    pub fn error(&self, index: usize, basic: &[DoubleDouble], errors: &[f64]) -> f64 {
        let of_relations = self.of_relations.get(index).into_iter().flatten();
        let of_relations = of_relations.zip(basic);
        let of_relations = of_relations.map(|(part, b)| part * b.high().abs());
        self.size(index, errors) + of_relations.sum::<f64>()
    }

    /// A M A' for a symmetric matrix M between the kept coefficients, where A are
    /// the rows of all coefficients: `[coefficients, coefficients]`.
    pub fn expand(&self, kept: usize, of_kept: impl Fn(usize, usize) -> DoubleDouble) -> Vec<f64> {
        let size = self.columns.len();
        let mut full = vec![0.0; size * size];
        let mut set = |a: usize, b: usize, number: DoubleDouble| {
            full[a * size + b] = number.high();
            full[b * size + a] = number.high();
        };
        for a in 0..size {
            let of_row: Vec<DoubleDouble> = match self.row(a) {
                Row::Nothing => continue,
                Row::Kept(k) => {
                    for b in 0..=a {
                        if let Row::Kept(other) = self.row(b) {
                            set(a, b, of_kept(*k, *other));
                        }
                    }
                    continue;
                }
                Row::Sum(factors) => {
                    let of = |b: usize| {
                        let products = factors.iter().enumerate();
                        products.map(|(k, f)| *f * of_kept(k, b)).sum()
                    };
                    (0..kept).map(of).collect()
                }
            };
            for b in 0..size {
                match self.row(b) {
                    Row::Nothing => (),
                    Row::Kept(other) => set(a, b, of_row[*other]),
                    Row::Sum(factors) if b <= a => {
                        let products = factors.iter().zip(&of_row);
                        set(a, b, products.map(|(f, number)| *f * *number).sum());
                    }
                    Row::Sum(_) => (),
                }
            }
        }
        full
    }
}

impl Row {
    /// Adds a multiple of the row to a sum.
    fn add_to(&self, sum: &mut [DoubleDouble], factor: DoubleDouble) {
        match self {
            Self::Nothing => (),
            Self::Kept(kept) => sum[*kept] += factor,
            Self::Sum(factors) => {
                for (sum, own) in sum.iter_mut().zip(factors) {
                    *sum += *own * factor;
                }
            }
        }
    }
}

/// The rows of the smallest-norm coefficients. With `errors` of 1, the relations are
/// changed by the error that their columns and the rounding of the sums allow.
fn least_norm(
    factor: &Factor,
    bounds: &Bounds,
    exponents: &[i32],
    first: usize,
    size: usize,
    errors: f64,
) -> Vec<Vec<DoubleDouble>> {
    let (kept, dropped) = (&factor.kept, &factor.dropped);
    let inverse = factor.inverse();
    // With x_d = Σ t_kd x_k + c_d, all weights with b_k + Σ t_kd b_d = b*_k fit
    // equally well. Those of the smallest norm, in the units of the data, have
    // b_d = (I + T'T)^-1 T' b*.
    let t: Vec<Vec<DoubleDouble>> = dropped
        .iter()
        .map(|relation| {
            let of_sums = bounds.estimates(kept, &relation.factors, relation.column);
            let of = |k: usize| {
                let of_data = (relation.left.max(0.0) * inverse.symmetric(k, k).high()).sqrt();
                let off = of_data + of_sums[k];
                let known = relation.factors.get(k);
                let number = known.map_or(DoubleDouble::ZERO, |factor| {
                    *factor + DoubleDouble::from(errors * off)
                });
                scaled_twice(number, exponents[relation.column] - exponents[kept[k]])
            };
            (0..kept.len()).map(of).collect()
        })
        .collect();
    let weights: Vec<usize> = (0..kept.len()).filter(|k| kept[*k] != 0).collect();
    let mut system = Triangle::zeros(dropped.len() + kept.len());
    for d in 0..dropped.len() {
        for e in 0..=d {
            let products = weights.iter().map(|k| t[d][*k] * t[e][*k]);
            let one = f64::from(u8::from(d == e));
            system.row_mut(d)[e] = products.sum::<DoubleDouble>() + DoubleDouble::from(one);
        }
    }
    for k in &weights {
        for (d, of_dropped) in t.iter().enumerate() {
            system.row_mut(dropped.len() + k)[d] = of_dropped[*k];
        }
    }
    let mut rows = vec![vec![DoubleDouble::ZERO; kept.len()]; size];
    for (k, column) in kept.iter().enumerate() {
        rows[column - first][k] = DoubleDouble::from(1.0);
    }
    let Ok(solved) = Factor::new(&system, 0, dropped.len(), 0.0, |_| Ok::<_, ()>(false)) else {
        return rows;
    };
    for k in 0..kept.len() {
        let shares = solved.estimates(k);
        for (d, relation) in dropped.iter().enumerate() {
            let unit = |column: usize| exponents[column] - exponents[kept[k]];
            let column = relation.column;
            rows[column - first][k] += scaled_twice(shares[d], unit(column));
            for (other, of_other) in t[d].iter().enumerate() {
                let back = scaled_twice(shares[d] * *of_other, unit(kept[other]));
                rows[kept[other] - first][k] -= back;
            }
        }
    }
    rows
}

fn scaled_twice(number: DoubleDouble, shift: i32) -> DoubleDouble {
    let half = shift / 2;
    number
        .scaled(2f64.powi(half))
        .scaled(2f64.powi(shift - half))
}
