use std::ops::Range;

use crate::smooth::{mean, smooth};

/// How y changes along x: its mean in groups of rows with about the same x, and its
/// spread.
pub(crate) struct Trend {
    groups: Vec<Group>,
    curve: Vec<(f64, f64)>,
    /// Standard deviations of y in the third of the rows with the smallest x, and in
    /// the third with the largest; `None` if there are few rows or the thirds
    /// overlap.
    pub(crate) thirds: Option<[f64; 2]>,
    /// Standard error of the logarithm of their ratio.
    chance: f64,
    count: f64,
    total: f64,
}

struct Group {
    y: f64,
    count: f64,
}

/// How the spread changes from left to right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Growth {
    /// It grows by this factor.
    More(f64),
    /// It falls to this share.
    Less(f64),
    /// It changes by no more than chance.
    Chance,
}

/// Largest number of groups, and smallest number of rows in one.
const MOST_GROUPS: usize = 20;
const FEWEST_ROWS: usize = 10;

/// Standard errors that a normal variable exceeds, on one side, with probability
/// 0.001.
const BEYOND_CHANCE: f64 = 3.09;

/// Smallest number of rows from which thirds are compared.
const ENOUGH_ROWS: usize = 30;

impl Trend {
    pub(crate) fn new(x: &[f64], y: &[f64]) -> Self {
        let mut pairs: Vec<(f64, f64)> = x.iter().copied().zip(y.iter().copied()).collect();
        // The sort is stable: rows with equal x keep their order, which does not
        // depend on y.
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (xs, ys): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        // With more rows there are more groups, and more rows in each.
        let groups = ((x.len() as f64).sqrt() / 2.0) as usize;
        let rows = x.len() / groups.clamp(3, MOST_GROUPS);
        let rows = rows.max(FEWEST_ROWS);
        let mut groups = Vec::new();
        let mut start = 0;
        while start < xs.len() {
            let mut end = (start + rows).min(xs.len());
            // The rest joins this group if it is too small for one of its own.
            if xs.len() - end < rows / 2 {
                end = xs.len();
            }
            while end < xs.len() && xs[end] == xs[end - 1] {
                end += 1;
            }
            groups.push(Group {
                y: mean(&ys[start..end]),
                count: (end - start) as f64,
            });
            start = end;
        }
        // Standard deviation and kurtosis.
        let spread = |range: Range<usize>| {
            let ys = &ys[range];
            let (center, count) = (mean(ys), ys.len() as f64);
            let squares = ys.iter().map(|y| (y - center).powi(2));
            let fourths: f64 = squares.clone().map(|square| square * square).sum();
            let variance = squares.sum::<f64>() / count;
            (variance.sqrt(), fourths / count / (variance * variance))
        };
        let (left, right) = (xs.len() / 3, xs.len() - xs.len() / 3);
        let are_apart = xs.len() >= ENOUGH_ROWS && xs[left - 1] < xs[right];
        let thirds = are_apart.then(|| [spread(0..left), spread(right..xs.len())]);
        // The variance of the logarithm of a standard deviation of n rows is
        // (k - 1) / 4n with kurtosis k (Kendall's Advanced Theory of Statistics,
        // volume 1, 10.5 and 10.6).
        let of_third = |(_, kurtosis): (f64, f64)| (kurtosis - 1.0) / (4.0 * left as f64);
        let chance = thirds.map_or(0.0, |thirds| {
            thirds.map(of_third).iter().sum::<f64>().sqrt()
        });
        let center = mean(&ys);
        Self {
            groups,
            curve: smooth(&xs, &ys),
            thirds: thirds.map(|thirds| thirds.map(|(std, _)| std)),
            chance,
            count: xs.len() as f64,
            total: ys.iter().map(|y| (y - center).powi(2)).sum(),
        }
    }

    /// A smooth curve through the rows; empty if they are too few for three groups.
    pub(crate) fn points(self) -> Vec<(f64, f64)> {
        match self.groups.len() {
            0..3 => Vec::new(),
            _ => self.curve,
        }
    }

