use std::io::BufReader;

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use crate::input::{InputFile, InputReader};

impl Length for InputFile {
    fn len(&self) -> u64 {
        self.num_bytes()
    }
}

impl ChunkReader for InputFile {
    type T = BufReader<InputReader>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(BufReader::new(self.reader_at(start)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        Ok(self.bytes_at(start, length)?.into())
    }
}
