//! What the program says about an error of a table: what the library says, and
//! the flags that help.

use linreg_data::{
    Column, ColumnError, DataError, EncoderError, FileProblem, HeaderProblem, Marks, Obstacle,
    OddCell, Remedy, Role, RowProblem, Unusable, Why, quote,
};
use linreg_training::TrainingError;

use crate::command::quoted;

/// The message of an error with its causes, in one line.
pub fn message(error: &anyhow::Error) -> String {
    let causes = error.chain().map(|cause| {
        let of_training = match cause.downcast_ref() {
            Some(TrainingError::Data(error)) => Some(error),
            _ => None,
        };
        match cause.downcast_ref().or(of_training) {
            Some(error) => of_table(error),
            None => cause.to_string(),
        }
    });
    causes.collect::<Vec<_>>().join(": ")
}

/// Why a column is used as it is.
pub fn why(column: &Column) -> String {
    reason(&column.name, &column.why)
}

fn of_table(error: &DataError) -> String {
    let and = |advice: &str| format!("{error}{advice}");
    match error {
        DataError::OddCell { column, cell } => {
            format!("{}, column {}: {}", cell.place, quote(column), odd(cell))
        }
        DataError::Column(ColumnError::Unusable(found)) => unusable(found),
        DataError::Encoder(EncoderError::NoFeatures(found)) => found.told(reason),
        DataError::File {
            file,
            problem: FileProblem::AllSkipped { lines, skip },
        } => format!("{file}: there are {lines} lines, and --skip {skip} passes over all of them"),
        DataError::Header { problem, .. } => and(&of_header(problem)),
        DataError::Row {
            problem:
                RowProblem::CellCount {
                    remedy: Some(remedy),
                    ..
                },
            ..
        } => and(&match remedy {
            Remedy::Comment(mark) => comments(*mark),
            _ => "; if commas are decimal marks, say so with --decimal ,".to_string(),
        }),
        DataError::Missing { .. } => and(
            "; leave their rows out with --missing drop, or use a feature's mean with --missing mean or indicator",
        ),
        DataError::MissingCell(_) => and(
            "; --missing drop leaves such rows out, --missing mean takes the mean of the rows that the model was fitted to",
        ),
        DataError::UnseenLevel { .. } => and(
            "; take new levels as the baseline with --unseen baseline, or leave their rows out with --unseen drop",
        ),
        _ => error.to_string(),
    }
}

fn of_header(problem: &HeaderProblem) -> String {
    match problem {
        HeaderProblem::Numbers(_) | HeaderProblem::LooksLikeRow { .. } => {
            "; if the file has no header, say so with --no-header".to_string()
        }
        HeaderProblem::FurtherDown {
            comment: Some(mark),
            ..
        } => comments(*mark),
        HeaderProblem::FurtherDown { line, .. } => {
            format!("; pass over the lines before it with --skip {}", line - 1)
        }
        _ => String::new(),
    }
}

fn comments(mark: char) -> String {
    let mark = shell(&mark.to_string());
    format!("; if the line is a comment, pass over such lines with --comment {mark}")
}

fn unusable(found: &Unusable) -> String {
    let leave_out = match found.role {
        Role::NamedFeature => "leave the column out of the features",
        Role::Feature => "leave the column out with --exclude",
        Role::Numbers(_) => "",
    };
    let advice = match found.obstacle {
        _ if leave_out.is_empty() => String::new(),
        Obstacle::Mixed => format!(
            "; correct the cell, take every cell as a level with --categorical, or {leave_out}"
        ),
        Obstacle::TooManyLevels => format!("; {leave_out}, or allow more with --max-levels"),
        Obstacle::Identifier => {
            format!("; take each as a level with --categorical, or {leave_out}")
        }
        Obstacle::Levels | Obstacle::Ignored => String::new(),
    };
    format!("{}{advice}", found.told(&reason(&found.column, &found.why)))
}

fn reason(column: &str, why: &Why) -> String {
    match why {
        Why::Dates { is_order_known } => {
            let order = if *is_order_known {
                ""
            } else {
                ", with --dates day-first or month-first"
            };
            format!(
                "{why}; --numeric {} takes them as days{order}",
                quote(column)
            )
        }
        Why::Mixed(cell) => format!("{}: {}", cell.place, odd(cell)),
        _ => why.to_string(),
    }
}

