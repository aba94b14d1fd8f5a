use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use linreg_data::{Moments, Set};
use linreg_model::ModelFile;
use linreg_training::{Metrics, OwnMetrics};
use serde_json::{Value, json};

use super::fitted::{Fitted, How};
use super::search::Search;
use super::table::Table;
use super::{Args, diagnostics, run_args, summary};
use crate::columns::{columns_json, columns_lines};
use crate::commands::evaluate::{metrics_json, metrics_lines};
use crate::commands::{coefficients_json, coefficients_table};
use crate::{loss, number, terminal};

/// A fit, with all that its output is made from.
pub struct Report<'a> {
    pub args: &'a Args,
    pub table: &'a Table,
    pub fitted: &'a Fitted,
    pub folds: &'a [Vec<Metrics>],
    pub model: &'a ModelFile,
    pub path: &'a Path,
    /// The report's page, if it was written.
    pub page: Option<&'a Path>,
    pub elapsed: Duration,
}

impl Report<'_> {
    pub fn json(&self) -> Result<Value> {
        let (fitted, encoder) = (self.fitted, &self.table.encoder);
        let targets = encoder.targets();
        let of_set = |set| match fitted.on(set) {
            [] => Ok(Value::Null),
            metrics => metrics_json(metrics, targets),
        };
        let folds: Result<Vec<Value>> = self
            .folds
            .iter()
            .map(|metrics| match metrics.is_empty() {
                true => Ok(Value::Null),
                false => metrics_json(metrics, targets),
            })
            .collect();
        let mut coefficients = coefficients_json(self.model, encoder.intercept());
        let mut object = json!({
            "model": self.path.display().to_string(),
            "target": if targets.len() == 1 { json!(targets[0]) } else { json!(targets) },
            "rows": fitted.num_rows,
        });
        if let Some(report) = self.page {
            object["report"] = json!(report.display().to_string());
        }
        match &fitted.how {
            How::Exact(fit) => {
                object["method"] = json!("exact");
                summary::extend_coefficients(fit, &mut coefficients);
                object["coefficients"] = coefficients;
                object["statistics"] = summary::statistics_json(fit, targets);
                object["relations"] = summary::relations_json(fit, encoder);
                if let Some(found) = &fit.diagnostics {
                    object["diagnostics"] = diagnostics::json(fit, found, targets);
                }
                object["warnings"] = json!(summary::warnings(fit, encoder));
            }
            How::Trained(trained) => {
                object["method"] = json!("sgd");
                object["backend"] = json!(trained.kind);
                object["precision"] = json!(trained.precision);
                if let Some(gap) = &trained.gap {
                    gap.extend_coefficients(encoder, &mut coefficients);
                }
                object["coefficients"] = coefficients;
                object["metrics"] = of_set(Set::Training)?;
                object["optimality"] = match &trained.optimum {
                    Some(optimum) => optimum.json(targets),
                    None => Value::Null,
                };
                object["from_exact"] = match &trained.gap {
                    Some(gap) => gap.json(encoder),
                    None => Value::Null,
                };
                let search = trained.search.as_ref();
                object["search"] = search.map_or(Value::Null, Search::json);
                object["training"] = serde_json::to_value(&trained.config)?;
                object["epochs"] = json!(trained.history.len());
                object["stopped"] = serde_json::to_value(trained.stopped)?;
            }
        }
        object["validation"] = of_set(Set::Validation)?;
        object["test"] = of_set(Set::Test)?;
        object["folds"] = json!(folds?);
        object["columns"] = columns_json(&self.table.schema, &fitted.counts);
        object["seconds"] = json!(self.elapsed.as_secs_f64());
        Ok(object)
    }

    pub fn print(&self) -> Result<()> {
        let (fitted, encoder) = (self.fitted, &self.table.encoder);
        let targets = encoder.targets();
        let mut stdout = terminal::stdout();
        let how = match &fitted.how {
            How::Exact(_) => "exact".to_string(),
            How::Trained(trained) => format!(
                "{} of {} on {}, {}",
                number::count(trained.history.len(), "epoch"),
                trained.config.optimizer.name(),
                trained.backend,
                run_args::stop_words(trained.stopped)
            ),
        };
        writeln!(
            stdout,
            "{} from {}, {} of {}; {how} in {}\n",
            number::plain(&targets.join(", ")),
            number::count(self.model.feature_names.len(), "feature"),
            number::count(fitted.num_rows, "row"),
            self.args.source.name(),
            number::duration(self.elapsed)
        )?;
        let columns = columns_lines(&self.table.schema, encoder, &fitted.counts);
        writeln!(stdout, "{columns}")?;
        match &fitted.how {
            How::Exact(fit) => summary::print(&mut stdout, fit, encoder)?,
            How::Trained(trained) => {
                if let Some(search) = &trained.search {
                    write!(stdout, "{}", search.text())?;
                }
                let table = coefficients_table(self.model, encoder.intercept());
                writeln!(stdout, "{table}")?;
                let target = number::plain(&targets.join("`, `"));
                if let Some(meaning) = loss::meaning(trained.config.loss, &target) {
                    writeln!(stdout, "{meaning}\n")?;
                }
            }
        }
        for (set, metrics) in &fitted.sets {
            let rows = match (set, &self.table.validation) {
                (Set::Training, _) => "On the rows it was trained on".to_string(),
                (Set::Validation, None) => "\nOn the rows held out for validation".to_string(),
                (Set::Validation, Some(file)) => format!("\nOn the rows of {}", file.args.name()),
                (Set::Test, _) => "\nOn the rows held out for the test".to_string(),
            };
            writeln!(stdout, "{rows}")?;
            write!(stdout, "{}", metrics_lines(metrics, targets))?;
            if let (Set::Training, How::Trained(trained)) = (set, &fitted.how)
                && let Some(gap) = &trained.gap
            {
                write!(stdout, "{}", gap.text(encoder, trained.history.len()))?;
            }
            if let (Set::Training, How::Trained(trained)) = (set, &fitted.how)
                && let Some(optimum) = &trained.optimum
            {
                let text = optimum.text(&trained.config, targets, trained.history.len());
                write!(stdout, "{text}")?;
            }
        }
        if !self.folds.is_empty() {
            write!(stdout, "{}", folds_lines(self.folds, targets))?;
        }
        let path = self.path.display();
        writeln!(
            stdout,
            "\nSaved {path}; predict with: linreg predict {path} FILE"
        )?;
        if let Some(report) = self.page {
            writeln!(stdout, "Saved {}; open it in a browser", report.display())?;
        }
        Ok(())
    }
}

