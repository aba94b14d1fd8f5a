use crate::{Arithmetic, ExactError, Inference, InferenceConfig, Solution};

/// How many digits a fit has to have, and so which passes over the rows it takes.
///
/// The first pass adds up products, usually in 64-bit floats. Where the error bounds
/// do not prove enough digits, a second one refines the solution, if they prove that
/// this gives enough; else it adds up the products in double-double, and where these
/// are not enough either, one more refines that solution.
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
    /// Whether solutions are refined. Where the sums themselves have to have the
    /// digits, as for other penalties, it would be of no use. Default: true.
    pub refine: bool,
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
            refine: true,
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
        let mut solution = match solved {
            Err(ExactError::Imprecise) => return Ok(Next::DoubleDouble),
            solved => solved?,
        };
        if self.is_satisfied(&solution)? {
            return Ok(Next::Done(solution));
        }
        // One step of refinement gains all digits that refinement can gain.
        let can_refine = self.refine && solution.refinements == 0;
        let refine = match solution.arithmetic {
            Arithmetic::Double => can_refine && self.promises_enough(&mut solution)?,
            Arithmetic::DoubleDouble => true,
        };
        Ok(if refine {
            Next::Refine(solution)
        } else {
            Next::DoubleDouble
        })
    }

    /// Whether a solution has enough digits, or as many as there can be.
    ///
    /// # Errors
    ///
    /// [`ExactError::Setting`] for a confidence that is not between 0 and 1, or
    /// [`ExactError::Shape`] if the solution was changed.
    pub fn is_satisfied(&self, solution: &Solution) -> Result<bool, ExactError> {
        let is_best = solution.arithmetic == Arithmetic::DoubleDouble
            && (solution.refinements > 0 || !self.refine);
        Ok(is_best || self.fewest_digits(solution)? >= self.digits)
    }

    /// Whether a step of refinement is sure to give a solution enough digits. It takes
    /// a small part of the time of double-double sums, and leaves the digits of the
    /// standard errors as they are.
    fn promises_enough(&self, solution: &mut Solution) -> Result<bool, ExactError> {
        let promised = solution.promised_fits()?;
        let fits = std::mem::replace(&mut solution.targets, promised);
        let digits = self.fewest_digits(solution);
        solution.targets = fits;
        Ok(digits? >= self.digits)
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
        solve_line(slope_of_second, 0.0, arithmetic)
    }

    /// As [`solve`], but the target has a slope in the first feature.
    fn solve_line(
        slope_of_second: f64,
        slope: f64,
        arithmetic: Arithmetic,
    ) -> Result<Solution, ExactError> {
        let rows = 0..40;
        let features: Vec<f64> = rows
            .clone()
            .flat_map(|row| {
                let x = f64::from(row);
                [x, x + slope_of_second * f64::from(row * row % 7)]
            })
            .collect();
        let target = |row| f64::from(row * row % 11) + slope * f64::from(row);
        let targets: Vec<f64> = rows.map(target).collect();
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
    fn a_solution_is_refined_if_that_gives_enough_digits() {
        // The residuals are a millionth of the target's variation: no digits of their sum
        // of squares in 64-bit floats, and as many as usual in those of the features.
        let solved = || solve_line(1.0, 1e6, Arithmetic::Double);
        let next = Policy::default().next(solved()).unwrap();
        let Next::Refine(solution) = next else {
            panic!("{next:?}");
        };
        assert!(!Policy::default().is_satisfied(&solution).unwrap());
        assert_eq!(
            solution.targets[0].digits,
            solved().unwrap().targets[0].digits
        );
        // It would not give the sums more digits, nor these features enough.
        let of_sums = Policy {
            refine: false,
            ..Policy::default()
        };
        let next = of_sums.next(solved()).unwrap();
        assert!(matches!(next, Next::DoubleDouble));
        let next = of_sums
            .next(solve_line(1.0, 1e6, Arithmetic::DoubleDouble))
            .unwrap();
        assert!(matches!(next, Next::Done(_)));
        let next = Policy::default().next(solve_line(1e-4, 1e6, Arithmetic::Double));
        assert!(matches!(next.unwrap(), Next::DoubleDouble));
        // If the promise were broken, double-double would be next.
        let mut broken = solution;
        broken.refinements = 1;
        let next = Policy::default().next(Ok(broken)).unwrap();
        assert!(matches!(next, Next::DoubleDouble));
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
