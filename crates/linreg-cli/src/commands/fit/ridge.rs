use anyhow::{Result, bail};
use linreg_data::Encoder;
use linreg_exact::{Accumulator, RidgeConfig, RidgeFit, RidgePath, Solution, Weighting};
use linreg_model::ModelFile;
use serde_json::{Value, json};

use super::exact::{ExactFit, relations_lines};
use super::summary::{names, number, one_or_all};
use crate::number::{count, plain, significant, six_digits, table};

/// The penalties of a path; empty if they are to be chosen automatically.
#[derive(Clone)]
pub struct Penalties(Vec<f64>);

/// The value of `--ridge` that asks for the best penalty of an automatic path.
pub const BEST: &str = "gcv";

/// Reads `gcv`, a penalty, or several.
pub fn penalties(text: &str) -> Result<Penalties, String> {
    if text == BEST {
        return Ok(Penalties(Vec::new()));
    }
    let penalty = |cell: &str| {
        let found = cell.trim().parse::<f64>().ok();
        let found = found.filter(|value| value.is_finite() && *value >= 0.0);
        found.ok_or_else(|| format!("found `{cell}`, expected penalties of 0 or more, or {BEST}"))
    };
    let list: Result<Vec<f64>, String> = text.split(',').map(penalty).collect();
    list.map(Penalties)
}

/// The fits of each target with all penalties.
pub struct Ridge {
    paths: Vec<RidgePath>,
    is_given: bool,
}

impl Ridge {
    pub fn new(
        sums: &Accumulator,
        solution: &Solution,
        penalties: &Penalties,
        weighting: Weighting,
    ) -> Result<Self> {
        let config = RidgeConfig {
            intercept: solution.has_intercept,
            weighting,
            penalties: penalties.0.clone(),
            ..RidgeConfig::default()
        };
        let paths = sums.ridge(&config)?;
        if let Some(empty) = paths.iter().position(|path| path.fits.is_empty()) {
            bail!("there is no penalty to fit target {} with", empty + 1);
        }
        Ok(Self {
            paths,
            is_given: !penalties.0.is_empty(),
        })
    }

    /// The coefficients of each target.
    pub fn estimates(&self) -> Vec<&[f64]> {
        self.best().map(|fit| &fit.estimates[..]).collect()
    }

    fn best(&self) -> impl Iterator<Item = &RidgeFit> {
        self.paths.iter().map(|path| &path.fits[path.best])
    }

    fn chosen_by(&self) -> &'static str {
        match self.is_given && self.paths[0].fits.len() == 1 {
            true => "given",
            false => "generalised cross-validation",
        }
    }

    /// Says in a model that its weights are shrunk.
    pub fn store(&self, model: &mut ModelFile) {
        let penalties: Vec<f64> = self.best().map(|fit| fit.penalty).collect();
        let said = json!({
            "penalties": penalties,
            "chosen_by": self.chosen_by(),
            "standardised": true,
        });
        model.metadata.insert("ridge".to_string(), said.to_string());
    }
}

/// The fit of a target: its coefficients, its figures and its path.
pub fn text(fit: &ExactFit, ridge: &Ridge, index: usize, encoder: &Encoder) -> String {
    let path = &ridge.paths[index];
    let best = &path.fits[path.best];
    let target = plain(&encoder.targets()[index]);
    let header = ["coefficient", "estimate", "without penalty"];
    let mut rows = vec![header.map(str::to_string).to_vec()];
    let least_squares = &fit.solution.targets[index].estimates;
    let names = names(encoder);
    for ((name, estimate), other) in names.iter().zip(&best.estimates).zip(least_squares) {
        rows.push(vec![
            name.clone(),
            six_digits(*estimate),
            six_digits(*other),
        ]);
    }
    let how = match ridge.chosen_by() {
        "given" => "as given".to_string(),
        _ => format!(
            "chosen from {} by generalised cross-validation",
            path.fits.len()
        ),
    };
    let (size, share) = match encoder.intercept() {
        true => ("standard deviation", "variance"),
        false => ("mean square", "squares"),
    };
    let figures = [
        (
            "penalty",
            format!(
                "{}  on each squared weight, for features of {size} 1; {how}",
                significant(best.penalty)
            ),
        ),
        (
            "effective dof",
            format!(
                "{}  effective degrees of freedom, of {}",
                significant(best.degrees_of_freedom),
                count(names.len(), "coefficient")
            ),
        ),
        (
            "R²",
            format!(
                "{}  share of the {share} explained, in these rows",
                significant(best.r_squared)
            ),
        ),
        (
            "RMSE (GCV)",
            format!(
                "{}  expected in new rows, in the unit of `{target}`, by generalised cross-validation",
                significant(best.cross_validation.sqrt())
            ),
        ),
    ];
    let width = figures.iter().map(|(name, _)| name.chars().count()).max();
    let width = width.unwrap_or(0);
    let lines = figures
        .iter()
        .map(|(name, text)| format!("  {name:<width$}  {text}\n"));
    format!(
        "{}\n{}\nThe path of penalties\n{}\nRidge regression biases the weights on purpose, so there are no standard errors\n",
        table(&rows),
        lines.collect::<String>(),
        path_table(path)
    )
}