/// The figures that the fit is judged by over the folds of a cross-validation.
pub fn folds_lines(folds: &[Vec<Metrics>], targets: &[String]) -> String {
    let mut text = format!("\nOn each of {} parts left out in turn\n", folds.len());
    for (index, target) in targets.iter().enumerate() {
        let of_target = || folds.iter().filter_map(|metrics| metrics.get(index));
        let target = number::plain(target);
        let unit = match of_target().next().and_then(|metrics| metrics.own) {
            Some(OwnMetrics::Huber { .. }) => format!("in the unit of `{target}` squared"),
            _ => format!("in the unit of `{target}`"),
        };
        let first: Vec<(&str, f64)> = of_target().map(loss::first).collect();
        let shares: Option<Vec<(&str, f64)>> = of_target().map(loss::share).collect();
        let told = [
            (Some(first), unit),
            (shares, "a share of the rows".to_string()),
        ];
        for (figures, unit) in told {
            let figures = figures.unwrap_or_default();
            let Some((name, _)) = figures.first() else {
                continue;
            };
            let mut moments = Moments::new(1);
            let values: Vec<f64> = figures.iter().map(|(_, value)| *value).collect();
            moments.update(&values);
            if let Some(std) = moments.sample_std() {
                text += &format!(
                    "  {name}  {} ± {}  mean and standard deviation, {unit}\n",
                    number::significant(moments.mean()[0]),
                    number::significant(std[0]),
                );
            }
        }
    }
    let unjudged = folds.iter().filter(|metrics| metrics.is_empty()).count();
    if unjudged > 0 {
        text += &format!(
            "  {} could not be judged: no row, or no feature that varies in the others\n",
            number::count(unjudged, "part")
        );
    }
    text
}
