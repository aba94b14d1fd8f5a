use crate::axis::Axis;
use crate::chart::{Chart, Layer};
use crate::course::Course;
use crate::number::rough;
use crate::scene::Role;
use crate::ticks::{ends, with_margin};
use crate::{Picture, PlotError};

/// Largest number of epochs with a marker for each.
const MOST_MARKERS: usize = 100;

impl Picture {
    /// The loss after each epoch, with the loss of validation rows where it was
    /// measured. The axis is logarithmic if all losses are above 0 and the largest
    /// is more than 1.5 times the smallest. `validation` is empty or has an element
    /// for each epoch. The title reports a rise or a fall only if the change is
    /// larger than the noise of the losses.
    ///
    /// # Errors
    ///
    /// [`PlotError::NoPoints`]; [`PlotError::Lengths`] unless there are as many
    /// losses as epochs; [`PlotError::NotFinite`]; or [`PlotError::TooWide`].
    ///
    /// # Example
    ///
    /// ```
    /// use linreg_plot::Picture;
    ///
    /// # fn main() -> Result<(), linreg_plot::PlotError> {
    /// let validation = [Some(9.0), Some(2.0), Some(3.0)];
    /// let picture = Picture::losses(&[0.0, 1.0, 2.0], &[8.0, 1.0, 0.5], &validation)?;
    /// assert_eq!(picture.title(), "The loss of validation rows is least at epoch 1 of 2");
    /// # Ok(())
    /// # }
    /// ```
    pub fn losses(
        epochs: &[f64],
        training: &[f64],
        validation: &[Option<f64>],
    ) -> Result<Self, PlotError> {
        let lengths = [
            ("loss", training.len()),
            ("validation loss", validation.len()),
        ];
        for (name, count) in lengths {
            let may_be_empty = name != "loss" && count == 0;
            if count != epochs.len() && !may_be_empty {
                return Err(PlotError::Lengths {
                    x_name: "epoch".to_string(),
                    x: epochs.len(),
                    y_name: name.to_string(),
                    y: count,
                });
            }
        }
        if epochs.is_empty() {
            return Err(PlotError::NoPoints);
        }
        let pairs = |losses: &mut dyn Iterator<Item = Option<f64>>| -> Vec<(f64, f64)> {
            let pairs = epochs.iter().zip(losses);
            pairs
                .filter_map(|(epoch, loss)| Some((*epoch, loss?)))
                .collect()
        };
        let training = pairs(&mut training.iter().copied().map(Some));
        let validation = pairs(&mut validation.iter().copied());
        let all = training.iter().chain(&validation).map(|point| point.1);
        let all: Vec<f64> = all.collect();
        for (name, values) in [("epoch", epochs), ("loss", &all)] {
            let name = name.to_string();
            if let Some(value) = values.iter().copied().find(|value| !value.is_finite()) {
                return Err(PlotError::NotFinite { name, value });
            }
            let (least, most) = with_margin(ends(values));
            if !(most - least).is_finite() {
                return Err(PlotError::TooWide { name, least, most });
            }
        }
        let (least, most) = ends(&all);
        // A logarithmic axis shows nothing more for losses that hardly differ.
        let y = if least > 0.0 && most / least > 1.5 {
            let margin = (0.04 * (most.ln() - least.ln())).exp();
            let (low, high) = (least / margin, most * margin);
            let range = (low.max(f64::MIN_POSITIVE), high.min(f64::MAX));
            Axis::logarithmic("mean loss, logarithmic axis", range)
        } else {
            Axis::linear("mean loss", with_margin((least, most)))
        };
        let x = Axis::whole("epoch", with_margin(ends(epochs)));
        let (title, subtitle) = words(&training, &validation);
        let mut chart = Chart::new(title, subtitle, x, y);
        let is_named = !validation.is_empty();
        for (points, role, glyph, name) in [
            (training, Role::Point, '*', "training rows"),
            (validation, Role::Line, 'o', "validation rows"),
        ] {
            if points.len() <= MOST_MARKERS && !points.is_empty() {
                chart.layers.push(Layer::Points {
                    points: points.clone(),
                    role,
                    radius: 2.5,
                    glyph: Some(glyph),
                    told: None,
                });
            }
            chart.layers.push(Layer::Curve {
                points,
                role,
                width: 1.5,
                glyph: Some(glyph),
                name: is_named.then(|| name.to_string()),
            });
        }
        Ok(Self::of(chart))
    }
}

