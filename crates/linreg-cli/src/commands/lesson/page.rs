//! The lesson as a page.

use anyhow::Result;
use linreg_data::{ChunkOrder, Dataset, RowSource, SyntheticConfig};
use linreg_plot::{Cloud, Picture};
use linreg_training::TrainingConfig;

use super::Run;
use super::story::{FeatureLine, figures, formula, truth, why};
use crate::commands::Backend;
use crate::number::{count, significant};
use crate::report::html::{definitions, paragraph, table, text};
use crate::report::{Look, Page, Pictures, Section, command_line, thinned, versions};

/// Features whose scatters are in the page; the folder has all.
const MOST_SCATTERS: usize = 8;

/// Points of a picture.
const MOST_POINTS: usize = 1000;

/// Epochs of a picture, and those whose losses stand beside it as numbers.
const MOST_EPOCHS: [usize; 2] = [500, 20];

/// Features and weights that are told of.
const MOST_ROWS: usize = 100;

pub fn page(
    data: &SyntheticConfig,
    dataset: &Dataset,
    lines: &[FeatureLine],
    config: &TrainingConfig,
    backend: &Backend,
    run: &Run,
) -> Result<String> {
    let features = (0..dataset.num_features().min(MOST_SCATTERS)).collect();
    let chunks = dataset.chunks(ChunkOrder::File)?;
    let look = Look::new(chunks, &run.coefficients, features, MOST_POINTS, data.seed)?;
    let page = Page {
        title: "Linear regression, step by step".to_string(),
        lead: format!(
            "Can a model find the weights of <code>{}</code> from {} alone?",
            text(formula(data)),
            count(data.num_examples, "row"),
        ),
        sections: vec![
            rows(data),
            pictures(dataset, &look),
            looseness(lines),
            training(config, backend, run),
            comparison(data, run),
            repeat(data, backend, &look),
        ],
    };
    Ok(page.html())
}

fn rows(data: &SyntheticConfig) -> Section {
    let mut body = paragraph(&format!(
        "{} are drawn, each feature from the normal distribution of mean 0 and variance 1, the \
         noise from that of standard deviation {}:",
        count(data.num_examples, "row"),
        significant(data.noise_std),
    ));
    body += &format!("<pre>{}</pre>\n", text(formula(data)));
    body += &paragraph(
        "The weights and the bias are known, so that what a model learns can be compared with the \
         truth. A model sees the rows only.",
    );
    Section {
        id: "data",
        heading: "The question and the data",
        body,
    }
}

fn pictures(dataset: &Dataset, look: &Look) -> Section {
    let target = &dataset.target_names()[0];
    let sample = look.sample.iter();
    let (predicted, actual): (Vec<f64>, Vec<f64>) = sample
        .map(|row| (row.predictions[0], row.targets[0]))
        .unzip();
    let residuals: Vec<f64> = actual.iter().zip(&predicted).map(|(y, p)| y - p).collect();
    let mut pictures = Pictures::new("picture");
    for (index, feature) in look.features.iter().enumerate() {
        let x: Vec<f64> = look.sample.iter().map(|row| row.features[index]).collect();
        let name = &dataset.feature_names()[*feature];
        let cloud = Cloud::of(name, &x, target, &actual);
        let cloud = cloud.map(|cloud| match look.lines[0][index] {
            Some(own) => cloud.as_sample(look.num_rows, own.line()),
            None => cloud,
        });
        pictures.add(cloud.and_then(|cloud| Picture::scatter_of(&cloud)));
    }
    pictures.add(Picture::predicted(target, &predicted, &actual));
    pictures.add(Picture::residuals(target, &predicted, &residuals, None));
    let mut body = String::new();
    let features = dataset.num_features();
    if features > look.features.len() {
        let shown = look.features.len();
        let sentence = format!("Of {features} features, the first {shown} are drawn here.");
        body += &paragraph(&sentence);
    }
    Section {
        id: "pictures",
        heading: "Pictures",
        body: body + &pictures.html(),
    }
}

fn looseness(lines: &[FeatureLine]) -> Section {
    let mut body = rows_table(
        "Each feature alone, measured and predicted from the true weights",
        &figures(lines),
    );
    if let Some(why) = why(lines) {
        body += &paragraph(&text(why.replace('\n', " ")));
    }
    Section {
        id: "looseness",
        heading: "Why some scatters look looser",
        body,
    }
}

fn training(config: &TrainingConfig, backend: &Backend, run: &Run) -> Section {
    let mut body = paragraph(&format!(
        "Minibatch stochastic gradient descent on {}: batches of {} in a new order every epoch, \
         learning rate {}, weights starting near 0. After each step every weight moves against \
         the mean gradient of the squared loss over its batch, times the learning rate.",
        text(backend),
        count(config.batch_size, "row"),
        config.learning_rate,
    ));
    let (epochs, losses) = thinned(&run.losses, MOST_EPOCHS[0]);
    let mut pictures = Pictures::new("picture-loss");
    pictures.add(Picture::losses(&epochs, &losses, &[]));
    body += &pictures.html();
    let (epochs, losses) = thinned(&run.losses, MOST_EPOCHS[1]);
    let rows = epochs.iter().zip(&losses);
    let rows = rows.map(|(epoch, loss)| vec![epoch.to_string(), significant(*loss)]);
    let rows: Vec<Vec<String>> = rows.collect();
    let caption = "Mean squared loss over all rows";
    body += &table(caption, &["after epoch", "loss"], 1, &rows);
    Section {
        id: "training",
        heading: "The training",
        body,
    }
}

fn comparison(data: &SyntheticConfig, run: &Run) -> Section {
    let noise = data.noise_std / (data.num_examples as f64).sqrt();
    let mut body = rows_table("Weights and bias", &truth(data, &run.coefficients));
    body += &paragraph(&format!(
        "No model can know the weights exactly: the noise alone gives each a standard error of \
         about {}, the noise divided by the root of the number of rows.",
        significant(noise),
    ));
    Section {
        id: "truth",
        heading: "Compared with the truth",
        body,
    }
}

fn repeat(data: &SyntheticConfig, backend: &Backend, look: &Look) -> Section {
    let mut body = paragraph("The same command gives the same rows and the same weights:");
    body += &format!("<pre>{}</pre>\n", text(command_line()));
    body += &definitions([
        ("Seed", text(data.seed)),
        ("Backend", text(backend)),
        ("Pictures", text(look.drawn())),
        ("Versions", text(versions())),
    ]);
    Section {
        id: "reproduce",
        heading: "How to reproduce it",
        body,
    }
}

/// A table of the terminal as HTML.
fn rows_table(caption: &str, rows: &[Vec<String>]) -> String {
    let (header, rows) = rows.split_at(1);
    let header: Vec<&str> = header.iter().flatten().map(String::as_str).collect();
    let cells = |row: &Vec<String>| row.iter().map(text).collect();
    let shown: Vec<Vec<String>> = rows.iter().take(MOST_ROWS).map(cells).collect();
    let mut html = table(caption, &header, 1, &shown);
    if rows.len() > MOST_ROWS {
        html += &paragraph(&format!("And {} more.", rows.len() - MOST_ROWS));
    }
    html
}
