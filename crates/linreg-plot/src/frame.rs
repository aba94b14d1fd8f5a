use crate::axis::Tick;
use crate::chart::{Chart, Layer};
use crate::font::{cut, width, wrap};
use crate::scene::{Anchor, Dot, Mark, Role, Scene};

/// Sizes of text, in points.
const TITLE: f64 = 15.0;
const TEXT: f64 = 12.0;

/// Width of the grid lines.
const GRID: f64 = 0.6;

/// Space around a chart, and between its parts.
const MARGIN: f64 = 14.0;
const GAP: f64 = 8.0;

/// The plot area, in which the values are drawn.
struct Inside {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Inside {
    fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (
            self.left + x * (self.right - self.left),
            self.bottom - y * (self.bottom - self.top),
        )
    }
}

impl Chart {
    /// The chart as a drawing of this width, with a plot area of this height, in points.
    pub(crate) fn scene_of_lines(&self, wide: f64, lines: f64) -> Scene {
        let head = self.head(&mut Scene::new(wide, 0.0));
        self.scene(wide, head + GAP + lines + self.foot())
    }

    /// The chart as a drawing of this size, in points.
    pub(crate) fn scene(&self, wide: f64, high: f64) -> Scene {
        let mut scene = Scene::new(wide, high);
        let room = wide - 2.0 * MARGIN;
        let top = self.head(&mut scene);
        let bottom = high - self.foot();
        let inside = Inside {
            left: 0.0,
            top: top + GAP,
            right: wide - MARGIN - GAP,
            bottom,
        };
        let inside = self.y_axis(&mut scene, inside);
        self.x_axis(&mut scene, &inside);
        if !self.x.name.is_empty() {
            let middle = (inside.left + inside.right) / 2.0;
            let name = cut(self.x.name.clone(), |name| width(name, TEXT) > room);
            let half = width(&name, TEXT) / 2.0;
            let middle = middle.min(wide - MARGIN - half).max(MARGIN + half);
            let at = (middle, high - MARGIN);
            scene.text("x-name", at, name, (TEXT, Role::Faint, Anchor::Middle));
        }
        for layer in &self.layers {
            self.layer(&mut scene, &inside, layer);
        }
        scene
    }

    /// Draws the title, the legend and the name of the vertical axis, and returns where
    /// they end.
    fn head(&self, scene: &mut Scene) -> f64 {
        let room = scene.width - 2.0 * MARGIN;
        let mut top = MARGIN - 4.0;
        for (class, text, size, role) in [
            ("title", &self.title, TITLE, Role::Ink),
            ("subtitle", &self.subtitle, TEXT, Role::Faint),
        ] {
            let lines = wrap(text, 2, |line| width(line, size) > room);
            for line in lines.into_iter().filter(|line| !line.is_empty()) {
                top += size * 1.35;
                scene.text(class, (MARGIN, top), line, (size, role, Anchor::Start));
            }
        }
        top += GAP;
        self.legend(scene, &mut top);
        if !self.y.name.is_empty() {
            top += TEXT * 1.35;
            let name = cut(self.y.name.clone(), |name| width(name, TEXT) > room);
            scene.text(
                "y-name",
                (MARGIN, top),
                name,
                (TEXT, Role::Faint, Anchor::Start),
            );
        }
        top
    }

    /// The height of what is below the plot area.
    fn foot(&self) -> f64 {
        let ticks = MARGIN + TEXT + GAP;
        if self.x.name.is_empty() {
            ticks
        } else {
            ticks + TEXT + GAP / 2.0
        }
    }

    /// Draws the content of the chart, without its axes, into the rectangle given by
    /// left, top, right and bottom.
    pub(crate) fn layers_within(
        &self,
        scene: &mut Scene,
        (left, top, right, bottom): (f64, f64, f64, f64),
    ) {
        let inside = Inside {
            left,
            top,
            right,
            bottom,
        };
        for layer in &self.layers {
            self.layer(scene, &inside, layer);
        }
    }

