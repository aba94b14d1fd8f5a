use std::sync::Arc;

use linreg_data::{DataError, EncodedSource, RowChunk, RowPass};
use linreg_exact::{Accumulator, Collinear, ExactError, RefinementPass, RefinementSums, Solution};
use serde::{Deserialize, Serialize};

use super::rows::{data_error, exact_rows};
use crate::FitError;

/// A solution with what it was computed from, by which it travels to other
/// machines.
#[derive(Clone, Deserialize, Serialize)]
#[serde(try_from = "Problem", into = "Problem")]
pub(crate) struct Solved {
    problem: Problem,
    pub solution: Solution,
}

/// What a solution is computed from.
#[derive(Clone, Deserialize, Serialize)]
struct Problem {
    sums: Arc<Accumulator>,
    intercept: bool,
    collinear: Collinear,
    /// The sums of the pass that refined the solution, if one did.
    refinement: Option<RefinementSums>,
}

impl Solved {
    /// The solution that these sums have.
    pub fn new(sums: &Arc<Accumulator>, collinear: Collinear, solution: Solution) -> Self {
        let problem = Problem {
            sums: sums.clone(),
            intercept: solution.has_intercept,
            collinear,
            refinement: None,
        };
        Self { problem, solution }
    }

    /// The same solution with more digits, from another pass over its rows.
    pub fn refined(self, rows: &EncodedSource) -> Result<Self, FitError> {
        let mut problem = self.problem.clone();
        let pass = RefinementPass::new(self.solution.clone());
        let (sums, _) = rows.run(Refine::of(self))?;
        let solution = pass.solution(&sums)?;
        problem.refinement = Some(sums);
        Ok(Self { problem, solution })
    }
}

impl From<Solved> for Problem {
    fn from(solved: Solved) -> Self {
        solved.problem
    }
}

impl TryFrom<Problem> for Solved {
    type Error = ExactError;

    fn try_from(problem: Problem) -> Result<Self, ExactError> {
        let solution = problem.sums.solve(problem.intercept, problem.collinear)?;
        let solution = match &problem.refinement {
            Some(sums) => RefinementPass::new(solution).solution(sums)?,
            None => solution,
        };
        Ok(Self { problem, solution })
    }
}

/// Reads the rows again to give the coefficients more digits.
#[derive(Deserialize, Serialize)]
#[serde(from = "Solved", into = "Solved")]
pub(crate) struct Refine {
    solved: Solved,
    pass: RefinementPass,
}

impl Clone for Refine {
    fn clone(&self) -> Self {
        Self::of(self.solved.clone())
    }
}

impl Refine {
    fn of(solved: Solved) -> Self {
        let pass = RefinementPass::new(solved.solution.clone());
        Self { solved, pass }
    }
}

impl From<Solved> for Refine {
    fn from(solved: Solved) -> Self {
        Self::of(solved)
    }
}

impl From<Refine> for Solved {
    fn from(refine: Refine) -> Self {
        refine.solved
    }
}

impl RowPass for Refine {
    type State = RefinementSums;
    type Output = RefinementSums;

    fn name() -> String {
        "refinement of an exact fit".to_string()
    }

    fn start(&self) -> RefinementSums {
        self.pass.start()
    }

    fn update(&self, sums: &mut RefinementSums, rows: &RowChunk) -> Result<(), DataError> {
        let rows = exact_rows(rows).map_err(data_error)?;
        self.pass.update(sums, &rows).map_err(data_error)
    }

    fn merge(&self, sums: &mut RefinementSums, later: RefinementSums) -> Result<(), DataError> {
        sums.merge(&later).map_err(data_error)
    }

    fn finish(self, sums: RefinementSums) -> Result<RefinementSums, DataError> {
        Ok(sums)
    }
}