fn odd(cell: &OddCell) -> String {
    let remedies = cell.remedies.iter();
    let remedies = remedies.map(|remedy| format!("; {}", of_cell(remedy)));
    format!("{}{}", cell.facts(), remedies.collect::<String>())
}

fn of_cell(remedy: &Remedy) -> String {
    match remedy {
        Remedy::Marks(marks) => {
            let marks: Vec<String> = marks.iter().map(options).collect();
            marks.join(", ")
        }
        Remedy::DecimalPoint { not } => format!(
            "the decimal mark is said to be {}; --decimal . takes a point",
            value(*not)
        ),
        Remedy::Missing(cell) => {
            // A value with commas is quoted as in a CSV line.
            let value = if cell.contains(',') {
                format!("\"{}\"", cell.replace('"', "\"\""))
            } else {
                cell.clone()
            };
            format!("--na {} takes {} as missing", shell(&value), quote(cell))
        }
        Remedy::Comment(mark) => format!(
            "--comment {} passes over lines that begin with it",
            shell(&mark.to_string())
        ),
        Remedy::DateOrder => "say it with --dates day-first or --dates month-first".to_string(),
        _ => remedy.to_string(),
    }
}

fn options(marks: &Marks) -> String {
    let options = [
        ("--decimal", marks.decimal),
        ("--thousands", marks.thousands),
    ];
    let options = options.into_iter();
    let options = options.filter_map(|(name, mark)| Some(format!("{name} {}", value(mark?))));
    let options = options.collect::<Vec<_>>().join(" ");
    match marks.number {
        Some(number) => format!("{options} reads it as {number}"),
        None => options,
    }
}

/// A mark as the value of an option.
fn value(mark: char) -> String {
    match mark {
        ' ' => "space".to_string(),
        mark => shell(&mark.to_string()),
    }
}

/// Quotes an argument for a shell: in double quotes where that is easier to
/// read.
fn shell(argument: &str) -> String {
    let is_special = |c: char| "\"\\$`!".contains(c);
    if argument.contains('\'') && !argument.contains(is_special) {
        format!("\"{argument}\"")
    } else {
        quoted(argument)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_the_value_of_an_option_back() {
        for (argument, expected) in [
            ("n.a.", "n.a."),
            ("?", "'?'"),
            ("'", "\"'\""),
            ("it's $5", r"'it'\''s $5'"),
            ("'\"'", r#"''\''"'\'''"#),
        ] {
            assert_eq!(shell(argument), expected);
        }
    }

    #[test]
    fn what_helps_is_said_with_the_flags() {
        let marks = |decimal, thousands, number| Marks {
            decimal,
            thousands,
            number,
        };
        for (remedy, expected) in [
            (
                Remedy::Marks(vec![
                    marks(None, Some(','), Some(1017.0)),
                    marks(Some(','), None, Some(1.017)),
                ]),
                "--thousands , reads it as 1017, --decimal , reads it as 1.017",
            ),
            (
                Remedy::Marks(vec![marks(Some(','), Some(' '), Some(1234.5))]),
                "--decimal , --thousands space reads it as 1234.5",
            ),
            (
                Remedy::Marks(vec![marks(None, Some('\''), Some(-1000.5))]),
                "--thousands \"'\" reads it as -1000.5",
            ),
            (
                Remedy::DecimalPoint { not: ',' },
                "the decimal mark is said to be ,; --decimal . takes a point",
            ),
            (
                Remedy::Missing("a,b".to_string()),
                "--na '\"a,b\"' takes `a,b` as missing",
            ),
        ] {
            assert_eq!(of_cell(&remedy), expected);
        }
    }

    #[test]
    fn the_cause_is_said_with_its_flags_after_what_was_done() {
        let error = TrainingError::Data(DataError::Column(ColumnError::Unusable(Box::new(
            Unusable {
                column: "sold".to_string(),
                role: Role::Feature,
                obstacle: Obstacle::Ignored,
                why: Why::Dates {
                    is_order_known: false,
                },
            },
        ))));
        let error = anyhow::Error::new(error).context("t.csv");
        assert_eq!(
            message(&error),
            "t.csv: the column `sold` cannot be a feature: dates; --numeric `sold` takes them as days, with --dates day-first or month-first"
        );
    }
}
