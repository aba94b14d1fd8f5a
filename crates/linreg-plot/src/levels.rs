use std::cmp::Reverse;

use crate::axis::Axis;
use crate::chart::{Chart, Layer, Told};
use crate::drawing::Drawing;
use crate::name::shorten;
use crate::number::{number, thousands};
use crate::scene::{Role, Scene};
use crate::spans::TerminalPicture;
use crate::terminal::labelled;
use crate::ticks::with_margin;
use crate::{Picture, PlotError};

/// The rows of a level of a categorical column: how many they are, and what their target
/// is.
///
/// # Example
///
/// ```
/// use linreg_plot::{Level, Picture};
///
/// # fn main() -> Result<(), linreg_plot::PlotError> {
/// let bonn = Level::of("Bonn", &[310.0, 330.0, 290.0, 350.0]);
/// let ulm = Level::of("Ulm", &[210.0, 200.0, 190.0]);
/// let picture = Picture::levels("town", "price", &[ulm, bonn])?;
/// assert_eq!(picture.title(), "town alone explains 91.8 % of the variance of price");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// Its name.
    pub name: String,
    /// Number of its rows.
    pub rows: u64,
    /// The sum of their weights; the number of rows if all count the same.
    pub weight: f64,
    /// The weighted mean of their target.
    pub mean: f64,
    /// The weighted mean of the squared differences from it.
    pub variance: f64,
    /// Their target, or that of some of them that were drawn at random.
    pub values: Vec<f64>,
}

impl Level {
    /// The level of rows whose target has these values.
    pub fn of(name: &str, values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = crate::smooth::mean(values);
        let squares = values.iter().map(|value| (value - mean).powi(2));
        Self {
            name: name.to_string(),
            rows: values.len() as u64,
            weight: count,
            mean,
            variance: squares.sum::<f64>() / count,
            values: values.to_vec(),
        }
    }

    /// The share of the variance of the target that the means of the levels explain; None
    /// for a constant target.
    pub fn explained(levels: &[Self]) -> Option<f64> {
        let weight: f64 = levels.iter().map(|level| level.weight).sum();
        let sum: f64 = levels.iter().map(|level| level.weight * level.mean).sum();
        let mean = sum / weight;
        let between = |level: &Self| level.weight * (level.mean - mean).powi(2);
        let between: f64 = levels.iter().map(between).sum();
        let within: f64 = levels
            .iter()
            .map(|level| level.weight * level.variance)
            .sum();
        let share = between / (between + within);
        share.is_finite().then_some(share)
    }
}

/// Largest number of levels in an image.
const MOST_LEVELS: usize = 30;

/// Fewest values of a box; fewer are drawn one by one.
const FEWEST: usize = 5;

/// The height of a box in lines.
const BOX: f64 = 0.28;

#[derive(Clone, Debug)]
struct Levels {
    column: String,
    target: String,
    explained: Option<f64>,
    /// The one with the highest mean first.
    levels: Vec<Level>,
}

impl Picture {
    /// A categorical column against the target: for each level the mean, a box from the
    /// first to the third quartile with the median, whiskers that hold nine tenths of
    /// the values, and how many rows it has. The level with the highest mean comes
    /// first. An image shows at most thirty levels: those with the most rows.
    ///
    /// # Errors
    ///
    /// [`PlotError::NoPoints`] if no level has a row; [`PlotError::NotFinite`]; or
    /// [`PlotError::TooWide`] if the distance of values overflows.
    pub fn levels(column: &str, target: &str, levels: &[Level]) -> Result<Self, PlotError> {
        let mut shown: Vec<Level> = Vec::new();
        for level in levels.iter().filter(|level| level.rows > 0) {
            let numbers = [level.weight, level.mean, level.variance];
            let mut numbers = numbers.iter().chain(&level.values);
            if let Some(value) = numbers.find(|value| !value.is_finite()) {
                let (name, value) = (target.to_string(), *value);
                return Err(PlotError::NotFinite { name, value });
            }
            shown.push(level.clone());
        }
        if shown.is_empty() {
            return Err(PlotError::NoPoints);
        }
        let (least, most) = range(&shown);
        let (start, end) = with_margin((least, most));
        if !(end - start).is_finite() {
            let name = target.to_string();
            return Err(PlotError::TooWide { name, least, most });
        }
        shown.sort_by(|a, b| b.mean.total_cmp(&a.mean));
        Ok(Self::of(Levels {
            column: shorten(column, 40),
            target: shorten(target, 40),
            explained: Level::explained(&shown),
            levels: shown,
        }))
    }
}

/// The smallest and the largest of the means and values.
fn range(levels: &[Level]) -> (f64, f64) {
    let of_level = |level: &Level| {
        let values = level.values.iter().copied().chain([level.mean]);
        values.collect::<Vec<f64>>()
    };
    let values: Vec<f64> = levels.iter().flat_map(of_level).collect();
    crate::ticks::ends(&values)
}

