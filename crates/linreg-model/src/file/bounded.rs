//! Reads the bytes of a model file without trusting what its header says.

use std::io::{self, Read};

use safetensors::SafeTensorError;
use safetensors::tensor::Metadata;

use crate::ModelFileError;

/// Number of bytes at the start of a file that hold the length of its header.
const LENGTH_BYTES: usize = 8;

/// Length of the longest header that is read, enough for some hundred thousand
/// features. The parsed header takes several times as much memory.
pub(super) const MAX_HEADER_BYTES: usize = 50_000_000;

/// Reads a whole file: first the bytes that show whether it is a model file, then
/// the header, and the tensors only if the length of the file agrees with the
/// header. `length` is the length of the file, where it is known.
pub(super) fn read(mut file: impl Read, length: Option<u64>) -> Result<Vec<u8>, ModelFileError> {
    let mut bytes = read_up_to(&mut file, LENGTH_BYTES)?;
    let size = header_size(&bytes)?;
    let after_header = (LENGTH_BYTES + size) as u64;
    if length.is_some_and(|length| length < after_header) {
        return Err(cut_short());
    }
    bytes.extend(read_up_to(&mut file, size)?);
    let Some(header) = bytes.get(LENGTH_BYTES..LENGTH_BYTES + size) else {
        return Err(cut_short());
    };
    let data = data_size(header)?;
    let whole = after_header.checked_add(data);
    match (whole, length) {
        (Some(whole), Some(length)) if whole == length => {}
        (Some(whole), Some(length)) if length > whole => {
            return Err(ModelFileError::Longer {
                more: length - whole,
            });
        }
        (Some(_), None) => {}
        _ => return Err(incomplete()),
    }
    let read = (&mut file).take(data).read_to_end(&mut bytes)?;
    if read as u64 != data {
        return Err(incomplete());
    }
    // One more byte is enough to know that the file is too long.
    match read_up_to(&mut file, 1)?.len() as u64 {
        0 => Ok(bytes),
        more => Err(ModelFileError::Longer { more }),
    }
}

fn read_up_to(file: impl Read, size: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(size as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Returns the length of the header, from the first bytes of a file.
fn header_size(first: &[u8]) -> Result<usize, ModelFileError> {
    if is_table(first) {
        return Err(ModelFileError::Table);
    }
    let Ok(length) = <[u8; LENGTH_BYTES]>::try_from(first) else {
        return Err(ModelFileError::NotSafetensors(
            SafeTensorError::HeaderTooSmall,
        ));
    };
    let size = usize::try_from(u64::from_le_bytes(length)).ok();
    let size = size.filter(|size| *size <= MAX_HEADER_BYTES);
    size.ok_or(ModelFileError::NotSafetensors(
        SafeTensorError::HeaderTooLarge,
    ))
}

/// Whether a file begins like a table: with the magic bytes of Parquet, Arrow,
/// gzip, zstd or zip, or with text. The length of a header always has zero bytes,
/// so it is not text.
fn is_table(first: &[u8]) -> bool {
    const MARKS: [&[u8]; 5] = [
        b"PAR1",
        b"ARROW1",
        b"\x1f\x8b",
        b"\x28\xb5\x2f\xfd",
        b"PK\x03\x04",
    ];
    let is_text = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~' | 0x80..);
    MARKS.iter().any(|mark| first.starts_with(mark))
        || first.len() == LENGTH_BYTES && first.iter().all(is_text)
}

/// Returns the number of bytes of the tensors, according to a header.
fn data_size(header: &[u8]) -> Result<u64, ModelFileError> {
    let text = std::str::from_utf8(header).map_err(SafeTensorError::InvalidHeader);
    let text = text.map_err(ModelFileError::NotSafetensors)?;
    let metadata: Metadata = serde_json::from_str(text).map_err(|error| {
        ModelFileError::NotSafetensors(SafeTensorError::InvalidHeaderDeserialization(error))
    })?;
    Ok(metadata.data_len() as u64)
}

fn cut_short() -> ModelFileError {
    ModelFileError::NotSafetensors(SafeTensorError::InvalidHeaderLength)
}

fn incomplete() -> ModelFileError {
    ModelFileError::NotSafetensors(SafeTensorError::MetadataIncompleteBuffer)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader that panics when more than this number of bytes is read.
    struct Endless(usize);

    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(buffer.len()).expect("bounded reading");
            buffer.fill(b'7');
            Ok(buffer.len())
        }
    }

    #[test]
    fn a_table_is_told_from_its_first_bytes() {
        for first in ["area,town,price\n", "PAR1\0\0\0\0", "\u{feff}größe"] {
            let error = read(first.as_bytes(), None).unwrap_err();
            assert!(matches!(error, ModelFileError::Table), "{error}");
        }
        let error = read(Endless(64), Some(4 << 30)).unwrap_err();
        assert!(matches!(error, ModelFileError::Table), "{error}");
    }

    #[test]
    fn a_length_that_lies_is_not_believed() {
        let with = |length: u64, rest: &[u8]| [&length.to_le_bytes()[..], rest].concat();
        for (bytes, message) in [
            (with(60_000_000, b"{}"), "header too large"),
            (with(1 << 62, b"{}"), "header too large"),
            (with(49_000_000, b"{}"), "invalid header length"),
            (with(2, b"{"), "invalid header length"),
            (with(2, b"[]"), "invalid JSON in header"),
        ] {
            for length in [None, Some(bytes.len() as u64)] {
                let error = read(&bytes[..], length).unwrap_err();
                let source = std::error::Error::source(&error).unwrap().to_string();
                assert!(source.starts_with(message), "{source}");
            }
        }
    }

    #[test]
    fn tensors_are_not_read_unless_all_are_there() {
        let huge = u64::MAX - 63;
        let header = format!(
            r#"{{"a": {{"dtype": "U8", "shape": [{huge}], "data_offsets": [0, {huge}]}}}}"#
        );
        let bytes = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat();
        for length in [None, Some(bytes.len() as u64)] {
            assert!(read(&bytes[..], length).is_err());
        }
        let whole = safetensors::serialize(Vec::<(&str, crate::file::write::F64View)>::new(), None);
        let whole = whole.unwrap();
        assert_eq!(read(&whole[..], None).unwrap(), whole);
        let longer = [&whole[..], b"x"].concat();
        for length in [None, Some(longer.len() as u64)] {
            let error = read(&longer[..], length).unwrap_err();
            assert!(matches!(error, ModelFileError::Longer { more: 1 }));
        }
    }
}
