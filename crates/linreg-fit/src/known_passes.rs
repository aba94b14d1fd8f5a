use linreg_data::KnownPasses;
use linreg_plot::ScatterMatrix;

use crate::evaluate::MetricsPass;
use crate::exact::{Check, Refine, SumsPass};
use crate::levels::LevelsPass;
use crate::numbers::{Clouds, DrawPass};
use crate::report::LookPass;
use crate::residuals::ResidualPass;
use crate::table_predictor::PredictPass;
use crate::training::GapPass;

/// Returns every pass over a table that this crate runs, by name: what a machine
/// needs to run them for another one.
pub fn known_passes() -> KnownPasses {
    let mut known = KnownPasses::default();
    linreg_training::add_passes(&mut known);
    linreg_backend::add_passes(&mut known);
    known.add::<PredictPass>();
    known.add_rows::<Check>();
    known.add_rows::<DrawPass<Clouds>>();
    known.add_rows::<DrawPass<ScatterMatrix>>();
    known.add_rows::<GapPass>();
    known.add_rows::<LevelsPass>();
    known.add_rows::<LookPass>();
    known.add_rows::<MetricsPass>();
    known.add_rows::<(MetricsPass, GapPass)>();
    known.add_rows::<Refine>();
    known.add_rows::<ResidualPass>();
    known.add_rows::<SumsPass>();
    known
}
