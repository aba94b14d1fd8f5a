use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use linreg_plot::Picture;
use serde_json::Value;

use super::drawing::DrawingArgs;
use crate::input::name;
use crate::number::plain;

/// The loss after each epoch of a training
///
/// The history is CSV with the columns epoch, loss and, where there are rows for
/// validation, validation_loss; or JSON with these names: an array of epochs, or
/// an object with such an array as "epochs", as --json prints.
#[derive(clap::Args)]
pub struct Args {
    /// History of a training, CSV or JSON; - for standard input
    history: PathBuf,

    #[command(flatten)]
    drawing: DrawingArgs,
}

pub fn run(args: Args) -> Result<()> {
    let drawing = args.drawing.check(&[], &[&args.history])?;
    let name = || name(&args.history);
    let text = read(&args.history).with_context(name)?;
    let epochs = if text.trim_start().starts_with(['{', '[']) {
        of_json(&text)
    } else {
        of_csv(&text)
    };
    let History {
        epochs,
        losses,
        validation,
    } = epochs.with_context(name)?;
    let picture = Picture::losses(&epochs, &losses, &validation).with_context(name)?;
    drawing.write(&picture)
}

/// The most bytes of a history: ten million epochs take no more.
const MOST_BYTES: u64 = 1 << 30;

fn read(path: &Path) -> Result<String> {
    let mut text = String::new();
    let input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path)?)
    };
    let read = input.take(MOST_BYTES).read_to_string(&mut text)?;
    if read as u64 == MOST_BYTES {
        bail!("this is no history: it is larger than 1 GiB");
    }
    Ok(text)
}

#[derive(Debug, Default, PartialEq)]
struct History {
    epochs: Vec<f64>,
    losses: Vec<f64>,
    validation: Vec<Option<f64>>,
}

/// The names of what is read for each epoch.
const NAMES: [&str; 3] = ["epoch", "loss", "validation_loss"];

fn of_csv(text: &str) -> Result<History> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let header = reader.headers()?.clone();
    let [epoch, loss, validation] = NAMES.map(|name| header.iter().position(|other| other == name));
    let (Some(epoch), Some(loss)) = (epoch, loss) else {
        let found: Vec<String> = header.iter().map(plain).collect();
        bail!(
            "expected the columns epoch and loss, and validation_loss if there is one; found {}",
            found.join(", ")
        );
    };
    let mut history = History::default();
    for record in reader.records() {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        let number = |column: usize| -> Result<f64> {
            let cell = &record[column];
            let name = plain(&header[column]);
            let number = cell.parse();
            number.with_context(|| format!("line {line}, {name}: `{}` is no number", plain(cell)))
        };
        history.epochs.push(number(epoch)?);
        history.losses.push(number(loss)?);
        let validation = validation.filter(|column| !record[*column].is_empty());
        history.validation.push(validation.map(number).transpose()?);
    }
    Ok(history)
}

fn of_json(text: &str) -> Result<History> {
    let value: Value = serde_json::from_str(text)?;
    let epochs = match &value {
        Value::Array(epochs) => Some(epochs),
        object => object["epochs"].as_array(),
    };
    let Some(epochs) = epochs else {
        bail!("expected an array of epochs, or an object with one as \"epochs\"");
    };
    let mut history = History::default();
    for (index, entry) in epochs.iter().enumerate() {
        let number = |name: &str| {
            entry[name].as_f64().with_context(|| {
                format!(
                    "entry {} of the epochs has no number as \"{name}\"",
                    index + 1
                )
            })
        };
        history.epochs.push(number(NAMES[0])?);
        history.losses.push(number(NAMES[1])?);
        history.validation.push(match &entry[NAMES[2]] {
            Value::Null => None,
            _ => Some(number(NAMES[2])?),
        });
    }
    Ok(history)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_and_json_say_the_same() {
        let csv = "epoch,loss,validation_loss,learning_rate,seconds\n0,4,5,0.1,0.2\n1,2,,0.1,0.2\n";
        let history = of_csv(csv).unwrap();
        assert_eq!(history.losses, [4.0, 2.0]);
        assert_eq!(history.validation, [Some(5.0), None]);
        let list = r#"[{"epoch":0,"loss":4,"validation_loss":5},{"epoch":1,"loss":2}]"#;
        assert_eq!(of_json(list).unwrap(), history);
        assert_eq!(of_json(&format!("{{\"epochs\":{list}}}")).unwrap(), history);
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        let error = |text: &str| format!("{:#}", of_csv(text).unwrap_err());
        assert!(error("epoch,cost\n0,1\n").ends_with("found epoch, cost"));
        let found = error("epoch,loss\n0,1\n1,a\n");
        assert!(
            found.starts_with("line 3, loss: `a` is no number"),
            "{found}"
        );
        let found = of_json("[{\"epoch\":0}]").unwrap_err().to_string();
        assert_eq!(found, "entry 1 of the epochs has no number as \"loss\"");
        assert!(of_json("{}").is_err());
    }
}
