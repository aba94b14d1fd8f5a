//! A ridge fit in words.

use linreg_data::Encoder;
use linreg_exact::RidgePath;

use super::coefficients::names;
use crate::exact::{ExactFit, Ridge};
use crate::number::{count, plain, significant, six_digits};
use crate::wrap::{Width, beside, table_within, wrapped};

/// The fit of a target: its coefficients, its figures and its path, in lines of so
/// many columns.
pub fn text(
    fit: &ExactFit,
    ridge: &Ridge,
    index: usize,
    encoder: &Encoder,
    width: Width,
) -> String {
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
    let (size, share) = if encoder.intercept() {
        ("standard deviation", "variance")
    } else {
        ("mean square", "squares")
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
    let note = "Ridge regression biases the weights on purpose, so there are no standard errors";
    format!(
        "{}\n{}\nThe path of penalties\n{}\n{}\n",
        table_within(&rows, width),
        beside(&figures, width),
        path_table(path, width),
        wrapped(note, width)
    )
}

/// A table of the penalties: only some of a long path, but always the best one.
fn path_table(path: &RidgePath, width: Width) -> String {
    const MOST: usize = 20;
    let step = if path.fits.len() > MOST {
        path.fits.len().div_ceil(MOST / 2)
    } else {
        1
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
    table_within(&rows, width)
}
