use serde::{Deserialize, Serialize};

use crate::chart::Chart;
use crate::cloud::MOST_POINTS;
use crate::drawing::Drawing;
use crate::font::{cut, width, wrap};
use crate::name::shorten;
use crate::number::rough;
use crate::scene::{Anchor, Role, Scene};
use crate::spans::{Ink, TerminalPicture, TextLine, columns_of};
use crate::{Cloud, Picture, PlotError};

/// Scatter plots of every pair of columns, whose rows can be added in blocks.
///
/// # Example
///
/// ```
/// use linreg_plot::{Picture, ScatterMatrix};
///
/// # fn main() -> Result<(), linreg_plot::PlotError> {
/// let mut matrix = ScatterMatrix::new(&[("a", 0.0, 2.0), ("b", 0.0, 3.0)])?;
/// matrix.update(&[&[0.0, 1.0, 2.0], &[3.0, 1.0, 0.0]])?;
/// let picture = Picture::matrix_of(matrix)?;
/// assert_eq!(picture.title(), "a and b go together most closely: correlation -0.98");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ScatterMatrix {
    names: Vec<String>,
    ends: Vec<(f64, f64)>,
    /// The lower triangle, row by row from the left.
    pairs: Vec<Cloud>,
}

impl ScatterMatrix {
    /// Largest number of columns.
    pub const MOST_COLUMNS: usize = 12;

    /// Returns a matrix without rows, for columns with these names, smallest and
    /// largest values; it uses the first [`MOST_COLUMNS`] of them.
    ///
    /// [`MOST_COLUMNS`]: Self::MOST_COLUMNS
    ///
    /// # Errors
    ///
    /// Those of [`Cloud::new`], or [`PlotError::FewColumns`] for fewer than two.
    pub fn new(columns: &[(&str, f64, f64)]) -> Result<Self, PlotError> {
        let columns = &columns[..columns.len().min(Self::MOST_COLUMNS)];
        if columns.len() < 2 {
            return Err(PlotError::FewColumns {
                count: columns.len(),
            });
        }
        let num_pairs = columns.len() * (columns.len() - 1) / 2;
        let points = (ALL_POINTS / num_pairs).min(MOST_POINTS);
        let mut pairs = Vec::new();
        for (row, y) in columns.iter().enumerate() {
            for x in &columns[..row] {
                pairs.push(Cloud::new(*x, *y)?.with_detail(points, 60, 45));
            }
        }
        Ok(Self {
            names: columns.iter().map(|(name, ..)| name.to_string()).collect(),
            ends: columns
                .iter()
                .map(|(_, least, most)| (*least, *most))
                .collect(),
            pairs,
        })
    }

    /// Adds rows, given as columns. Those beyond the names are ignored.
    ///
    /// # Errors
    ///
    /// [`PlotError::Columns`] for fewer columns than names, [`PlotError::Lengths`], or
    /// values outside their range.
    pub fn update(&mut self, columns: &[&[f64]]) -> Result<(), PlotError> {
        let (count, names) = (columns.len(), self.names.len());
        if count < names {
            return Err(PlotError::Columns { count, names });
        }
        let mut pairs = self.pairs.iter_mut();
        for (row, y) in columns[..names].iter().enumerate() {
            for (x, cloud) in columns[..row].iter().zip(pairs.by_ref()) {
                cloud.update(x, y)?;
            }
        }
        Ok(())
    }

    /// Adds the rows of another matrix of the same columns.
    ///
    /// # Errors
    ///
    /// [`PlotError::Columns`] for a matrix of another number of columns, or
    /// [`PlotError::OtherColumn`] for one of columns with other names, or with other
    /// smallest and largest values. Nothing is added then.
    pub fn merge(&mut self, other: Self) -> Result<(), PlotError> {
        let (count, names) = (other.names.len(), self.names.len());
        if count != names {
            return Err(PlotError::Columns { count, names });
        }
        let mut pairs = self.pairs.iter().zip(&other.pairs);
        pairs.try_for_each(|(pair, other)| pair.check_same(other))?;
        let mut pairs = self.pairs.iter_mut().zip(other.pairs);
        pairs.try_for_each(|(pair, other)| pair.merge(other))
    }

    fn pair(&self, row: usize, column: usize) -> &Cloud {
        let (high, low) = (row.max(column), row.min(column));
        &self.pairs[high * (high - 1) / 2 + low]
    }

