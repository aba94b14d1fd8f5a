use linreg_data::{DataError, RowChunk, RowPass};
use linreg_exact::{Accumulator, Collinear, ExactError, Refinement, RefinementSums, Solution};
use serde::{Deserialize, Serialize};

use super::exact::{data_error, rows_of_chunk};

/// Reads the rows again to give the coefficients more digits.
#[derive(Deserialize, Serialize)]
#[serde(try_from = "Problem")]
pub struct RefinementPass {
    #[serde(flatten)]
    problem: Problem,
    #[serde(skip)]
    solution: Solution,
}

/// What the solution is computed from, on any machine.
#[derive(Deserialize, Serialize)]
struct Problem {
    sums: Accumulator,
    intercept: bool,
    collinear: Collinear,
}

impl RefinementPass {
    /// Returns the pass for the solution that these sums have.
    pub fn new(sums: &Accumulator, collinear: Collinear, solution: Solution) -> Self {
        let problem = Problem {
            sums: sums.clone(),
            intercept: solution.has_intercept,
            collinear,
        };
        Self { problem, solution }
    }
}

impl TryFrom<Problem> for RefinementPass {
    type Error = ExactError;

    fn try_from(problem: Problem) -> Result<Self, ExactError> {
        Ok(Self {
            solution: problem.sums.solve(problem.intercept, problem.collinear)?,
            problem,
        })
    }
}

impl RowPass for RefinementPass {
    type State = RefinementSums;
    type Output = Solution;

    fn name() -> String {
        "refinement of an exact fit".to_string()
    }

    fn start(&self) -> RefinementSums {
        Refinement::new(&self.solution).into_sums()
    }

    fn update(&self, sums: &mut RefinementSums, rows: &RowChunk) -> Result<(), DataError> {
        // A part has its rows all at once, so that there are no sums before it.
        let mut refinement = Refinement::new(&self.solution);
        refinement.update(&rows_of_chunk(rows).map_err(data_error)?);
        *sums = refinement.into_sums();
        Ok(())
    }

    fn merge(&self, sums: &mut RefinementSums, later: RefinementSums) -> Result<(), DataError> {
        sums.merge(&later);
        Ok(())
    }

    fn finish(self, sums: RefinementSums) -> Result<Solution, DataError> {
        let refinement = Refinement::with_sums(&self.solution, sums);
        let refined = refinement.and_then(|refinement| refinement.solution());
        refined.map_err(data_error)
    }
}

#[cfg(test)]
mod tests {
    use linreg_data::{Dataset, Threads};
    use linreg_exact::{Arithmetic, Rows};

    use super::*;

    #[test]
    fn it_has_the_same_bits_on_any_number_of_threads_and_after_a_journey() {
        let x: Vec<f64> = (0..17_000).map(|row| 1e6 + f64::from(row) / 7.0).collect();
        let features: Vec<f64> = x.iter().flat_map(|x| [*x, x * x]).collect();
        let targets: Vec<f64> = x.iter().map(|x| 3.0 + x.sin()).collect();
        let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
        let mut sums = Accumulator::new(2, 1, Arithmetic::DoubleDouble);
        sums.update(&Rows::new(&features, &targets, 2, 1).unwrap())
            .unwrap();
        let dataset = Dataset::new(features, targets, names(&["a", "b"]), names(&["y"])).unwrap();
        let pass = || {
            let solution = sums.solve(true, Collinear::Error).unwrap();
            RefinementPass::new(&sums, Collinear::Error, solution)
        };
        let refined = |threads, pass: RefinementPass| {
            let solution = dataset.run(&Threads::new(threads), pass).unwrap();
            assert_eq!(solution.refinements, 1);
            let estimates = &solution.targets[0].estimates;
            estimates.iter().map(|b| b.to_bits()).collect::<Vec<u64>>()
        };
        let expected = refined(1, pass());
        for threads in [2, 7] {
            assert_eq!(refined(threads, pass()), expected);
        }
        let text = serde_json::to_string(&pass()).unwrap();
        assert_eq!(refined(2, serde_json::from_str(&text).unwrap()), expected);
    }
}
