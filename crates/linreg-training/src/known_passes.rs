use burn::tensor::backend::AutodiffBackend;
use linreg_data::{KnownPasses, PreparePass};

use crate::curvature::CurvaturePass;
use crate::fingerprint::DigestPass;
use crate::held_out_loss::HeldOutLossPass;
use crate::learning_rate_limit::GramPass;
use crate::objective_pass::ObjectivePass;
use crate::objectives::LossesPass;
use crate::optimality::DualPass;
use crate::vertex::StepPass;

/// Adds the passes of training to those that a program can run for another one, but for
/// those of [`add_passes_on`].
pub fn add_passes(known: &mut KnownPasses) {
    known.add_rows::<CurvaturePass>();
    known.add_rows::<DigestPass>();
    known.add_rows::<DualPass>();
    known.add_rows::<GramPass>();
    known.add_rows::<HeldOutLossPass>();
    known.add_rows::<LossesPass>();
    known.add_rows::<StepPass>();
}

/// Adds the passes that compute on the default device of a backend, for another program
/// that trains on the same backend. Each is given to `prepare` before it runs.
pub fn add_passes_on<B: AutodiffBackend>(known: &mut KnownPasses, prepare: PreparePass) {
    known.add_encoded::<ObjectivePass<B>>(prepare);
}
