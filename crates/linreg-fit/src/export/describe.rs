//! What the columns of a table hold: one form a file.

mod json;
mod text;

/// Where quantiles are taken, as shares of the rows.
const QUARTILES: [f64; 3] = [0.25, 0.5, 0.75];
