use std::str::FromStr;

/// Names of columns in an argument, as in a line of CSV: separated by commas,
/// quoted where a name holds one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Names(pub Vec<String>);

impl FromStr for Names {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let mut records = reader.records();
        let names = match records.next() {
            Some(Ok(record)) => record.iter().map(String::from).collect::<Vec<_>>(),
            _ => return Err("expected names separated by commas".to_string()),
        };
        if records.next().is_some() || names.iter().any(String::is_empty) {
            return Err(
                "expected names separated by commas, \"in quotes\" where a name holds one"
                    .to_string(),
            );
        }
        Ok(Self(names))
    }
}

/// The names of all uses of an option.
pub fn all(arguments: &[Names]) -> Vec<String> {
    let names = arguments.iter().flat_map(|names| &names.0);
    names.cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_hold_commas_in_quotes() {
        let names = |text: &str| text.parse::<Names>().map(|names| names.0);
        assert_eq!(names("a, b").unwrap(), ["a", "b"]);
        assert_eq!(names("\"a,b\",c d").unwrap(), ["a,b", "c d"]);
        assert!(names("a,,b").is_err());
        assert!(names("").is_err());
    }
}
