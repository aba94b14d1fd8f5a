use std::io::{Read, Seek, SeekFrom};

use arrow_buffer::Buffer;
use arrow_ipc::{Message, RecordBatch, root_as_message};
use arrow_schema::ArrowError;

use crate::data_file::DataFile;
use crate::input::{InputFile, InputReader};
use crate::sizes::MAX_HEADER_BYTES;
use crate::unpacked::{self, most_of_lz4};
use crate::{DataError, Limit};

/// The bytes with which the Arrow file format begins and ends. The stream
/// format has none.
const MAGIC: [u8; 6] = *b"ARROW1";

/// The bytes with which a message begins, except in files from before 2019.
const CONTINUATION: [u8; 4] = [0xff; 4];

/// The largest size of an LZ4 block, unpacked.
const MOST_OF_A_BLOCK: u64 = 1 << 23;

/// The position of a message in the file: its metadata, then its body.
#[derive(Clone, Copy)]
pub(crate) struct Block {
    offset: u64,
    metadata_length: usize,
    body_length: usize,
}

/// An iterator over the messages of either format, without their bodies.
pub(crate) struct Messages<'a> {
    data: &'a DataFile,
    file: InputReader,
    offset: u64,
    end: u64,
}

impl<'a> Messages<'a> {
    pub(crate) fn open(data: &'a DataFile) -> Result<Self, DataError> {
        let length = data.input().num_bytes();
        let mut file = data.input().reader();
        let mut start = [0; MAGIC.len()];
        file.read_exact(&mut start)?;
        if start != MAGIC {
            return Ok(Self {
                data,
                file,
                offset: 0,
                end: length,
            });
        }
        // After the messages come a footer, its length and the magic bytes.
        let mut tail = [0; 4 + MAGIC.len()];
        file.seek(SeekFrom::End(-(tail.len() as i64)))?;
        file.read_exact(&mut tail)?;
        let footer = arrow_ipc::reader::read_footer_length(tail)?;
        let end = length.checked_sub((footer + tail.len()) as u64);
        let mut messages = Self {
            data,
            file,
            offset: 8,
            end: end.ok_or_else(|| damaged("the footer is longer than the file"))?,
        };
        // The writer chooses where the first message begins; zeros are padding.
        for offset in [8, 16, 32, 64] {
            messages.offset = offset;
            if messages.take_four_bytes()? != [0; 4] {
                break;
            }
        }
        messages.offset -= 4;
        Ok(messages)
    }

    /// Returns the next message and its metadata, or None where the file says
    /// that there are no more.
    pub(crate) fn next(&mut self) -> Result<Option<(Block, Vec<u8>)>, DataError> {
        let mut length = self.take_four_bytes()?;
        if length == CONTINUATION {
            length = self.take_four_bytes()?;
        }
        let metadata_length = u32::from_le_bytes(length) as usize;
        if metadata_length == 0 {
            return Ok(None);
        }
        let offset = self.offset;
        if metadata_length as u64 > MAX_HEADER_BYTES {
            return Err(self.data.refused(Limit::Metadata(metadata_length as u64)));
        }
        self.skip(metadata_length as u64)?;
        let mut metadata = vec![0; metadata_length];
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.read_exact(&mut metadata)?;
        let body = message(&metadata)?.bodyLength();
        let body = u64::try_from(body).map_err(damaged)?;
        self.skip(body)?;
        let body_length = usize::try_from(body).map_err(damaged)?;
        let block = Block {
            offset,
            metadata_length,
            body_length,
        };
        Ok(Some((block, metadata)))
    }

    fn take_four_bytes(&mut self) -> Result<[u8; 4], DataError> {
        let mut bytes = [0; 4];
        self.file.seek(SeekFrom::Start(self.offset))?;
        self.skip(4)?;
        self.file.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Moves on by `length` bytes. It checks that they are in the file, so that
    /// no memory is allocated for bytes that are not there.
    fn skip(&mut self, length: u64) -> Result<(), DataError> {
        let next = self.offset.checked_add(length);
        let next = next.filter(|&next| next <= self.end);
        self.offset = next.ok_or_else(|| damaged("a message goes on after the end"))?;
        Ok(())
    }
}

/// Decodes the metadata of a message.
pub(crate) fn message(metadata: &[u8]) -> Result<Message<'_>, DataError> {
    root_as_message(metadata).map_err(damaged)
}

/// Reads the metadata and the body of a message.
pub(crate) fn read_block(file: &InputFile, block: Block) -> Result<(Vec<u8>, Buffer), DataError> {
    let Block {
        offset,
        metadata_length,
        body_length,
    } = block;
    let body = offset + metadata_length as u64;
    let file = file.holding(std::iter::once(offset..body + body_length as u64));
    let metadata = file.bytes_at(offset, metadata_length)?;
    // The body is a buffer of its own: arrays are decoded in place if it is
    // aligned. It is not a MutableBuffer, whose alignment splits the
    // allocator's memory until three times as much is used.
    let body = file.bytes_at(body, body_length)?;
    Ok((metadata, body.into()))
}

/// Checks that the buffers of a batch are inside its body, which the decoder
/// does not check, and returns the largest number of bytes that they unpack to.
pub(crate) fn unpacked_bytes(batch: &RecordBatch, body: &[u8]) -> Result<u64, DataError> {
    let mut unpacked = 0u64;
    for buffer in batch.buffers().into_iter().flatten() {
        let range = usize::try_from(buffer.offset()).ok().and_then(|start| {
            let length = usize::try_from(buffer.length()).ok()?;
            body.get(start..start.checked_add(length)?)
        });
        let bytes = range.ok_or_else(|| damaged("a buffer is not inside its record batch"))?;
        if let (Some(_), Some((length, packed))) = (batch.compression(), bytes.split_first_chunk())
        {
            // -1 says that the buffer is not compressed.
            let length = u64::try_from(i64::from_le_bytes(*length)).unwrap_or(0);
            let most = most_of_lz4(packed).unwrap_or(0);
            // The last block is seldom full, so allow for one block.
            let most = if most > length + MOST_OF_A_BLOCK {
                most
            } else {
                0
            };
            unpacked = unpacked.saturating_add(length.max(most));
        }
    }
    Ok(unpacked)
}

/// Checks that what is unpacked is within the limit: without memory for it, the
/// decoder would end the process.
pub(crate) fn check_unpacked(
    file: &DataFile,
    what: &'static str,
    packed: u64,
    unpacked: u64,
) -> Result<(), DataError> {
    unpacked::check(packed, unpacked).map_err(|sizes| file.refused(Limit::Batch { what, sizes }))
}

/// Returns the number of rows of a record batch; its first column must have as
/// many.
pub(crate) fn num_rows(batch: &RecordBatch) -> Result<u64, DataError> {
    let length = batch.length();
    let first = batch.nodes().and_then(|nodes| nodes.iter().next());
    if length < 0 || first.is_some_and(|node| node.length() != length) {
        return Err(damaged("a record batch contradicts itself about its rows"));
    }
    Ok(length as u64)
}

/// Returns an error that is reported as a damaged file.
pub(crate) fn damaged(reason: impl ToString) -> DataError {
    ArrowError::IpcError(reason.to_string()).into()
}
