use std::collections::BTreeMap;

use linreg_data::{DataError, EncodedSource, Place, RowChunk, RowPass};
use linreg_exact::{
    Diagnostics, DiagnosticsConfig, DiagnosticsPass, ExactError, Finding, Inference, ResidualSums,
    Robust, RobustCovariance, is_determining,
};
use linreg_plot::ResidualTests;
use serde::{Deserialize, Serialize};

use super::rows::{data_error, exact_rows};
use super::solved::Solved;
use crate::FitError;
use crate::number::plain;

/// The results of another pass over the rows, and the places in the file of the
/// rows that they list.
#[derive(Clone)]
pub struct TableDiagnostics {
    /// The figures.
    pub diagnostics: Diagnostics,
    places: BTreeMap<u64, Place>,
}

impl TableDiagnostics {
    /// Reads all rows again.
    pub(crate) fn new(
        solved: &Solved,
        config: &DiagnosticsConfig,
        rows: &EncodedSource,
    ) -> Result<Self, FitError> {
        let check = Check::of(Question {
            solved: solved.clone(),
            config: *config,
        });
        let pass = check.pass.clone();
        let ((sums, places), _) = rows.run(check)?;
        let diagnostics = pass.diagnostics(&sums).map_err(|error| match error {
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
        let place = self.places.get(&row).cloned();
        plain(&place.unwrap_or_else(|| numbered(row)).to_string())
    }

    /// The place of a listed row, if it is known.
    pub(crate) fn known_place(&self, row: u64) -> Option<&Place> {
        self.places.get(&row)
    }

    /// The findings that speak against the assumptions behind a target's
    /// figures.
    pub fn findings(&self, index: usize) -> Vec<Finding> {
        let target = self.diagnostics.targets.get(index);
        target.map_or_else(Vec::new, |target| target.findings(LEVEL))
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
    pub(crate) fn tests(&self, inference: &Inference, index: usize) -> ResidualTests {
        let target = &self.diagnostics.targets[index];
        ResidualTests {
            breusch_pagan_p: target.breusch_pagan_p,
            jarque_bera_p: target.jarque_bera_p,
            level: LEVEL,
            shape: Some([target.skewness, target.kurtosis - 3.0]),
            rows: inference.rows as u64,
            are_rounding: target.durbin_watson.is_nan(),
        }
    }
}

fn numbered(row: u64) -> Place {
    Place::of_row("", row.saturating_add(1))
}

/// The significance level of the tests.
pub const LEVEL: f64 = 0.05;

/// The pass over the rows that checks the assumptions of a fit.
#[derive(Deserialize, Serialize)]
#[serde(from = "Question", into = "Question")]
pub(crate) struct Check {
    question: Question,
    pass: DiagnosticsPass,
}

/// What a [`Check`] is made from.
#[derive(Clone, Deserialize, Serialize)]
struct Question {
    solved: Solved,
    config: DiagnosticsConfig,
}

impl Check {
    fn of(question: Question) -> Self {
        let pass = DiagnosticsPass::new(&question.solved.solution, &question.config);
        Self { question, pass }
    }
}

impl Clone for Check {
    fn clone(&self) -> Self {
        Self::of(self.question.clone())
    }
}

impl From<Question> for Check {
    fn from(question: Question) -> Self {
        Self::of(question)
    }
}

impl From<Check> for Question {
    fn from(check: Check) -> Self {
        check.question
    }
}

/// The sums, and the places of the rows that they list.
type Checked = (ResidualSums, BTreeMap<u64, Place>);

impl RowPass for Check {
    type State = Checked;
    type Output = Checked;

    fn name() -> String {
        "assumption checks of an exact fit".to_string()
    }

    fn start(&self) -> Checked {
        (self.pass.start(), BTreeMap::new())
    }

    fn update(&self, (sums, places): &mut Checked, rows: &RowChunk) -> Result<(), DataError> {
        let of_part =
            exact_rows(rows).and_then(|exact| self.pass.sums(&exact, |row| rows.row_number(row)));
        *sums = of_part.map_err(data_error)?;
        for figure in sums.listed() {
            if let Some(row) = index_of(rows, figure.row) {
                // A reader looks for the line of a row, not for its first byte.
                places.insert(figure.row, rows.place(row).without_byte());
            }
        }
        Ok(())
    }

    fn merge(&self, state: &mut Checked, later: Checked) -> Result<(), DataError> {
        let (sums, places) = state;
        sums.merge(&later.0).map_err(data_error)?;
        places.extend(later.1);
        let listed: Vec<u64> = sums.listed().map(|figure| figure.row).collect();
        places.retain(|row, _| listed.contains(row));
        Ok(())
    }

    fn finish(self, checked: Checked) -> Result<Checked, DataError> {
        Ok(checked)
    }
}

/// The index of the row of this number, which the rows have in ascending order.
fn index_of(rows: &RowChunk, number: u64) -> Option<usize> {
    let (mut from, mut to) = (0, rows.num_rows());
    while from < to {
        let middle = from + (to - from) / 2;
        if rows.row_number(middle) < number {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    (from < rows.num_rows() && rows.row_number(from) == number).then_some(from)
}
