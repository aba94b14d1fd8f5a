use anyhow::Result;
use linreg_data::{
    Column, Description, Kind, Passes, Schema, column_names, describe, learn_schema,
};
use linreg_fit::export::columns::gap_note;
use serde_json::{Value, json};

use crate::advice;
use crate::columns::KindArgs;
use crate::input::SourceArgs;
use crate::number::{columns_of, count, plain, significant, table, thousands};
use crate::settings::flag;
use crate::terminal::{self, print_json};

/// Look at the columns of a table: kinds, missing cells, quantiles, levels,
/// correlation with the target
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  linreg describe houses.csv
  linreg describe houses.parquet --target price --json")]
pub struct Args {
    #[command(flatten)]
    source: SourceArgs,

    /// Column that each other one is correlated with
    #[arg(long, short, value_name = "NAME")]
    target: Option<String>,

    /// Print one JSON object
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    kinds: KindArgs,
}

/// Where quantiles are taken, as shares of the rows.
const QUANTILES: [f64; 3] = [0.25, 0.5, 0.75];

pub fn run(args: Args) -> Result<()> {
    let source = args.source.open(Passes::Several)?;
    let say_where = |error| args.source.say_where(error);
    if let Some(target) = &args.target
        && source.schema().index_of(target).is_err()
    {
        let columns = column_names(source.as_ref());
        let name = target.clone();
        return Err(say_where(linreg_data::DataError::UnknownColumn {
            name,
            columns,
        }));
    }
    let mut choice = args.kinds.choice();
    choice.named.extend(args.target.clone());
    let schema = learn_schema(source.as_ref(), &choice).map_err(say_where)?;
    let description = describe(source.as_ref(), &schema, args.target.as_deref());
    let description = description.map_err(say_where)?;
    let target = args.target.as_deref();
    let warnings = warnings(&schema, &description, target);
    if args.json {
        return print_json(&as_json(&schema, &description, &warnings));
    }
    let mut stdout = terminal::stdout();
    writeln!(
        stdout,
        "{}: {}, {}\n",
        args.source.name(),
        count(schema.num_rows as usize, "row"),
        count(schema.columns.len(), "column")
    )?;
    write!(stdout, "{}", numbers_table(&schema, &description, target))?;
    write!(stdout, "{}", words_table(&schema))?;
    if !description.sample.is_whole() {
        writeln!(
            stdout,
            "\nQuantiles are estimated from {} rows drawn at random: with 95 % confidence, their\nranks are off by at most {:.1} % of the rows.",
            thousands(description.sample.num_rows()),
            description.sample.rank_error() * 100.0
        )?;
    }
    if !warnings.is_empty() {
        writeln!(stdout)?;
    }
    for warning in warnings {
        stdout.note(warning)?;
    }
    Ok(())
}

fn is_number(column: &Column) -> bool {
    matches!(column.kind, Kind::Numeric | Kind::Boolean | Kind::Date)
}

fn numbers_table(schema: &Schema, description: &Description, target: Option<&str>) -> String {
    let mut header = vec![
        "column", "kind", "missing", "mean", "std", "min", "25 %", "50 %", "75 %", "max",
    ];
    header.extend(target.map(|_| "correlation"));
    let mut rows = vec![header.into_iter().map(String::from).collect::<Vec<_>>()];
    let numbers = schema.columns.iter().filter(|column| is_number(column));
    for (index, column) in numbers.enumerate() {
        let mut row = vec![
            column.name.clone(),
            column.kind.name().to_string(),
            column.missing.to_string(),
        ];
        let quantiles = description.sample.quantiles(index, &QUANTILES);
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
        if let Some(name) = target {
            row.push(match description.correlations[index] {
                Some(r) => format!("{r:.3}"),
                None if column.name == name => "target".to_string(),
                None => "-".to_string(),
            });
        }
        rows.push(row);
    }
    match rows.len() {
        1 => String::new(),
        _ => table(&rows),
    }
}

/// A number to four significant digits: a table of ten columns has little room.
fn four_digits(value: f64) -> String {
    let rounded: f64 = format!("{value:.3e}").parse().unwrap_or(value);
    significant(rounded)
}

/// A whole number with all its digits, such as a zip code; any other number
/// with four digits, or with as many more as it takes to see a difference of
/// one standard deviation.
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

fn words_table(schema: &Schema) -> String {
    let others: Vec<&Column> = schema.columns.iter().filter(|c| !is_number(c)).collect();
    let width = others.iter().map(|column| columns_of(&plain(&column.name)));
    let width = width.max().unwrap_or(0);
    let mut text = String::new();
    if !others.is_empty() {
        text += "\n";
    }
    for column in others {
        let name = plain(&column.name);
        let space = " ".repeat(width - columns_of(&name));
        let what = match &column.kind {
            Kind::Categorical { levels, shares } => {
                // The most frequent levels come first.
                let mut order: Vec<usize> = (0..levels.len()).collect();
                order.sort_by(|a, b| shares[*b].total_cmp(&shares[*a]));
                const MOST: usize = 5;
                let level =
                    |index: &usize| format!("{} {:.0} %", levels[*index], shares[*index] * 100.0);
                let shown: Vec<String> = order.iter().take(MOST).map(level).collect();
                let more = if levels.len() > MOST { ", …" } else { "" };
                format!("{} levels: {}{more}", levels.len(), shown.join(", "))
            }
            _ => advice::why(column),
        };
        let missing = match column.missing {
            0 => String::new(),
            missing => format!("; {missing} missing"),
        };
        let kind = column.kind.name();
        text += &format!("  {name}{space}  {kind:<11}  {}{missing}\n", plain(&what));
    }
    text
}