/// The value below which this share of the sorted values lies, interpolated between
/// neighbours as in R's default (Hyndman and Fan, *Sample Quantiles in Statistical
/// Packages*, 1996, definition 7).
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    let rest = place - below as f64;
    sorted[below] * (1.0 - rest) + sorted[above] * rest
}

impl Levels {
    /// The levels that are drawn, with those left out if there are more than that.
    fn shown(&self, most: usize) -> Vec<&Level> {
        let mut shown: Vec<&Level> = self.levels.iter().collect();
        if shown.len() > most {
            shown.sort_by_key(|level| Reverse(level.rows));
            shown.truncate(most);
            shown.sort_by(|a, b| b.mean.total_cmp(&a.mean));
        }
        shown
    }

    fn chart(&self, most: usize) -> Chart {
        let shown = self.shown(most);
        let figure = |level: &&Level| {
            let rows = thousands(level.rows);
            let figure = format!("mean {}, n {rows}", number(level.mean));
            [shorten(&level.name, 40), figure]
        };
        let x = Axis::linear(&self.target, with_margin(range(&self.levels)));
        let y = Axis::labels(&self.column, shown.iter().map(figure).collect());
        let mut chart = Chart::new(self.title(), self.subtitle(most), x, y);
        let curve = |points: [(f64, f64); 2], role, width, glyph| Layer::Curve {
            points: points.to_vec(),
            role,
            width,
            glyph: Some(glyph),
            name: None,
        };
        for (line, level) in shown.iter().enumerate() {
            let line = line as f64;
            let mut values = level.values.clone();
            values.sort_unstable_by(f64::total_cmp);
            if values.len() < FEWEST {
                chart.layers.push(Layer::Points {
                    points: values.iter().map(|value| (*value, line)).collect(),
                    role: Role::Point,
                    radius: 1.5,
                    glyph: Some('·'),
                    told: None,
                });
                continue;
            }
            let [low, first, median, third, high] =
                [0.05, 0.25, 0.5, 0.75, 0.95].map(|share| quantile(&values, share));
            for ends in [[low, first], [third, high]] {
                let whisker = ends.map(|end| (end, line));
                chart.layers.push(curve(whisker, Role::Point, 1.5, '─'));
            }
            chart.layers.push(Layer::Boxes {
                boxes: vec![[first, line - BOX, third, line + BOX]],
                glyph: '▒',
            });
            chart.layers.push(Layer::Stroke {
                at: (median, line),
                half: BOX,
                role: Role::Point,
                glyph: '│',
            });
        }
        let means = shown.iter().enumerate();
        let told = |level: &&Level| {
            let [name, figure] = figure(level);
            [name, figure]
        };
        chart.with(Layer::Points {
            points: means
                .map(|(line, level)| (level.mean, line as f64))
                .collect(),
            role: Role::Line,
            radius: 3.5,
            glyph: Some('●'),
            told: Some(Told {
                names: ["level", "rows"],
                texts: shown.iter().map(told).collect(),
            }),
        })
    }

    fn title(&self) -> String {
        let (column, target) = (shorten(&self.column, 24), shorten(&self.target, 24));
        match self.explained {
            None => format!("{target} is constant"),
            Some(share) => format!(
                "{column} alone explains {:.1} % of the variance of {target}",
                100.0 * share
            ),
        }
    }

    fn subtitle(&self, most: usize) -> String {
        let all = self.levels.len();
        let which = if all > most {
            format!(". The {most} of {all} levels with the most rows")
        } else {
            String::new()
        };
        let rows: u64 = self.levels.iter().map(|level| level.rows).sum();
        let drawn: u64 = self
            .levels
            .iter()
            .map(|level| level.values.len() as u64)
            .sum();
        if drawn == 0 {
            return format!("Dot: mean, in which rows count by their weights{which}");
        }
        let sample = if drawn < rows {
            format!(" (boxes of {} rows drawn at random)", thousands(drawn))
        } else {
            String::new()
        };
        format!("Box: middle half, with the median; whiskers: 90 %; dot: mean{sample}{which}")
    }
}

impl Drawing for Levels {
    fn title(&self) -> String {
        self.title()
    }

    fn description(&self) -> String {
        let chart = self.chart(MOST_LEVELS);
        let of_levels = chart.y.figures().unwrap_or_default().iter();
        let of_levels: Vec<String> = of_levels
            .map(|[name, figure]| format!("{name}: {figure}"))
            .collect();
        format!("{}. {}", chart.description(), of_levels.join("; "))
    }

    /// The height depends on the number of levels.
    fn scene(&self, (width, _): (f64, f64)) -> Scene {
        let lines = self.levels.len().min(MOST_LEVELS) as f64;
        self.chart(MOST_LEVELS).scene_of_lines(width, 26.0 * lines)
    }

