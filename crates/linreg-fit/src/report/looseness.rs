use super::look::{Look, OwnLine};
use super::percent;
use crate::Report;
use crate::number::significant;
use crate::page::Section;
use crate::page::html::{name, paragraph, table};

/// Why some scatter plots look looser than others.
pub fn section(report: &Report, look: &Look) -> Section {
    let (encoder, coefficients) = (report.fitted.encoder(), report.fitted.model.coefficients());
    let targets = encoder.targets();
    let told = targets.len().min(super::MOST_TARGETS);
    let mut body = paragraph(
        "In a scatter plot of the target against one feature, the effects of the other features \
         and the part that no feature explains both appear as noise around the line. So the \
         points are close to the line if the feature explains much of the target, and far from it \
         if it explains little, however precisely its weight is known.",
    );
    for (target, target_name) in targets.iter().enumerate().take(told) {
        if told > 1 {
            body += &format!("<h3>{}</h3>\n", name(target_name));
        }
        let lines: Vec<(&String, f64, OwnLine)> = look
            .features
            .iter()
            .zip(&look.lines[target])
            .filter_map(|(feature, line)| {
                let weight = coefficients.weight()[feature * targets.len() + target];
                Some((
                    &report.fitted.model.feature_names()[*feature],
                    weight,
                    (*line)?,
                ))
            })
            .collect();
        body += &figures(&lines);
        body += &story(&lines, target_name);
    }
    Section {
        id: "looseness",
        heading: "Why some scatters look looser",
        body,
    }
}

fn figures(lines: &[(&String, f64, OwnLine)]) -> String {
    let header = [
        "feature",
        "weight",
        "slope alone",
        "slope, predicted",
        "R² alone",
        "R², predicted",
        "residual variance",
        "due to other features",
        "unexplained",
    ];
    let row = |(feature, weight, line): &(&String, f64, OwnLine)| {
        let mut cells = vec![name(feature)];
        cells.extend([*weight, line.slope, line.predicted_slope].map(significant));
        cells.extend([line.explained, line.predicted_explained].map(percent));
        cells.extend([line.left, line.others, line.noise].map(significant));
        cells
    };
    let rows: Vec<Vec<String>> = lines.iter().map(row).collect();
    let caption = "Each feature alone, measured on all rows and predicted from the fitted weights";
    table(caption, &header, 1, &rows)
}

/// The same in words, for the tightest and the loosest scatter plot.
fn story(lines: &[(&String, f64, OwnLine)], target: &str) -> String {
    let by =
        |a: &&(&String, f64, OwnLine), b: &&(&String, f64, OwnLine)| a.2.left.total_cmp(&b.2.left);
    let (Some((tight, _, least)), Some((loose, _, most))) =
        (lines.iter().min_by(by), lines.iter().max_by(by))
    else {
        return String::new();
    };
    let mut text = String::new();
    if least.left < most.left {
        text += &paragraph(&format!(
            "Around the line of {loose} a variance of {} is left: {} is what the other features \
             do, {} what no feature explains. Around the line of {tight} only {} is left, for \
             {tight} itself does most. Both lines are right; only all features together leave no \
             more than the last column.",
            significant(most.left),
            significant(most.others),
            significant(most.noise),
            significant(least.left),
            loose = name(loose),
            tight = name(tight),
        ));
    }
    if let Some((feature, weight, line)) = furthest(lines) {
        text += &paragraph(&format!(
            "Alone, {} has a slope of {}, but a weight of {} among the others: it is correlated \
             with other features, so its own line also contains their effect on {}.",
            name(feature),
            significant(line.slope),
            significant(weight),
            name(target),
        ));
    }
    text
}

/// The feature whose slope and weight differ most, if they differ by much.
fn furthest<'a>(lines: &[(&'a String, f64, OwnLine)]) -> Option<(&'a String, f64, OwnLine)> {
    /// The difference as a share of the larger of the two.
    const MUCH: f64 = 0.25;
    let difference = |weight: f64, slope: f64| {
        let larger = weight.abs().max(slope.abs());
        if larger > 0.0 {
            (weight / larger - slope / larger).abs()
        } else {
            0.0
        }
    };
    // A slope that explains next to nothing differs by chance.
    let matters = lines.iter().filter(|(_, _, line)| line.explained > 0.01);
    let furthest =
        matters.max_by(|a, b| difference(a.1, a.2.slope).total_cmp(&difference(b.1, b.2.slope)))?;
    (difference(furthest.1, furthest.2.slope) > MUCH).then_some(*furthest)
}
