use crate::chart::{Chart, Layer};
use crate::grid::Grid;
use crate::scene::Role;
use crate::spans::{Ink, TextLine};

/// The cells of a chart in a terminal.
pub(crate) struct Canvas {
    columns: usize,
    rows: usize,
    cells: Vec<Cell>,
}

#[derive(Clone, Copy)]
struct Cell {
    mark: Mark,
    /// The ink of the foremost mark.
    ink: Ink,
}

#[derive(Clone, Copy, PartialEq)]
enum Mark {
    Empty,
    /// Dots of a Braille character, as bits.
    Dots(u8),
    /// A shade for the number of points.
    Shade(char),
    /// The character of a point.
    Point(char),
    /// A piece of a curve.
    Curve(char),
    /// A letter of a note.
    Letter(char),
}

/// Character of a curve without one of its own, if points are drawn as shades.
const ON_SHADES: char = '*';

impl Chart {
    /// Draws the content of the chart without its axes. Curves and notes never hide
    /// points; a curve on shades covers every second one.
    pub(crate) fn canvas(&self, columns: usize, rows: usize) -> Canvas {
        let empty = Cell {
            mark: Mark::Empty,
            ink: Ink::Text,
        };
        let mut canvas = Canvas {
            columns,
            rows,
            cells: vec![empty; columns * rows],
        };
        // More dots than that would run into one another.
        let is_crowded = |points: &[(f64, f64)]| points.len() > 2 * columns * rows;
        let has_shades = self.layers.iter().any(|layer| match layer {
            Layer::Grid(_) => true,
            Layer::Points { points, glyph, .. } => glyph.is_none() && is_crowded(points),
            _ => false,
        });
        let place = |(x, y): &(f64, f64)| (self.x.position(*x), self.y.position(*y));
        for layer in &self.layers {
            match layer {
                Layer::Points {
                    points,
                    role,
                    glyph,
                    ..
                } => {
                    if glyph.is_none() && is_crowded(points) {
                        let mut counts = vec![0; columns * rows];
                        for (x, y) in points.iter().map(place) {
                            counts[cell(y, rows) * columns + cell(x, columns)] += 1;
                        }
                        canvas.shade(&counts);
                        continue;
                    }
                    for at in points.iter().map(place) {
                        match glyph {
                            Some(glyph) => canvas.point(at, *glyph, (*role).into()),
                            None => canvas.dot(canvas.dot_at(at), (*role).into()),
                        }
                    }
                }
                Layer::Grid(grid) => canvas.shade(&grid.coarser(columns, rows)),
                Layer::Curve {
                    points,
                    role,
                    glyph,
                    ..
                } => {
                    let pieces = points.windows(2);
                    let pieces = pieces.filter_map(|pair| self.clipped(pair[0], pair[1]));
                    match glyph {
                        None if has_shades => canvas.curve(pieces, ON_SHADES, (*role).into()),
                        None => canvas.curve_of_dots(pieces, (*role).into()),
                        Some(glyph) => canvas.curve(pieces, *glyph, (*role).into()),
                    }
                }
                Layer::Boxes { boxes, glyph } => {
                    let piece = |[left, first, right, last]: &[f64; 4]| {
                        let middle = (first + last) / 2.0;
                        [*left, *right].map(|x| place(&(x, middle)))
                    };
                    canvas.curve(boxes.iter().map(piece), *glyph, Role::Point.into());
                }
                Layer::Stroke {
                    at, role, glyph, ..
                } => canvas.stroke(place(at), *glyph, (*role).into()),
                Layer::Note { at, text, .. } => canvas.note(place(at), text),
            }
        }
        canvas
    }
}

/// The two ends of a straight piece of a curve, in shares of width and height.
type Piece = [(f64, f64); 2];

