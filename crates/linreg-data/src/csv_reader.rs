use std::collections::BTreeSet;
use std::io::Read;

use csv::ByteRecord;

use crate::csv_lines::CsvLines;
use crate::error::quote;
use crate::{DataError, Dataset};

/// A CSV file with a header line, of which some columns are read as numbers.
///
/// Cells are separated by commas and may be quoted; lines end in LF, CRLF or CR;
/// a byte order mark, blank lines and spaces around names and numbers are passed
/// over. Cells of columns that are not read may hold any text.
///
/// # Example
///
/// ```
/// use linreg_data::CsvReader;
///
/// # fn main() -> Result<(), linreg_data::DataError> {
/// let file = "area,town,price\n50,Bonn,200\n70,Kiel,260\n";
/// let mut reader = CsvReader::new(file.as_bytes())?;
/// assert_eq!(reader.columns(), ["area", "town", "price"]);
/// let dataset = reader.read_dataset("price", Some(&["area".to_string()]))?;
/// assert_eq!(dataset.features(), [50.0, 70.0]);
/// # Ok(())
/// # }
/// ```
pub struct CsvReader<R> {
    reader: csv::Reader<CsvLines<R>>,
    columns: Vec<String>,
    /// Line of the last record.
    line: u64,
}

impl<R: Read> CsvReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    ///
    /// An empty file, or a header in which a name is empty or there twice.
    pub fn new(input: R) -> Result<Self, DataError> {
        let mut reader = csv::ReaderBuilder::new()
            .buffer_capacity(1 << 16)
            // The number of cells is checked here, where the line is known.
            .flexible(true)
            .from_reader(CsvLines::new(input));
        let header = reader.byte_headers()?.clone();
        let line = reader.get_mut().next_record();
        let header = text(&header, line)?;
        let columns: Vec<String> = header.map(|name| name.trim().to_string()).collect();
        if columns.is_empty() {
            return Err(DataError::Empty);
        }
        if let [only] = &columns[..]
            && let Some(separator) = only.chars().find(|c| matches!(c, ';' | '\t' | '|'))
        {
            return Err(DataError::Header(format!(
                "found one column, {}; separate cells by commas, not by {separator:?}",
                quote(only)
            )));
        }
        let mut seen = BTreeSet::new();
        for (index, name) in columns.iter().enumerate() {
            if name.is_empty() {
                let number = index + 1;
                return Err(DataError::Header(format!(
                    "column {number} of the header has no name; name each column"
                )));
            }
            if !seen.insert(name) {
                return Err(DataError::Header(format!(
                    "the column name {} is there twice; rename one of them",
                    quote(name)
                )));
            }
        }
        Ok(Self {
            reader,
            columns,
            line,
        })
    }

    /// The names in the header, in file order.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Reads the remaining rows: one column as the target, the named ones, or
    /// all others in file order, as features.
    ///
    /// # Errors
    ///
    /// An unknown name, a name there twice, the target among the features, no
    /// rows, or as [`read_rows`](Self::read_rows).
    pub fn read_dataset(
        &mut self,
        target: &str,
        features: Option<&[String]>,
    ) -> Result<Dataset, DataError> {
        let features: Vec<String> = match features {
            Some(names) => names.to_vec(),
            None => {
                let others = self.columns.iter().filter(|name| *name != target);
                others.cloned().collect()
            }
        };
        if features.iter().any(|name| name == target) {
            return Err(DataError::Columns(format!(
                "the target {} is among the features; a column cannot be both",
                quote(target)
            )));
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = features.iter().find(|name| !seen.insert(*name)) {
            return Err(DataError::Columns(format!(
                "the feature {} is named twice",
                quote(twice)
            )));
        }
        let mut names = features.clone();
        names.push(target.to_string());
        let indices = self.indices(&names)?;
        if features.is_empty() {
            return Err(DataError::Columns(format!(
                "{} is the only column, so there are no features to predict it from",
                quote(target)
            )));
        }
        let rows = self.read_rows(&indices, usize::MAX)?;
        if rows.is_empty() {
            return Err(DataError::NoRows(" after the header".to_string()));
        }
        let mut values = Vec::with_capacity(rows.len() / indices.len() * features.len());
        let mut targets = Vec::with_capacity(rows.len() / indices.len());
        for row in rows.chunks_exact(indices.len()) {
            values.extend_from_slice(&row[..features.len()]);
            targets.push(row[features.len()]);
        }
        Dataset::new(values, targets, features, vec![target.to_string()])
    }

    /// Where the columns of these names stand, for [`read_rows`](Self::read_rows).
    ///
    /// # Errors
    ///
    /// [`DataError::UnknownColumn`] for the first name that is not there.
    pub fn indices(&self, names: &[String]) -> Result<Vec<usize>, DataError> {
        let index = |name: &String| {
            let found = self.columns.iter().position(|column| column == name);
            found.ok_or_else(|| DataError::UnknownColumn {
                name: name.clone(),
                columns: self.columns.clone(),
            })
        };
        names.iter().map(index).collect()
    }

    /// Reads up to `max_rows` further rows, row-major `[rows, indices.len()]`;
    /// no rows at the end of the file.
    ///
    /// # Errors
    ///
    /// A cell that is not a finite number, a row with more or fewer cells than
    /// the header, bytes that are not UTF-8, or a file that cannot be read on.
    pub fn read_rows(&mut self, indices: &[usize], max_rows: usize) -> Result<Vec<f64>, DataError> {
        let mut values = Vec::new();
        let mut record = ByteRecord::new();
        for _ in 0..max_rows {
            if !self.reader.read_byte_record(&mut record)? {
                break;
            }
            let before = std::mem::replace(&mut self.line, self.reader.get_mut().next_record());
            let line = self.line;
            if self.columns.len() == 1 && line > before + 1 && before > 1 {
                return Err(DataError::Blank { line: before + 1 });
            }
            if record.len() != self.columns.len() {
                return Err(DataError::Ragged {
                    line,
                    found: record.len() as u64,
                    expected: self.columns.len() as u64,
                });
            }
            let cells: Vec<&str> = text(&record, line)?.collect();
            for index in indices {
                let cell = cells[*index].trim();
                let wrong = |expected| {
                    Err(DataError::Cell {
                        line,
                        column: self.columns[*index].clone(),
                        found: cell.to_string(),
                        expected,
                    })
                };
                match cell.parse::<f64>() {
                    Ok(value) if value.is_finite() => values.push(value),
                    Ok(_) => return wrong("a finite number"),
                    Err(_) => return wrong("a number"),
                }
            }
        }
        Ok(values)
    }
}