    /// How the spread changes, if the thirds can be compared. A change is reported
    /// if it is more than a tenth and has a probability by chance below 0.002.
    pub(crate) fn growth(&self) -> Option<Growth> {
        let [left, right] = self.thirds?;
        if !(left > 0.0 && right > 0.0 && self.chance.is_finite()) {
            return None;
        }
        let times = right / left;
        let is_chance = times.ln().abs() <= BEYOND_CHANCE * self.chance;
        Some(match times {
            _ if is_chance => Growth::Chance,
            1.1.. => Growth::More(times),
            ..0.9 => Growth::Less(times),
            _ => Growth::Chance,
        })
    }

    /// Share of the variance of y that the means of the groups explain, if it is
    /// significant at 0.1 %: the F test of one-way analysis of variance, with the
    /// tail by Wilson and Hilferty's cube root (Paulson, *An Approximate
    /// Normalization of the Analysis of Variance Distribution*, 1942).
    pub(crate) fn bend(&self) -> Option<f64> {
        let between = self.groups.len() as f64 - 1.0;
        let within = self.count - self.groups.len() as f64;
        if self.groups.len() < 3 || within < 1.0 || self.total <= 0.0 {
            return None;
        }
        let center = self
            .groups
            .iter()
            .map(|group| group.count * group.y)
            .sum::<f64>()
            / self.count;
        let squares = self
            .groups
            .iter()
            .map(|group| group.count * (group.y - center).powi(2));
        let share = (squares.sum::<f64>() / self.total).min(1.0);
        let f = (share / between) / ((1.0 - share) / within);
        let root = f.cbrt();
        let (a, b) = (2.0 / (9.0 * between), 2.0 / (9.0 * within));
        let z = ((1.0 - b) * root - (1.0 - a)) / (a + b * root * root).sqrt();
        (z > BEYOND_CHANCE || f.is_infinite()).then_some(share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pseudo-random numbers from -1 to 1.
    pub(crate) fn noise(count: usize) -> Vec<f64> {
        let of = |i: usize| ((i as f64 * 12.9898).sin() * 43758.5453).fract();
        (1..=count).map(of).collect()
    }

    #[test]
    fn tells_a_bend_from_noise() {
        let x: Vec<f64> = (0..500).map(f64::from).collect();
        let noise = noise(500);
        assert_eq!(Trend::new(&x, &noise).bend(), None);
        let bent = x
            .iter()
            .zip(&noise)
            .map(|(x, e)| ((x - 250.0) / 250.0).powi(2) + e);
        let share = Trend::new(&x, &bent.collect::<Vec<_>>()).bend().unwrap();
        assert!((0.1..0.5).contains(&share), "{share}");
    }

    #[test]
    fn tells_how_spread_grows() {
        let x: Vec<f64> = (0..600).map(f64::from).collect();
        let y: Vec<f64> = x
            .iter()
            .zip(noise(600))
            .map(|(x, e)| if *x < 300.0 { e } else { 3.0 * e })
            .collect();
        let growth = Trend::new(&x, &y).growth();
        assert!(matches!(growth, Some(Growth::More(2.7..3.3))), "{growth:?}");
        assert_eq!(Trend::new(&x, &noise(600)).growth(), Some(Growth::Chance));
        let y: Vec<f64> = y.into_iter().rev().collect();
        let growth = Trend::new(&x, &y).growth();
        assert!(
            matches!(growth, Some(Growth::Less(0.3..0.37))),
            "{growth:?}"
        );
    }

    #[test]
    fn says_nothing_of_few_rows_or_of_one_place() {
        let trend = Trend::new(&[1.0, 2.0, 3.0], &[1.0, 0.0, 1.0]);
        assert!(trend.growth().is_none() && trend.bend().is_none() && trend.points().is_empty());
        let trend = Trend::new(&[1.0; 50], &noise(50));
        assert!(trend.growth().is_none() && trend.points().is_empty());
    }

    #[test]
    fn rows_of_the_same_place_are_one_group() {
        let x: Vec<f64> = (0..300).map(|i| f64::from(i % 4)).collect();
        let trend = Trend::new(&x, &noise(300));
        let counts: Vec<f64> = trend.groups.iter().map(|group| group.count).collect();
        assert_eq!(counts, [75.0; 4]);
        assert_eq!(trend.points().len(), 4);
    }
}