impl Canvas {
    /// The cells of each row, from the top.
    pub(crate) fn lines(&self) -> impl Iterator<Item = TextLine> {
        self.cells.chunks(self.columns).map(|cells| {
            let mut line = TextLine::default();
            for cell in cells {
                let character = cell.mark.character();
                line.push(cell.ink, character.encode_utf8(&mut [0; 4]));
            }
            line
        })
    }

    fn index(&self, (x, y): (f64, f64)) -> usize {
        cell(1.0 - y, self.rows) * self.columns + cell(x, self.columns)
    }

    fn point(&mut self, at: (f64, f64), glyph: char, ink: Ink) {
        let index = self.index(at);
        let mark = Mark::Point(glyph);
        self.cells[index] = Cell { mark, ink };
    }

    /// The column and row of the dot at a position.
    fn dot_at(&self, (x, y): (f64, f64)) -> (usize, usize) {
        (cell(x, 2 * self.columns), cell(1.0 - y, 4 * self.rows))
    }

    /// Adds a dot to a cell, with those that are already there.
    fn dot(&mut self, (column, row): (usize, usize), ink: Ink) {
        let found = &mut self.cells[row / 4 * self.columns + column / 2];
        let before = match found.mark {
            Mark::Dots(dots) => dots,
            Mark::Empty | Mark::Curve(_) => 0,
            // Points with a character of their own are kept.
            _ => return,
        };
        let mark = Mark::Dots(before | bit((column, row)));
        *found = Cell { mark, ink };
    }

    /// Draws shades of the numbers of points in the cells, from the bottom left.
    fn shade(&mut self, counts: &[u32]) {
        let shades = Grid::shades(counts);
        for (row, shades) in shades.chunks(self.columns).rev().enumerate() {
            for (column, shade) in shades.iter().enumerate() {
                if *shade > 0 {
                    let mark = Mark::Shade(['·', '░', '▒', '▓', '█'][shade - 1]);
                    let ink = Ink::Points;
                    self.cells[row * self.columns + column] = Cell { mark, ink };
                }
            }
        }
    }

    /// Draws a thin curve of dots; in cells with points it is two dots wide, so that
    /// it can be seen. If it covers all points of a cell and the cells beside it
    /// have none, the cell keeps the colour of points: otherwise they would be
    /// invisible.
    fn curve_of_dots(&mut self, pieces: impl Iterator<Item = Piece>, ink: Ink) {
        let (columns, rows) = (2 * self.columns, 4 * self.rows);
        let pieces: Vec<Piece> = pieces.collect();
        let points: Vec<u8> = self.cells.iter().map(Cell::points).collect();
        let mut drawn = vec![0; points.len()];
        for piece in pieces {
            let [from, to] = piece.map(|at| self.dot_at(at));
            let is_steep = from.1.abs_diff(to.1) > from.0.abs_diff(to.0);
            for (column, row) in steps(piece, columns, rows) {
                let index = row / 4 * self.columns + column / 2;
                // The second dot is in the same cell.
                let beside = if points[index] == 0 {
                    (column, row)
                } else if is_steep {
                    (column ^ 1, row)
                } else if row % 4 == 3 {
                    (column, row - 1)
                } else {
                    (column, row + 1)
                };
                for dot in [(column, row), beside] {
                    self.dot(dot, ink);
                    drawn[index] |= bit(dot);
                }
            }
        }
        let has_points = |index: usize| points.get(index).is_some_and(|dots| *dots != 0);
        for (index, cell) in self.cells.iter_mut().enumerate() {
            let is_alone = !has_points(index.wrapping_sub(1)) && !has_points(index + 1);
            if has_points(index) && is_alone && points[index] & !drawn[index] == 0 {
                cell.ink = Ink::Points;
            }
        }
    }