/// The cells of a record.
fn text(record: &ByteRecord, line: u64) -> Result<impl Iterator<Item = &str>, DataError> {
    let text = std::str::from_utf8(record.as_slice());
    let text = text.map_err(|_| DataError::Encoding { line })?;
    let range = |index| record.range(index).unwrap_or_default();
    Ok((0..record.len()).map(move |index| &text[range(index)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(file: &str, features: Option<&[&str]>) -> Result<Dataset, DataError> {
        let features: Option<Vec<String>> =
            features.map(|names| names.iter().map(|name| name.to_string()).collect());
        CsvReader::new(file.as_bytes())?.read_dataset("y", features.as_deref())
    }

    fn message(file: &str, features: Option<&[&str]>) -> String {
        read(file, features).unwrap_err().to_string()
    }

    #[test]
    fn reads_all_other_columns_as_features_in_file_order() {
        let dataset = read("b,y,a\n1,2,3\n4,5,6\n", None).unwrap();
        assert_eq!(dataset.feature_names(), ["b", "a"]);
        assert_eq!(dataset.features(), [1.0, 3.0, 4.0, 6.0]);
        assert_eq!(dataset.targets(), [2.0, 5.0]);
    }

    #[test]
    fn reads_named_features_in_the_order_asked_for_past_cells_of_any_kind() {
        let dataset = read("a,town,b,y\n1,Bonn,2,3\n", Some(&["b", "a"])).unwrap();
        assert_eq!(dataset.feature_names(), ["b", "a"]);
        assert_eq!(dataset.features(), [2.0, 1.0]);
    }

    #[test]
    fn reads_what_spreadsheets_write() {
        let file = "\u{feff}\"a\" , y\r\n\r\n \"1\", 2e3\r\n-0.5 ,+7\r\n";
        // A quote after a space is a character of the cell, as in RFC 4180.
        assert!(message(file, None).contains("column `a`"));
        let file = "\u{feff}\"a\" , y\r\n\r\n\"1\", 2e3\r\n-0.5 ,+7\r\n";
        let dataset = read(file, None).unwrap();
        assert_eq!(dataset.feature_names(), ["a"]);
        assert_eq!(dataset.features(), [1.0, -0.5]);
        assert_eq!(dataset.targets(), [2000.0, 7.0]);
    }

    #[test]
    fn says_where_a_cell_is_no_number() {
        assert_eq!(
            message("a,y\n1,2\n3,four\n", None),
            "line 3, column `y`: found `four`, expected a number"
        );
        assert_eq!(
            message("a,y\n,2\n", None),
            "line 2, column `a`: found an empty cell, expected a number"
        );
        for text in ["NaN", "inf", "-Infinity", "1e999"] {
            assert_eq!(
                message(&format!("a,y\n1,{text}\n"), None),
                format!("line 2, column `y`: found `{text}`, expected a finite number")
            );
        }
    }

    #[test]
    fn counts_lines_as_an_editor_does() {
        // Blank lines, and a quoted cell with a line break in it.
        assert_eq!(
            message("a,y\r\r1,2\rx,2\r", None),
            "line 4, column `a`: found `x`, expected a number"
        );
        assert_eq!(
            message("a,y\n1,2\n\n\n3\n", None),
            "line 5: found 1 cells, expected 2 as in the header"
        );
        let latin_1 = CsvReader::new(&b"a,y\n1,2\n\n\n\xe9,2\n"[..]);
        let error = latin_1.unwrap().read_dataset("y", None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 5: not UTF-8 text; save the file as UTF-8"
        );
        for file in [
            "a,note,y\n\n1,\"two\nlines\",2\n\n\nx,,2\n",
            "a,note,y\n\n1,\"two\nlines\",2\n\n\nx,,2\n1,,1\n",
            "a,note,y\n1,,2\n1,,2\n1,,2\n1,,2\n1,,2\nx,,2\n1,,1\n",
            "a,note,y\n1,,2\n1,,2\n1,,2\n1,,2\n1,,2\nx,,2",
        ] {
            for file in [file.to_string(), file.replace('\n', "\r\n")] {
                assert_eq!(
                    message(&file, Some(&["a"])),
                    "line 7, column `a`: found `x`, expected a number",
                    "{file:?}"
                );
            }
        }
    }

    #[test]
    fn says_what_is_wrong_with_the_shape_of_a_file() {
        for (file, expected) in [
            (
                "",
                "the file is empty, expected a header line with the column names",
            ),
            (
                "\n\n",
                "the file is empty, expected a header line with the column names",
            ),
            ("a,y\n", "there are no rows after the header"),
            (
                "a,y\n1,2\n1,2,3\n",
                "line 3: found 3 cells, expected 2 as in the header",
            ),
            (
                "a,y\n1\n",
                "line 2: found 1 cells, expected 2 as in the header",
            ),
            (
                "a;b;y\n1;2;3\n",
                "line 1: found one column, `a;b;y`; separate cells by commas, not by ';'",
            ),
            (
                "a,a,y\n",
                "line 1: the column name `a` is there twice; rename one of them",
            ),
            (
                "a,,y\n",
                "line 1: column 2 of the header has no name; name each column",
            ),
            (
                "y\n1\n",
                "`y` is the only column, so there are no features to predict it from",
            ),
            (
                "a,b\n1,2\n",
                "there is no column `y`; the columns are `a`, `b`",
            ),
        ] {
            assert_eq!(message(file, None), expected, "{file:?}");
        }
        let bytes = b"a,y\n1,2\n\xff,3\n";
        let error = CsvReader::new(&bytes[..]).unwrap().read_dataset("y", None);
        assert_eq!(
            error.unwrap_err().to_string(),
            "line 3: not UTF-8 text; save the file as UTF-8"
        );
    }

    #[test]
    fn a_blank_line_is_no_row_unless_it_may_be_a_missing_number() {
        let file = "a,y\n\n1,2\n\n3,4\n\n";
        assert_eq!(read(file, None).unwrap().num_rows(), 2);
        let one_column = |file: &str| {
            let mut reader = CsvReader::new(file.as_bytes()).unwrap();
            reader
                .read_rows(&[0], 10)
                .map_err(|error| error.to_string())
        };
        assert_eq!(one_column("a\n1\n2\n\n\n"), Ok(vec![1.0, 2.0]));
        assert_eq!(
            one_column("a\n1\n\n3\n").unwrap_err(),
            "line 3: blank, and in a file of one column that may be a missing number; \
             remove the line, or write the number"
        );
    }

    #[test]
    fn a_quote_that_is_not_closed_takes_no_rows_with_it() {
        assert_eq!(
            message("a,y,note\n1,2,\"x\n3,4,y\n", Some(&["a"])),
            "line 2: the quoted cell that begins here is never closed; \
             close it, or write a quote inside a cell twice"
        );
    }

    #[test]
    fn refuses_a_choice_of_columns_that_makes_no_sense() {
        let file = "a,b,y\n1,2,3\n";
        for (features, expected) in [
            (
                &["c"][..],
                "there is no column `c`; the columns are `a`, `b`, `y`",
            ),
            (&["a", "a"], "the feature `a` is named twice"),
            (
                &["a", "y"],
                "the target `y` is among the features; a column cannot be both",
            ),
        ] {
            assert_eq!(message(file, Some(features)), expected);
        }
    }

    #[test]
    fn reads_in_chunks_and_then_no_more() {
        let mut reader = CsvReader::new("a,b\n1,2\n3,4\n5,6\n".as_bytes()).unwrap();
        let indices = reader.indices(&["b".to_string()]).unwrap();
        assert_eq!(reader.read_rows(&indices, 2).unwrap(), [2.0, 4.0]);
        assert_eq!(reader.read_rows(&indices, 2).unwrap(), [6.0]);
        assert!(reader.read_rows(&indices, 2).unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn no_text_panics(file in "\\PC*|[a,y0-9\"\n\r]*") {
            let _ = read(&file, None);
        }
    }
}
