use crate::chart::{Chart, Layer};
use crate::cloud::same_length;
use crate::number::{rough, thousands};
use crate::scene::Role;
use crate::{Cloud, Picture, PlotError};

/// Cook's distances that have a contour.
const CONTOURS: [f64; 2] = [0.5, 1.0];

impl Picture {
    /// Standardised residuals against leverage, from 0 to 1, with contours of
    /// Cook's distance: rows beyond them influence the fit strongly.
    ///
    /// With k coefficients, leverage h and standardised residual r, the distance
    /// is r² h / (k (1 - h)) (Cook, *Detection of Influential Observation in
    /// Linear Regression*, 1977). The three rows with the largest distance are labelled
    /// with their numbers, if `row_numbers` has any: then it has one for each.
    ///
    /// # Errors
    ///
    /// Those of [`Picture::scatter`].
    ///
    /// # Example
    ///
    /// ```
    /// use linreg_plot::Picture;
    ///
    /// # fn main() -> Result<(), linreg_plot::PlotError> {
    /// let rows = [1, 2, 3];
    /// let picture = Picture::leverage(&[0.1, 0.2, 0.8], &[1.0, -0.5, 2.0], 2, &rows)?;
    /// assert_eq!(picture.title(), "1 row changes the fit: its Cook's distance is 8");
    /// # Ok(())
    /// # }
    /// ```
    pub fn leverage(
        leverage: &[f64],
        standardised: &[f64],
        num_coefficients: usize,
        row_numbers: &[u64],
    ) -> Result<Self, PlotError> {
        if !row_numbers.is_empty() {
            let rows = ("row numbers", row_numbers.len());
            same_length(("leverage", leverage.len()), rows)?;
        }
        let cloud = Cloud::of("leverage", leverage, "standardised residual", standardised)?;
        let size = num_coefficients.max(1) as f64;
        let distances = leverage.iter().zip(standardised);
        let distances = distances.map(|(h, r)| r * r * h / (size * (1.0 - h)));
        let distances: Vec<f64> = distances.collect();
        let (mut moving, mut most) = (0u64, 0.0f64);
        for distance in distances.iter().copied() {
            moving += u64::from(distance > CONTOURS[1]);
            most = most.max(distance);
        }
        let title = match moving {
            0 if most > CONTOURS[0] => {
                format!(
                    "Look at the outermost row: its Cook's distance is {}",
                    rough(most)
                )
            }
            0 => format!(
                "No row has a Cook's distance above {}: the largest is {}",
                CONTOURS[0],
                rough(most)
            ),
            1 => format!(
                "1 row changes the fit: its Cook's distance is {}",
                rough(most)
            ),
            _ => format!(
                "{} rows change the fit: their Cook's distance is up to {}",
                thousands(moving),
                rough(most)
            ),
        };
        let greatest = leverage.iter().copied().fold(0.0, f64::max);
        let mut chart = Chart::of_cloud(title, String::new(), &cloud)
            .with_radius(1.5)
            .with_line(|_| 0.0, Role::Faint);
        let mut is_any_seen = false;
        for distance in CONTOURS {
            for side in [1.0, -1.0] {
                is_any_seen |= chart.add_contour(distance, side, size);
            }
        }
        let contours = if is_any_seen {
            "lines are Cook's distances of 0.5 and 1"
        } else {
            "Cook's distances of 0.5 and 1 lie outside"
        };
        chart.subtitle = format!("Leverage {} at most; {contours}", rough(greatest));
        for index in largest(&distances, row_numbers.len()) {
            chart.layers.push(Layer::Note {
                at: (leverage[index], standardised[index]),
                text: format!("row {}", thousands(row_numbers[index])),
                // At the top there is no room above.
                is_above: chart.y.position(standardised[index]) < 0.9,
            });
        }
        Ok(Self::of(chart))
    }
}

/// The places of the largest distances: as many as can be read beside one another.
fn largest(distances: &[f64], known: usize) -> Vec<usize> {
    const MOST: usize = 3;
    let mut places: Vec<usize> = (0..distances.len().min(known)).collect();
    places.sort_by(|a, b| distances[*b].total_cmp(&distances[*a]));
    places.truncate(MOST);
    places
}

impl Chart {
    /// Adds the contour of this Cook's distance for residuals of one sign, and
    /// returns whether any of it is inside the chart.
    fn add_contour(&mut self, distance: f64, side: f64, size: f64) -> bool {
        const STEPS: i32 = 200;
        let leverages = (0..=STEPS).map(|step| self.x.value(f64::from(step) / f64::from(STEPS)));
        let leverages = leverages.filter(|h| *h > 0.0 && *h < 1.0);
        let points = leverages.map(|h| (h, side * (distance * size * (1.0 - h) / h).sqrt()));
        let points: Vec<(f64, f64)> = points.collect();
        let is_inside = |point: &&(f64, f64)| {
            let (x, y) = (self.x.position(point.0), self.y.position(point.1));
            (0.0..=1.0).contains(&x) && (0.0..=1.0).contains(&y)
        };
        let Some(last) = points.iter().rfind(is_inside).copied() else {
            return false;
        };
        self.layers.push(Layer::Curve {
            points,
            role: Role::Line,
            width: 1.0,
            glyph: None,
            name: None,
        });
        self.layers.push(Layer::Note {
            at: last,
            text: rough(distance),
            // On the side of 0, which the curve does not come from.
            is_above: side < 0.0,
        });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_with_the_largest_distance_are_labelled() {
        let leverage = [0.1, 0.2, 0.8, 0.3, 0.1];
        let residuals = [1.0, -0.5, 2.0, -2.0, 0.1];
        let numbers = [7, 8, 1009, 10, 11];
        let svg = |numbers: &[u64]| {
            let picture = Picture::leverage(&leverage, &residuals, 2, numbers);
            picture.unwrap().svg()
        };
        // Distances: 0.056, 0.031, 8, 0.857, 0.0006.
        let labelled = svg(&numbers);
        for row in ["row 1,009", "row 10", "row 7"] {
            assert!(labelled.contains(&format!(">{row}</text>")), "{labelled}");
        }
        assert_eq!(labelled.matches(">row ").count(), 3);
        assert_eq!(svg(&[]).matches(">row ").count(), 0);
        let error = Picture::leverage(&leverage, &residuals, 2, &[1]).unwrap_err();
        assert!(matches!(error, PlotError::Lengths { .. }));
    }
}