/// The title and the subtitle.
fn words(training: &[(f64, f64)], validation: &[(f64, f64)]) -> (String, String) {
    let losses: Vec<f64> = training.iter().map(|point| point.1).collect();
    let (first, last) = (losses[0], losses[losses.len() - 1]);
    let from_to = format!("from {} to {}", rough(first), rough(last));
    let of_training = match Course::between(&losses, 0) {
        _ if losses.len() == 1 => format!("The loss is {} after one epoch", rough(last)),
        Course::Falls => format!("The loss falls {from_to}"),
        Course::Rises => format!("The loss rises {from_to}"),
        Course::Level => format!("The loss stays at about {}", rough(last)),
        Course::Unknown => {
            let epochs = losses.len();
            format!("The loss goes {from_to} in {epochs} epochs, too few to see a trend")
        }
    };
    let least_of = |points: &[(f64, f64)]| {
        let points = points.iter().copied().enumerate();
        points.min_by(|(_, a), (_, b)| a.1.total_cmp(&b.1))
    };
    let Some((index, (epoch, least))) = least_of(validation) else {
        let subtitle = match least_of(training) {
            Some((_, (epoch, least))) if rough(least) != rough(last) && least < last => {
                format!("It is least, {}, at epoch {}", rough(least), epoch)
            }
            _ => String::new(),
        };
        return (of_training, subtitle);
    };
    let losses: Vec<f64> = validation.iter().map(|point| point.1).collect();
    let end = validation[validation.len() - 1];
    let what = "The loss of validation rows";
    let title = match Course::between(&losses, index) {
        _ if index + 1 == losses.len() => format!("{what} is least at the end"),
        Course::Rises => format!(
            "{what} is least at epoch {epoch} of {}, and rises after it",
            end.0
        ),
        Course::Unknown => format!("{what} is least at epoch {epoch} of {}", end.0),
        Course::Level | Course::Falls => {
            format!(
                "{what} is least at epoch {epoch} of {}, level after it",
                end.0
            )
        }
    };
    let subtitle = format!(
        "Of validation rows {} at least and {} at the end; of training rows {from_to}",
        rough(least),
        rough(end.1)
    );
    (title, subtitle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Words;
    use crate::font::width;

    #[test]
    fn the_axis_is_logarithmic_where_it_can_be() {
        let y_ticks = |losses: &[f64]| {
            let epochs: Vec<f64> = (0..losses.len()).map(|epoch| epoch as f64).collect();
            let svg = Picture::losses(&epochs, losses, &[]).unwrap().svg();
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            let ticks = svg.split("class=\"y-tick\"").skip(1);
            let label = |part: &str| {
                part.split_once('>')
                    .unwrap()
                    .1
                    .split_once('<')
                    .unwrap()
                    .0
                    .to_string()
            };
            ticks.map(label).collect::<Vec<_>>()
        };
        assert_eq!(
            y_ticks(&[100.0, 1.0, 0.01]),
            ["0.01", "0.1", "1", "10", "100"]
        );
        assert_eq!(y_ticks(&[4.0, 2.0, 0.0]), ["0", "1", "2", "3", "4"]);
        assert!(!y_ticks(&[1e300, 1e-300]).is_empty());
        assert!(!y_ticks(&[5.0]).is_empty());
    }

    #[test]
    fn refuses_losses_that_do_not_fit_the_epochs() {
        let error = Picture::losses(&[0.0, 1.0], &[1.0], &[]).unwrap_err();
        assert_eq!(error.to_string(), "2 values of `epoch` for 1 of `loss`");
        assert_eq!(
            Picture::losses(&[], &[], &[]).unwrap_err(),
            PlotError::NoPoints
        );
    }

    #[test]
    fn titles_say_what_can_be_told() {
        let title = |losses: &[f64], validation: &[f64]| {
            let epochs: Vec<f64> = (0..losses.len()).map(|epoch| epoch as f64).collect();
            let validation: Vec<Option<f64>> = validation.iter().copied().map(Some).collect();
            Picture::losses(&epochs, losses, &validation)
                .unwrap()
                .title()
        };
        assert_eq!(title(&[8.0, 2.0, 1.0], &[]), "The loss falls from 8 to 1");
        assert_eq!(
            title(&[1.0, 1.1, 1.2], &[]),
            "The loss goes from 1 to 1.2 in 3 epochs, too few to see a trend"
        );
        let flat: Vec<f64> = crate::course::tests::normal(40, 3)
            .iter()
            .map(|z| 5.0 + 0.01 * z)
            .collect();
        assert!(title(&flat, &[]).starts_with("The loss stays at about "));
        let end = ", level after it";
        assert!(
            title(&flat, &flat).ends_with(end),
            "{}",
            title(&flat, &flat)
        );
        assert_eq!(
            title(&[9.0, 3.0, 1.0], &[9.0, 3.0, 1.0]),
            "The loss of validation rows is least at the end"
        );
    }

    #[test]
    fn long_names_of_curves_are_cut_to_fit_the_legend() {
        let names = [
            "training rows of ".repeat(3),
            "validation rows of ".repeat(3),
        ];
        let losses = [3.0, 2.0, 1.0];
        let picture = Picture::losses(&[0.0, 1.0, 2.0], &losses, &losses.map(Some)).unwrap();
        let shown = |curves: &[&str], picture: Picture| {
            let words = Words {
                curves: curves.iter().map(|name| name.to_string()).collect(),
                ..Words::default()
            };
            let svg = picture.with_words(words).svg_for_page("p");
            let texts = svg.split("<text class=\"legend\" x=\"").skip(1);
            let texts = texts.map(|text| {
                let (x, rest) = text.split_once('"').unwrap();
                let name = rest.split_once('>').unwrap().1.split_once('<').unwrap().0;
                (x.parse::<f64>().unwrap(), name.to_string())
            });
            texts.collect::<Vec<_>>()
        };
        let cut = shown(&[&names[0], &names[1]], picture.clone());
        let ends = cut.iter().map(|(x, name)| x + width(name, 12.0));
        let ends: Vec<f64> = ends.collect();
        assert!(ends[0] < cut[1].0 && ends[1] <= 460.0, "{cut:?} {ends:?}");
        assert!(cut.iter().all(|(_, name)| name.ends_with('…')), "{cut:?}");
        // A short name leaves its room to a long one.
        let one = shown(&["a", &names[1]], picture);
        assert_eq!(one[0].1, "a");
        assert!(one[1].1.len() > cut[1].1.len(), "{one:?}");
    }
}