/// What an analyst would point out about the table.
fn warnings(schema: &Schema, description: &Description, target: Option<&str>) -> Vec<String> {
    let mut warnings = Vec::new();
    let name = |column: &Column| format!("`{}`", plain(&column.name));
    for column in schema.columns.iter().filter(|column| column.is_constant()) {
        warnings.push(format!(
            "{} is constant: as a feature, it explains nothing",
            name(column)
        ));
    }
    for (first, second) in schema.duplicates() {
        warnings.push(format!(
            "`{}` has the same cells as `{}`: leave one of them out",
            plain(second),
            plain(first)
        ));
    }
    for column in &schema.columns {
        if is_identifier(column, schema.num_rows) && Some(column.name.as_str()) != target {
            warnings.push(format!(
                "{} looks like a row number: leave it out, unless the order of the rows matters",
                name(column)
            ));
        }
        if let Some(first) = &column.first_infinite {
            warnings.push(format!(
                "{} has {}, left out of its figures: {}; a model needs finite numbers",
                name(column),
                count(column.infinite as usize, "infinite cell"),
                plain(&first.place.to_string())
            ));
        }
        if matches!(column.kind, Kind::Mixed | Kind::TooManyLevels) {
            warnings.push(format!(
                "{} cannot be a feature as it is: {}",
                name(column),
                plain(&advice::why(column))
            ));
        }
        warnings.extend(gap_note(column, flag).map(|note| format!("{}: {note}", name(column))));
        let share = column.missing as f64 / schema.num_rows as f64;
        if share > 0.2 && column.kind != Kind::Ignored {
            warnings.push(format!(
                "{} is missing in {:.0} % of the rows",
                name(column),
                share * 100.0
            ));
        }
    }
    let numbers: Vec<&Column> = schema.columns.iter().filter(|c| is_number(c)).collect();
    if let Some(target) = target {
        for (column, r) in numbers.iter().zip(&description.correlations) {
            if r.is_some_and(|r| r.abs() > 0.999) {
                warnings.push(format!(
                    "{} is almost perfectly correlated with `{}` (r = {:.5}): check that it is known before the target is",
                    name(column),
                    plain(target),
                    r.unwrap_or_default()
                ));
            }
        }
    }
    let features = numbers
        .iter()
        .filter(|column| Some(column.name.as_str()) != target);
    let stds = features.filter_map(|column| {
        let std = column.spread?.std?;
        (std > 0.0).then_some((std, *column))
    });
    let least = stds.clone().min_by(|a, b| a.0.total_cmp(&b.0));
    let most = stds.max_by(|a, b| a.0.total_cmp(&b.0));
    if let (Some(least), Some(most)) = (least, most)
        && most.0 / least.0 > 1e3
    {
        warnings.push(format!(
            "{} varies {} times as much as {}: compare coefficients only after scaling (fit scales while it trains)",
            name(most.1),
            significant(four_digits(most.0 / least.0).parse().unwrap_or(most.0 / least.0)),
            name(least.1)
        ));
    }
    warnings
}

/// Whether a column seems to number the rows: by its range and its standard
/// deviation, it holds every whole number from its least to its greatest once,
/// in any order.
fn is_identifier(column: &Column, num_rows: u64) -> bool {
    let Some(spread) = column.spread else {
        return false;
    };
    let rows = num_rows as f64;
    // The sample standard deviation (divided by n - 1) of n consecutive whole
    // numbers.
    let expected = (rows * (rows + 1.0) / 12.0).sqrt();
    num_rows >= 20
        && column.kind == Kind::Numeric
        && column.missing == 0
        && spread.min.fract() == 0.0
        && spread.max - spread.min == rows - 1.0
        && spread
            .std
            .is_some_and(|std| (std / expected - 1.0).abs() < 1e-9)
}

fn as_json(schema: &Schema, description: &Description, warnings: &[String]) -> Value {
    let mut numbers = 0;
    let mut columns = Vec::new();
    for column in &schema.columns {
        let mut entry = json!({
            "name": column.name,
            "kind": column.kind.name(),
            "why": advice::why(column),
            "missing": column.missing,
        });
        if let Some(first) = &column.first_infinite {
            entry["infinite"] = json!(column.infinite);
            entry["first_infinite"] = json!(first.place.to_string());
        }
        if is_number(column) {
            if let Some(spread) = column.spread {
                entry["mean"] = json!(spread.mean);
                entry["std"] = json!(spread.std);
                entry["min"] = json!(spread.min);
                entry["max"] = json!(spread.max);
            }
            entry["quartiles"] = json!(description.sample.quantiles(numbers, &QUANTILES));
            entry["correlation"] = json!(description.correlations[numbers]);
            numbers += 1;
        }
        if let Kind::Categorical { levels, shares } = &column.kind {
            let levels = levels.iter().zip(shares);
            let levels = levels.map(|(level, share)| json!({"level": level, "share": share}));
            entry["levels"] = levels.collect();
        }
        columns.push(entry);
    }
    json!({
        "rows": schema.num_rows,
        "columns": columns,
        "quantile_rank_error": description.sample.rank_error(),
        "notes": warnings,
    })
}
