use crate::{Arithmetic, ExactError, Inference, InferenceConfig, Solution};

/// How many digits a fit has to have, and so which passes over the rows it takes.
///
/// The first pass adds up products, usually in 64-bit floats. Where the error bounds
/// do not prove enough digits, a second one adds them up in double-double; where
/// these are not enough either, one more refines the solution.
///
/// # Example
///
/// ```
/// use linreg_exact::{
///     Accumulator, Arithmetic, Collinear, ExactError, Next, Policy, RefinementPass, Rows, Solution,
/// };
///
/// /// Fits rows that are read from somewhere, as often as it takes.
/// fn fit(read: impl Fn() -> Vec<[f64; 2]>) -> Result<Solution, ExactError> {
///     let solve = |arithmetic| {
///         let mut sums = Accumulator::new(1, 1, arithmetic);
///         for [x, y] in read() {
///             sums.update(&Rows::new(&[x], &[y], 1, 1)?)?;
///         }
///         sums.solve(true, Collinear::Error)
///     };
///     let policy = Policy::default();
///     let mut solved = solve(Arithmetic::Double);
///     loop {
///         solved = match policy.next(solved)? {
///             Next::Done(solution) => return Ok(solution),
///             Next::DoubleDouble => solve(Arithmetic::DoubleDouble),
///             Next::Refine(solution) => {
///                 let pass = RefinementPass::new(solution);
///                 let mut sums = pass.start();
///                 for [x, y] in read() {
///                     pass.update(&mut sums, &Rows::new(&[x], &[y], 1, 1)?)?;
///                 }
///                 pass.solution(&sums)
///             }
///         };
///     }
/// }
///
/// let line = fit(|| vec![[0.0, 1.0], [1.0, 3.0], [2.0, 5.0], [3.0, 7.0]])?;
/// assert!(line.targets[0].is_exact && line.refinements == 1);
/// # Ok::<(), ExactError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Decimal digits that the error bounds have to guarantee for each figure of
    /// [`Inference::fewest_digits`] of each target. Default: [`Policy::DIGITS`].
    pub digits: f64,
    /// The settings of the figures.
    pub inference: InferenceConfig,
}

/// What a fit needs next.
#[derive(Clone, Debug)]
pub enum Next {
    /// Nothing: the solution has enough digits, or as many as there can be.
    Done(Solution),
    /// Sums of products in [`Arithmetic::DoubleDouble`], in a pass over the rows, and
    /// their solution.
    DoubleDouble,
    /// A [`RefinementPass`](crate::RefinementPass) over the rows. The solution is the
    /// best one without it.
    Refine(Solution),
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            digits: Self::DIGITS,
            inference: InferenceConfig::default(),
        }
    }
}

impl Policy {
    /// The default number of digits: as many as are usually printed. Error bounds
    /// are pessimistic, and most figures have far more digits.
    pub const DIGITS: f64 = 6.0;

    /// Decides what comes after a pass, from the solution that it gave.
    ///
    /// # Errors
    ///
    /// That of the solution, except [`ExactError::Imprecise`], and
    /// [`ExactError::Setting`] for a confidence that is not between 0 and 1.
    pub fn next(&self, solved: Result<Solution, ExactError>) -> Result<Next, ExactError> {
        let solution = match solved {
            Err(ExactError::Imprecise) => return Ok(Next::DoubleDouble),
            solved => solved?,
        };
        // One step of refinement gains all digits that refinement can gain.
        if solution.refinements > 0 || self.fewest_digits(&solution)? >= self.digits {
            return Ok(Next::Done(solution));
        }
        Ok(match solution.arithmetic {
            Arithmetic::Double => Next::DoubleDouble,
            Arithmetic::DoubleDouble => Next::Refine(solution),
        })
    }

    /// The fewest digits that any figure of any target has.
    fn fewest_digits(&self, solution: &Solution) -> Result<f64, ExactError> {
        let mut fewest = solution.fewest_digits();
        for target in 0..solution.targets.len() {
            let inference = Inference::with(solution, target, &self.inference)?;
            fewest = fewest.min(inference.fewest_digits());
        }
        Ok(fewest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Accumulator, Collinear, Rows};

    fn solve(slope_of_second: f64, arithmetic: Arithmetic) -> Result<Solution, ExactError> {
        let rows = 0..40;
        let features: Vec<f64> = rows
            .clone()
            .flat_map(|row| {
                let x = f64::from(row);
                [x, x + slope_of_second * f64::from(row * row % 7)]
            })
            .collect();
        let targets: Vec<f64> = rows.map(|row| f64::from(row * row % 11)).collect();
        let mut sums = Accumulator::new(2, 1, arithmetic);
        sums.update(&Rows::new(&features, &targets, 2, 1).unwrap())?;
        sums.solve(true, Collinear::Error)
    }

    #[test]
    fn a_well_conditioned_fit_is_done_after_one_pass() {
        let next = Policy::default().next(solve(1.0, Arithmetic::Double));
        assert!(matches!(next.unwrap(), Next::Done(_)));
    }

    #[test]
    fn more_digits_take_more_passes() {
        let most = Policy {
            digits: f64::INFINITY,
            ..Policy::default()
        };
        let next = most.next(solve(1.0, Arithmetic::Double)).unwrap();
        assert!(matches!(next, Next::DoubleDouble));
        let next = most.next(solve(1.0, Arithmetic::DoubleDouble)).unwrap();
        let Next::Refine(mut refined) = next else {
            panic!("{next:?}");
        };
        refined.refinements = 1;
        assert!(matches!(most.next(Ok(refined)).unwrap(), Next::Done(_)));
    }

    #[test]
    fn imprecise_sums_are_added_up_again_and_other_errors_are_returned() {
        let solved = solve(1e-7, Arithmetic::Double);
        assert_eq!(solved.clone().err(), Some(ExactError::Imprecise));
        let policy = Policy::default();
        assert!(matches!(policy.next(solved).unwrap(), Next::DoubleDouble));
        let error = policy.next(Err(ExactError::NoRows)).unwrap_err();
        assert_eq!(error, ExactError::NoRows);
        let mut confident = policy;
        confident.inference.confidence = 1.0;
        let error = confident.next(solve(1.0, Arithmetic::Double)).unwrap_err();
        assert!(matches!(error, ExactError::Setting { .. }), "{error}");
    }
}
