/// The delimiter of a CSV file, and which of its lines are comments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Dialect {
    /// The delimiter; a space stands for one or more spaces.
    pub delimiter: u8,
    /// The first byte of lines that are comments.
    pub comment: Option<u8>,
}

/// What a line that is no row is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Passed {
    /// An empty line.
    Empty,
    /// A line with nothing but spaces and tabs.
    Spaces,
    Comment,
}

impl Dialect {
    /// A dialect without comments.
    #[cfg(test)]
    pub fn of(delimiter: u8) -> Self {
        Self {
            delimiter,
            comment: None,
        }
    }

    /// Says what a line is if it is no row; `line` does not include the line
    /// end.
    pub fn passes(self, line: &[u8]) -> Option<Passed> {
        let is_space = |byte: &u8| *byte == b' ' || (*byte == b'\t' && self.delimiter != b'\t');
        let first = line.first().filter(|byte| **byte != b'\r');
        match first {
            None => Some(Passed::Empty),
            Some(byte) if Some(*byte) == self.comment => Some(Passed::Comment),
            Some(byte) if is_space(byte) => {
                let text = line.strip_suffix(b"\r").unwrap_or(line);
                text.iter().all(is_space).then_some(Passed::Spaces)
            }
            Some(_) => None,
        }
    }

    /// Whether blocks have to be cleaned even if every line is a row, because
    /// several spaces may be one delimiter.
    pub fn has_runs(self) -> bool {
        self.delimiter == b' '
    }
}
