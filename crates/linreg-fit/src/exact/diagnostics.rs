use std::collections::HashMap;
use std::sync::Arc;

use linreg_data::{ChunkOrder, EncodedSource, Encoder};
use linreg_exact::{
    Diagnostics, DiagnosticsPass, ExactError, Finding, Inference, ResidualSums, Robust,
    RobustCovariance, RowFigure, is_determining,
};
use linreg_plot::ResidualTests;

use super::fit::{data_error, rows_of};
use crate::FitError;
use crate::number::plain;

/// The results of another pass over the rows, and the places in the file of the
/// rows that they list.
#[derive(Clone)]
pub struct TableDiagnostics {
    /// The figures.
    pub diagnostics: Diagnostics,
    places: HashMap<u64, String>,
}

impl TableDiagnostics {
    /// Reads all rows again.
    pub(crate) fn new(
        pass: DiagnosticsPass,
        source: &EncodedSource,
        encoder: &Encoder,
    ) -> Result<Self, FitError> {
        let pass = Arc::new(pass);
        let of_threads = pass.clone();
        let (features, targets) = (encoder.feature_names().len(), encoder.targets().len());
        let chunks = source.map(ChunkOrder::File, move |encoded, chunk| {
            let numbers = (chunk.first_row..).zip(&encoded.kept);
            let kept = numbers.filter_map(|(number, kept)| kept.then_some(number));
            let kept: Vec<u64> = kept.collect();
            let rows = rows_of(&encoded.rows, features, targets).map_err(data_error)?;
            let sums = of_threads
                .sums(&rows, |row| kept[row])
                .map_err(data_error)?;
            let place = |figure: RowFigure| {
                let row = (figure.row - chunk.first_row) as usize;
                let place = chunk.origin.place(row);
                // A reader looks for the line of a row, not for its first byte.
                let line = place.rsplit_once(" (byte ").map(|(line, _)| line);
                (figure.row, line.unwrap_or(&place).to_string())
            };
            let places: HashMap<u64, String> = sums.listed().map(place).collect();
            Ok((sums, places))
        })?;
        let mut total: Option<ResidualSums> = None;
        let mut places = HashMap::new();
        for chunk in chunks {
            let (sums, of_chunk) = chunk?;
            places.extend(of_chunk);
            let Some(total) = &mut total else {
                total = Some(sums);
                continue;
            };
            total.merge(&sums)?;
            let listed: Vec<u64> = total.listed().map(|figure| figure.row).collect();
            places.retain(|row, _| listed.contains(row));
        }
        let total = total.ok_or(ExactError::NoRows)?;
        let diagnostics = pass.diagnostics(&total).map_err(|error| match error {
            ExactError::Leverage { row } => FitError::Leverage {
                place: places.get(&row).cloned().unwrap_or_else(|| numbered(row)),
            },
            error => error.into(),
        })?;
        Ok(Self {
            diagnostics,
            places,
        })
    }

    /// The robust covariance of each target, if one was asked for.
    pub fn robust(&self) -> Vec<&RobustCovariance> {
        let targets = self.diagnostics.targets.iter();
        targets
            .filter_map(|target| target.robust.as_ref())
            .collect()
    }

    /// The place of a listed row, for people.
    pub fn place(&self, row: u64) -> String {
        let found = self.places.get(&row);
        found.map_or_else(|| numbered(row), |place| plain(place))
    }

    /// The place of a listed row, if it is known.
    pub(crate) fn known_place(&self, row: u64) -> Option<&String> {
        self.places.get(&row)
    }

    /// The findings that speak against the assumptions behind a target's
    /// figures.
    pub fn findings(&self, index: usize) -> Vec<Finding> {
        self.diagnostics.findings(index, LEVEL)
    }

    /// The safest robust covariance that is defined: hc3 divides by 1 minus the
    /// leverage.
    pub fn possible_robust(&self) -> Robust {
        let largest = self.diagnostics.leverages.first();
        if largest.is_some_and(|figure| is_determining(figure.value)) {
            Robust::Hc1
        } else {
            Robust::Hc3
        }
    }

    /// The results of the tests of a target's residuals, for the titles of pictures.
    pub fn tests(&self, inference: &Inference, index: usize) -> ResidualTests {
        let target = &self.diagnostics.targets[index];
        ResidualTests {
            breusch_pagan_p: target.breusch_pagan_p,
            jarque_bera_p: target.jarque_bera_p,
            level: LEVEL,
            rows: inference.rows as u64,
            are_rounding: target.durbin_watson.is_nan(),
        }
    }
}

fn numbered(row: u64) -> String {
    format!("row {}", row + 1)
}

/// The significance level of the tests.
pub const LEVEL: f64 = 0.05;
