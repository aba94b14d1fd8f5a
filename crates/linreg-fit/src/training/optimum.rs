use linreg_training::Optimality;

/// How far the objective of a trained model, its loss and the penalty, is above
/// the least possible on the same rows.
#[derive(Clone, Debug)]
pub struct Optimum {
    /// The bound for each target; `None` where it is not known.
    pub targets: Option<Vec<Optimality>>,
}

/// An objective within this share of the least is as good as the least.
const CLOSE: f64 = 1e-3;

impl Optimum {
    /// Whether more training would hardly lower the objective.
    pub fn is_close(&self) -> bool {
        let close = |found: &Optimality| found.excess().is_some_and(|excess| excess <= CLOSE);
        self.targets
            .as_ref()
            .is_some_and(|targets| targets.iter().all(close))
    }
}
