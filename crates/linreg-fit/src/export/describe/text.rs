use linreg_data::Kind;

use super::QUARTILES;
use crate::export::columns::beside_names;
use crate::number::{count, four_digits, thousands};
use crate::wrap::{WIDTH, Width, table_within};
use crate::{Setting, SettingNames, TableDescription};

impl TableDescription {
    /// The figures of the columns as text, without the
    /// [`warnings`](Self::warnings).
    pub fn to_text(&self) -> String {
        self.to_text_with(ToString::to_string, Width::of(WIDTH))
    }

    /// The same with other names of settings in its sentences, and tables in lines of so
    /// many columns.
    pub fn to_text_with(&self, say: SettingNames, width: Width) -> String {
        let schema = &self.schema;
        let mut text = format!(
            "{}: {}, {}\n\n",
            self.name,
            count(schema.num_rows as usize, "row"),
            count(schema.columns.len(), "column")
        );
        text += &self.numbers(width);
        text += &self.words(say, width);
        let sample = &self.figures.sample;
        if !sample.is_whole() {
            text += &format!(
                "\nQuantiles are estimated from {} rows drawn at random: with 95 % confidence, their\nranks are off by at most {:.1} % of the rows.\n",
                thousands(sample.num_rows()),
                sample.rank_error() * 100.0
            );
        }
        text
    }

    /// The columns of numbers.
    fn numbers(&self, width: Width) -> String {
        let mut header = vec![
            "column", "kind", "missing", "mean", "std", "min", "25 %", "50 %", "75 %", "max",
        ];
        header.extend(self.target.as_ref().map(|_| "correlation"));
        let mut rows = vec![header.into_iter().map(String::from).collect::<Vec<_>>()];
        let columns = self.schema.columns.iter();
        let numbers = columns.filter(|column| column.kind.is_number());
        for (index, column) in numbers.enumerate() {
            let mut row = vec![
                column.name.clone(),
                column.kind.name().to_string(),
                column.missing.to_string(),
            ];
            let quantiles = self.figures.sample.quantiles(index, &QUARTILES);
            match (column.spread, quantiles) {
                (Some(spread), Some(quantiles)) => {
                    let std = spread.std.unwrap_or(0.0);
                    row.push(beside(spread.mean, std));
                    row.push(spread.std.map_or("-".to_string(), four_digits));
                    row.push(exact(spread.min));
                    row.extend(quantiles.into_iter().map(|value| beside(value, std)));
                    row.push(exact(spread.max));
                }
                _ => row.extend(vec!["-".to_string(); 7]),
            }
            if let Some(target) = &self.target {
                row.push(match self.figures.correlations[index] {
                    Some(r) => format!("{r:.3}"),
                    None if column.name == *target => "target".to_string(),
                    None => "-".to_string(),
                });
            }
            rows.push(row);
        }
        match rows.len() {
            1 => String::new(),
            _ => table_within(&rows, width),
        }
    }

    /// The other columns.
    fn words(&self, say: SettingNames, width: Width) -> String {
        let others = self.schema.columns.iter();
        let others = others.filter(|column| !column.kind.is_number());
        let lines = others.map(|column| {
            let what = match &column.kind {
                Kind::Categorical { levels, shares } => most_frequent(levels, shares),
                _ => say(&Setting::Why(Box::new(column.clone()))),
            };
            let missing = match column.missing {
                0 => String::new(),
                missing => format!("; {missing} missing"),
            };
            (column, what + &missing)
        });
        let lines = beside_names(&lines.collect::<Vec<_>>(), width);
        if lines.is_empty() {
            lines
        } else {
            format!("\n{lines}")
        }
    }
}

/// Lists levels with their shares of the rows, the most frequent first.
fn most_frequent(levels: &[String], shares: &[f64]) -> String {
    const MOST: usize = 5;
    let mut order: Vec<usize> = (0..levels.len()).collect();
    order.sort_by(|a, b| shares[*b].total_cmp(&shares[*a]));
    let level = |index: &usize| format!("{} {:.0} %", levels[*index], shares[*index] * 100.0);
    let shown: Vec<String> = order.iter().take(MOST).map(level).collect();
    let more = if levels.len() > MOST { ", …" } else { "" };
    format!("{} levels: {}{more}", levels.len(), shown.join(", "))
}

/// A whole number with all its digits, such as a zip code; any other number
/// with four digits, since a table of ten columns has little room, or with as
/// many more as it takes to see a difference of one standard deviation.
fn beside(value: f64, std: f64) -> String {
    if value.fract() == 0.0 {
        return exact(value);
    }
    let more = (value.abs() / std).log10().floor();
    let more = if more.is_finite() { more.max(0.0) } else { 0.0 };
    if more == 0.0 {
        return four_digits(value);
    }
    let digits = (3 + more as usize).min(16);
    let rounded: f64 = format!("{value:.digits$e}").parse().unwrap_or(value);
    exact(rounded)
}

/// As many digits as it takes to read the same number back.
fn exact(value: f64) -> String {
    match value.abs() {
        size if size == 0.0 || (1e-5..1e16).contains(&size) => format!("{value}"),
        _ => format!("{value:e}"),
    }
}
