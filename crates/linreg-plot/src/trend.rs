use std::ops::Range;

/// How y goes along x: its mean and spread in groups of rows with about the same
/// x.
pub(crate) struct Trend {
    groups: Vec<Group>,
    /// In the third of rows with the least x, and with the greatest; none where
    /// these are few or not apart.
    pub(crate) thirds: Option<[f64; 2]>,
    count: f64,
    total: f64,
}

struct Group {
    x: f64,
    y: f64,
    count: f64,
}

/// Groups at the most, and rows of one at the least.
const MOST_GROUPS: usize = 20;
const FEWEST_ROWS: usize = 10;

/// Rows from which on something is said of thirds of them.
const ENOUGH_ROWS: usize = 30;

impl Trend {
    pub(crate) fn new(x: &[f64], y: &[f64]) -> Self {
        let mut order: Vec<u32> = (0..x.len() as u32).collect();
        // The same order of equal values on every machine.
        order.sort_unstable_by(|a, b| x[*a as usize].total_cmp(&x[*b as usize]).then(a.cmp(b)));
        let xs: Vec<f64> = order.iter().map(|index| x[*index as usize]).collect();
        let ys: Vec<f64> = order.iter().map(|index| y[*index as usize]).collect();
        let rows = (x.len() / MOST_GROUPS).max(FEWEST_ROWS);
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
        let spread = |range: Range<usize>| {
            let center = mean(&ys[range.clone()]);
            let squares = ys[range.clone()].iter().map(|y| (y - center).powi(2));
            (squares.sum::<f64>() / range.len() as f64).sqrt()
        };
        let (left, right) = (xs.len() / 3, xs.len() - xs.len() / 3);
        let are_apart = xs.len() >= ENOUGH_ROWS && xs[left - 1] < xs[right];
        let center = mean(&ys);
        Self {
            groups,
            thirds: are_apart.then(|| [spread(0..left), spread(right..xs.len())]),
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

    /// How many times the spread on the right is that on the left.
    pub(crate) fn growth(&self) -> Option<f64> {
        let [left, right] = self.thirds?;
        (left > 0.0 && right > 0.0).then(|| right / left)
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
        (z > 3.09 || f.is_infinite()).then_some(share)
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
        let growth = Trend::new(&x, &y).growth().unwrap();
        assert!((growth - 3.0).abs() < 0.3, "{growth}");
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
