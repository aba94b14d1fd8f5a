use std::collections::HashSet;

use linreg_data::{Column, Kind};
use linreg_plot::{Cloud, Picture};

use super::look::{Drawn, Look};
use crate::export::columns::note;
use crate::levels::LevelColumn;
use crate::number::{count, significant, thousands};
use crate::page::html::{name, paragraph, prose, shorten, table, text};
use crate::page::{Language, Pictures, Section};
use crate::{How, Report};

/// The most columns that the page lists.
const MOST_COLUMNS: usize = 150;

/// The index of the column of notes, which is left out if there are none.
const NOTE: usize = 3;

/// The most rows of the sample that the page also lists as numbers.
const MOST_ROWS: usize = 30;

/// What each column was taken as, and how the target depends on it alone.
pub fn section(report: &Report, look: &Look) -> Section {
    let encoder = report.fitted.encoder();
    let targets = encoder.targets();
    let mut body = paragraph(&rows(report));
    let columns = &report.fitted.schema().columns;
    let mut listed: Vec<Vec<String>> = columns
        .iter()
        .take(MOST_COLUMNS)
        .map(|column| row(column, report))
        .collect();
    let mut header = vec![
        "column", "taken as", "used as", "note", "from", "to", "mean",
    ];
    if listed.iter().all(|row| row[NOTE].is_empty()) {
        header.remove(NOTE);
        for row in &mut listed {
            row.remove(NOTE);
        }
    }
    let first_number = header.len() - 3;
    let caption = "What each column was taken as, with figures of all rows of the table";
    body += &table(caption, &header, first_number, &listed);
    if columns.len() > MOST_COLUMNS {
        let more = columns.len() - MOST_COLUMNS;
        body += &paragraph(&format!("And {more} more columns."));
    }
    let told = targets.len().min(super::MOST_TARGETS);
    body += &drawn(report, look);
    for (target, target_name) in targets.iter().enumerate().take(told) {
        if told > 1 {
            body += &format!("<h3>{}</h3>\n", name(target_name));
        }
        let id = format!("column-{}", target + 1);
        let mut pictures = Pictures::new(&id, Language::English);
        scatters(&mut pictures, report, look, target);
        body += &pictures.html();
    }
    body += &sample(report, look, told);
    Section {
        id: "columns",
        heading: "The columns",
        body,
    }
}

/// What is drawn: the columns of the largest |t|, or without standard errors those of the
/// largest weights. A categorical column is one picture. Products and powers of columns
/// are drawn only if there is nothing else.
pub fn chosen(report: &Report) -> Drawn {
    let encoder = report.fitted.encoder();
    let coefficients = report.fitted.model.coefficients();
    let targets = coefficients.num_targets();
    let most = super::MOST_SCATTERS / targets.min(super::MOST_TARGETS);
    let weights = coefficients.weight();
    let size = |feature: usize| {
        let of_target = |target: usize| match &report.fitted.how {
            How::Exact(fit) => {
                let constant = usize::from(fit.solution.has_intercept);
                let t = fit.inferences[target].coefficients[feature + constant].t;
                if t.is_nan() { 0.0 } else { t.abs() }
            }
            How::Trained(_) => weights[feature * targets + target].abs(),
        };
        (0..targets).map(of_target).fold(0.0, f64::max)
    };
    let columns = LevelColumn::all(encoder);
    let of_levels: HashSet<usize> = columns.iter().flat_map(LevelColumn::features).collect();
    let features = encoder.features();
    let is_any_single = features.iter().any(|feature| feature.is_single());
    let singles = features.iter().enumerate().filter(|(index, feature)| {
        !of_levels.contains(index) && (feature.is_single() || !is_any_single)
    });
    let mut sizes: Vec<(f64, Result<usize, usize>)> =
        singles.map(|(index, _)| (size(index), Ok(index))).collect();
    sizes.extend(columns.iter().enumerate().map(|(place, column)| {
        let largest = column.features().map(size).fold(0.0, f64::max);
        (largest, Err(place))
    }));
    sizes.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    sizes.truncate(most);
    let mut drawn = Drawn::default();
    let mut places = Vec::new();
    for (_, item) in sizes {
        match item {
            Ok(feature) => drawn.features.push(feature),
            Err(place) => places.push(place),
        }
    }
    drawn.features.sort_unstable();
    places.sort_unstable();
    drawn.columns = places.into_iter().map(|i| columns[i].clone()).collect();
    drawn
}

