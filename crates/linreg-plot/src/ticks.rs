use crate::number::separated;

/// Tick values along an axis: round numbers.
pub(crate) struct Ticks {
    pub(crate) values: Vec<f64>,
    step: f64,
}

impl Ticks {
    /// Round numbers from `least` to `greatest`, 1, 2 or 5 times a power of ten
    /// apart, at most `most` + 1 of them, where `most` is at least 2 (Heckbert,
    /// *Nice Numbers for Graph Labels*, Graphics Gems, 1990).
    pub(crate) fn new(least: f64, greatest: f64, most: usize) -> Self {
        let smallest_step = (greatest - least) / most.max(2) as f64;
        let power = 10f64.powf(smallest_step.log10().floor());
        let round = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
        let step = round.into_iter().find(|step| *step >= smallest_step);
        let step = step.unwrap_or(10.0 * power);
        let (first, last) = ((least / step).ceil(), (greatest / step).floor());
        // In a narrow range far from zero, the steps may be below the precision.
        let count = (last - first).clamp(0.0, most as f64) as usize;
        let values = (0..=count).map(|i| (first + i as f64) * step).collect();
        Self { values, step }
    }

    /// The label of a tick, with as few digits as distinguish it from its
    /// neighbours.
    pub(crate) fn label(&self, value: f64) -> String {
        // Rounding may leave a small multiple of the step instead of zero.
        let is_zero = value.abs() < self.step / 2.0;
        let value = if is_zero { 0.0 } else { value };
        let ends = [self.values.first(), self.values.last()];
        let magnitude = ends.into_iter().flatten().map(|end| end.abs());
        let magnitude = magnitude.fold(self.step, f64::max);
        let power = self.step.log10().floor();
        let decimals = (-power).max(0.0) as usize;
        let digits = (magnitude.log10().floor() - power).clamp(0.0, 15.0) as usize;
        let plain_width = magnitude.log10().floor().max(0.0) as usize + decimals;
        if plain_width <= 6 || plain_width <= digits {
            // 2026 may be a year, but not beside 20,000.
            let fewest = if magnitude >= 1e4 { 4 } else { 5 };
            separated(&format!("{value:.decimals$}"), fewest)
        } else if is_zero {
            "0".to_string()
        } else {
            format!("{value:.digits$e}")
        }
    }
}

/// The smallest and the largest value.
pub(crate) fn ends(values: &[f64]) -> (f64, f64) {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (least, greatest)
}

/// A range with a margin on either side, never empty.
pub(crate) fn with_margin((least, greatest): (f64, f64)) -> (f64, f64) {
    let mut margin = (greatest - least) * 0.04;
    let size = least.abs().max(greatest.abs());
    if margin < size * 1e-15 || margin == 0.0 {
        margin = if size == 0.0 { 1.0 } else { size * 0.1 };
    }
    (least - margin, greatest + margin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(least: f64, greatest: f64) -> Vec<String> {
        let ticks = Ticks::new(least, greatest, 6);
        ticks
            .values
            .iter()
            .map(|value| ticks.label(*value))
            .collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(labels(-3.1, 2.9), ["-3", "-2", "-1", "0", "1", "2"]);
        assert_eq!(labels(0.0, 1.0), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(18.0, 43.0), ["20", "25", "30", "35", "40"]);
        assert_eq!(labels(0.0, 5e7), ["0", "1e7", "2e7", "3e7", "4e7", "5e7"]);
        assert_eq!(labels(1e-9, 4.1e-9), ["1e-9", "2e-9", "3e-9", "4e-9"]);
        assert_eq!(
            labels(1e9, 1e9 + 30.0),
            [
                "1,000,000,000",
                "1,000,000,005",
                "1,000,000,010",
                "1,000,000,015",
                "1,000,000,020",
                "1,000,000,025",
                "1,000,000,030"
            ]
        );
    }

    #[test]
    fn a_range_is_never_empty() {
        for values in [&[0.0][..], &[5.0, 5.0], &[-1e300], &[1e-300], &[1.0, 2.0]] {
            let (least, greatest) = with_margin(ends(values));
            assert!(least < values[0] && values[0] < greatest, "{values:?}");
            let ticks = Ticks::new(least, greatest, 6);
            assert!((1..=7).contains(&ticks.values.len()), "{values:?}");
        }
    }
}
