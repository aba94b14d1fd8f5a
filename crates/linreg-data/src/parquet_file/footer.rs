use super::thrift::{LIST, STRUCT, Thrift, Wrong};
use crate::Limit;
use crate::input::InputFile;
use crate::sizes::MAX_HEADER_BYTES;
use crate::source::MAX_COLUMNS;

/// The largest depth of columns inside columns.
const MAX_DEPTH: usize = 64;

/// The largest number of row groups: the reader numbers them with 16 bits.
const MAX_ROW_GROUPS: usize = 1 << 15;

/// The largest number of columns in all row groups together; each takes half a
/// kilobyte of memory.
const MAX_CHUNKS: usize = 1 << 19;

/// The reason why a footer is not read.
#[derive(Debug, PartialEq)]
pub(super) enum Refused {
    /// It is no footer, or it contradicts itself.
    Damaged,
    /// It is larger than the limits.
    Large(Limit),
}

impl From<Wrong> for Refused {
    fn from(_: Wrong) -> Self {
        Self::Damaged
    }
}

/// Checks the footer of a file before memory is allocated for what it
/// describes.
pub(super) fn check_file(file: &InputFile) -> std::io::Result<Result<(), Refused>> {
    let Some(tail) = file.num_bytes().checked_sub(8) else {
        return Ok(Err(Refused::Damaged));
    };
    let last = file.bytes_at(tail, 8)?;
    let (length, magic) = last.split_at(4);
    let length = length
        .iter()
        .rev()
        .fold(0, |length, byte| length << 8 | u64::from(*byte));
    let Some(start) = tail.checked_sub(length).filter(|_| magic == b"PAR1") else {
        return Ok(Err(Refused::Damaged));
    };
    if length > MAX_HEADER_BYTES {
        return Ok(Err(Refused::Large(Limit::FooterBytes(length))));
    }
    Ok(check(&file.bytes_at(start, length as usize)?))
}

/// Checks the lists of columns and of row groups.
fn check(footer: &[u8]) -> Result<(), Refused> {
    let mut columns = Ok(());
    let mut num_columns = 0;
    let mut num_groups = 0;
    Thrift::new(footer).fields(|thrift, field| match (field.id, field.kind) {
        (2, LIST) => {
            let (kind, count) = thrift.list()?;
            if kind != STRUCT {
                return Err(Wrong);
            }
            num_columns = count;
            let mut children = Vec::with_capacity(count);
            for _ in 0..count {
                let mut of_column = 0;
                thrift.fields(|thrift, field| match field.id {
                    5 => {
                        of_column = thrift.signed()?;
                        Ok(true)
                    }
                    _ => Ok(false),
                })?;
                children.push(of_column);
            }
            columns = check_tree(&children);
            Ok(true)
        }
        (4, LIST) => {
            let (kind, count) = thrift.list()?;
            num_groups = count;
            for _ in 0..count {
                thrift.skip(kind, 0)?;
            }
            Ok(true)
        }
        _ => Ok(false),
    })?;
    columns?;
    for (found, limit, what) in [
        (num_columns, MAX_COLUMNS, "columns"),
        (num_groups, MAX_ROW_GROUPS, "row groups"),
        (
            num_columns.saturating_mul(num_groups),
            MAX_CHUNKS,
            "columns in all its row groups",
        ),
    ] {
        if found > limit {
            return Err(Refused::Large(Limit::Footer { what, found, limit }));
        }
    }
    Ok(())
}

/// Checks that the columns are a tree of limited depth; each is given as the
/// number of its children, which follow it. The reader makes a nested function
/// call for each level.
fn check_tree(children: &[i64]) -> Result<(), Refused> {
    // How many columns are still to come at each level.
    let mut levels: Vec<usize> = Vec::new();
    for (index, count) in children.iter().enumerate() {
        match levels.last_mut() {
            Some(left) => *left -= 1,
            None if index > 0 => return Err(Refused::Damaged),
            None => (),
        }
        let count = usize::try_from(*count).map_err(|_| Refused::Damaged)?;
        if count > children.len() - index - 1 {
            return Err(Refused::Damaged);
        }
        levels.push(count);
        if levels.len() > MAX_DEPTH {
            return Err(Refused::Large(Limit::Depth(MAX_DEPTH)));
        }
        while levels.last() == Some(&0) {
            levels.pop();
        }
    }
    if levels.is_empty() {
        Ok(())
    } else {
        Err(Refused::Damaged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_a_tree_of_bounded_depth() {
        let large = |result: Result<(), Refused>| matches!(result, Err(Refused::Large(_)));
        assert_eq!(check_tree(&[3, 0, 1, 0, 0]), Ok(()));
        assert_eq!(check_tree(&[0]), Ok(()));
        for wrong in [
            &[1][..],
            &[2, 0],
            &[1, 0, 0],
            &[-1, 0],
            &[i64::MAX, 0],
            &[2, 2, 0, 0],
        ] {
            assert_eq!(check_tree(wrong), Err(Refused::Damaged), "{wrong:?}");
        }
        let mut deep = vec![1; 100_000];
        deep.push(0);
        assert!(large(check_tree(&deep)));
        let mut deep = vec![1; MAX_DEPTH - 1];
        deep.push(0);
        assert_eq!(check_tree(&deep), Ok(()));
    }

    #[test]
    fn lists_that_claim_more_than_there_is_are_damage() {
        // Field 4, a list of 2^31 - 1 structures, of which there is none.
        let groups = [0x49, 0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0];
        assert_eq!(check(&groups), Err(Refused::Damaged));
        // As many structures as there are bytes, all empty.
        let mut groups = vec![0x49, 0xFC, 0x80, 0x80, 0x04];
        groups.extend([0; 1 << 16]);
        groups.push(0);
        let Err(Refused::Large(limit)) = check(&groups) else {
            panic!("the row groups are read");
        };
        let message = "the file has 65536 row groups, and the limit is 32768; write the columns that are needed, in larger row groups";
        assert_eq!(limit.to_string(), message);
    }
}
