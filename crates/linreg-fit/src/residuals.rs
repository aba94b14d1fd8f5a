use linreg_data::{
    DataError, EncodingCounts, RowChunk, RowPass, RowSample, SampleLimit, Set, Split,
};
use linreg_exact::{
    ExactError, PredictionErrors, ResidualTests, RowInBasis, Weighting, is_determining,
};
use linreg_plot::{Picture, PlotError};
use serde::{Deserialize, Serialize};

use crate::exact::{LEVEL, data_error};
use crate::{FitError, FittedModel, ModelProblem, Predictor, Table};

/// What a model leaves of one of its targets on the rows of a table, for pictures.
pub struct Residuals {
    /// The rows that are drawn, with their indices in the table: all of them, or a
    /// random sample of a million.
    rows: Vec<(u64, Residual)>,
    /// Number of rows.
    pub num_rows: u64,
    /// Number of rows that each determine a coefficient alone, so that their
    /// residual is always 0.
    pub determined: u64,
    target: String,
    tests: linreg_plot::ResidualTests,
    /// Number of coefficients, if the model has what standardises residuals.
    coefficients: Option<usize>,
}

/// A row of the sample.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Residual {
    actual: f64,
    fitted: f64,
    /// The standardised residual and the leverage; `None` where a row alone
    /// determines a coefficient, and without a covariance.
    standardised: Option<(f64, f64)>,
}

/// A picture of residuals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ResidualPicture {
    /// Actual values against predicted ones.
    Predicted,
    /// Residuals against fitted values.
    Fitted,
    /// Residuals in the order of the rows.
    Order,
    /// Standardised residuals against the quantiles of a normal distribution.
    Quantiles,
    /// The spread of standardised residuals along the fitted values.
    Scale,
    /// Standardised residuals against leverage, with Cook's distances.
    Leverage,
}

impl ResidualPicture {
    /// The pictures that say most of a model's fit: those of standardised
    /// residuals and of fitted values, or predicted and fitted values where it has
    /// no covariance to standardise with.
    pub fn usual(model: &FittedModel) -> Vec<Self> {
        match model.interval_errors() {
            Ok(_) => vec![Self::Fitted, Self::Quantiles, Self::Scale, Self::Leverage],
            Err(_) => vec![Self::Predicted, Self::Fitted],
        }
    }

    /// Whether it needs standardised residuals, for which a model needs a
    /// covariance of its coefficients.
    pub fn is_standardised(self) -> bool {
        !matches!(self, Self::Predicted | Self::Fitted | Self::Order)
    }
}

/// The most rows that are drawn.
const MOST_ROWS: usize = 1 << 20;

impl FittedModel {
    /// The residuals of a target, by its index, on the rows of a table. They are
    /// standardised as those of the rows that the model was fitted to.
    ///
    /// # Errors
    ///
    /// As [`evaluate`](Self::evaluate), and [`FitError::NoTarget`] for an index
    /// beyond the targets.
    pub fn residuals(
        &self,
        table: &Table,
        target: usize,
    ) -> Result<(Residuals, EncodingCounts), FitError> {
        let in_table = |error: FitError| error.of_table(table.name());
        let names = self.target_names();
        let Some(name) = names.get(target) else {
            return Err(FitError::NoTarget {
                found: target,
                targets: names.len(),
            });
        };
        let rows = table.rows(self.encoder(), Split::None, Set::Training);
        let rows = rows.map_err(|error| in_table(error.into()))?;
        let pass = ResidualPass {
            predictor: self.predictor().clone(),
            weights: self.file().coefficients.weight()[target..]
                .iter()
                .step_by(names.len())
                .copied()
                .collect(),
            bias: self.coefficients().bias()[target],
            target,
            weighting: self.encoder().weight().map(|_| self.weighting()),
            limit: SampleLimit::default(),
        };
        let found = rows.run(pass);
        let (seen, counts) = found.map_err(|error| in_table(error.into()))?;
        if seen.num_rows == 0 {
            return Err(in_table(FitError::NoRows));
        }
        let errors = self.predictor().stored_errors();
        let residuals = Residuals {
            tests: seen.tests(),
            num_rows: seen.num_rows,
            determined: seen.determined,
            rows: seen.sample.into_rows(),
            target: name.clone(),
            coefficients: errors.map(|errors| errors.parts().feature_scales.len()),
        };
        Ok((residuals, counts))
    }
}

impl Residuals {
    /// Number of rows that are drawn.
    pub fn num_drawn(&self) -> usize {
        self.rows.len()
    }