    /// Draws the legend: the names of the curves in one line from the left.
    fn legend(&self, scene: &mut Scene, top: &mut f64) {
        let curves = self.layers.iter().filter_map(|layer| match layer {
            Layer::Curve { role, name, .. } => Some((*role, name.as_ref()?)),
            _ => None,
        });
        let curves: Vec<(Role, &String)> = curves.collect();
        let mut left = MARGIN;
        for (index, (role, name)) in curves.iter().enumerate() {
            if left == MARGIN {
                *top += TEXT * 1.35;
            }
            let middle = *top - TEXT * 0.35;
            scene.path(
                "legend",
                [(left, middle), (left + 18.0, middle)],
                (*role, 2.0),
            );
            left += 18.0 + GAP / 2.0;
            // What is left of the line is shared by this curve and those after it.
            let share = (scene.width - MARGIN - left) / (curves.len() - index) as f64;
            let most = if index + 1 < curves.len() {
                share - 18.0 - 2.5 * GAP
            } else {
                share
            };
            let name = cut((*name).clone(), |name| width(name, TEXT) > most);
            let wide = width(&name, TEXT);
            scene.text(
                "legend",
                (left, *top),
                name,
                (TEXT, Role::Ink, Anchor::Start),
            );
            left += wide + 2.0 * GAP;
        }
        if left > MARGIN {
            *top += GAP / 2.0;
        }
    }

    /// Draws the vertical axis, and returns the plot area that is left.
    fn y_axis(&self, scene: &mut Scene, mut inside: Inside) -> Inside {
        let high = inside.bottom - inside.top;
        let mut ticks = self.y.ticks(((high / 45.0) as usize).clamp(2, 8));
        let most = scene.width * 0.4;
        let mut widest = 0.0f64;
        for tick in &mut ticks {
            tick.label = cut(std::mem::take(&mut tick.label), |label| {
                width(label, TEXT) > most
            });
            widest = widest.max(width(&tick.label, TEXT));
        }
        inside.left = MARGIN + widest + GAP;
        if let Some(figures) = self.y.figures() {
            let widths = figures.iter().map(|[_, figure]| width(figure, TEXT));
            inside.right -= widths.fold(0.0, f64::max) + GAP;
            for (tick, [_, figure]) in ticks.iter().zip(figures) {
                let (_, y) = inside.at((0.0, tick.at));
                let at = (scene.width - MARGIN, y + TEXT * 0.35);
                scene.text("figure", at, figure, (TEXT, Role::Ink, Anchor::End));
            }
        }
        for tick in ticks {
            let (left, y) = inside.at((0.0, tick.at));
            scene.path("y-grid", [(left, y), (inside.right, y)], (Role::Grid, GRID));
            let at = (left - GAP, y + TEXT * 0.35);
            scene.text("y-tick", at, tick.label, (TEXT, Role::Ink, Anchor::End));
        }
        inside
    }

    fn x_axis(&self, scene: &mut Scene, inside: &Inside) {
        for (tick, middle) in self.x_ticks(inside, scene.width) {
            let (x, _) = inside.at((tick.at, 0.0));
            scene.path(
                "x-grid",
                [(x, inside.top), (x, inside.bottom)],
                (Role::Grid, GRID),
            );
            let at = (middle, inside.bottom + TEXT + GAP / 2.0);
            scene.text("x-tick", at, tick.label, (TEXT, Role::Ink, Anchor::Middle));
        }
        let corners = [(0.0, 1.0), (0.0, 0.0), (1.0, 0.0)].map(|corner| inside.at(corner));
        scene.path("axis", corners, (Role::Faint, 1.0));
    }

