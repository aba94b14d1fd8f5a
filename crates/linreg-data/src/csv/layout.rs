use super::sample::Sample;
use crate::source::check_names;
use crate::{HeaderProblem, NameProblem};

/// Which cells of a record are columns of the table: those between the cells
/// that name the row and the empty ones at the end of the line.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Layout {
    /// The number of cells before the first column.
    pub num_index: usize,
    pub names: Vec<String>,
    /// The number of cells after the last column; they have no name and must be
    /// empty.
    pub num_unnamed: usize,
    /// The note for the user about cells that are no columns.
    pub note: Option<String>,
}

/// The name that pandas gives a first column without a name, such as an index.
const UNNAMED: &str = "Unnamed: 0";

impl Layout {
    /// The layout of a file without a header row.
    pub fn numbered(count: usize) -> Self {
        Self {
            names: (1..=count).map(|n| format!("column_{n}")).collect(),
            ..Self::default()
        }
    }

    pub fn num_cells(&self) -> usize {
        self.num_index + self.names.len() + self.num_unnamed
    }

    /// Finds the layout from the header row and the records after it.
    pub fn of(sample: &Sample) -> Result<Self, HeaderProblem> {
        let mut names = Vec::new();
        for cell in sample.cells(0) {
            let name = String::from_utf8(cell);
            let name = name.map_err(|_| HeaderProblem::Encoding)?;
            names.push(name.trim().to_string());
        }
        check_is_header(&names, sample)?;
        let width = names.len();
        let row = (sample.records.len() > 1).then(|| sample.cells(1));
        let is_empty = |cell: &[u8]| cell.trim_ascii().is_empty();
        // Delimiters at the end of the line make empty names.
        let at_end = names.iter().rev().take_while(|name| name.is_empty());
        let named = width - at_end.count();
        names.truncate(named.max(1));
        let mut layout = Self {
            num_unnamed: width - names.len(),
            ..Self::default()
        };
        if let Some(row) = &row
            && row.len() != width
            && row.len() >= named
        {
            let extra = row[named..].iter();
            if extra.clone().all(|cell| is_empty(cell)) {
                layout.num_unnamed = row.len() - named;
            } else if row.len() == width + 1 && named == width && is_index(sample) {
                layout.num_index = 1;
                layout.note = Some(
                    "rows have one cell more than the header: their first names them, as R writes it, and is ignored"
                        .to_string(),
                );
            }
        }
        let unnamed = names.iter().take_while(|name| name.is_empty()).count();
        let unnamed = unnamed.max(usize::from(width > 1 && names[0] == UNNAMED));
        if layout.num_index == 0 && unnamed > 0 && unnamed < names.len() {
            layout.num_index = unnamed;
            let name = match names[0].as_str() {
                UNNAMED => "is called `Unnamed: 0`",
                _ => "has no name",
            };
            layout.note = Some(match unnamed {
                1 => format!("the first column {name}: it is ignored as an index of the rows"),
                _ => format!(
                    "the first {unnamed} columns have no name: they are ignored as an index of the rows"
                ),
            });
            names.drain(..unnamed);
        }
        if let Some(index) = names.iter().position(String::is_empty) {
            let number = layout.num_index + index + 1;
            return Err(NameProblem::Unnamed(number).into());
        }
        check_names(&names)?;
        layout.names = names;
        Ok(layout)
    }
}

/// Whether each record begins with the name of its row: a quoted cell where
/// other cells are not quoted, words that are all different, or row numbers
/// from 0 or 1.
fn is_index(sample: &Sample) -> bool {
    let rows: Vec<Vec<Vec<u8>>> = sample.rows().map(|row| sample.cells(row)).collect();
    let first = |row: &Vec<Vec<u8>>| {
        let cell = row.first().map(Vec::as_slice).unwrap_or_default();
        String::from_utf8_lossy(cell).trim().to_string()
    };
    let firsts: Vec<String> = rows.iter().map(first).collect();
    let number = |text: &String| text.parse::<f64>().ok();
    let quotes = |row: usize| sample.raw(row).iter().filter(|byte| **byte == b'"').count();
    let is_quoted = |row: usize| {
        let begins = sample.raw(row).trim_ascii_start().starts_with(b"\"");
        begins && quotes(row) < 2 * sample.cells(row).len()
    };
    let mut seen = std::collections::HashSet::new();
    let is_name = |text: &String| number(text).is_none() && seen.insert(text.clone());
    let steps = firsts.windows(2);
    let counts = || {
        let from = firsts.first().and_then(number);
        let one_more = |pair: &[String]| number(&pair[0]).map(|n| n + 1.0) == number(&pair[1]);
        firsts.len() > 1
            && sample.cells(0).len() > 1
            && (from == Some(0.0) || from == Some(1.0))
            && steps.clone().all(one_more)
    };
    sample.rows().all(is_quoted) || firsts.iter().all(is_name) || counts()
}

/// Returns an error if the first line looks like a row and not like a header
/// row.
fn check_is_header(names: &[String], sample: &Sample) -> Result<(), HeaderProblem> {
    let is_number = |text: &str| text.parse::<f64>().is_ok();
    let there = || names.iter().filter(|name| !name.is_empty());
    let Some(number) = there().find(|name| is_number(name)) else {
        return Ok(());
    };
    if there().all(|name| is_number(name)) {
        return Err(HeaderProblem::Numbers(number.clone()));
    }
    // Numbers such as years can be names. But if every word is also found in
    // the cells below it, the line is a row.
    let rows: Vec<Vec<Vec<u8>>> = sample.rows().map(|row| sample.cells(row)).collect();
    let is_below = |column: usize, name: &String| {
        let is_same = |row: &Vec<Vec<u8>>| {
            let cell = row.get(column).map(|cell| cell.trim_ascii());
            cell == Some(name.as_bytes())
        };
        is_number(name) || name.is_empty() || rows.iter().any(is_same)
    };
    let names = names.iter().enumerate();
    let mut words = names.clone().filter(|(_, name)| !is_number(name));
    if let Some((_, word)) = words.next()
        && names.clone().all(|(column, name)| is_below(column, name))
    {
        return Err(HeaderProblem::LooksLikeRow {
            number: number.clone(),
            word: word.clone(),
        });
    }
    Ok(())
}
