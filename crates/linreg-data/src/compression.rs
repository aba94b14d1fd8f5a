use std::io::{self, BufRead, BufReader, Read};

/// The compression of a file, which its first bytes show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstandard,
}

impl Compression {
    /// Returns the compression of a file that begins with these bytes, of which
    /// at least four are needed.
    pub fn of(magic: &[u8]) -> Self {
        match magic {
            [0x1F, 0x8B, ..] => Self::Gzip,
            // A frame, or a frame to skip, which parallel compressors write
            // first.
            [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Self::Zstandard,
            _ => Self::None,
        }
    }

    /// Returns a reader of the decompressed contents.
    pub fn reader(self, input: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
        match self {
            Self::None => input,
            Self::Gzip | Self::Zstandard => Box::new(Members {
                compression: self,
                state: State::Between(Input::new(input)),
            }),
        }
    }
}

/// Compressed bytes, the next of which can be looked at before they are read.
struct Input {
    /// The bytes that have been looked at and are read first.
    first: Vec<u8>,
    input: BufReader<Box<dyn Read + Send>>,
}

impl Input {
    fn new(input: Box<dyn Read + Send>) -> Self {
        Self {
            first: Vec::new(),
            input: BufReader::new(input),
        }
    }

    /// Returns the next `length` bytes, or all that there are, without
    /// consuming them.
    fn peek(&mut self, length: usize) -> io::Result<&[u8]> {
        let missing = length.saturating_sub(self.first.len()) as u64;
        let mut input = self.input.by_ref().take(missing);
        input.read_to_end(&mut self.first)?;
        Ok(&self.first)
    }

    fn skip_zeros(&mut self) -> io::Result<()> {
        loop {
            let bytes = self.fill_buf()?;
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            if zeros == 0 {
                return Ok(());
            }
            self.consume(zeros);
        }
    }
}

impl Read for Input {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut buffered = self.fill_buf()?;
        let read = buffered.read(bytes)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.first.is_empty() {
            self.input.fill_buf()
        } else {
            Ok(&self.first)
        }
    }

    fn consume(&mut self, length: usize) {
        if self.first.is_empty() {
            self.input.consume(length)
        } else {
            drop(self.first.drain(..length))
        }
    }
}

/// Several compressed files one after the other, which are read as one, and
/// zeros after them, with which tapes and some programs fill the last block.
struct Members {
    compression: Compression,
    state: State,
}

enum State {
    /// At the beginning, or after a member.
    Between(Input),
    Gzip(Box<flate2::bufread::GzDecoder<Input>>),
    Zstandard(zstd::Decoder<'static, Input>),
    /// After the last member, or after an error.
    Ended,
}

impl Members {
    fn next(&self, mut input: Input) -> io::Result<State> {
        input.skip_zeros()?;
        let magic = input.peek(4)?;
        if magic.is_empty() {
            return Ok(State::Ended);
        }
        if Compression::of(magic) != self.compression {
            return Err(io::Error::other(
                "after the end of the compressed data there is something else; remove it, or decompress the file first",
            ));
        }
        Ok(match self.compression {
            Compression::Gzip => State::Gzip(Box::new(flate2::bufread::GzDecoder::new(input))),
            _ => State::Zstandard(zstd::Decoder::with_buffer(input)?.single_frame()),
        })
    }
}

impl Read for Members {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        loop {
            let read = match &mut self.state {
                State::Between(_) => 0,
                State::Gzip(decoder) => decoder.read(bytes)?,
                State::Zstandard(decoder) => decoder.read(bytes)?,
                State::Ended => return Ok(0),
            };
            if read > 0 {
                return Ok(read);
            }
            self.state = match std::mem::replace(&mut self.state, State::Ended) {
                State::Between(input) => self.next(input)?,
                State::Gzip(decoder) => State::Between(decoder.into_inner()),
                State::Zstandard(decoder) => State::Between(decoder.finish()),
                State::Ended => State::Ended,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), Default::default());
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    }

    fn zstandard(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 1).unwrap()
    }

    fn read(compressed: &[u8]) -> Result<String, String> {
        let compression = Compression::of(compressed);
        assert_ne!(compression, Compression::None);
        let mut text = String::new();
        let mut reader = compression.reader(Box::new(Cursor::new(compressed.to_vec())));
        match reader.read_to_string(&mut text) {
            Ok(_) => Ok(text),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn members_are_one_file_and_zeros_after_them_are_nothing() {
        for compress in [gzip, zstandard] {
            let (first, second) = (compress(b"a,b\n"), compress(b"1,2\n"));
            let two = [&first[..], &second[..]].concat();
            assert_eq!(read(&two).unwrap(), "a,b\n1,2\n");
            for zeros in [1, 4, 511, 100_000] {
                let padded = [&two[..], &vec![0; zeros]].concat();
                assert_eq!(read(&padded).unwrap(), "a,b\n1,2\n");
                let between = [&first[..], &vec![0; zeros], &second].concat();
                assert_eq!(read(&between).unwrap(), "a,b\n1,2\n");
            }
        }
    }

    #[test]
    fn anything_else_after_them_is_an_error_that_says_so() {
        for compress in [gzip, zstandard] {
            for rest in [&b"x"[..], b"\0\0x", b"3,4\n", &[0x1F], &[0x28, 0xB5, 0x2F]] {
                let bytes = [&compress(b"a,b\n"), rest].concat();
                let message = read(&bytes).unwrap_err();
                assert!(
                    message.starts_with("after the end of the compressed"),
                    "{message}"
                );
            }
            let whole = compress(b"a,b\n1,2\n");
            for length in 4..whole.len() {
                assert!(read(&whole[..length]).is_err(), "{length} bytes");
            }
        }
    }

    #[test]
    fn as_many_members_as_a_file_has_are_read() {
        let members = gzip(b"1\n").repeat(50_000);
        assert_eq!(read(&members).unwrap().len(), 100_000);
    }

    #[test]
    fn frames_to_pass_over_are_passed_over() {
        let skipped = [&[0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
        let frame = zstandard(b"a\n1\n");
        for bytes in [
            [&skipped[..], &frame].concat(),
            [&frame[..], &skipped].concat(),
            [&skipped[..], &frame, &skipped, &frame].concat(),
        ] {
            assert!(read(&bytes).unwrap().starts_with("a\n1\n"));
        }
    }
}
