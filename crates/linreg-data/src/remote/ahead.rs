use std::io;

use bytes::Bytes;

use super::{Fetch, Held, RemoteFile};

/// The first block of a reader that starts somewhere: it may need little.
const FIRST_BLOCK: u64 = 1 << 16;

/// The second block of the file, after what is read when it is opened.
const SECOND_BLOCK: u64 = 1 << 20;

/// The largest block.
const MOST_OF_BLOCK: u64 = 1 << 23;

/// Reads blocks of a file ahead, larger and larger ones for as long as they are
/// read one after the other.
#[derive(Default)]
pub(crate) struct Ahead {
    /// The current block, and where it is.
    block: Bytes,
    start: u64,
    /// The next block, which begins where the current one ends.
    next: Option<Fetch>,
    /// The size of the last block that was asked for.
    size: u64,
}

impl Ahead {
    /// Reads as [`io::Read::read`] does, from a position on.
    pub fn read(
        &mut self,
        file: &RemoteFile,
        held: &Held,
        position: u64,
        into: &mut [u8],
    ) -> io::Result<usize> {
        if position >= file.num_bytes() || into.is_empty() {
            return Ok(0);
        }
        if let Some(found) = file.in_memory(position, held) {
            return Ok(copy(&found?, into));
        }
        let end = self.start + self.block.len() as u64;
        if !(self.start..end).contains(&position) {
            self.turn(file, position, end)?;
        }
        Ok(copy(&self.block[(position - self.start) as usize..], into))
    }

    /// Makes the block at this position the current one.
    fn turn(&mut self, file: &RemoteFile, position: u64, end: u64) -> io::Result<()> {
        let goes_on = position == end && !self.block.is_empty();
        let next = self.next.take().filter(|_| goes_on);
        let next = match next {
            Some(next) => next,
            None => {
                self.size = if goes_on {
                    grown(self.size)
                } else if position == file.first.len() as u64 {
                    SECOND_BLOCK
                } else {
                    FIRST_BLOCK
                };
                self.fetch(file, position)?
            }
        };
        // The one after it is asked for before this one is waited for.
        let after = position + self.size.min(file.num_bytes() - position);
        let follows = goes_on || self.size >= SECOND_BLOCK;
        if follows && after < file.num_bytes() {
            self.size = grown(self.size);
            self.next = Some(self.fetch(file, after)?);
        }
        self.block = next.wait(file)?;
        self.start = position;
        Ok(())
    }

    fn fetch(&self, file: &RemoteFile, from: u64) -> io::Result<Fetch> {
        let end = file.num_bytes().min(from.saturating_add(self.size));
        file.fetch(from..end)
    }
}

fn grown(size: u64) -> u64 {
    (size * 4).clamp(FIRST_BLOCK, MOST_OF_BLOCK)
}

fn copy(from: &[u8], into: &mut [u8]) -> usize {
    let length = from.len().min(into.len());
    into[..length].copy_from_slice(&from[..length]);
    length
}
