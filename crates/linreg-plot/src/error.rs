use thiserror::Error;

/// Why a picture cannot be drawn.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum PlotError {
    /// There are no points.
    #[error("there are no points to draw")]
    NoPoints,
    /// There are fewer than two columns to compare.
    #[error("{count} columns of numbers to compare, expected 2 or more")]
    FewColumns {
        /// Number of columns.
        count: usize,
    },
    /// There are fewer columns than names of columns.
    #[error("{count} columns of numbers for {names} names")]
    Columns {
        /// Number of columns.
        count: usize,
        /// Number of names.
        names: usize,
    },
    /// The numbers of horizontal and of vertical values differ.
    #[error("{x} values of `{x_name}` for {y} of `{y_name}`")]
    Lengths {
        /// Name of the horizontal axis.
        x_name: String,
        /// Number of horizontal values.
        x: usize,
        /// Name of the vertical axis.
        y_name: String,
        /// Number of vertical values.
        y: usize,
    },
    /// A value is NaN or infinite.
    #[error("`{name}` holds {value}, expected finite numbers")]
    NotFinite {
        /// Name of the axis.
        name: String,
        /// The value found.
        value: f64,
    },
    /// The values are so far apart that their distance overflows a 64-bit float.
    #[error("the values of `{name}` are too far apart to draw ({least:e} to {most:e})")]
    TooWide {
        /// Name of the axis.
        name: String,
        /// Least value.
        least: f64,
        /// Greatest value.
        most: f64,
    },
    /// A value is outside the range that was given for its axis.
    #[error("`{name}` holds {value}, expected {least} to {most}")]
    Outside {
        /// Name of the axis.
        name: String,
        /// The value found.
        value: f64,
        /// Least value.
        least: f64,
        /// Greatest value.
        most: f64,
    },
    /// Points of another column, or of a column with other ends, than those that they
    /// are to be added to.
    #[error("points of `{found}` from {} to {}, expected those of `{expected}` from {} to {}", .found_ends.0, .found_ends.1, .expected_ends.0, .expected_ends.1)]
    OtherColumn {
        /// Name of the column found.
        found: String,
        /// Its least and greatest value.
        found_ends: (f64, f64),
        /// Name of the column expected.
        expected: String,
        /// Its least and greatest value.
        expected_ends: (f64, f64),
    },
    /// The picture has more pixels than a PNG file of linreg.
    #[error(
        "the picture is {width} by {height} pixels, more than the {limit} of a PNG file; combine fewer pictures, or write an SVG"
    )]
    TooLarge {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Largest number of pixels.
        limit: u64,
    },
    /// The drawing library failed.
    #[error("the picture cannot be drawn ({0})")]
    Drawing(String),
}
