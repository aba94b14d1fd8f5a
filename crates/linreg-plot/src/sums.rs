use serde::{Deserialize, Serialize};

use crate::Line;

/// Means and sums of squares of points, updated block by block (Chan, Golub and
/// LeVeque, *Updating Formulae and a Pairwise Algorithm for Computing Sample
/// Variances*, 1979). Points are in units of their ranges, from 0 to 1, so that
/// nothing overflows.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Sums {
    pub(crate) count: f64,
    mean: [f64; 2],
    /// Σ(x - mx)², Σ(x - mx)(y - my) and Σ(y - my)².
    xx: f64,
    xy: f64,
    yy: f64,
}

impl Sums {
    /// Returns the sums of a block.
    pub(crate) fn of(x: &[f64], y: &[f64]) -> Self {
        let count = x.len() as f64;
        // Differences from the first point, so that the spread of a constant is
        // exactly 0.
        let mean = |values: &[f64]| match values.first() {
            None => 0.0,
            Some(first) => first + values.iter().map(|value| value - first).sum::<f64>() / count,
        };
        let mean = [mean(x), mean(y)];
        let mut sums = Self {
            count,
            mean,
            ..Self::default()
        };
        for (x, y) in x.iter().zip(y) {
            let (dx, dy) = (x - mean[0], y - mean[1]);
            sums.xx += dx * dx;
            sums.xy += dx * dy;
            sums.yy += dy * dy;
        }
        sums
    }

    /// Adds the sums of other points.
    pub(crate) fn merge(&mut self, other: &Self) {
        let count = self.count + other.count;
        if other.count == 0.0 {
            return;
        }
        let share = other.count / count;
        let [dx, dy] = [0, 1].map(|side| other.mean[side] - self.mean[side]);
        let weight = self.count * share;
        self.xx += other.xx + dx * dx * weight;
        self.xy += other.xy + dx * dy * weight;
        self.yy += other.yy + dy * dy * weight;
        self.mean[0] += dx * share;
        self.mean[1] += dy * share;
        self.count = count;
    }

    /// The correlation; `None` if x or y is constant.
    pub(crate) fn correlation(&self) -> Option<f64> {
        let product = self.xx.sqrt() * self.yy.sqrt();
        (product > 0.0).then(|| (self.xy / product).clamp(-1.0, 1.0))
    }

    /// The least-squares line of points with these smallest and largest values.
    pub(crate) fn line(&self, (left, right): (f64, f64), (bottom, top): (f64, f64)) -> Line {
        let slope = if self.xx > 0.0 {
            self.xy / self.xx
        } else {
            0.0
        };
        let residuals = self.yy - slope * self.xy;
        // A smaller residual sum of an exact line is rounding.
        let is_exact = residuals <= 1e-14 * self.yy;
        let residuals = if is_exact { 0.0 } else { residuals };
        let (wide, high) = (right - left, top - bottom);
        let slope = if wide > 0.0 {
            slope * (high / wide)
        } else {
            0.0
        };
        let [mean_x, mean_y] = [left + self.mean[0] * wide, bottom + self.mean[1] * high];
        let residual_std = (residuals / self.count).sqrt() * high;
        Line {
            slope,
            intercept: mean_y - slope * mean_x,
            residual_variance: residual_std * residual_std,
            residual_std,
            explained: (self.yy > 0.0).then(|| (1.0 - residuals / self.yy).clamp(0.0, 1.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_add_up_to_the_whole() {
        let x: Vec<f64> = (0..1000).map(|i| f64::from(i % 37) / 36.0).collect();
        let y: Vec<f64> = x
            .iter()
            .enumerate()
            .map(|(i, x)| 0.3 * x + (i % 5) as f64)
            .collect();
        let whole = Sums::of(&x, &y);
        let mut merged = Sums::default();
        for (x, y) in x.chunks(64).zip(y.chunks(64)) {
            merged.merge(&Sums::of(x, y));
        }
        for (found, expected) in [
            (merged.xx, whole.xx),
            (merged.xy, whole.xy),
            (merged.yy, whole.yy),
        ] {
            assert!((found / expected - 1.0).abs() < 1e-13, "{found} {expected}");
        }
        assert!((merged.correlation().unwrap() - whole.correlation().unwrap()).abs() < 1e-13);
    }
}
