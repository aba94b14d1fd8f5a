use std::cmp::Reverse;

use linreg_exact::Inference;
use linreg_plot::{Cloud, Estimate, Picture};

use crate::How;
use crate::TableDiagnostics;

use super::look::Look;
use crate::Report;
use crate::number::count;
use crate::page::html::{name, paragraph, table, text};
use crate::page::{Language, Pictures, Section, thinned};

/// The number of pictures of a target besides the scatter plots of its
/// features.
pub const OTHERS: usize = 4;

/// The most epochs that a picture shows.
const MOST_EPOCHS: usize = 500;

/// The most rows of the sample that the page also lists as numbers.
const MOST_ROWS: usize = 30;

/// The features whose scatter plots are drawn: all of them, or those with the
/// largest |t|, or without standard errors those with the largest weights.
pub fn features(report: &Report) -> Vec<usize> {
    let coefficients = report.fitted.model.coefficients();
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
        // The bits of floats that are not negative, read as whole numbers, have
        // the same order.
        Reverse((0..targets).map(of_target).fold(0.0, f64::max).to_bits())
    };
    let mut chosen: Vec<usize> = (0..features).collect();
    chosen.sort_by_cached_key(size);
    chosen.truncate(most);
    chosen.sort_unstable();
    chosen
}

/// The pictures of the rows, of the fit and of its residuals.
pub fn section(report: &Report, look: &Look, found: Option<&TableDiagnostics>) -> Section {
    let targets = report.fitted.encoder().targets();
    let told = targets.len().min(super::MOST_TARGETS);
    let mut body = drawn(report, look);
    for (target, target_name) in targets.iter().enumerate().take(told) {
        if told > 1 {
            body += &format!("<h3>{}</h3>\n", name(target_name));
        }
        let mut pictures = Pictures::new(&format!("picture-{}", target + 1), Language::English);
        scatters(&mut pictures, report, look, target);
        diagnostics(&mut pictures, report, look, target, found);
        body += &pictures.html();
    }
    if let How::Trained(trained) = &report.fitted.how {
        let (epochs, records) = thinned(&trained.history, MOST_EPOCHS);
        let losses: Vec<f64> = records.iter().map(|record| record.loss).collect();
        let held_out = records.iter().map(|record| record.validation_loss);
        let mut pictures = Pictures::new("picture-loss", Language::English);
        pictures.add(Picture::losses(
            &epochs,
            &losses,
            &held_out.collect::<Vec<_>>(),
        ));
        body += &pictures.html();
    }
    body += &rows(report, look, told);
    Section {
        id: "pictures",
        heading: "Pictures",
        body,
    }
}

/// Each feature against the target, with its line through all rows.
fn scatters(pictures: &mut Pictures, report: &Report, look: &Look, target: usize) {
    let target_name = &report.fitted.encoder().targets()[target];
    let y: Vec<f64> = look.sample.iter().map(|row| row.targets[target]).collect();
    for (index, feature) in look.features.iter().enumerate() {
        let x: Vec<f64> = look.sample.iter().map(|row| row.features[index]).collect();
        let feature = &report.fitted.model.feature_names()[*feature];
        let cloud =
            Cloud::of(feature, &x, target_name, &y).map(|cloud| match look.lines[target][index] {
                Some(own) => cloud.as_sample(look.num_rows, own.line()),
                None => cloud,
            });
        pictures.add(cloud.and_then(|cloud| Picture::scatter_of(&cloud)));
    }
}

/// Pictures of the predictions, of the residuals and of the intervals of the
/// weights.
fn diagnostics(
    pictures: &mut Pictures,
    report: &Report,
    look: &Look,
    target: usize,
    found: Option<&TableDiagnostics>,
) {
    let tests = match &report.fitted.how {
        How::Exact(fit) => found.map(|found| found.tests(&fit.inferences[target], target)),
        How::Trained(_) => None,
    };
    let target_name = &report.fitted.encoder().targets()[target];
    let sample = look.sample.iter();
    let (predicted, actual): (Vec<f64>, Vec<f64>) = sample
        .map(|row| (row.predictions[target], row.targets[target]))
        .unzip();
    let residuals: Vec<f64> = actual.iter().zip(&predicted).map(|(y, p)| y - p).collect();
    pictures.add(Picture::predicted(target_name, &predicted, &actual));
    pictures.add(Picture::residuals(
        target_name,
        &predicted,
        &residuals,
        tests.as_ref(),
    ));
    let inference = match &report.fitted.how {
        // Only least squares has intervals, not a ridge fit.
        How::Exact(fit) if fit.ridge.is_none() => Some(&fit.inferences[target]),
        _ => None,
    };
    let spread = match inference {
        Some(inference) => inference.residual_std_error,
        None => {
            let squares: f64 = residuals.iter().map(|residual| residual * residual).sum();
            (squares / residuals.len() as f64).sqrt()
        }
    };
    if spread > 0.0 && spread.is_finite() {
        let standardised: Vec<f64> = residuals.iter().map(|residual| residual / spread).collect();
        pictures.add(Picture::normal_quantiles(&standardised, tests.as_ref()));
    }
    if let Some(inference) = inference {
        let estimates = estimates(report, inference);
        if !estimates.is_empty() {
            pictures.add(Picture::coefficients(
                target_name,
                &estimates,
                inference.confidence,
            ));
        }
    }
}

/// The weights that have an interval. The intercept is left out: it is in the
/// unit of the target.
fn estimates(report: &Report, inference: &Inference) -> Vec<Estimate> {
    let constant = usize::from(report.fitted.encoder().intercept());
    let names = report.fitted.model.feature_names().iter();
    let weights = names.zip(&inference.coefficients[constant..]);
    let known =
        weights.filter(|(_, c)| !c.is_dropped && c.lower.is_finite() && c.upper.is_finite());
    let known = known.map(|(name, c)| Estimate {
        name: name.clone(),
        value: c.estimate,
        lower: c.lower,
        upper: c.upper,
    });
    known.collect()
}

/// Says which rows and features are drawn.
fn drawn(report: &Report, look: &Look) -> String {
    let mut sentence = if look.is_whole() {
        String::new()
    } else {
        format!(
            "Each picture has {} of {}, drawn at random by the seed; the lines of scatters and their figures are of all. ",
            count(look.sample.len(), "point"),
            count(look.num_rows as usize, "row"),
        )
    };
    let features = report.fitted.model.feature_names().len();
    if look.features.len() < features {
        let shown = look.features.len();
        let largest = match &report.fitted.how {
            How::Exact(fit) if fit.ridge.is_some() => "|t| without the penalty",
            How::Exact(_) => "|t|",
            How::Trained(_) => "|weight|",
        };
        sentence +=
            &format!("Of {features} features, the {shown} with the largest {largest} are drawn. ");
    }
    if sentence.is_empty() {
        sentence
    } else {
        paragraph(&sentence)
    }
}

/// Some rows of the sample as numbers, for readers who cannot see the pictures.
fn rows(report: &Report, look: &Look, targets: usize) -> String {
    let names = report.fitted.model.feature_names();
    let mut header = vec!["row".to_string()];
    header.extend(look.features.iter().map(|feature| names[*feature].clone()));
    for target in &report.fitted.encoder().targets()[..targets] {
        header.extend([target.clone(), format!("{target}, predicted")]);
    }
    let header: Vec<String> = header
        .iter()
        .map(|name| crate::page::html::shorten(name))
        .collect();
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