    /// The correlations of all pairs of columns, by row and column.
    fn correlations(&self) -> impl Iterator<Item = (usize, usize, Option<f64>)> {
        let rows = 1..self.names.len();
        let pairs = rows.flat_map(|row| (0..row).map(move |column| (row, column)));
        pairs.map(|(row, column)| (row, column, self.pair(row, column).correlation()))
    }
}

impl Picture {
    /// Scatter plots of every pair of columns with their correlations, for the first
    /// twelve columns.
    ///
    /// # Errors
    ///
    /// [`PlotError::FewColumns`] for fewer than two columns,
    /// [`PlotError::NoPoints`], [`PlotError::Lengths`], [`PlotError::NotFinite`] or
    /// [`PlotError::TooWide`].
    pub fn matrix(names: &[&str], columns: &[&[f64]]) -> Result<Self, PlotError> {
        let ends = names.iter().zip(columns).map(|(name, values)| {
            let (least, most) = if values.is_empty() {
                (0.0, 0.0)
            } else {
                crate::ticks::ends(values)
            };
            (*name, least, most)
        });
        let mut matrix = ScatterMatrix::new(&ends.collect::<Vec<_>>())?;
        matrix.update(columns)?;
        Self::matrix_of(matrix)
    }

    /// The same for rows that were added in blocks.
    ///
    /// # Errors
    ///
    /// [`PlotError::NoPoints`] if there are no rows.
    pub fn matrix_of(matrix: ScatterMatrix) -> Result<Self, PlotError> {
        match matrix.pairs.first().map_or(0, Cloud::count) {
            0 => Err(PlotError::NoPoints),
            _ => Ok(Self::of(matrix)),
        }
    }
}

/// Width and height of a cell of the matrix, in points.
const CELL: (f64, f64) = (126.0, 96.0);
const MARGIN: f64 = 14.0;
const HEADER: f64 = 56.0;

/// Largest number of points that are drawn one by one in all cells together: beyond it an
/// image has more than 2 MB.
const ALL_POINTS: usize = 40_000;

/// A correlation to two digits, of which none is -0.00.
fn two_digits(r: f64) -> String {
    format!("{:.2}", (100.0 * r).round() / 100.0 + 0.0)
}

impl ScatterMatrix {
    fn title(&self) -> String {
        let known = self
            .correlations()
            .filter_map(|(row, column, r)| Some((row, column, r?)));
        match known.max_by(|a, b| a.2.abs().total_cmp(&b.2.abs())) {
            None => "No two columns vary together: at most one varies at all".to_string(),
            Some((row, column, r)) => {
                let [one, other] = [column, row].map(|index| shorten(&self.names[index], 24));
                format!(
                    "{one} and {other} go together most closely: correlation {}",
                    two_digits(r)
                )
            }
        }
    }

    fn description(&self) -> String {
        let list = self.correlations().map(|(row, column, r)| {
            let [one, other] = [column, row].map(|index| shorten(&self.names[index], 24));
            let r = r.map_or("none".to_string(), two_digits);
            format!("{one} and {other} {r}")
        });
        let list: Vec<String> = list.collect();
        format!(
            "Scatter of every two columns. Correlations: {}.",
            list.join(", ")
        )
    }

    fn scene(&self) -> Scene {
        let size = self.names.len();
        let (wide, high) = CELL;
        let all = (size as f64 * wide, size as f64 * high);
        let mut scene = Scene::new((all.0 + 2.0 * MARGIN).max(480.0), all.1 + HEADER + MARGIN);
        let room = scene.width - 2.0 * MARGIN;
        let title = wrap(&self.title(), 2, |title| width(title, 15.0) > room);
        let header = HEADER + 20.0 * (title.len() as f64 - 1.0);
        scene.height += header - HEADER;
        for (index, line) in title.into_iter().enumerate() {
            let at = (MARGIN, 30.0 + 20.0 * index as f64);
            scene.text("title", at, line, (15.0, Role::Ink, Anchor::Start));
        }
        let subtitle = "Below the names each pair of columns, above them its correlation";
        scene.text(
            "subtitle",
            (MARGIN, header - 10.0),
            subtitle,
            (12.0, Role::Faint, Anchor::Start),
        );
        for row in 0..size {
            for column in 0..size {
                let corner = (MARGIN + column as f64 * wide, header + row as f64 * high);
                self.cell(&mut scene, row, column, corner);
            }
        }
        scene
    }

