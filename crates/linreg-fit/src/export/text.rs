//! A fit as text for a terminal.

use std::fmt;

use linreg_data::Set;
use linreg_training::Metrics;

use super::checks::Checks;
use super::columns::columns_lines;
use super::judgement::{folds_lines, metrics_lines};
use super::{coefficients, figures, ridge, training};
use crate::number::{count, duration, plain, six_digits};
use crate::wrap::{WIDTH, Width, beside, item, table_within, wrapped};
use crate::{ExactFit, Fitted, FittedModel, How, SettingNames, Trained, loss};

impl fmt::Display for Fitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

impl Fitted {
    /// Everything that a reader should know of the fit, as people know it from R
    /// and statsmodels, and in words, in lines of 100 columns.
    pub fn to_text(&self) -> String {
        let [before, warnings, after] = self.to_text_with(ToString::to_string, Width::of(WIDTH));
        let heading = if warnings.is_empty() {
            ""
        } else {
            "\nWarnings\n"
        };
        format!("{before}{heading}{warnings}{after}")
    }

    /// The same with other names of settings and in lines of so many columns, in
    /// three parts: what comes before the warnings, these without their heading, and
    /// what comes after them.
    pub fn to_text_with(&self, say: SettingNames, width: Width) -> [String; 3] {
        let (encoder, targets) = (self.encoder(), self.encoder().targets());
        let how = match &self.how {
            How::Exact(_) => "exact".to_string(),
            How::Trained(trained) => format!(
                "{} of {} on {}, {}",
                count(trained.history.len(), "epoch"),
                trained.config.optimizer.name(),
                trained.backend,
                training::stopped(trained.stopped, say)
            ),
        };
        let summary = format!(
            "{} from {}, {} of {}; {how} in {}",
            plain(&targets.join(", ")),
            count(self.model.feature_names().len(), "feature"),
            count(self.num_rows, "row"),
            self.table,
            duration(self.elapsed)
        );
        let mut before = wrapped(&summary, width) + "\n\n";
        before += &columns_lines(self.schema(), encoder, &self.counts, say, width);
        before.push('\n');
        let mut warnings = String::new();
        match &self.how {
            How::Exact(fit) => {
                before += &self.exact_text(fit, say, width);
                for warning in fit.warnings(encoder) {
                    let told = warning.told(say);
                    let lines = told.lines().map(|line| item(line, width));
                    warnings += &lines.collect::<String>();
                }
            }
            How::Trained(trained) => {
                if let Some(search) = &trained.search {
                    before += &training::search(search, width);
                }
                before += &coefficients_table(&self.model, width);
                before.push('\n');
                let target = plain(&targets.join("`, `"));
                if let Some(meaning) = loss::meaning(trained.config.loss, &target) {
                    before += &format!("{}\n\n", wrapped(&meaning, width));
                }
            }
        }
        let mut after = String::new();
        for (set, metrics) in &self.sets {
            after += &self.set_text(*set, metrics, say, width);
        }
        if !self.folds.is_empty() {
            after += &folds_lines(&self.folds, targets, width);
        }
        [before, warnings, after]
    }

    fn exact_text(&self, fit: &ExactFit, say: SettingNames, width: Width) -> String {
        let encoder = self.encoder();
        let targets = encoder.targets();
        let mut text = String::new();
        for (index, (inference, target)) in fit.inferences.iter().zip(targets).enumerate() {
            if targets.len() > 1 {
                let line = if index > 0 { "\n" } else { "" };
                text += &format!("{line}{}\n", plain(target));
            }
            if let Some(found) = &fit.ridge {
                text += &ridge::text(fit, found, index, encoder, width);
                continue;
            }
            text += &table_within(&coefficients::coefficients(inference, encoder), width);
            let figures = figures::figures(fit, inference, target);
            text += &format!("\n{}", beside(&figures, width));
            let tests = coefficients::column_tests(&fit.column_tests[index]);
            if !tests.is_empty() {
                text += &format!("\n{}", table_within(&tests, width));
            }
            let meaning = figures::meaning(inference, encoder, target);
            if !meaning.is_empty() {
                let heading = figures::meaning_heading(inference);
                let meaning = meaning.iter().map(|sentence| item(sentence, width));
                text += &format!("\n{heading}\n{}", meaning.collect::<String>());
            }
            if let Some(found) = &fit.diagnostics {
                let checks = Checks {
                    fit,
                    found,
                    target: index,
                    say,
                };
                text += &format!("\n{}", checks.text(encoder, width));
            }
        }
        text
    }

    fn set_text(&self, set: Set, metrics: &[Metrics], say: SettingNames, width: Width) -> String {
        let targets = self.encoder().targets();
        let heading = match (set, &self.validation_table) {
            (Set::Training, _) => "On the rows it was trained on".to_string(),
            (Set::Validation, None) => "\nOn the rows held out for validation".to_string(),
            (Set::Validation, Some(table)) => format!("\nOn the rows of {table}"),
            (Set::Test, _) => "\nOn the rows held out for the test".to_string(),
        };
        let mut text = format!("{heading}\n{}", metrics_lines(metrics, targets, width));
        if let (Set::Training, How::Trained(trained)) = (set, &self.how) {
            text += &self.distance_text(trained, say, width);
        }
        text
    }

    /// How far a trained model is from the best one.
    fn distance_text(&self, trained: &Trained, say: SettingNames, width: Width) -> String {
        let encoder = self.encoder();
        let mut text = String::new();
        if let Some(gap) = &trained.gap {
            text += &training::gap(gap, encoder, trained.history.len(), say, width);
        }
        if let Some(optimum) = &trained.optimum {
            text += &training::optimum(trained, optimum, encoder.targets(), say, width);
        }
        text
    }
}

/// The coefficients of a model as a table with one column for each target, in lines of so
/// many columns.
pub fn coefficients_table(model: &FittedModel, width: Width) -> String {
    let coefficients = model.coefficients();
    let num_targets = coefficients.num_targets();
    let mut header = vec!["coefficient".to_string()];
    if num_targets == 1 {
        header.push("estimate".to_string());
    } else {
        header.extend(model.target_names().iter().cloned());
    }
    let row = |name: &str, values: &[f64]| {
        let numbers = values.iter().map(|value| six_digits(*value));
        [name.to_string()].into_iter().chain(numbers).collect()
    };
    let mut rows = vec![header];
    if model.encoder().intercept() {
        rows.push(row(super::coefficients::INTERCEPT, coefficients.bias()));
    }
    let weights = coefficients.weight().chunks(num_targets);
    for (name, weights) in model.feature_names().iter().zip(weights) {
        rows.push(row(name, weights));
    }
    table_within(&rows, width)
}
