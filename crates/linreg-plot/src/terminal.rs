use crate::axis::Tick;
use crate::canvas::cell;
use crate::chart::{Chart, Layer};
use crate::font::{cut, wrap};
use crate::spans::{Ink, TerminalPicture, TextLine, columns_of};

/// A chart with a line for each label: all of them if they fit, else as many as do.
/// `chart` makes one with at most so many labels.
pub(crate) fn labelled(
    all: usize,
    (width, height): (usize, usize),
    chart: impl Fn(usize) -> Chart,
) -> TerminalPicture {
    let whole = chart(all);
    if all <= whole.terminal_rows(width, height) {
        return whole.terminal_of_rows(width, height, all);
    }
    // A chart that leaves labels out says so, which may take a line.
    let most = chart(1).terminal_rows(width, height);
    chart(most).terminal_of_rows(width, height, most)
}

impl Chart {
    /// The chart as text: points as Braille dots or shades, curves as dots or
    /// characters.
    pub(crate) fn terminal(&self, width: usize, height: usize) -> TerminalPicture {
        let rows = self.terminal_rows(width, height);
        self.terminal_of_rows(width, height, rows)
    }

    /// The lines that are left for the content of the chart.
    pub(crate) fn terminal_rows(&self, width: usize, height: usize) -> usize {
        let around = self.terminal_head(width, height).lines().len() + self.terminal_foot();
        height.saturating_sub(around).max(2)
    }

    /// The lines below the content: the axis, its labels and its name.
    fn terminal_foot(&self) -> usize {
        2 + usize::from(!self.x.name.is_empty())
    }

    /// What stands above the content.
    fn terminal_head(&self, width: usize, height: usize) -> TerminalPicture {
        let mut picture = TerminalPicture::default();
        let too_wide = |line: &str| columns_of(line) > width;
        // If there is little room, the picture matters more than the words.
        let (of_title, of_subtitle) = match height {
            0..10 => (1, 0),
            10..16 => (2, 0),
            _ => (2, 2),
        };
        let title = wrap(&self.title, of_title, too_wide);
        let subtitle = match of_subtitle {
            0 => Vec::new(),
            most => wrap(&self.subtitle, most, too_wide),
        };
        let heading = [title, subtitle].concat();
        for line in heading.iter().filter(|line| !line.is_empty()) {
            picture.push_text(line);
        }
        if let Some(legend) = self.terminal_legend(width) {
            picture.push(legend);
        }
        if !self.y.name.is_empty() {
            picture.push_text(&cut(self.y.name.clone(), too_wide));
        }
        picture
    }

    /// The chart with so many lines of content, where `height` says how many words there
    /// are above.
    pub(crate) fn terminal_of_rows(
        &self,
        width: usize,
        height: usize,
        rows: usize,
    ) -> TerminalPicture {
        let mut picture = self.terminal_head(width, height);
        let too_wide = |line: &str| columns_of(line) > width;
        let is_named = !self.x.name.is_empty();

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

        for (row, cells) in self.canvas(columns, rows).lines().enumerate() {
            let label = label_of_row[row];
            let axis = if label.is_empty() { "│" } else { "┤" };
            let mut line = TextLine::default();
            line.push_spaces(margin - columns_of(label));
            line.push(Ink::Text, label);
            line.push(Ink::Text, axis);
            line.append(cells);
            line.push(Ink::Text, &format!(" {}", figure_of_row[row]));
            picture.push(line);
        }
        for line in self.terminal_x_axis(margin, columns, width) {
            picture.push_text(&line);
        }
        if is_named {
            let name = cut(self.x.name.clone(), too_wide);
            let length = columns_of(&name);
            let start = (margin + 1 + columns / 2).saturating_sub(length / 2);
            let start = start.min(width - length);
            picture.push_text(&format!("{:start$}{name}", ""));
        }
        picture.finished()
    }

    /// The legend in one line: the character and the name of each named curve.
    fn terminal_legend(&self, width: usize) -> Option<TextLine> {
        let mut line = TextLine::default();
        for layer in &self.layers {
            let Layer::Curve {
                role,
                glyph: Some(glyph),
                name: Some(name),
                ..
            } = layer
            else {
                continue;
            };
            let space = if line.is_empty() { "" } else { "   " };
            let used = line.columns() + space.len() + 2;
            // Room for one character and an ellipsis.
            if used + 2 > width {
                break;
            }
            line.push(Ink::Text, space);
            line.push((*role).into(), &glyph.to_string());
            let name = cut(name.clone(), |name| used + columns_of(name) > width);
            line.push(Ink::Text, &format!(" {name}"));
        }
        (!line.is_empty()).then_some(line)
    }

    /// The horizontal axis and its labels.
    fn terminal_x_axis(&self, margin: usize, columns: usize, width: usize) -> [String; 2] {
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
                labels += &format!("{:1$}{2}", "", start - used, tick.label);
            }
        }
        let axis: String = axis.into_iter().collect();
        [format!("{:margin$}└{axis}", ""), labels]
    }
}
