//! A reader for Thrift's compact protocol, in which the metadata of a Parquet
//! file is written. It reads enough to check that the metadata can be true
//! before memory is allocated for it.

/// The data cannot be valid, or goes on after the end.
#[derive(Debug, PartialEq)]
pub(super) struct Wrong;

/// The types of fields and of elements.
const STOP: u8 = 0;
const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const I16: u8 = 4;
const I32: u8 = 5;
const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
pub(super) const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
pub(super) const STRUCT: u8 = 12;
const UUID: u8 = 13;

/// The largest depth of nested structures; the format needs a handful.
const MAX_DEPTH: usize = 32;

/// A reader that goes through bytes from first to last.
pub(super) struct Thrift<'a> {
    bytes: &'a [u8],
    position: usize,
}

/// A field of a structure.
pub(super) struct Field {
    pub id: i64,
    pub kind: u8,
}

impl<'a> Thrift<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// The number of bytes read so far.
    pub fn position(&self) -> usize {
        self.position
    }

    fn byte(&mut self) -> Result<u8, Wrong> {
        let byte = self.bytes.get(self.position).ok_or(Wrong)?;
        self.position += 1;
        Ok(*byte)
    }

    fn skip_bytes(&mut self, length: u64) -> Result<(), Wrong> {
        let left = (self.bytes.len() - self.position) as u64;
        if length > left {
            return Err(Wrong);
        }
        self.position += length as usize;
        Ok(())
    }

    pub fn unsigned(&mut self) -> Result<u64, Wrong> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Wrong)
    }

    pub fn signed(&mut self) -> Result<i64, Wrong> {
        let value = self.unsigned()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// Calls `take` with each field of a structure; `take` returns false if it
    /// has not read the value, which is then skipped.
    pub fn fields(
        &mut self,
        mut take: impl FnMut(&mut Self, &Field) -> Result<bool, Wrong>,
    ) -> Result<(), Wrong> {
        let mut id = 0;
        loop {
            let byte = self.byte()?;
            let kind = byte & 0x0F;
            if kind == STOP {
                return Ok(());
            }
            id = match byte >> 4 {
                0 => self.signed()?,
                step => id + i64::from(step),
            };
            let field = Field { id, kind };
            if !take(self, &field)? {
                self.skip(kind, 0)?;
            }
        }
    }

    /// Reads the type and the number of the elements of a list, each of which
    /// takes at least one byte.
    pub fn list(&mut self) -> Result<(u8, usize), Wrong> {
        let byte = self.byte()?;
        let count = match byte >> 4 {
            15 => self.unsigned()?,
            count => u64::from(count),
        };
        let left = self.bytes.len() - self.position;
        match usize::try_from(count) {
            Ok(count) if count <= left => Ok((byte & 0x0F, count)),
            _ => Err(Wrong),
        }
    }

    /// Skips a value.
    pub fn skip(&mut self, kind: u8, depth: usize) -> Result<(), Wrong> {
        if depth > MAX_DEPTH {
            return Err(Wrong);
        }
        match kind {
            TRUE | FALSE => Ok(()),
            BYTE => self.skip_bytes(1),
            I16 | I32 | I64 => self.unsigned().map(drop),
            DOUBLE => self.skip_bytes(8),
            UUID => self.skip_bytes(16),
            BINARY => {
                let length = self.unsigned()?;
                self.skip_bytes(length)
            }
            LIST | SET => {
                let (kind, count) = self.list()?;
                (0..count).try_for_each(|_| self.skip_element(kind, depth + 1))
            }
            MAP => {
                let count = self.unsigned()?;
                if count == 0 {
                    return Ok(());
                }
                let kinds = self.byte()?;
                for _ in 0..count {
                    self.skip_element(kinds >> 4, depth + 1)?;
                    self.skip_element(kinds & 0x0F, depth + 1)?;
                }
                Ok(())
            }
            STRUCT => loop {
                let byte = self.byte()?;
                if byte & 0x0F == STOP {
                    return Ok(());
                }
                if byte >> 4 == 0 {
                    self.signed()?;
                }
                self.skip(byte & 0x0F, depth + 1)?;
            },
            _ => Err(Wrong),
        }
    }

    /// Skips an element of a list; there, a boolean takes one byte.
    fn skip_element(&mut self, kind: u8, depth: usize) -> Result<(), Wrong> {
        match kind {
            TRUE | FALSE => self.skip_bytes(1),
            kind => self.skip(kind, depth),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_on_after_the_end_is_wrong() {
        let skip = |bytes: &[u8], kind| {
            let mut thrift = Thrift::new(bytes);
            thrift.skip(kind, 0).map(|()| thrift.position())
        };
        assert_eq!(skip(&[0x15, 2, 0x18, 1, b'x', 0, 9], STRUCT), Ok(6));
        assert_eq!(skip(&[0x25, 2, 4], LIST), Ok(3));
        // 2^40 elements, and a text of 2^62 bytes.
        assert_eq!(
            skip(&[0xF5, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20], LIST),
            Err(Wrong)
        );
        let mut text = vec![0x80; 8];
        text.push(0x40);
        assert_eq!(skip(&text, BINARY), Err(Wrong));
        assert_eq!(skip(&[0xFF; 20], I64), Err(Wrong));
        assert_eq!(skip(&[0x1C; 100_000], STRUCT), Err(Wrong));
        assert_eq!(skip(&[0x19; 100_000], LIST), Err(Wrong));
        assert_eq!(skip(&[0x1C], STRUCT), Err(Wrong));
    }
}
