use linreg_data::ColumnValues;

use crate::{FitError, FittedModel, Interval, Predictions, Table};

/// A cell of a row that is given by the names of its columns.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// A number.
    Number(f64),
    /// A text: a level, a date, or a number as a file has it.
    Text(String),
    /// No value.
    Missing,
}

impl From<f64> for Cell {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_string())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Cell> for ColumnValues {
    /// A column of this one cell.
    fn from(cell: Cell) -> Self {
        match cell {
            Cell::Number(number) => vec![number].into(),
            Cell::Text(text) => vec![text].into(),
            Cell::Missing => vec![None::<f64>].into(),
        }
    }
}

impl FittedModel {
    /// Predicts one row, given by the names of its columns. Returns a value for
    /// each target.
    ///
    /// # Errors
    ///
    /// As [`predict`](Self::predict), and [`FitError::NoPrediction`] for a row that
    /// the policies of the model leave out.
    pub fn predict_row<'a>(
        &self,
        cells: impl IntoIterator<Item = (&'a str, Cell)>,
    ) -> Result<Vec<f64>, FitError> {
        let predictions = self.predict(&row(cells)?)?;
        let values = predictions.targets.iter();
        let values: Option<Vec<f64>> = values.map(|target| target.values[0]).collect();
        values.ok_or(FitError::NoPrediction)
    }

    /// Predicts one row with intervals of a probability such as 0.95.
    ///
    /// # Errors
    ///
    /// As [`predict_row`](Self::predict_row) and
    /// [`predict_with_intervals`](Self::predict_with_intervals).
    pub fn predict_row_with_intervals<'a>(
        &self,
        cells: impl IntoIterator<Item = (&'a str, Cell)>,
        probability: f64,
    ) -> Result<Vec<(f64, Interval)>, FitError> {
        let predictions = self.predict_with_intervals(&row(cells)?, probability)?;
        let rows = |predictions: &Predictions| -> Option<Vec<(f64, Interval)>> {
            let targets = predictions.targets.iter();
            targets.map(|target| target.rows().next()?).collect()
        };
        rows(&predictions).ok_or(FitError::NoPrediction)
    }
}

/// A table of one row.
fn row<'a>(cells: impl IntoIterator<Item = (&'a str, Cell)>) -> Result<Table, FitError> {
    Table::from_columns(cells.into_iter().map(|(name, cell)| (name, cell.into())))
}
