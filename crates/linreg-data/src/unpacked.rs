//! Limits on how much of a file is unpacked at a time: 128 MiB, or 64 times the
//! packed size if that is more. So a small file that was made to fill the
//! memory is refused before it does.

use crate::Unpacking;

/// The bytes to which any part of a file may unpack.
const ALWAYS: u64 = 1 << 27;

/// How many times its packed size a larger part may unpack to.
const MOST_TIMES: u64 = 64;

/// The largest number of bytes that a byte of a block in LZ4's formats unpacks to.
const MOST_OF_A_BYTE: u64 = 255;

/// Returns an error with the sizes if so much is not to be unpacked at once.
pub(crate) fn check(packed: u64, unpacked: u64) -> Result<(), Unpacking> {
    let limit = ALWAYS.max(packed.saturating_mul(MOST_TIMES));
    if unpacked <= limit {
        return Ok(());
    }
    Err(Unpacking {
        packed,
        unpacked,
        limit,
    })
}

/// Returns the largest number of bytes to which data in LZ4's frame format
/// unpacks; None for other data. Frames may follow each other.
pub(crate) fn most_of_lz4(bytes: &[u8]) -> Option<u64> {
    /// The older format, which nothing writes here.
    const LEGACY: [u8; 4] = [0x02, 0x21, 0x4C, 0x18];
    if bytes.starts_with(&LEGACY) {
        return Some((bytes.len() as u64).saturating_mul(MOST_OF_A_BYTE));
    }
    let (mut most, mut rest) = most_of_frame(bytes)?;
    while let Some((of_frame, after)) = most_of_frame(rest) {
        most = most.saturating_add(of_frame);
        rest = after;
    }
    Some(most)
}

/// Returns the same of the first frame, and what follows it.
fn most_of_frame(bytes: &[u8]) -> Option<(u64, &[u8])> {
    const MAGIC: [u8; 4] = [0x04, 0x22, 0x4D, 0x18];
    let bytes = bytes.strip_prefix(&MAGIC)?;
    let (flags, block) = (*bytes.first()?, *bytes.get(1)?);
    let has = |bit: u8| flags & bit != 0;
    let block_bytes = 1u64 << (8 + 2 * u64::from(block >> 4 & 7));
    // The checksum of the header takes one byte.
    let header = 3 + 8 * usize::from(has(8)) + 4 * usize::from(has(1));
    let mut rest = bytes.get(header..)?;
    let mut most = 0u64;
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = u32::from_le_bytes(*length);
        let (is_plain, length) = (length >> 31 == 1, length & (u32::MAX >> 1));
        if length == 0 {
            // This is the end of a frame.
            let checksum = 4 * usize::from(has(4));
            return Some((most, after.get(checksum..).unwrap_or_default()));
        }
        let block = if is_plain {
            u64::from(length)
        } else {
            (u64::from(length) * MOST_OF_A_BYTE).min(block_bytes)
        };
        most = most.saturating_add(block);
        let next = length as usize + 4 * usize::from(has(16));
        rest = after.get(next..).unwrap_or_default();
    }
    Some((most, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_parts_and_those_that_were_large_before_are_unpacked() {
        assert_eq!(check(1, ALWAYS), Ok(()));
        assert_eq!(check(1 << 30, 1 << 36), Ok(()));
        let message = check(425_984, 4 << 30).unwrap_err();
        let expected = "416.0 KiB unpack to 4.0 GiB at once, and the limit is 128.0 MiB";
        assert_eq!(message.to_string(), expected);
    }

    #[test]
    fn what_lz4_unpacks_to_is_bounded_by_its_blocks() {
        let header = [0x04, 0x22, 0x4D, 0x18, 0x60, 0x40, 0x82];
        let block = |length: u32| [&length.to_le_bytes()[..], &[0; 1000]].concat();
        let frame = |blocks: &[Vec<u8>]| [&header[..], &blocks.concat(), &[0; 4]].concat();
        let packed = block(1000);
        let plain = block(1000 | 1 << 31);
        for (blocks, most) in [
            (vec![], 0),
            (vec![plain.clone()], 1000),
            (vec![packed.clone(), packed.clone()], 2 << 16),
            (vec![packed, plain], (1 << 16) + 1000),
        ] {
            let bytes = frame(&blocks);
            assert_eq!(most_of_lz4(&bytes), Some(most));
            assert_eq!(most_of_lz4(&bytes.repeat(3)), Some(3 * most));
        }
        assert_eq!(most_of_lz4(b"PAR1"), None);
        let legacy = [&[0x02, 0x21, 0x4C, 0x18][..], &[0; 996]].concat();
        assert_eq!(most_of_lz4(&legacy), Some(255_000));
        let empty = frame(&[]);
        assert_eq!(most_of_lz4(&empty.repeat(1_000_000)), Some(0));
    }
}
