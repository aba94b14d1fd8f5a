/// A drawing, in points from the top left, from which both the SVG and the PNG are
/// made.
pub(crate) struct Scene {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) marks: Vec<Mark>,
}

pub(crate) enum Mark {
    /// Straight lines that connect points.
    Path {
        class: &'static str,
        points: Vec<(f64, f64)>,
        role: Role,
        width: f64,
    },
    /// A disc for each point of the data.
    Dots {
        dots: Vec<Dot>,
        radius: f64,
        role: Role,
        opacity: f64,
        /// Names of the two values of each point.
        names: [String; 2],
        /// Texts for the points in a page, instead of their values.
        told: Option<Vec<[String; 2]>>,
    },
    /// Rectangles of one shade, as left, top, right and bottom.
    Cells {
        cells: Vec<[f64; 4]>,
        role: Role,
        opacity: f64,
    },
    /// One line of text; `at` is the start, the middle or the end of its baseline.
    Text {
        class: &'static str,
        at: (f64, f64),
        text: String,
        size: f64,
        role: Role,
        anchor: Anchor,
    },
}

/// A point of the data: its place in the drawing, and its values.
pub(crate) struct Dot {
    pub(crate) at: (f64, f64),
    pub(crate) values: (f64, f64),
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// The purpose of a colour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Role {
    Background,
    /// Text.
    Ink,
    /// Less prominent text and lines.
    Faint,
    Grid,
    /// Points of the data.
    Point,
    /// The line to compare the points with.
    Line,
    /// A second line.
    Second,
}

impl Role {
    pub(crate) const ALL: [Self; 7] = [
        Self::Background,
        Self::Ink,
        Self::Faint,
        Self::Grid,
        Self::Point,
        Self::Line,
        Self::Second,
    ];

    /// The name of the colour in style sheets.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Background => "plot-background",
            Self::Ink => "plot-ink",
            Self::Faint => "plot-faint",
            Self::Grid => "plot-grid",
            Self::Point => "plot-point",
            Self::Line => "plot-line",
            Self::Second => "plot-second",
        }
    }

    /// The colour on a white background. Points and lines use a palette for
    /// colour-blind readers (Okabe and Ito, *Color Universal Design*, 2008).
    pub(crate) fn light(self) -> [u8; 3] {
        match self {
            Self::Background => [255, 255, 255],
            Self::Ink => [26, 26, 26],
            Self::Faint => [89, 89, 89],
            Self::Grid => [225, 225, 225],
            Self::Point => [0, 114, 178],
            Self::Line => [213, 94, 0],
            Self::Second => [0, 158, 115],
        }
    }

    /// The colour on a dark background, from the same palette.
    pub(crate) fn dark(self) -> [u8; 3] {
        match self {
            Self::Background => [24, 26, 31],
            Self::Ink => [232, 232, 232],
            Self::Faint => [176, 176, 176],
            Self::Grid => [58, 62, 70],
            Self::Point => [86, 180, 233],
            Self::Line => [230, 159, 0],
            Self::Second => [0, 158, 115],
        }
    }
}

impl Scene {
    pub(crate) fn new(width: f64, height: f64) -> Self {
        Self {
            width,
            height,
            marks: Vec::new(),
        }
    }

    pub(crate) fn text(
        &mut self,
        class: &'static str,
        at: (f64, f64),
        text: impl Into<String>,
        (size, role, anchor): (f64, Role, Anchor),
    ) {
        self.marks.push(Mark::Text {
            class,
            at,
            text: text.into(),
            size,
            role,
            anchor,
        });
    }

    pub(crate) fn path(
        &mut self,
        class: &'static str,
        points: impl Into<Vec<(f64, f64)>>,
        (role, width): (Role, f64),
    ) {
        self.marks.push(Mark::Path {
            class,
            points: points.into(),
            role,
            width,
        });
    }

    /// Draws another scene into this one, with its top left at this point.
    pub(crate) fn place(&mut self, other: Self, (right, down): (f64, f64)) {
        let moved = |at: &mut (f64, f64)| *at = (at.0 + right, at.1 + down);
        for mut mark in other.marks {
            match &mut mark {
                Mark::Path { points, .. } => points.iter_mut().for_each(moved),
                Mark::Dots { dots, .. } => dots.iter_mut().for_each(|dot| moved(&mut dot.at)),
                Mark::Text { at, .. } => moved(at),
                Mark::Cells { cells, .. } => {
                    for cell in cells {
                        for (side, by) in cell.iter_mut().zip([right, down, right, down]) {
                            *side += by;
                        }
                    }
                }
            }
            self.marks.push(mark);
        }
    }
}
