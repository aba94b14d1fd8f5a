use std::fmt::Debug;
use std::sync::Arc;

use crate::chart::Chart;
use crate::name::shorten;
use crate::scene::Scene;
use crate::spans::TerminalPicture;
use crate::words::Words;

/// What a picture shows, of one of several kinds.
pub(crate) trait Drawing: Debug + Send + Sync {
    /// The title: the main result, in words.
    fn title(&self) -> String;

    /// What is drawn, with the figures behind the title, for readers who cannot see
    /// it.
    fn description(&self) -> String;

    /// The drawing for a size in points, which it need not keep to.
    fn scene(&self, size: (f64, f64)) -> Scene;

    /// The drawing as text, at most `width` columns by `height` lines.
    fn terminal(&self, width: usize, height: usize) -> TerminalPicture;

    /// The drawing with some of its words changed; `None` if it keeps its own.
    fn changed(&self, _change: &Change) -> Option<Arc<dyn Drawing>> {
        None
    }
}

/// A change of the words of a drawing.
pub(crate) enum Change<'a> {
    /// Another title.
    Title(&'a str),
    /// A note below the title.
    Note(&'a str),
    /// Other words altogether.
    Words(&'a Words),
}

impl Drawing for Chart {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn description(&self) -> String {
        self.description()
    }

    fn scene(&self, (width, height): (f64, f64)) -> Scene {
        self.scene(width, height)
    }

    fn terminal(&self, width: usize, height: usize) -> TerminalPicture {
        self.terminal(width, height)
    }

    fn changed(&self, change: &Change) -> Option<Arc<dyn Drawing>> {
        let mut chart = self.clone();
        match change {
            Change::Title(title) => chart.title = shorten(title, 160),
            Change::Note(note) => {
                let texts = [Some(&mut chart.subtitle), chart.description.as_mut()];
                for text in texts.into_iter().flatten() {
                    let before = if text.is_empty() { "" } else { "; " };
                    *text += &format!("{before}{note}");
                }
            }
            Change::Words(words) => chart.set_words(words),
        }
        Some(Arc::new(chart))
    }
}