/// Each feature against the target, with its line through all rows, and each categorical
/// column by its levels.
fn scatters(pictures: &mut Pictures, report: &Report, look: &Look, target: usize) {
    let target_name = &report.fitted.encoder().targets()[target];
    let y: Vec<f64> = look.sample.iter().map(|row| row.targets[target]).collect();
    for (column, levels) in look.drawn.columns.iter().zip(&look.levels[target]) {
        pictures.add(Picture::levels(&column.name, target_name, levels));
    }
    for (index, feature) in look.drawn.features.iter().enumerate() {
        let x: Vec<f64> = look.sample.iter().map(|row| row.features[index]).collect();
        let feature = &report.fitted.model.feature_names()[*feature];
        let cloud =
            Cloud::of(feature, &x, target_name, &y).map(|cloud| match look.lines[target][index] {
                Some(line) => cloud.as_sample(look.num_rows, line),
                None => cloud,
            });
        pictures.add(cloud.and_then(|cloud| Picture::scatter_of(&cloud)));
    }
}

/// Says which rows and columns are drawn.
fn drawn(report: &Report, look: &Look) -> String {
    let mut sentence = if look.is_whole() {
        String::new()
    } else {
        format!(
            "Each picture has {} of {}, drawn at random by the seed; lines and means and their figures are of all. ",
            count(look.sample.len(), "point"),
            count(look.num_rows as usize, "row"),
        )
    };
    let columns = report.fitted.encoder().columns().iter();
    let encoder = report.fitted.encoder();
    let is_feature = |column: &&Column| {
        let is_weight = encoder.weight() == Some(column.name.as_str());
        !is_weight && !encoder.targets().contains(&column.name)
    };
    let used = columns.filter(is_feature).count();
    let shown = look.drawn.features.len() + look.drawn.columns.len();
    if shown < used {
        let largest = match &report.fitted.how {
            How::Exact(fit) if fit.ridge.is_some() => "|t| without the penalty",
            How::Exact(_) => "|t|",
            How::Trained(_) => "|weight|",
        };
        sentence += &format!("The {shown} columns with the largest {largest} are drawn. ");
    }
    if sentence.is_empty() {
        sentence
    } else {
        paragraph(&sentence)
    }
}

/// Some rows of the sample as numbers, for readers who cannot see the pictures.
fn sample(report: &Report, look: &Look, targets: usize) -> String {
    let names = report.fitted.model.feature_names();
    let mut header = vec!["row".to_string()];
    header.extend(look.drawn.columns.iter().map(|column| column.name.clone()));
    header.extend(look.drawn.features.iter().map(|i| names[*i].clone()));
    for target in &report.fitted.encoder().targets()[..targets] {
        header.extend([target.clone(), format!("{target}, predicted")]);
    }
    let header: Vec<String> = header.iter().map(|name| shorten(name)).collect();
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let number = |value: &f64| text(significant(*value));
    let cells =
        look.sample.iter().take(MOST_ROWS).map(|row| {
            let mut cells = vec![thousands(row.number as usize)];
            let levels = look.drawn.columns.iter().zip(&row.levels);
            cells.extend(levels.map(|(column, level)| {
                level.map_or(String::new(), |level| name(column.level(level)))
            }));
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
        table(&caption, &header, 1 + look.drawn.columns.len(), &cells)
    )
}

fn rows(report: &Report) -> String {
    let counts = &report.fitted.counts;
    let mut sentence = format!(
        "The model is fitted to {} of {}.",
        count(report.fitted.num_rows, "row"),
        text(&report.fitted.table),
    );
    for (left_out, what) in [
        (counts.incomplete(), "with missing cells"),
        (counts.weightless, "of weight 0"),
    ] {
        if left_out > 0 {
            let rows = count(left_out as usize, "row");
            sentence += &format!(" {rows} {what} were left out.");
        }
    }
    let all = report.fitted.schema().num_rows;
    let held_out = all.saturating_sub(counts.rows);
    if held_out > 0 {
        let held_out = count(held_out as usize, "row");
        sentence += &format!(" {held_out} were held out to judge it on.");
    }
    if let Some(weight) = report.fitted.encoder().weight() {
        sentence += &format!(" Rows count by {}.", name(weight));
    }
    sentence
}

fn row(column: &Column, report: &Report) -> Vec<String> {
    let encoder = report.fitted.encoder();
    let is_used = encoder
        .columns()
        .iter()
        .any(|used| used.name == column.name);
    let used = match &column.name {
        name if encoder.targets().contains(name) => "target",
        name if encoder.weight() == Some(name.as_str()) => "weight",
        _ if is_used => "feature",
        _ => "not used",
    };
    // A categorical column has a spread where its levels are numbers; it is not
    // shown.
    let is_number = !matches!(column.kind, Kind::Categorical { .. } | Kind::Ignored);
    let number = |of: fn(&linreg_data::Spread) -> f64| match &column.spread {
        Some(spread) if is_number => significant(of(spread)),
        _ => String::new(),
    };
    vec![
        name(&column.name),
        column.kind.name().to_string(),
        used.to_string(),
        prose(&shorten(&note(column, encoder, report.say))),
        number(|spread| spread.min),
        number(|spread| spread.max),
        number(|spread| spread.mean),
    ]
}
