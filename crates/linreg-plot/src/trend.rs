use std::ops::Range;

/// How y goes along x: its mean and spread in groups of rows with about the same
/// x.
pub(crate) struct Trend {
    groups: Vec<Group>,
    /// Standard deviation of y in the third of rows with the least x, and with
    /// the greatest; none where these are few or not apart.
    pub(crate) thirds: Option<[f64; 2]>,
    /// Of the logarithm of their ratio, if they differ by chance alone.
    chance: f64,
    count: f64,
    total: f64,
}

struct Group {
    x: f64,
    y: f64,
    count: f64,
}

/// How the spread goes from left to right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Growth {
    /// It grows so many times.
    More(f64),
    /// It falls to this share.
    Less(f64),
    /// No more than by chance.
    Chance,
}

/// Groups at the most, and rows of one at the least.
const MOST_GROUPS: usize = 20;
const FEWEST_ROWS: usize = 10;

/// Standard errors that chance goes beyond once in a thousand times.
const BEYOND_CHANCE: f64 = 3.09;

/// Rows from which on something is said of thirds of them.
const ENOUGH_ROWS: usize = 30;

impl Trend {
    pub(crate) fn new(x: &[f64], y: &[f64]) -> Self {
        let mut order: Vec<u32> = (0..x.len() as u32).collect();
        // The same order of equal values on every machine.
        order.sort_unstable_by(|a, b| x[*a as usize].total_cmp(&x[*b as usize]).then(a.cmp(b)));
        let xs: Vec<f64> = order.iter().map(|index| x[*index as usize]).collect();
        let ys: Vec<f64> = order.iter().map(|index| y[*index as usize]).collect();
        // The more rows, the more groups, each with the more rows.
        let groups = ((x.len() as f64).sqrt() / 2.0) as usize;
        let rows = x.len() / groups.clamp(3, MOST_GROUPS);
        let rows = rows.max(FEWEST_ROWS);
        let mut groups = Vec::new();
        let mut start = 0;
        while start < xs.len() {
            let mut end = (start + rows).min(xs.len());
            // What is left over would make a small group.
            if xs.len() - end < rows / 2 {
                end = xs.len();
            }
            while end < xs.len() && xs[end] == xs[end - 1] {
                end += 1;
            }
            groups.push(Group {
                x: mean(&xs[start..end]),
                y: mean(&ys[start..end]),
                count: (end - start) as f64,
            });
            start = end;
        }
        // Standard deviation, and fourth moment over its fourth power.
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
        // (k - 1) / 4n with that k (Kendall's Advanced Theory of Statistics, volume
        // 1, 10.5 and 10.6).
        let of_third = |(_, kurtosis): (f64, f64)| (kurtosis - 1.0) / (4.0 * left as f64);
        let chance = thirds.map_or(0.0, |thirds| {
            thirds.map(of_third).iter().sum::<f64>().sqrt()
        });
        let center = mean(&ys);
        Self {
            groups,
            thirds: thirds.map(|thirds| thirds.map(|(std, _)| std)),
            chance,
            count: xs.len() as f64,
            total: ys.iter().map(|y| (y - center).powi(2)).sum(),
        }
    }

    /// The means, from left to right; none where there are too few to tell a
    /// way.
    pub(crate) fn points(&self) -> Vec<(f64, f64)> {
        match self.groups.len() {
            0..3 => Vec::new(),
            _ => self.groups.iter().map(|group| (group.x, group.y)).collect(),
        }
    }

    /// How the spread goes, where something can be said: a change by a tenth or
    /// more that chance gives less than once in a thousand times.
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

    /// Share of the variance of y that the means of groups explain, if it is
    /// more than chance gives once in a thousand times: the F test of one-way
    /// analysis of variance, with its tail by Wilson and Hilferty's cube root
    /// (Paulson, *An Approximate Normalization of the Analysis of Variance
    /// Distribution*, 1942).
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

fn mean(values: &[f64]) -> f64 {
    let first = values.first().copied().unwrap_or(f64::NAN);
    first + values.iter().map(|value| value - first).sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers as good as random, from -1 to 1.
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
        let points = Trend::new(&x, &noise(300)).points();
        let xs: Vec<f64> = points.iter().map(|point| point.0).collect();
        assert_eq!(xs, [0.0, 1.0, 2.0, 3.0]);
    }
}
