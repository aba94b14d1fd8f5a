use std::sync::Arc;

use crate::drawing::{Change, Drawing};
use crate::scene::Scene;
use crate::spans::TerminalPicture;

/// Several drawings, with two or three in a row; in a terminal one below the other.
#[derive(Clone, Debug)]
pub(crate) struct SideBySide(pub(crate) Vec<Arc<dyn Drawing>>);

/// Number of pictures in a row, for that many pictures.
fn columns(pictures: usize) -> usize {
    match pictures {
        0..2 => 1,
        2..5 => 2,
        _ => 3,
    }
}

impl Drawing for SideBySide {
    fn title(&self) -> String {
        let titles: Vec<String> = self.0.iter().map(|drawing| drawing.title()).collect();
        titles.join("; ")
    }

    fn description(&self) -> String {
        let texts = self.0.iter().map(|drawing| drawing.description());
        texts.collect::<Vec<_>>().join(" ")
    }

    fn scene(&self, size: (f64, f64)) -> Scene {
        let columns = columns(self.0.len());
        let scenes: Vec<Scene> = self.0.iter().map(|drawing| drawing.scene(size)).collect();
        let width = scenes.iter().map(|scene| scene.width).fold(0.0, f64::max);
        let mut whole = Scene::new(columns as f64 * width, 0.0);
        let mut scenes = scenes.into_iter().peekable();
        while scenes.peek().is_some() {
            let row: Vec<Scene> = scenes.by_ref().take(columns).collect();
            let high = row.iter().map(|scene| scene.height).fold(0.0, f64::max);
            let down = whole.height;
            for (index, scene) in row.into_iter().enumerate() {
                whole.place(scene, (index as f64 * width, down));
            }
            whole.height += high;
        }
        whole
    }

    fn terminal(&self, width: usize, height: usize) -> TerminalPicture {
        let mut whole = TerminalPicture::default();
        for (index, drawing) in self.0.iter().enumerate() {
            if index > 0 {
                whole.push_text("");
            }
            whole.append(drawing.terminal(width, height));
        }
        whole
    }

    /// Only notes go to every drawing.
    fn changed(&self, change: &Change) -> Option<Arc<dyn Drawing>> {
        if !matches!(change, Change::Note(_)) {
            return None;
        }
        let drawings = self.0.iter().map(|drawing| {
            let changed = drawing.changed(change);
            changed.unwrap_or_else(|| drawing.clone())
        });
        Some(Arc::new(Self(drawings.collect())))
    }
}
