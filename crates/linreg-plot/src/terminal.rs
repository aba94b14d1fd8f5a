use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use crate::axis::Tick;
use crate::chart::{Chart, Layer};
use crate::cloud::Grid;
use crate::font::{cut, wrap};
use crate::name::without_marks;

/// Columns that a text takes.
pub(crate) fn columns_of(text: &str) -> usize {
    without_marks(text).width()
}

/// What is in each cell of a chart.
struct Canvas {
    columns: usize,
    rows: usize,
    cells: Vec<char>,
}

impl Chart {
    /// The chart as text: points as Braille dots or shades, lines as `*`.
    pub(crate) fn terminal(&self, width: usize, height: usize) -> String {
        let mut text = String::new();
        let too_wide = |line: &str| columns_of(line) > width;
        let title = wrap(&self.title, 2, too_wide);
        // Figures are worth less than the picture where there is little room.
        let subtitle = match height {
            0..16 => Vec::new(),
            _ => wrap(&self.subtitle, 2, too_wide),
        };
        let heading = [title, subtitle, self.terminal_legend(width)].concat();
        for line in heading.into_iter().filter(|line| !line.is_empty()) {
            let _ = writeln!(text, "{line}");
        }
        if !self.y.name.is_empty() {
            let _ = writeln!(text, "{}", cut(self.y.name.clone(), too_wide));
        }
        let is_named = !self.x.name.is_empty();
        // The axis, its labels and its name.
        let below = 2 + usize::from(is_named);
        let rows = height.saturating_sub(text.lines().count() + below).max(2);

        let mut y_ticks = self.y.ticks((rows / 2).clamp(2, 8));
        for tick in &mut y_ticks {
            let label = std::mem::take(&mut tick.label);
            tick.label = cut(label, |label| columns_of(label) > width * 2 / 5);
        }
        let margin = y_ticks.iter().map(|tick| columns_of(&tick.label)).max();
        let margin = margin.unwrap_or(0) + 1;
        let figures = self.y.figures().unwrap_or(&[]);
        let right = figures
            .iter()
            .map(|[_, figure]| columns_of(figure) + 1)
            .max();
        let columns = width.saturating_sub(margin + 1 + right.unwrap_or(0)).max(8);
        let mut label_of_row = vec![""; rows];
        let mut figure_of_row = vec![""; rows];
        for (index, tick) in y_ticks.iter().enumerate() {
            let row = cell(1.0 - tick.at, rows);
            label_of_row[row] = &tick.label;
            figure_of_row[row] = figures.get(index).map_or("", |[_, figure]| figure);
        }

        let canvas = self.canvas(columns, rows);
        for (row, cells) in canvas.cells.chunks(columns).enumerate() {
            let label = label_of_row[row];
            let axis = if label.is_empty() { '│' } else { '┤' };
            let space = margin - columns_of(label);
            let mut line = format!("{:space$}{label}{axis}", "");
            line.extend(cells);
            let _ = write!(line, " {}", figure_of_row[row]);
            let _ = writeln!(text, "{}", line.trim_end());
        }
        self.terminal_x_axis(&mut text, margin, columns, width);
        if is_named {
            let name = cut(self.x.name.clone(), |name| columns_of(name) > columns);
            let center = margin + 1 + (columns - columns_of(&name)) / 2;
            let _ = writeln!(text, "{:center$}{name}", "");
        }
        without_marks(text.trim_end_matches('\n'))
    }

    /// What is in the chart, without its axes, in lines of text.
    pub(crate) fn terminal_cells(&self, columns: usize, rows: usize) -> Vec<String> {
        let canvas = self.canvas(columns, rows);
        let lines = canvas.cells.chunks(columns);
        lines.map(|cells| cells.iter().collect()).collect()
    }

    fn terminal_legend(&self, width: usize) -> Vec<String> {
        let names = self.layers.iter().filter_map(|layer| match layer {
            Layer::Curve {
                glyph,
                name: Some(name),
                ..
            } => Some(format!("{glyph} {name}")),
            _ => None,
        });
        let names: Vec<String> = names.collect();
        match names.is_empty() {
            true => Vec::new(),
            false => vec![cut(names.join("   "), |line| columns_of(line) > width)],
        }
    }

