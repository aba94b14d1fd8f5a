use crate::axis::Axis;
use crate::chart::{Chart, Layer};
use crate::number::rough;
use crate::picture::Body;
use crate::scene::Role;
use crate::ticks::{ends, with_margin};
use crate::{Picture, PlotError};

/// Epochs up to which each has a marker.
const MOST_MARKERS: usize = 100;

impl Picture {
    /// The loss after each epoch, on a logarithmic axis where all are above 0;
    /// with that of validation rows where it was measured. `validation` is empty
    /// or has a place for each epoch.
    ///
    /// # Errors
    ///
    /// No epochs, not as many losses as epochs, or values that are NaN, infinite
    /// or so far apart that their distance is.
    ///
    /// # Example
    ///
    /// ```
    /// use linreg_plot::Picture;
    ///
    /// # fn main() -> Result<(), linreg_plot::PlotError> {
    /// let validation = [Some(9.0), Some(2.0), Some(3.0)];
    /// let picture = Picture::losses(&[0.0, 1.0, 2.0], &[8.0, 1.0, 0.5], &validation)?;
    /// assert_eq!(picture.title(), "The loss of validation rows is least at epoch 1 of 2, and rises after it");
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
        // Even ratios tell nothing of losses that hardly differ.
        let y = match least > 0.0 && most / least > 1.5 {
            true => {
                let margin = (0.04 * (most.ln() - least.ln())).exp();
                let (low, high) = (least / margin, most * margin);
                let range = (low.max(f64::MIN_POSITIVE), high.min(f64::MAX));
                Axis::logarithmic("mean loss, logarithmic axis", range)
            }
            false => Axis::linear("mean loss", with_margin((least, most))),
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
                glyph,
                name: is_named.then_some(name),
            });
        }
        Ok(Self(Body::Chart(chart)))
    }
}

/// The title and the figures behind it.
fn words(training: &[(f64, f64)], validation: &[(f64, f64)]) -> (String, String) {
    let (first, last) = (training[0], training[training.len() - 1]);
    let from_to = format!("from {} to {}", rough(first.1), rough(last.1));
    let of_training = match training.len() {
        1 => format!("The loss is {} after one epoch", rough(last.1)),
        _ if last.1 < first.1 => format!("The loss falls {from_to}"),
        _ if last.1 > first.1 => format!("The loss rises {from_to}"),
        _ => format!("The loss stays at {}", rough(last.1)),
    };
    let Some((epoch, least)) = validation
        .iter()
        .copied()
        .min_by(|a, b| a.1.total_cmp(&b.1))
    else {
        let least = training.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1));
        let subtitle = match least {
            Some((epoch, least)) if least < last.1 => {
                format!("It is least, {}, at epoch {}", rough(least), epoch)
            }
            _ => String::new(),
        };
        return (of_training, subtitle);
    };
    let end = validation[validation.len() - 1];
    let title = match end.1 > least {
        true => format!(
            "The loss of validation rows is least at epoch {} of {}, and rises after it",
            epoch, end.0
        ),
        false => "The loss of validation rows is least at the end".to_string(),
    };
    let subtitle = format!(
        "Of validation rows {} at least and {} at the end; of training rows {from_to}",
        rough(least),
        rough(end.1)
    );
    (title, subtitle)
}