    fn terminal(&self, width: usize, height: usize) -> TerminalPicture {
        labelled(self.levels.len(), (width, height), |most| self.chart(most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_explained_is_that_of_the_analysis_of_variance() {
        let levels = [
            Level::of("a", &[1.0, 2.0, 3.0]),
            Level::of("b", &[4.0, 6.0, 8.0, 10.0]),
            Level::of("c", &[]),
        ];
        // By hand: means 2 and 7, grand mean 34 / 7; between 300 / 7, within 2 + 20.
        let between = 300.0 / 7.0;
        let share = Level::explained(&levels[..2]).unwrap();
        assert!((share - between / (between + 22.0)).abs() < 1e-15);
        let picture = Picture::levels("town", "y", &levels).unwrap();
        assert_eq!(
            picture.title(),
            "town alone explains 66.1 % of the variance of y"
        );
        let same = [Level::of("a", &[2.0, 2.0])];
        let picture = Picture::levels("town", "y", &same).unwrap();
        assert_eq!(picture.title(), "y is constant");
    }

    #[test]
    fn quartiles_are_those_of_r() {
        // R's quantile(c(1, 2, 4, 8, 16, 32), c(.05, .25, .5, .75, .95)).
        let sorted = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0];
        for (share, expected) in [
            (0.05, 1.25),
            (0.25, 2.5),
            (0.5, 6.0),
            (0.75, 14.0),
            (0.95, 28.0),
        ] {
            assert!(
                (quantile(&sorted, share) - expected).abs() < 1e-12,
                "{share}"
            );
        }
    }

    #[test]
    fn a_box_ends_at_the_quartiles_and_whiskers_hold_nine_tenths() {
        let values: Vec<f64> = (0..=100).map(f64::from).collect();
        let levels = Levels {
            column: String::new(),
            target: String::new(),
            explained: None,
            levels: vec![Level::of("a", &values)],
        };
        let chart = levels.chart(1);
        let mut whiskers = Vec::new();
        for layer in &chart.layers {
            match layer {
                Layer::Boxes { boxes, .. } => assert_eq!(boxes[0], [25.0, -BOX, 75.0, BOX]),
                Layer::Stroke { at, .. } => assert_eq!(*at, (50.0, 0.0)),
                Layer::Curve { points, .. } => whiskers.push(points.clone()),
                Layer::Points { points, .. } => assert_eq!(points[..], [(50.0, 0.0)]),
                _ => panic!("{layer:?}"),
            }
        }
        let expected = [
            vec![(5.0, 0.0), (25.0, 0.0)],
            vec![(75.0, 0.0), (95.0, 0.0)],
        ];
        assert_eq!(whiskers, expected);
    }

    #[test]
    fn a_level_has_a_box_or_its_few_rows_and_the_highest_comes_first() {
        let values: Vec<f64> = (0..100).map(f64::from).collect();
        let levels = [Level::of("few", &[-1.0, 7.0]), Level::of("<many>", &values)];
        let picture = Picture::levels("town", "price", &levels).unwrap();
        let svg = picture.svg_for_page("l");
        // A box, two means and the two rows of the smaller level.
        assert_eq!(svg.matches("class=\"cells\"").count(), 1);
        assert_eq!(svg.matches("<circle ").count(), 4);
        assert!(svg.find(">&lt;many&gt;<") < svg.find(">few<"), "{svg}");
        assert!(svg.contains(">mean 49.5, n 100</text>"), "{svg}");
        assert!(
            picture
                .description()
                .contains("<many>: mean 49.5, n 100; few: mean 3, n 2")
        );
        let text = picture.terminal(70, 12).to_string();
        assert!(text.contains('▒') && text.contains('●'), "{text}");
        assert!(text.lines().count() <= 12, "{text}");
    }

    #[test]
    fn each_level_has_a_line_of_its_own_in_a_terminal() {
        for count in [1_u32, 4, 15, 16, 17, 18, 19, 29, 60] {
            let level = |index: u32| Level::of(&format!("L{index:02}"), &[f64::from(index)]);
            let levels: Vec<Level> = (0..count).map(level).collect();
            let picture = Picture::levels("town", "y", &levels).unwrap();
            for height in [12, 24, 25] {
                let text = picture.terminal(80, height).to_string();
                assert!(text.lines().count() <= height, "{text}");
                let shown: Vec<&str> = text.lines().filter(|line| line.contains('●')).collect();
                assert!(
                    shown.iter().all(|line| line.matches('●').count() == 1),
                    "{text}"
                );
                assert!(shown.iter().all(|line| line.contains('L')), "{text}");
                let is_told = text.contains(&format!("The {} of {count}", shown.len()));
                assert!(
                    shown.len() as u32 == count || is_told || height < 16,
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn of_many_levels_those_with_most_rows_are_drawn() {
        let level = |index: u32| Level {
            rows: u64::from(index),
            ..Level::of(&format!("l{index}."), &[f64::from(index)])
        };
        let levels: Vec<Level> = (1..=100).map(level).collect();
        let svg = Picture::levels("town", "y", &levels).unwrap().svg();
        assert!(
            svg.contains("The 30 of 100 levels with the most rows"),
            "{svg}"
        );
        assert!(svg.contains(">l71.<") && !svg.contains(">l70.<"));
    }
}
