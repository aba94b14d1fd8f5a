use linreg_data::KnownPasses;

use crate::curvature::CurvaturePass;
use crate::fingerprint::DigestPass;
use crate::held_out_loss::HeldOutLossPass;
use crate::learning_rate_limit::GramPass;
use crate::objectives::LossesPass;
use crate::optimality::DualPass;
use crate::vertex::StepPass;

/// Adds the passes of training to those that a program can run for another one.
pub fn add_passes(known: &mut KnownPasses) {
    known.add_rows::<CurvaturePass>();
    known.add_rows::<DigestPass>();
    known.add_rows::<DualPass>();
    known.add_rows::<GramPass>();
    known.add_rows::<HeldOutLossPass>();
    known.add_rows::<LossesPass>();
    known.add_rows::<StepPass>();
}
