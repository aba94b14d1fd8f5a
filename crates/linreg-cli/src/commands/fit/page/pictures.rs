use std::cmp::Reverse;

use anyhow::Result;
use linreg_plot::Scatter;

use crate::commands::fit::{How, Report};
use crate::number::count;
use crate::report::html::{name, paragraph, table, text};
use crate::report::{Look, Section, figure, pictures};

/// Pictures of a target beside the scatters of its features.
pub const OTHERS: usize = 4;

/// Rows of the sample that stand in the page as numbers too.
const MOST_ROWS: usize = 30;

/// The features whose scatters are drawn: all, or those whose weights are the
/// surest, or without standard errors the largest.
pub fn features(report: &Report) -> Vec<usize> {
    let coefficients = &report.fitted.coefficients;
    let (features, targets) = (coefficients.num_features(), coefficients.num_targets());
    let most = super::MOST_SCATTERS / targets.min(super::MOST_TARGETS);
    let weights = coefficients.weight();
    let size = |feature: &usize| {
        let of_target = |target: usize| match &report.fitted.how {
            How::Exact(fit) => {
                let constant = usize::from(fit.solution.has_intercept);
                let t = fit.inferences[target].coefficients[feature + constant].t;
                if t.is_nan() { 0.0 } else { t.abs() }
            }
            How::Trained(_) => weights[feature * targets + target].abs(),
        };
        // As whole numbers floats above zero have the same order.
        Reverse((0..targets).map(of_target).fold(0.0, f64::max).to_bits())
    };
    let mut chosen: Vec<usize> = (0..features).collect();
    chosen.sort_by_cached_key(size);
    chosen.truncate(most);
    chosen.sort_unstable();
    chosen
}

/// The rows, the fit and what it leaves.
pub fn section(report: &Report, look: &Look) -> Result<Section> {
    let targets = report.table.encoder.targets();
    let told = targets.len().min(super::MOST_TARGETS);
    let names = &report.model.feature_names;
    let mut body = paragraph(&drawn(report, look));
    for (target, target_name) in targets.iter().enumerate().take(told) {
        if told > 1 {
            body += &format!("<h3>{}</h3>\n", name(target_name));
        }
        let y: Vec<f64> = look.sample.iter().map(|row| row.targets[target]).collect();
        let mut figures = Vec::new();
        for (index, feature) in look.features.iter().enumerate() {
            let x: Vec<f64> = look.sample.iter().map(|row| row.features[index]).collect();
            let scatter = Scatter::new(&names[*feature], &x, target_name, &y)?;
            figures.push(figure(&scatter.svg()?, ""));
        }
        body += &pictures(&figures);
    }
    body += &rows(report, look, told);
    Ok(Section {
        id: "pictures",
        heading: "Pictures",
        body,
    })
}

/// Which rows and features there are pictures of.
fn drawn(report: &Report, look: &Look) -> String {
    let mut sentence = match look.is_whole() {
        true => String::new(),
        false => format!(
            "Each picture has {} of {}, drawn at random by the seed; lines and figures are of all. ",
            count(look.sample.len(), "point"),
            count(look.num_rows as usize, "row"),
        ),
    };
    let features = report.model.feature_names.len();
    if look.features.len() < features {
        let shown = look.features.len();
        sentence += &format!(
            "Of {features} features, the {shown} whose weights stand out most are drawn. "
        );
    }
    sentence + "Point at a dot to read its values, or go from dot to dot with the arrow keys."
}

/// Some rows of the sample as numbers, for who cannot see the pictures.
fn rows(report: &Report, look: &Look, targets: usize) -> String {
    let names = &report.model.feature_names;
    let mut header = vec!["row".to_string()];
    header.extend(look.features.iter().map(|feature| names[*feature].clone()));
    for target in &report.table.encoder.targets()[..targets] {
        header.extend([target.clone(), format!("{target}, predicted")]);
    }
    let header: Vec<String> = header.iter().map(|name| crate::report::html::shorten(name)).collect();
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let number = |value: &f64| text(crate::number::significant(*value));
    let cells = look.sample.iter().take(MOST_ROWS).map(|row| {
        let mut cells = vec![crate::number::thousands(row.number as usize)];
        cells.extend(row.features.iter().map(number));
        for target in 0..targets {
            cells.extend([&row.targets[target], &row.predictions[target]].map(number));
        }
        cells
    });
    let cells: Vec<Vec<String>> = cells.collect();
    let shown = count(cells.len(), "row");
    let caption = format!("The first {shown} in the pictures");
    format!(
        "<details>\n<summary>{caption} as numbers</summary>\n{}</details>\n",
        table(&caption, &header, 1, &cells)
    )
}
