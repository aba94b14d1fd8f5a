mod record;

use burn::grad_clipping::GradientClippingConfig;
use burn::optim::adaptor::OptimizerAdaptor;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{
    AdaGrad, AdaGradConfig, Adam, AdamConfig, AdamW, AdamWConfig, GradientsParams, Optimizer,
    RmsProp, RmsPropConfig, Sgd, SgdConfig,
};
use burn::tensor::Tensor;
use burn::tensor::backend::AutodiffBackend;
use linreg_model::LinearRegression;
use serde_json::Value;

use crate::expected::{Checked, wrong};
use crate::{CheckpointProblem, Clipping, OptimizerConfig, TrainingConfig, TrainingError};

type Adaptor<B, O> = OptimizerAdaptor<O, LinearRegression<B>, B>;

/// Burn's optimizer for minibatches.
pub(crate) enum BatchOptimizer<B: AutodiffBackend> {
    Sgd(Adaptor<B, Sgd<B::InnerBackend>>),
    Adam(Adaptor<B, Adam>),
    AdamW(Adaptor<B, AdamW>),
    RmsProp(Adaptor<B, RmsProp>),
    AdaGrad(Adaptor<B, AdaGrad>),
}

/// Evaluates the same expression for each kind of optimizer.
macro_rules! each {
    ($optimizer:expr, $name:ident => $what:expr) => {
        match $optimizer {
            BatchOptimizer::Sgd($name) => $what,
            BatchOptimizer::Adam($name) => $what,
            BatchOptimizer::AdamW($name) => $what,
            BatchOptimizer::RmsProp($name) => $what,
            BatchOptimizer::AdaGrad($name) => $what,
        }
    };
}

impl<B: AutodiffBackend> BatchOptimizer<B> {
    /// # Errors
    ///
    /// [`TrainingError::Setting`] for a full-batch optimizer.
    pub(crate) fn new(config: &TrainingConfig) -> Result<Self, TrainingError> {
        let clipping = config.clipping.map(|clipping| match clipping {
            Clipping::Norm(limit) => GradientClippingConfig::Norm(limit as f32),
            Clipping::Value(limit) => GradientClippingConfig::Value(limit as f32),
        });
        // Weight decay is applied in `Training::update` instead, because it must
        // not change the bias.
        Ok(match config.optimizer {
            OptimizerConfig::Sgd { momentum, nesterov } => {
                let momentum = (momentum > 0.0).then(|| {
                    MomentumConfig::new()
                        .with_momentum(momentum)
                        .with_dampening(0.0)
                        .with_nesterov(nesterov)
                });
                let config = SgdConfig::new().with_momentum(momentum);
                Self::Sgd(config.with_gradient_clipping(clipping).init())
            }
            OptimizerConfig::Adam => {
                Self::Adam(AdamConfig::new().with_grad_clipping(clipping).init())
            }
            OptimizerConfig::AdamW => {
                let config = AdamWConfig::new().with_weight_decay(0.0);
                Self::AdamW(config.with_grad_clipping(clipping).init())
            }
            OptimizerConfig::RmsProp { momentum } => {
                let config = RmsPropConfig::new().with_momentum(momentum as f32);
                Self::RmsProp(config.with_grad_clipping(clipping).init())
            }
            OptimizerConfig::AdaGrad => {
                Self::AdaGrad(AdaGradConfig::new().with_grad_clipping(clipping).init())
            }
            OptimizerConfig::Lbfgs { .. } | OptimizerConfig::Proximal => {
                return Err(TrainingError::setting(
                    "optimizer",
                    config.optimizer.name(),
                    "one that takes minibatches",
                ));
            }
        })
    }

    pub(crate) fn step(
        &mut self,
        learning_rate: f64,
        model: LinearRegression<B>,
        gradients: GradientsParams,
    ) -> LinearRegression<B> {
        each!(self, optimizer => optimizer.step(learning_rate, model, gradients))
    }

    /// Returns its state, exact to the last bit.
    pub(crate) fn to_json(&self) -> Result<Value, CheckpointProblem> {
        each!(self, optimizer => {
            record::to_json::<B>(Optimizer::<LinearRegression<B>, B>::to_record(optimizer))
        })
    }

    /// Returns an error unless the record has the form that the optimizer of this
    /// configuration has for this model after this number of updates: the same
    /// parameters, each with a state of the right shape.
    pub(crate) fn check(
        found: &Value,
        config: &TrainingConfig,
        model: &LinearRegression<B>,
        updates: usize,
    ) -> Checked {
        let Ok(mut optimizer) = Self::new(config) else {
            return wrong("method", config.optimizer.name(), "one of minibatches");
        };
        if updates > 0 {
            let mut gradients = GradientsParams::new();
            let weight = Tensor::zeros_like(&model.weight.val().inner());
            gradients.register::<B::InnerBackend, 2>(model.weight.id, weight);
            if config.intercept {
                let bias = Tensor::zeros_like(&model.bias.val().inner());
                gradients.register::<B::InnerBackend, 1>(model.bias.id, bias);
            }
            optimizer.step(config.learning_rate, model.clone(), gradients);
        }
        let expected = optimizer.to_json()?;
        record::has_form(found, &expected, updates)
    }

    /// Restores the state of the optimizer, which must have been
    /// [checked](Self::check).
    pub(crate) fn load(self, json: Value, device: &B::Device) -> Result<Self, CheckpointProblem> {
        macro_rules! load {
            ($kind:ident, $optimizer:ident) => {{
                let record = record::from_json::<B, _>(json, device)?;
                Self::$kind(Optimizer::<LinearRegression<B>, B>::load_record(
                    $optimizer, record,
                ))
            }};
        }
        Ok(match self {
            Self::Sgd(optimizer) => load!(Sgd, optimizer),
            Self::Adam(optimizer) => load!(Adam, optimizer),
            Self::AdamW(optimizer) => load!(AdamW, optimizer),
            Self::RmsProp(optimizer) => load!(RmsProp, optimizer),
            Self::AdaGrad(optimizer) => load!(AdaGrad, optimizer),
        })
    }
}