    /// Draws a picture of them.
    ///
    /// # Errors
    ///
    /// A model without the covariance that a picture needs, or numbers that
    /// cannot be drawn.
    pub fn picture(&self, kind: ResidualPicture) -> Result<Picture, FitError> {
        if kind.is_standardised() && self.coefficients.is_none() {
            return Err(ModelProblem::NoCovariance.into());
        }
        Ok(self.drawn(kind)?)
    }

    fn drawn(&self, kind: ResidualPicture) -> Result<Picture, PlotError> {
        let of = |value: fn(&Residual) -> f64| {
            let rows = self.rows.iter();
            rows.map(|(_, row)| value(row)).collect::<Vec<f64>>()
        };
        let numbered = self.rows.iter().filter_map(|(index, row)| {
            let (residual, leverage) = row.standardised?;
            Some((index + 1, row.fitted, residual, leverage))
        });
        let standardised = numbered
            .clone()
            .map(|(_, fitted, residual, _)| (fitted, residual));
        let tests = Some(&self.tests);
        match kind {
            ResidualPicture::Predicted => {
                Picture::predicted(&self.target, &of(|row| row.fitted), &of(|row| row.actual))
            }
            ResidualPicture::Fitted => {
                let residuals = of(|row| row.actual - row.fitted);
                Picture::residuals(&self.target, &of(|row| row.fitted), &residuals, tests)
            }
            ResidualPicture::Order => {
                let numbers: Vec<f64> = self.rows.iter().map(|(i, _)| (i + 1) as f64).collect();
                Picture::residual_order(&numbers, &of(|row| row.actual - row.fitted), tests)
            }
            ResidualPicture::Quantiles => {
                let residuals: Vec<f64> = standardised.map(|(_, residual)| residual).collect();
                Picture::normal_quantiles(&residuals, tests)
            }
            ResidualPicture::Scale => {
                let (fitted, residuals): (Vec<f64>, Vec<f64>) = standardised.unzip();
                Picture::scale_location(&self.target, &fitted, &residuals, tests)
            }
            ResidualPicture::Leverage => {
                let numbers: Vec<u64> = numbered.clone().map(|(number, ..)| number).collect();
                let (leverage, mut residuals): (Vec<f64>, Vec<f64>) = numbered
                    .map(|(_, _, residual, leverage)| (leverage, residual))
                    .unzip();
                if self.tests.are_rounding {
                    residuals.fill(0.0);
                }
                let coefficients = self.coefficients.unwrap_or(1);
                Picture::leverage(&leverage, &residuals, coefficients, &numbers)
            }
        }
    }
}

/// The pass over the rows.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct ResidualPass {
    predictor: Predictor,
    /// The weights and the bias of the target.
    weights: Vec<f64>,
    bias: f64,
    target: usize,
    /// What row weights are, if the model has any.
    weighting: Option<Weighting>,
    #[serde(skip)]
    limit: SampleLimit,
}

/// What is known of some rows.
#[derive(Deserialize, Serialize)]
pub(crate) struct Seen {
    num_rows: u64,
    determined: u64,
    sample: RowSample<Residual>,
    tests: ResidualTests,
    /// The sum of the squared residuals, and of the squares of their rounding
    /// errors.
    squares: f64,
    rounding: f64,
    /// The least and the greatest target.
    range: Option<[f64; 2]>,
}

impl RowPass for ResidualPass {
    type State = Seen;
    type Output = Seen;

    fn name() -> String {
        "residuals".to_string()
    }

    fn start(&self) -> Seen {
        Seen {
            num_rows: 0,
            determined: 0,
            sample: RowSample::new(MOST_ROWS, 0).within(&self.limit),
            tests: ResidualTests::new(self.weights.len()),
            squares: 0.0,
            rounding: 0.0,
            range: None,
        }
    }

