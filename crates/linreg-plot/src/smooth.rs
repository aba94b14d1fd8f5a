//! A smooth curve through many points.

/// The share of the rows that each local line is fitted to: Cleveland's own choice, and
/// that of R's `panel.smooth`.
const SPAN: f64 = 2.0 / 3.0;

/// The most places at which the curve is computed.
const MOST_PLACES: usize = 200;

/// Neighbouring points, as one.
struct Place {
    x: f64,
    y: f64,
    count: f64,
}

/// Local regression (LOWESS, Cleveland, *Robust Locally Weighted Regression and
/// Smoothing Scatterplots*, 1979, without its robustness iterations): at each place,
/// the value of a line through the nearest two thirds of the points, of which near ones
/// weigh more. The points are sorted by x; more than two hundred are averaged over
/// neighbours first.
pub(crate) fn smooth(xs: &[f64], ys: &[f64]) -> Vec<(f64, f64)> {
    let places = places(xs, ys);
    let enough = (SPAN * xs.len() as f64).floor().max(1.0);
    let value = |place: &Place| (place.x, local_line(&places, place.x, enough));
    places.iter().map(value).collect()
}

/// Means of neighbouring points; points with the same x stay together.
fn places(xs: &[f64], ys: &[f64]) -> Vec<Place> {
    let rows = xs.len().div_ceil(MOST_PLACES).max(1);
    let mut places = Vec::new();
    let mut start = 0;
    while start < xs.len() {
        let mut end = (start + rows).min(xs.len());
        while end < xs.len() && xs[end] == xs[end - 1] {
            end += 1;
        }
        places.push(Place {
            x: mean(&xs[start..end]),
            y: mean(&ys[start..end]),
            count: (end - start) as f64,
        });
        start = end;
    }
    places
}

/// The value at `x` of a line through the nearest places with at least `enough` points.
fn local_line(places: &[Place], x: f64, enough: f64) -> f64 {
    let mut nearest: Vec<(f64, &Place)> = places
        .iter()
        .map(|place| ((place.x - x).abs(), place))
        .collect();
    nearest.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut count = 0.0;
    let mut radius = 0.0;
    for (distance, place) in &nearest {
        // A line needs points beside those at x itself.
        if count >= enough && radius > 0.0 {
            break;
        }
        count += place.count;
        radius = *distance;
    }
    let weight = |distance: f64| {
        let share = distance / radius;
        if share < 1.0 {
            (1.0 - share.powi(3)).powi(3)
        } else {
            0.0
        }
    };
    let weighted = nearest.iter().map(|(distance, place)| {
        let weight = if radius > 0.0 { weight(*distance) } else { 1.0 };
        (place.count * weight, place)
    });
    let weighted: Vec<(f64, &&Place)> = weighted.filter(|(weight, _)| *weight > 0.0).collect();
    let sum = |of: &dyn Fn(&Place) -> f64| {
        let terms = weighted.iter().map(|(weight, place)| weight * of(place));
        terms.sum::<f64>()
    };
    let total = sum(&|_| 1.0);
    let (mean_x, mean_y) = (
        sum(&|place| place.x - x) / total,
        sum(&|place| place.y) / total,
    );
    let spread = sum(&|place| (place.x - x - mean_x).powi(2));
    if spread <= 0.0 {
        return mean_y;
    }
    let slope = sum(&|place| (place.x - x - mean_x) * (place.y - mean_y)) / spread;
    mean_y - slope * mean_x
}

pub(crate) fn mean(values: &[f64]) -> f64 {
    let first = values.first().copied().unwrap_or(f64::NAN);
    first + values.iter().map(|value| value - first).sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_is_that_of_statsmodels() {
        let xs: Vec<f64> = (0..40_u16)
            .map(|i| f64::from(i) + f64::from(i * 7 % 5) / 10.0)
            .collect();
        let y = |(i, x): (usize, &f64)| {
            (i * 37 % 11) as f64 / 2.0 - 2.0 + 3.0 * (x / 20.0 - 1.0).powi(2)
        };
        let ys: Vec<f64> = xs.iter().enumerate().map(y).collect();
        let curve = smooth(&xs, &ys);
        // statsmodels 0.15.0: lowess(y, x, frac=2/3, it=0, delta=0).
        for (index, x, y) in [
            (0, 0.0, 2.6402382843271837),
            (1, 1.2, 2.4932380893442914),
            (10, 10.0, 1.4627355799121682),
            (20, 20.0, 0.6331823834254777),
            (33, 33.1, 1.857520564140271),
            (39, 39.3, 2.7442177717082235),
        ] {
            let found = curve[index];
            assert!((found.0 - x).abs() < 1e-12, "{found:?}");
            assert!((found.1 - y).abs() < 1e-9, "{found:?}, {y}");
        }
    }

    #[test]
    fn a_line_stays_a_line_in_any_number_of_rows() {
        for count in [3_u32, 199, 201, 5000] {
            let xs: Vec<f64> = (0..count).map(|i| 1e6 + f64::from(i)).collect();
            let ys: Vec<f64> = xs.iter().map(|x| 3.0 - 2.0 * (x - 1e6)).collect();
            let curve = smooth(&xs, &ys);
            assert!(curve.len() <= MOST_PLACES);
            for (x, y) in curve {
                let expected = 3.0 - 2.0 * (x - 1e6);
                assert!((y - expected).abs() < 1e-8, "{count}: {x}, {y}");
            }
        }
    }

    #[test]
    fn places_that_most_rows_share_have_their_mean_nearly() {
        let xs: Vec<f64> = (0..300).map(|i| f64::from(i / 270)).collect();
        let ys: Vec<f64> = xs.iter().map(|x| 5.0 * x).collect();
        let curve = smooth(&xs, &ys);
        assert_eq!(curve.len(), 2);
        assert!((curve[0].1, curve[1].1) == (0.0, 5.0), "{curve:?}");
        assert_eq!(smooth(&[1.0; 5], &[1.0, 2.0, 3.0, 4.0, 5.0]), [(1.0, 3.0)]);
        assert!(smooth(&[], &[]).is_empty());
    }
}
