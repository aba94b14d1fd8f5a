use std::process::ExitCode;

use anyhow::Result;
use linreg_exact::nist::{Accuracy, Reference, references};
use serde_json::json;

use crate::number::table;
use crate::terminal::{self, print_json};

/// Digits of the estimates that must be right.
const ENOUGH: f64 = 12.0;

/// With its powers rounded to 64-bit floats, Filip is a different data set,
/// whose exact fit agrees with the certified one to 7.6 digits.
const ENOUGH_OF_ROUNDED_POWERS: f64 = 7.4;

/// Fits the certified data sets and says how many digits are right.
pub fn run(is_json: bool) -> Result<ExitCode> {
    let mut found = Vec::new();
    for reference in references() {
        for exact_powers in [false, true] {
            if exact_powers && !reference.is_polynomial() {
                continue;
            }
            let accuracy = reference.accuracy(&reference.fit(exact_powers)?)?;
            found.push((reference, exact_powers, accuracy));
        }
    }
    let all_right = found.iter().all(|(reference, exact_powers, accuracy)| {
        accuracy.estimates >= enough(reference, *exact_powers)
    });
    if is_json {
        let list: Vec<_> = found
            .iter()
            .map(|(reference, exact_powers, accuracy)| {
                json!({
                    "name": reference.name,
                    "level": reference.level,
                    "exact_powers": exact_powers,
                    "estimates": accuracy.estimates,
                    "std_errors": accuracy.std_errors,
                    "residual_std_error": accuracy.residual_std_error,
                    "r_squared": accuracy.r_squared,
                    "f": accuracy.f,
                })
            })
            .collect();
        print_json(&json!({"all_right": all_right, "nist": list}))?;
    } else {
        print(&found, all_right)?;
    }
    Ok(ExitCode::from(u8::from(!all_right)))
}

fn enough(reference: &Reference, exact_powers: bool) -> f64 {
    if reference.name == "Filip" && !exact_powers {
        ENOUGH_OF_ROUNDED_POWERS
    } else {
        ENOUGH
    }
}

fn print(found: &[(&Reference, bool, Accuracy)], all_right: bool) -> Result<()> {
    let header = [
        "data set",
        "level",
        "estimates",
        "std. errors",
        "residual error",
        "R²",
        "F",
    ];
    let mut rows = vec![header.map(str::to_string).to_vec()];
    for (reference, exact_powers, accuracy) in found {
        let mut name = reference.name.to_string();
        if *exact_powers {
            name += ", powers in double-double";
        }
        let mut row = vec![name, reference.level.to_string()];
        let figures = [
            accuracy.estimates,
            accuracy.std_errors,
            accuracy.residual_std_error,
            accuracy.r_squared,
            accuracy.f,
        ];
        row.extend(figures.map(|digits| format!("{digits:.1}")));
        rows.push(row);
    }
    let mut stdout = terminal::stdout();
    writeln!(
        stdout,
        "Digits that agree with the results certified by NIST, which have 15 (the least\n\
         over the coefficients of -log10 of the relative error)\n\n{}",
        table(&rows)
    )?;
    if all_right {
        writeln!(
            stdout,
            "All as they should be: {ENOUGH:.0} or more, {ENOUGH_OF_ROUNDED_POWERS} for Filip with rounded powers."
        )?
    } else {
        writeln!(
            stdout,
            "Fewer than the {ENOUGH:.0} that there should be; please report this."
        )?
    }
    Ok(())
}