    fn update(&self, seen: &mut Seen, rows: &RowChunk) -> Result<(), DataError> {
        let (features, targets) = (rows.num_features, rows.num_targets);
        let predictions = self.predictor.predict(rows.features, rows.tails);
        let predictions = predictions.map_err(data_error)?;
        let (mut tested, mut residuals, mut counts) = (Vec::new(), Vec::new(), Vec::new());
        for row in 0..rows.num_rows() {
            let at = row * targets + self.target;
            let (actual, fitted) = (rows.targets[at], predictions[at]);
            let at = row * features..(row + 1) * features;
            let of_row = &rows.features[at.clone()];
            let given = rows.weights.map_or(1.0, |weights| weights[row]);
            // As in the fit, counts are numbers of equal rows, and rows of weight 0
            // are skipped.
            let (weight, count) = match self.weighting {
                None => (1.0, 1.0),
                Some(Weighting::Counts) => (1.0, given),
                Some(Weighting::Precision) => (given, 1.0),
            };
            if weight > 0.0 && count > 0.0 {
                counts.push(count);
                tested.extend_from_slice(of_row);
                residuals.push(weight.sqrt() * (actual - fitted));
                seen.rounding += weight * self.rounding(of_row, actual).powi(2);
                let [least, most] = seen.range.unwrap_or([actual; 2]);
                seen.range = Some([least.min(actual), most.max(actual)]);
            }
            seen.num_rows += 1;
            let tails = rows.tails.map(|tails| &tails[at]);
            let errors = self.predictor.stored_errors();
            let of_row = errors.map(|errors| {
                let residual = weight.sqrt() * (actual - fitted);
                let row = errors.in_basis(of_row, tails)?;
                standardised(errors, self.target, &row, weight, residual)
            });
            let standardised = of_row.transpose().map(Option::flatten);
            let standardised = standardised.map_err(data_error)?;
            seen.determined += u64::from(errors.is_some() && standardised.is_none());
            seen.sample.add(rows.row_number(row), || Residual {
                actual,
                fitted,
                standardised,
            });
        }
        seen.squares += residuals.iter().map(|e| e * e).sum::<f64>();
        let tests = seen.tests.update(&tested, &residuals, Some(&counts));
        tests.map_err(data_error)
    }

    fn merge(&self, seen: &mut Seen, later: Seen) -> Result<(), DataError> {
        seen.num_rows += later.num_rows;
        seen.determined += later.determined;
        seen.sample.merge(later.sample);
        self.limit.learn(&seen.sample);
        seen.tests.merge(&later.tests).map_err(data_error)?;
        seen.squares += later.squares;
        seen.rounding += later.rounding;
        seen.range = match (seen.range, later.range) {
            (Some([a, b]), Some([c, d])) => Some([a.min(c), b.max(d)]),
            (one, other) => one.or(other),
        };
        Ok(())
    }

    fn finish(self, seen: Seen) -> Result<Seen, DataError> {
        Ok(seen)
    }
}

/// The residual of a row over its standard deviation, and the diagonal of the hat
/// matrix (Belsley, Kuh and Welsch, *Regression Diagnostics*, 1980, sections 2.1 and
/// 2.2); `None` for a row that alone determines a coefficient. The residual is that
/// times the root of the row's weight.
pub(crate) fn standardised(
    errors: &PredictionErrors,
    target: usize,
    row: &RowInBasis,
    weight: f64,
    residual: f64,
) -> Result<Option<(f64, f64)>, ExactError> {
    let spread = errors.residual_std_error(target)?;
    let leverage = weight * errors.leverage(target, row)?;
    if is_determining(leverage) || leverage.is_nan() {
        return Ok(None);
    }
    // Residuals of an exact line are nothing but rounding.
    let residual = if spread > 0.0 { residual / spread } else { 0.0 };
    Ok(Some((residual / (1.0 - leverage).sqrt(), leverage)))
}

impl ResidualPass {
    /// The rounding error that the residual of a row may have.
    fn rounding(&self, features: &[f64], actual: f64) -> f64 {
        let products = features
            .iter()
            .zip(&self.weights)
            .map(|(x, w)| (x * w).abs());
        f64::EPSILON * (actual.abs() + self.bias.abs() + products.sum::<f64>())
    }
}

impl Seen {
    /// What the tests of all rows say.
    fn tests(&self) -> linreg_plot::ResidualTests {
        /// An exact line leaves residuals below this share of the target's
        /// range.
        const LITTLE: f64 = 1e-6;
        let rows = self.tests.rows();
        let length = self.range.map_or(0.0, |[least, most]| most - least);
        let spread = rows as f64 * (length * LITTLE).powi(2);
        let is_little = self.squares <= 16.0 * self.rounding;
        linreg_plot::ResidualTests {
            breusch_pagan_p: self.tests.breusch_pagan_p(),
            jarque_bera_p: self.tests.jarque_bera_p(),
            level: LEVEL,
            shape: None,
            rows,
            are_rounding: is_little && (self.squares <= spread || spread == 0.0),
        }
    }
}
