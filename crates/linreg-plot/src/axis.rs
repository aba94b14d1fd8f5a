use crate::name::shorten;
use crate::number::number;
use crate::ticks::Ticks;

/// An axis of a chart: its range and its scale.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    pub(crate) name: String,
    least: f64,
    most: f64,
    scale: Scale,
}

#[derive(Clone, Debug)]
enum Scale {
    Linear,
    Logarithmic,
    /// Linear, with ticks only at whole numbers.
    Whole,
    /// A line for each label, the first at the top, with figures at its other end.
    Labels(Vec<[String; 2]>),
}

/// An axis tick: its position, from 0 to 1, and its label.
pub(crate) struct Tick {
    pub(crate) at: f64,
    pub(crate) label: String,
}

impl Axis {
    /// A linear axis over a range that is not empty.
    pub(crate) fn linear(name: &str, (least, most): (f64, f64)) -> Self {
        Self {
            name: shorten(name, 80),
            least,
            most,
            scale: Scale::Linear,
        }
    }

    /// A linear axis with ticks at whole numbers.
    pub(crate) fn whole(name: &str, range: (f64, f64)) -> Self {
        Self {
            scale: Scale::Whole,
            ..Self::linear(name, range)
        }
    }

    /// A logarithmic axis over a range above zero.
    pub(crate) fn logarithmic(name: &str, (least, most): (f64, f64)) -> Self {
        Self {
            scale: Scale::Logarithmic,
            ..Self::linear(name, (least, most))
        }
    }

    /// An axis with a line for each label, the first, of value 0, at the top, and
    /// with figures at the other end of each line.
    pub(crate) fn labels(name: &str, labels: Vec<[String; 2]>) -> Self {
        let last = labels.len() as f64;
        Self {
            scale: Scale::Labels(labels),
            // The axis is upside down: the first line is at the top.
            ..Self::linear(name, (last - 0.5, -0.5))
        }
    }

    /// The labels with their figures, if the axis has labels.
    pub(crate) fn figures(&self) -> Option<&[[String; 2]]> {
        match &self.scale {
            Scale::Labels(labels) => Some(labels),
            _ => None,
        }
    }

    /// The position of a value: 0 at the start of the axis, 1 at its end.
    pub(crate) fn position(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Logarithmic => {
                // The ratio of the ends may overflow.
                (value.ln() - self.least.ln()) / (self.most.ln() - self.least.ln())
            }
            _ => (value - self.least) / (self.most - self.least),
        }
    }

    /// The value at a position.
    pub(crate) fn value(&self, position: f64) -> f64 {
        match self.scale {
            Scale::Logarithmic => {
                (self.least.ln() + position * (self.most.ln() - self.least.ln())).exp()
            }
            _ => self.least + position * (self.most - self.least),
        }
    }

    /// Ticks at about `most` round values, or at every label.
    pub(crate) fn ticks(&self, most: usize) -> Vec<Tick> {
        let at = |value: f64, label: String| Tick {
            at: self.position(value),
            label,
        };
        match &self.scale {
            Scale::Whole if self.most - self.least < most as f64 => {
                let (first, last) = (self.least.ceil() as i64, self.most.floor() as i64);
                let values = (first..=last).map(|value| value as f64);
                values.map(|value| at(value, number(value))).collect()
            }
            Scale::Linear | Scale::Whole => {
                let ticks = Ticks::new(self.least, self.most, most);
                let values = ticks.values.iter();
                values
                    .map(|value| at(*value, ticks.label(*value)))
                    .collect()
            }
            Scale::Logarithmic => {
                let values = round_ratios(self.least, self.most, most);
                if values.len() < 3 {
                    let ticks = Ticks::new(self.least, self.most, most);
                    let values = ticks.values.iter().filter(|value| **value > 0.0);
                    return values
                        .map(|value| at(*value, ticks.label(*value)))
                        .collect();
                }
                let values = values.into_iter();
                values.map(|value| at(value, number(value))).collect()
            }
            Scale::Labels(labels) => {
                let labels = labels.iter().enumerate();
                labels
                    .map(|(index, [label, _])| at(index as f64, label.clone()))
                    .collect()
            }
        }
    }
}

/// Round values on a logarithmic axis, about `most`: powers of ten, only every
/// second or third one and so on if there are many, and 2 and 5 times them if there
/// are few.
fn round_ratios(least: f64, greatest: f64, most: usize) -> Vec<f64> {
    let (first, last) = (least.log10().floor() as i32, greatest.log10().ceil() as i32);
    let decades = greatest.log10() - least.log10();
    let factors: &[f64] = if decades * 3.0 <= most as f64 {
        &[1.0, 2.0, 5.0]
    } else {
        &[1.0]
    };
    let every = (decades / most.max(1) as f64).ceil().max(1.0) as i32;
    let powers = (first..=last).filter(|power| power.rem_euclid(every) == 0);
    // Parsed, because computed powers of ten are not always the nearest floats.
    let power_of_ten = |power: i32| format!("1e{power}").parse().unwrap_or(0.0);
    let values = powers.flat_map(|power| {
        let power: f64 = power_of_ten(power);
        factors.iter().map(move |factor| factor * power)
    });
    values
        .filter(|value| (least..=greatest).contains(value))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        let ticks = axis.ticks(6);
        assert!(ticks.iter().all(|tick| (0.0..=1.0).contains(&tick.at)));
        ticks.into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn ratios_are_even_on_a_logarithmic_axis() {
        let axis = Axis::logarithmic("loss", (0.01, 100.0));
        assert!((axis.position(1.0) - 0.5).abs() < 1e-15);
        assert!((axis.value(0.75) - 10.0).abs() < 1e-12);
        assert_eq!(labels(&axis), ["0.01", "0.1", "1", "10", "100"]);
    }

    #[test]
    fn ticks_of_ratios_are_round_however_wide_the_range() {
        let of = |least, most| labels(&Axis::logarithmic("loss", (least, most)));
        assert_eq!(of(0.9, 60.0), ["1", "2", "5", "10", "20", "50"]);
        assert_eq!(
            of(9.1e-5, 1.44e-4),
            ["0.00010", "0.00011", "0.00012", "0.00013", "0.00014"]
        );
        let wide = of(1e-300, 1e300);
        assert!((3..=8).contains(&wide.len()), "{wide:?}");
    }

    #[test]
    fn there_is_no_half_an_epoch() {
        assert_eq!(labels(&Axis::whole("epoch", (-0.1, 2.1))), ["0", "1", "2"]);
        assert_eq!(labels(&Axis::whole("epoch", (-0.1, 40.0)))[1], "10");
    }

    #[test]
    fn the_first_label_is_at_the_top() {
        let label = |name: &str| [name.to_string(), String::new()];
        let axis = Axis::labels("", vec![label("a"), label("b")]);
        let ticks = axis.ticks(5);
        assert_eq!((ticks[0].label.as_str(), ticks[0].at), ("a", 0.75));
        assert_eq!(ticks[1].at, 0.25);
    }
}