    fn terminal_x_axis(&self, text: &mut String, margin: usize, columns: usize, width: usize) {
        let mut axis = vec!['─'; columns];
        let mut labels = String::new();
        let mut most = (columns / 10).clamp(2, 8);
        let mut ticks = self.x.ticks(most);
        let room = |ticks: &[Tick]| {
            ticks
                .iter()
                .map(|tick| columns_of(&tick.label) + 2)
                .sum::<usize>()
        };
        while most > 2 && room(&ticks) > columns {
            most -= 1;
            ticks = self.x.ticks(most);
        }
        for tick in ticks {
            let column = cell(tick.at, columns);
            let length = columns_of(&tick.label);
            let start = (margin + 1 + column).saturating_sub(length / 2);
            let start = start.min(width.saturating_sub(length));
            let used = columns_of(&labels);
            if used == 0 || start > used {
                axis[column] = '┬';
                let _ = write!(labels, "{:1$}{2}", "", start - used, tick.label);
            }
        }
        let axis: String = axis.into_iter().collect();
        let _ = writeln!(text, "{:margin$}└{axis}\n{labels}", "");
    }

    fn canvas(&self, columns: usize, rows: usize) -> Canvas {
        let mut canvas = Canvas {
            columns,
            rows,
            cells: vec![' '; columns * rows],
        };
        let place = |(x, y): &(f64, f64)| (self.x.position(*x), self.y.position(*y));
        for layer in &self.layers {
            match layer {
                Layer::Points {
                    points,
                    glyph: None,
                    ..
                } => canvas.dots(points.iter().map(place)),
                Layer::Points {
                    points,
                    glyph: Some(glyph),
                    ..
                } => {
                    for at in points.iter().map(place) {
                        canvas.put(at, *glyph);
                    }
                }
                Layer::Grid(grid) => canvas.shade(grid),
                Layer::Curve { points, glyph, .. } => {
                    for pair in points.windows(2) {
                        if let Some(ends) = self.clipped(pair[0], pair[1]) {
                            canvas.line(ends, *glyph);
                        }
                    }
                }
                Layer::Note { at, text, .. } => canvas.note(place(at), text),
            }
        }
        canvas
    }
}

impl Canvas {
    fn put(&mut self, (x, y): (f64, f64), glyph: char) {
        let row = cell(1.0 - y, self.rows);
        self.cells[row * self.columns + cell(x, self.columns)] = glyph;
    }

    fn dots(&mut self, points: impl Iterator<Item = (f64, f64)>) {
        for (x, y) in points {
            let (column, row) = (cell(x, 2 * self.columns), cell(1.0 - y, 4 * self.rows));
            let found = &mut self.cells[row / 4 * self.columns + column / 2];
            let before = match *found {
                '\u{2800}'..='\u{28ff}' => *found as u32,
                _ => 0x2800,
            };
            let dot = u32::from(DOTS[row % 4][column % 2]);
            *found = char::from_u32(before | dot).unwrap_or(' ');
        }
    }

    fn shade(&mut self, grid: &Grid) {
        let shades = Grid::shades(&grid.coarser(self.columns, self.rows));
        for (row, shades) in shades.chunks(self.columns).rev().enumerate() {
            for (column, shade) in shades.iter().enumerate() {
                if *shade > 0 {
                    let glyph = ['·', '░', '▒', '▓', '█'][shade - 1];
                    self.cells[row * self.columns + column] = glyph;
                }
            }
        }
    }

    fn line(&mut self, [from, to]: [(f64, f64); 2], glyph: char) {
        let steps = 2 * self.columns.max(self.rows);
        for step in 0..=steps {
            let share = step as f64 / steps as f64;
            let between = |from: f64, to: f64| from + share * (to - from);
            self.put((between(from.0, to.0), between(from.1, to.1)), glyph);
        }
    }

    /// Ends at the point, where there is room.
    fn note(&mut self, (x, y): (f64, f64), text: &str) {
        let text: Vec<char> = text.chars().collect();
        let (row, end) = (cell(1.0 - y, self.rows), cell(x, self.columns));
        if end >= text.len() {
            let start = row * self.columns + end - text.len();
            self.cells[start..start + text.len()].copy_from_slice(&text);
        }
    }
}

/// The bit of each dot of a Braille character, by row and column.
const DOTS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// The cell of a position from 0 to 1.
fn cell(position: f64, cells: usize) -> usize {
    ((position * cells as f64) as usize).min(cells - 1)
}
