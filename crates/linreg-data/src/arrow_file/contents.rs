use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_ipc::convert::fb_to_schema;
use arrow_ipc::reader::read_dictionary;
use arrow_schema::SchemaRef;

use super::messages::{
    Block, Messages, check_unpacked, damaged, message, num_rows, read_block, unpacked_bytes,
};
use crate::data_file::DataFile;
use crate::{DataError, Unsupported};

/// The contents of an Arrow file; record batches are not read yet.
pub(crate) struct Contents {
    pub(crate) schema: SchemaRef,
    /// The dictionaries, by their ids in the file.
    pub(crate) dictionaries: HashMap<i64, ArrayRef>,
    pub(crate) batches: Vec<Batch>,
}

/// A record batch that has not been read yet.
#[derive(Clone, Copy)]
pub(crate) struct Batch {
    pub(crate) block: Block,
    pub(crate) first_row: u64,
    pub(crate) num_rows: u64,
}

/// Reads all messages and skips the bodies of record batches.
pub(crate) fn scan(file: &DataFile) -> Result<Contents, DataError> {
    let mut messages = Messages::open(file)?;
    let first = messages.next()?.map(|(_, metadata)| metadata);
    let first = first.ok_or_else(|| damaged("the schema is missing"))?;
    let schema = message(&first)?.header_as_schema().map(fb_to_schema);
    let schema = Arc::new(schema.ok_or_else(|| damaged("the schema is missing"))?);
    let mut dictionaries = HashMap::new();
    let mut batches = Vec::new();
    let mut first_row = 0u64;
    let (mut packed, mut unpacked) = (0, 0);
    while let Some((block, metadata)) = messages.next()? {
        let message = message(&metadata)?;
        if let Some(batch) = message.header_as_record_batch() {
            let num_rows = num_rows(&batch)?;
            batches.push(Batch {
                block,
                first_row,
                num_rows,
            });
            first_row = first_row
                .checked_add(num_rows)
                .ok_or_else(|| damaged("there are too many rows"))?;
        } else if let Some(dictionary) = message.header_as_dictionary_batch() {
            if !dictionary.isDelta() && dictionaries.contains_key(&dictionary.id()) {
                return Err(Unsupported::ReplacedDictionary.into());
            }
            let (_, body) = read_block(file.input(), block)?;
            if let Some(values) = dictionary.data() {
                // All dictionaries stay in memory.
                packed += body.len() as u64;
                unpacked = unpacked_bytes(&values, &body)?.saturating_add(unpacked);
                check_unpacked(file, "dictionaries", packed, unpacked)?;
            }
            read_dictionary(
                &body,
                dictionary,
                &schema,
                &mut dictionaries,
                &message.version(),
            )?;
        } else {
            let kind = message.header_type();
            return Err(damaged(format!("found a message that is a {kind:?}")));
        }
    }
    Ok(Contents {
        schema,
        dictionaries,
        batches,
    })
}