    /// Draws a curve of characters. It leaves every second shade in its way, and all
    /// points.
    fn curve(&mut self, pieces: impl Iterator<Item = Piece>, glyph: char, ink: Ink) {
        let cells = pieces.flat_map(|piece| steps(piece, self.columns, self.rows));
        let mut cells: Vec<_> = cells.collect();
        cells.dedup();
        for (step, (column, row)) in cells.into_iter().enumerate() {
            let found = &mut self.cells[row * self.columns + column];
            let is_even = step % 2 == 0;
            let mark = match found.mark {
                Mark::Empty => Mark::Curve(glyph),
                Mark::Shade(_) if is_even => Mark::Curve(glyph),
                Mark::Shade(shade) => Mark::Shade(shade),
                Mark::Curve('│') if glyph == '─' => Mark::Curve('┼'),
                // Curves in the same place alternate.
                Mark::Curve(_) if is_even => Mark::Curve(glyph),
                Mark::Curve(_) | Mark::Dots(_) | Mark::Point(_) | Mark::Letter(_) => continue,
            };
            *found = Cell { mark, ink };
        }
    }

    /// Draws a character in place of whatever is there.
    fn stroke(&mut self, (x, y): (f64, f64), glyph: char, ink: Ink) {
        let (row, column) = (cell(1.0 - y, self.rows), cell(x, self.columns));
        let mark = Mark::Curve(glyph);
        self.cells[row * self.columns + column] = Cell { mark, ink };
    }

    /// Draws a note that ends at a point, in its row or in the row above or below if
    /// points are in the way; it is left out if there is no room.
    fn note(&mut self, (x, y): (f64, f64), text: &str) {
        let letters: Vec<char> = text.chars().collect();
        let (row, end) = (cell(1.0 - y, self.rows), cell(x, self.columns));
        let Some(start) = end.checked_sub(letters.len()) else {
            return;
        };
        let rows = [Some(row), row.checked_sub(1), Some(row + 1)];
        let rows = rows.into_iter().flatten().filter(|row| *row < self.rows);
        for row in rows {
            let cells = row * self.columns + start..row * self.columns + end;
            let is_free = |cell: &Cell| matches!(cell.mark, Mark::Empty | Mark::Curve(_));
            if self.cells[cells.clone()].iter().all(is_free) {
                for (cell, letter) in self.cells[cells].iter_mut().zip(letters) {
                    let mark = Mark::Letter(letter);
                    *cell = Cell {
                        mark,
                        ink: Ink::Text,
                    };
                }
                return;
            }
        }
    }
}

impl Cell {
    /// The dots of the cell that are points.
    fn points(&self) -> u8 {
        match self.mark {
            Mark::Dots(dots) if self.ink == Ink::Points => dots,
            _ => 0,
        }
    }
}

impl Mark {
    fn character(self) -> char {
        match self {
            Self::Empty => ' ',
            Self::Dots(dots) => char::from_u32(0x2800 + u32::from(dots)).unwrap_or(' '),
            Self::Shade(character)
            | Self::Point(character)
            | Self::Curve(character)
            | Self::Letter(character) => character,
        }
    }
}

/// The bits of the dots of a Braille character, by row and column.
const DOTS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

fn bit((column, row): (usize, usize)) -> u8 {
    DOTS[row % 4][column % 2]
}

/// The columns and rows of the cells that a straight piece goes through, from its
/// start to its end, each a neighbour of the one before.
fn steps(piece: Piece, columns: usize, rows: usize) -> impl Iterator<Item = (usize, usize)> {
    let [from, to] = piece.map(|(x, y)| (cell(x, columns), cell(1.0 - y, rows)));
    let steps = from.0.abs_diff(to.0).max(from.1.abs_diff(to.1));
    let between = move |from: usize, to: usize, step: usize| {
        let share = step as f64 / steps.max(1) as f64;
        (from as f64 + share * (to as f64 - from as f64)).round() as usize
    };
    (0..=steps).map(move |step| (between(from.0, to.0, step), between(from.1, to.1, step)))
}

/// The index of the cell at a position from 0 to 1.
pub(crate) fn cell(position: f64, cells: usize) -> usize {
    ((position * cells as f64) as usize).min(cells - 1)
}

#[cfg(test)]
mod tests;