    fn cell(&self, scene: &mut Scene, row: usize, column: usize, (left, top): (f64, f64)) {
        let (wide, high) = (CELL.0 - 6.0, CELL.1 - 6.0);
        let (right, bottom) = (left + wide, top + high);
        let middle = (left + wide / 2.0, top + high / 2.0);
        let frame = [
            (left, top),
            (right, top),
            (right, bottom),
            (left, bottom),
            (left, top),
        ];
        scene.path("cell", frame, (Role::Grid, 1.0));
        if row == column {
            let fits = |text: &str, size: f64| width(text, size) <= wide - 12.0;
            let name = cut(shorten(&self.names[row], 60), |name| !fits(name, 13.0));
            scene.text(
                "name",
                (middle.0, middle.1),
                name,
                (13.0, Role::Ink, Anchor::Middle),
            );
            let (least, most) = self.ends[row];
            let range = if least < most {
                format!("{} to {}", rough(least), rough(most))
            } else {
                format!("always {}", rough(least))
            };
            let lines = wrap(&range, 2, |range| !fits(range, 10.0));
            for (index, line) in lines.into_iter().enumerate() {
                let at = (middle.0, middle.1 + 16.0 + 13.0 * index as f64);
                scene.text("range", at, line, (10.0, Role::Faint, Anchor::Middle));
            }
            return;
        }
        let cloud = self.pair(row, column);
        if column > row {
            let r = cloud.correlation();
            let (text, role) = match r {
                Some(r) if r < -0.005 => (two_digits(r), Role::Line),
                Some(r) => (two_digits(r), Role::Point),
                None => ("-".to_string(), Role::Faint),
            };
            let size = 12.0 + 12.0 * r.unwrap_or(0.0).abs();
            let at = (middle.0, middle.1 + size * 0.35);
            scene.text("correlation", at, text, (size, role, Anchor::Middle));
            return;
        }
        let chart = Chart::of_cloud(String::new(), String::new(), cloud);
        chart.layers_within(scene, (left, top, right, bottom));
    }

    /// Correlations as a table, with small pictures below the names. Columns that do
    /// not fit in the width are left out.
    fn terminal(&self, wide: usize, high: usize) -> TerminalPicture {
        let size = self.names.len();
        let cell_width = (wide / size).max(7);
        let columns = (wide / cell_width).min(size);
        let rows = ((high - 2) / columns).max(1);
        let mut picture = TerminalPicture::default();
        picture.push_text(&cut(self.title(), |title| columns_of(title) > wide));
        picture.push_text("");
        for row in 0..columns {
            let mut lines: Vec<TextLine> = (0..rows).map(|_| TextLine::default()).collect();
            for column in 0..columns {
                let cell = self.terminal_cell(row, column, cell_width - 1, rows);
                for (line, cell) in lines.iter_mut().zip(cell) {
                    let space = cell_width.saturating_sub(cell.columns());
                    line.append(cell);
                    line.push_spaces(space);
                }
            }
            lines.into_iter().for_each(|line| picture.push(line));
        }
        picture.finished()
    }

    fn terminal_cell(&self, row: usize, column: usize, wide: usize, rows: usize) -> Vec<TextLine> {
        if row > column {
            let cloud = self.pair(row, column);
            let chart = Chart::of_cloud(String::new(), String::new(), cloud);
            return chart.canvas(wide, rows).lines().collect();
        }
        let text = if row == column {
            let name = shorten(&self.names[row], 60);
            cut(name, |name| columns_of(name) > wide)
        } else {
            let r = self.pair(row, column).correlation();
            r.map_or("-".to_string(), two_digits)
        };
        let mut lines: Vec<TextLine> = (0..rows).map(|_| TextLine::default()).collect();
        let middle = &mut lines[rows / 2];
        middle.push_spaces(wide.saturating_sub(columns_of(&text)) / 2);
        middle.push(Ink::Text, &text);
        lines
    }
}

impl Drawing for ScatterMatrix {
    fn title(&self) -> String {
        self.title()
    }

    fn description(&self) -> String {
        self.description()
    }

    /// The size depends on the number of columns.
    fn scene(&self, _size: (f64, f64)) -> Scene {
        self.scene()
    }

    fn terminal(&self, width: usize, height: usize) -> TerminalPicture {
        self.terminal(width, height)
    }
}
