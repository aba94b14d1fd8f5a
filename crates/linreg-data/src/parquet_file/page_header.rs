use std::io;

use super::thrift::{Thrift, Wrong};
use crate::input::InputFile;

/// The largest size of a header in bytes; its statistics may contain long
/// texts.
const MAX_BYTES: u64 = 1 << 20;

/// The encodings that store the lengths of texts apart from the texts.
const DELTA_LENGTHS: i64 = 6;
const DELTA_TEXTS: i64 = 7;

/// The header of a page.
#[derive(Debug, Default, PartialEq)]
pub(super) struct PageHeader {
    /// The size of the header in bytes.
    pub length: u64,
    /// The bytes of the page after the header, packed and unpacked.
    pub packed: u64,
    pub unpacked: u64,
    pub num_values: u64,
    pub is_dictionary: bool,
    encoding: i64,
}

impl PageHeader {
    /// Reads the header that begins at the byte `start` of a file and ends
    /// before `end`.
    pub fn read(file: &InputFile, start: u64, end: u64) -> io::Result<Result<Self, Wrong>> {
        let mut length = 256;
        loop {
            let most = end.min(file.num_bytes()).saturating_sub(start);
            let bytes = file.bytes_at(start, most.min(length) as usize)?;
            match Self::parse(&bytes) {
                Err(Wrong) if length < most && length < MAX_BYTES => length *= 16,
                header => return Ok(header),
            }
        }
    }

    fn parse(bytes: &[u8]) -> Result<Self, Wrong> {
        let (mut kind, mut unpacked, mut packed) = (-1, -1, -1);
        // The number of values and the encoding of a page of data, of a
        // dictionary, and of a page of data of version 2.
        let mut pages = [(0, 0); 3];
        let mut thrift = Thrift::new(bytes);
        // The types of these fields are not checked, as in the reader.
        thrift.fields(|thrift, field| {
            let (page, encoding) = match field.id {
                1 => return thrift.signed().map(|value| kind = value).map(|()| true),
                2 => return thrift.signed().map(|value| unpacked = value).map(|()| true),
                3 => return thrift.signed().map(|value| packed = value).map(|()| true),
                5 => (&mut pages[0], 2),
                7 => (&mut pages[1], 2),
                8 => (&mut pages[2], 4),
                _ => return Ok(false),
            };
            thrift.fields(|thrift, field| {
                match field.id {
                    1 => page.0 = thrift.signed()?,
                    id if id == encoding => page.1 = thrift.signed()?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
            Ok(true)
        })?;
        let (num_values, encoding) = match kind {
            2 => pages[1],
            3 => pages[2],
            _ => pages[0],
        };
        let number = |number: i64| match i32::try_from(number) {
            Ok(_) => u64::try_from(number).map_err(|_| Wrong),
            Err(_) => Err(Wrong),
        };
        Ok(Self {
            length: thrift.position() as u64,
            packed: number(packed)?,
            unpacked: number(unpacked)?,
            num_values: number(num_values)?,
            is_dictionary: kind == 2,
            encoding,
        })
    }

    /// Whether a text of the page may repeat the beginning of the text before
    /// it.
    pub fn repeats_texts(&self) -> bool {
        !self.is_dictionary && self.encoding == DELTA_TEXTS
    }

    /// Whether the page stores a length for each value; the reader unpacks all
    /// lengths at once.
    pub fn has_lengths(&self) -> bool {
        !self.is_dictionary && matches!(self.encoding, DELTA_LENGTHS | DELTA_TEXTS)
    }
}
