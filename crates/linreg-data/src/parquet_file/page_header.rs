use std::io;

use super::thrift::{Thrift, Wrong};
use crate::input::InputFile;

/// Bytes of a header at most; statistics in it may be of long texts.
const MAX_BYTES: u64 = 1 << 20;

/// Encodings whose pages tell the lengths of their texts apart from these.
const DELTA_LENGTHS: i64 = 6;
const DELTA_TEXTS: i64 = 7;

/// What a page says of itself.
#[derive(Debug, Default, PartialEq)]
pub(super) struct PageHeader {
    /// Bytes that the header takes.
    pub length: u64,
    /// Bytes of the page after it, and those they unpack to.
    pub packed: u64,
    pub unpacked: u64,
    pub num_values: u64,
    pub is_dictionary: bool,
    encoding: i64,
}

impl PageHeader {
    /// The header that begins at this byte of a file, if there is one before
    /// `end`.
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
        // As the reader, which takes the types of these fields for granted.
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

    /// Whether a text of the page may take up again what those before it have.
    pub fn repeats_texts(&self) -> bool {
        !self.is_dictionary && self.encoding == DELTA_TEXTS
    }

    /// Whether the page has a number of its own for each value, which the reader
    /// unpacks at once.
    pub fn has_lengths(&self) -> bool {
        !self.is_dictionary && matches!(self.encoding, DELTA_LENGTHS | DELTA_TEXTS)
    }
}