    /// As many ticks as fit beside each other, each with the middle of its label.
    fn x_ticks(&self, inside: &Inside, wide: f64) -> Vec<(Tick, f64)> {
        let mut last = Vec::new();
        for most in (2..=8).rev() {
            let placed = self.x.ticks(most).into_iter().map(|tick| {
                let (x, _) = inside.at((tick.at, 0.0));
                let half = width(&tick.label, TEXT) / 2.0;
                let middle = x.min(wide - GAP / 2.0 - half).max(GAP / 2.0 + half);
                (tick, middle, half)
            });
            let placed: Vec<_> = placed.collect();
            let fits = |pair: &[(Tick, f64, f64)]| {
                pair[1].1 - pair[0].1 > pair[0].2 + pair[1].2 + 1.5 * GAP
            };
            let all_fit = placed.windows(2).all(fits);
            last = placed;
            if all_fit {
                break;
            }
        }
        // Labels may still be too long; those that overlap the one before are left
        // out.
        let mut end = f64::NEG_INFINITY;
        last.retain(|(_, middle, half)| {
            let has_room = middle - half > end + GAP;
            if has_room {
                end = middle + half;
            }
            has_room
        });
        last.into_iter()
            .map(|(tick, middle, _)| (tick, middle))
            .collect()
    }

    fn layer(&self, scene: &mut Scene, inside: &Inside, layer: &Layer) {
        match layer {
            Layer::Points {
                points,
                role,
                radius,
                told,
                ..
            } => {
                let dot = |values: &(f64, f64)| {
                    let (x, y) = (self.x.position(values.0), self.y.position(values.1));
                    Dot {
                        at: inside.at((x, y)),
                        values: *values,
                    }
                };
                scene.marks.push(Mark::Dots {
                    dots: points.iter().map(dot).collect(),
                    radius: *radius,
                    role: *role,
                    opacity: if *radius > 2.0 { 1.0 } else { 0.75 },
                    names: match told {
                        Some(told) => told.names.map(String::from),
                        None => [self.x.name.clone(), self.y.name.clone()],
                    },
                    told: told.as_ref().map(|told| told.texts.clone()),
                });
            }
            Layer::Grid(grid) => grid.draw(scene, |at| inside.at(at)),
            Layer::Curve {
                points,
                role,
                width,
                ..
            } => {
                let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
                for pair in points.windows(2) {
                    let Some([from, to]) = self.clipped(pair[0], pair[1]) else {
                        continue;
                    };
                    match pieces.last_mut() {
                        Some(piece) if piece.last() == Some(&from) => piece.push(to),
                        _ => pieces.push(vec![from, to]),
                    }
                }
                for piece in pieces {
                    let piece: Vec<_> = piece.into_iter().map(|at| inside.at(at)).collect();
                    scene.path("curve", piece, (*role, *width));
                }
            }
            Layer::Boxes { boxes, .. } => {
                let corners = |[left, first, right, last]: &[f64; 4]| {
                    let (x, y) = (&self.x, &self.y);
                    let (left, top) = inside.at((x.position(*left), y.position(*first)));
                    let (right, bottom) = inside.at((x.position(*right), y.position(*last)));
                    [left, top, right, bottom]
                };
                scene.marks.push(Mark::Cells {
                    cells: boxes.iter().map(corners).collect(),
                    role: Role::Point,
                    opacity: 0.35,
                });
            }
            Layer::Stroke {
                at: (x, y),
                half,
                role,
                ..
            } => {
                let ends = [y - half, y + half];
                let ends = ends.map(|y| inside.at((self.x.position(*x), self.y.position(y))));
                scene.path("stroke", ends, (*role, 2.0));
            }
            Layer::Note {
                at: (x, y),
                text,
                is_above,
            } => {
                let (x, y) = inside.at((self.x.position(*x), self.y.position(*y)));
                let right = (x - GAP / 2.0).min(inside.right - GAP / 2.0);
                let below = if *is_above {
                    -GAP / 2.0
                } else {
                    TEXT + GAP / 2.0
                };
                let is_cut = right - width(text, TEXT - 1.0) < inside.left;
                let (x, anchor) = if is_cut {
                    (x + GAP / 2.0, Anchor::Start)
                } else {
                    (right, Anchor::End)
                };
                let at = (x, y + below);
                scene.text("note", at, text, (TEXT - 1.0, Role::Faint, anchor));
            }
        }
    }
}
