use std::io::{self, Read};
use std::sync::Arc;

use parquet::basic::{Compression, Type};
use parquet::column::page::{Page, PageReader};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::page_index::offset_index::PageLocation;
use parquet::file::reader::SerializedPageReader;

use super::page_header::PageHeader;
use crate::DataError;
use crate::input::InputFile;
use crate::unpacked::most_of_lz4;

/// The sizes of the pages of a column in a row group, found before any page is
/// unpacked.
#[derive(Debug, Default)]
pub(super) struct Pages {
    /// The unpacked bytes of the largest page and the dictionary together.
    pub unpacked: u64,
    /// The packed bytes of all pages.
    pub packed: u64,
    /// The bytes of the longest value that any row may have.
    pub longest: u64,
    /// The number of values and the bytes of each page of texts.
    texts: Vec<(u64, u64)>,
}

/// The column of a row group whose pages are read.
pub(super) struct Chunk<'a> {
    pub file: &'a InputFile,
    pub column: &'a ColumnChunkMetaData,
    pub num_rows: usize,
    /// The positions of the data pages, if the file contains them.
    pub locations: Option<&'a [PageLocation]>,
}

impl Chunk<'_> {
    /// Reads the headers of all pages.
    pub fn pages(&self) -> Result<Pages, DataError> {
        let mut pages = Pages::default();
        let (mut largest, mut dictionary) = (0, 0);
        let kind = self.column.column_type();
        let width = match kind {
            Type::BOOLEAN => 0,
            Type::INT32 | Type::FLOAT | Type::BYTE_ARRAY => 4,
            Type::INT64 | Type::DOUBLE => 8,
            Type::INT96 => 12,
            Type::FIXED_LEN_BYTE_ARRAY => {
                let length = self.column.column_descr().type_length();
                u64::try_from(length).map_err(|_| wrong("values have a negative length"))?
            }
        };
        if kind == Type::FIXED_LEN_BYTE_ARRAY {
            pages.longest = width;
        }
        self.each(|header, start| {
            self.check_packed(header, start)?;
            pages.packed += header.packed;
            if header.is_dictionary {
                if header.num_values.saturating_mul(width) > header.unpacked {
                    return Err(wrong("a dictionary has more values than bytes"));
                }
                dictionary = header.unpacked.max(dictionary);
                return Ok(());
            }
            let mut unpacked = header.unpacked;
            if header.has_lengths() {
                // These are the lengths of the shared beginnings and of the
                // rest.
                unpacked += header.num_values.saturating_mul(8);
            }
            if kind == Type::BYTE_ARRAY {
                pages.texts.push((header.num_values, header.unpacked));
            }
            if header.repeats_texts() && kind == Type::BYTE_ARRAY {
                pages.longest = pages.longest.max(header.unpacked);
            }
            largest = unpacked.max(largest);
            Ok(())
        })?;
        pages.unpacked = largest + dictionary;
        Ok(pages)
    }

    /// Returns the bytes of the longest value of the dictionary, which any row
    /// may have.
    pub fn longest_of_dictionary(&self) -> Result<u64, DataError> {
        if self.column.column_type() != Type::BYTE_ARRAY {
            return Ok(0);
        }
        let mut reader = SerializedPageReader::new(
            Arc::new(self.file.clone()),
            self.column,
            self.num_rows,
            self.locations.map(<[PageLocation]>::to_vec),
        )?;
        let Some(Page::DictionaryPage { buf, .. }) = reader.get_next_page()? else {
            return Ok(0);
        };
        let mut longest = 0;
        let mut rest = &buf[..];
        while let Some((length, after)) = rest.split_first_chunk() {
            let length = u32::from_le_bytes(*length);
            longest = longest.max(u64::from(length));
            rest = after.get(length as usize..).unwrap_or_default();
        }
        Ok(longest)
    }

    /// Calls `take` with the header of each page and the position after it.
    fn each(
        &self,
        mut take: impl FnMut(&PageHeader, u64) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let (start, length) = self.column.byte_range();
        let end = start.checked_add(length);
        let end = end.filter(|end| *end <= self.file.num_bytes());
        let end = end.ok_or_else(|| wrong("pages go on after the end of the file"))?;
        let mut page = |start: u64, end: u64| -> Result<u64, DataError> {
            let header = PageHeader::read(self.file, start, end)?;
            let header = header.map_err(|_| wrong("a page has no header"))?;
            let start = start + header.length;
            let next = start.checked_add(header.packed).filter(|next| *next <= end);
            let next = next.ok_or_else(|| wrong("a page is longer than its column"))?;
            take(&header, start)?;
            Ok(next)
        };
        let Some(locations) = self.locations else {
            let mut next = start;
            while next < end {
                next = page(next, end)?;
            }
            return Ok(());
        };
        let places = locations.iter().map(|location| {
            let start = u64::try_from(location.offset).ok()?;
            let length = u64::try_from(location.compressed_page_size).ok()?;
            Some((start, start.checked_add(length)?))
        });
        for (index, place) in places.enumerate() {
            let (first, end) = place.ok_or_else(|| wrong("a page is nowhere"))?;
            if index == 0 && first != start {
                // The dictionary is before the first page of data.
                let length = first.checked_sub(start).filter(|length| *length < 1 << 31);
                length.ok_or_else(|| wrong("a dictionary is nowhere"))?;
                page(start, first)?;
            }
            page(first, end)?;
        }
        Ok(())
    }

    /// Checks that a page unpacks to no more than its header says, for codecs
    /// whose decoder would not stop there.
    fn check_packed(&self, header: &PageHeader, start: u64) -> Result<(), DataError> {
        /// The largest number of bytes that a byte of gzip unpacks to.
        const MOST_OF_A_BYTE: u64 = 1032;
        /// A page may always unpack to this many bytes.
        const HARMLESS: u64 = 1 << 24;
        let bytes = || self.file.bytes_at(start, header.packed as usize);
        let unpacked = match self.column.compression() {
            Compression::GZIP(_) if header.packed * MOST_OF_A_BYTE > HARMLESS => {
                let file = self.file.reader_at(start).take(header.packed);
                let mut unpacked = flate2::read::MultiGzDecoder::new(io::BufReader::new(file));
                let mut most = unpacked.by_ref().take(header.unpacked + 1);
                io::copy(&mut most, &mut io::sink())?
            }
            Compression::LZ4 if header.packed * 255 > HARMLESS => {
                most_of_lz4(&bytes()?).unwrap_or(0)
            }
            _ => 0,
        };
        if unpacked > header.unpacked.max(HARMLESS) {
            Err(wrong("a page unpacks to more than it says"))
        } else {
            Ok(())
        }
    }
}