/// A table of the penalties: only some of a long path, but always the best one.
fn path_table(path: &RidgePath) -> String {
    const MOST: usize = 20;
    let step = match path.fits.len() > MOST {
        true => path.fits.len().div_ceil(MOST / 2),
        false => 1,
    };
    let header = ["penalty", "effective dof", "R²", "RMSE (GCV)", ""];
    let mut rows = vec![header.map(str::to_string).to_vec()];
    for (index, fit) in path.fits.iter().enumerate() {
        if !index.is_multiple_of(step) && index != path.best {
            continue;
        }
        let is_best = index == path.best && path.fits.len() > 1;
        rows.push(vec![
            significant(fit.penalty),
            significant(fit.degrees_of_freedom),
            significant(fit.r_squared),
            significant(fit.cross_validation.sqrt()),
            if is_best { "least" } else { "" }.to_string(),
        ]);
    }
    table(&rows)
}

/// Warnings about a ridge fit.
pub fn warnings(fit: &ExactFit, ridge: &Ridge, encoder: &Encoder) -> Vec<String> {
    let mut warnings = Vec::new();
    if !fit.solution.relations.is_empty() {
        let lines = relations_lines(&fit.solution.relations, &encoder.feature_names());
        warnings.push(format!(
            "linearly dependent features, which share their effect:\n{}",
            lines.trim_end()
        ));
    }
    for (path, target) in ridge.paths.iter().zip(encoder.targets()) {
        let target = plain(target);
        if ridge.is_given {
            continue;
        }
        if path.best == 0 {
            warnings.push(format!(
                "`{target}` is predicted best with hardly any penalty: leave out --ridge, and there are standard errors"
            ));
        }
        if path.best + 1 == path.fits.len() {
            warnings.push(format!(
                "`{target}` is predicted best with the largest penalty, which makes the weights almost 0: the features explain almost nothing of it"
            ));
        }
    }
    warnings
}

/// What each coefficient would be without a penalty.
pub fn extend_coefficients(fit: &ExactFit, list: &mut Value) {
    let all = fit.solution.targets.iter().flat_map(|fit| &fit.estimates);
    for (entry, estimate) in list.as_array_mut().into_iter().flatten().zip(all) {
        entry["without_penalty"] = number(*estimate);
    }
}

/// The figures: an object for one target, an array for several.
pub fn json(fit: &ExactFit, ridge: &Ridge, targets: &[String]) -> Value {
    let of_fit = |fit: &RidgeFit| {
        json!({
            "penalty": fit.penalty,
            "effective_dof": fit.degrees_of_freedom,
            "r_squared": number(fit.r_squared),
            "gcv": number(fit.cross_validation),
            "estimates": fit.estimates,
        })
    };
    let of_target = |(path, target): (&RidgePath, &String)| {
        let best = &path.fits[path.best];
        let mut object = json!({
            "r_squared": number(best.r_squared),
            "penalty": best.penalty,
            "chosen_by": ridge.chosen_by(),
            "effective_dof": best.degrees_of_freedom,
            "gcv": number(best.cross_validation),
            "rows": fit.solution.rows,
            "condition": number(fit.solution.condition),
            "method": format!("ridge regression of standardised features, {}", fit.method()),
            "path": path.fits.iter().map(of_fit).collect::<Vec<_>>(),
        });
        if targets.len() > 1 {
            object["target"] = json!(target);
        }
        object
    };
    one_or_all(ridge.paths.iter().zip(targets).map(of_target).collect())
}