impl Pages {
    /// Returns the largest number of bytes of text in this many consecutive
    /// rows.
    pub fn texts_of(&self, num_rows: u64) -> u64 {
        let (mut most, mut bytes, mut first) = (0u64, 0u64, 0);
        // The rows between the end of the first page and the start of the last.
        let mut between = 0u64;
        for (index, (rows, size)) in self.texts.iter().enumerate() {
            bytes = bytes.saturating_add(*size);
            // The rows would include at least one of the first page and one of
            // this page.
            while first < index && between.saturating_add(2) > num_rows {
                bytes -= self.texts[first].1;
                first += 1;
                between = if first < index {
                    between - self.texts[first].0
                } else {
                    0
                };
            }
            most = most.max(bytes);
            if first < index {
                between = between.saturating_add(*rows);
            }
        }
        most
    }
}

/// Returns an error that is reported as a damaged file.
fn wrong(problem: &str) -> DataError {
    ParquetError::General(problem.to_string()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_the_texts_of_the_pages_that_they_may_stand_in() {
        let pages = Pages {
            texts: vec![(10, 1), (1, 100), (1, 100), (10, 1)],
            ..Pages::default()
        };
        for (rows, bytes) in [(1, 100), (2, 200), (3, 201), (4, 202), (5, 202), (100, 202)] {
            assert_eq!(pages.texts_of(rows), bytes, "{rows} rows");
        }
        assert_eq!(Pages::default().texts_of(10), 0);
    }
}
