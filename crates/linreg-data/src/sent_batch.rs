use arrow_array::RecordBatch;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Rows of Arrow that can be part of a state of a pass: they are written as a stream
/// of Arrow IPC, which needs the feature `arrow-ipc`.
#[derive(Clone, Debug, PartialEq)]
pub struct SentBatch(pub RecordBatch);

#[cfg(feature = "arrow-ipc")]
impl SentBatch {
    fn to_bytes(&self) -> Result<Vec<u8>, arrow_schema::ArrowError> {
        let mut bytes = Vec::new();
        let schema = self.0.schema_ref();
        let mut writer = arrow_ipc::writer::StreamWriter::try_new(&mut bytes, schema)?;
        writer.write(&self.0)?;
        writer.finish()?;
        drop(writer);
        Ok(bytes)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, arrow_schema::ArrowError> {
        let mut batches = arrow_ipc::reader::StreamReader::try_new(bytes, None)?;
        let batch = batches.next().transpose()?;
        let schema = batches.schema();
        Ok(Self(
            batch.unwrap_or_else(|| RecordBatch::new_empty(schema)),
        ))
    }
}

#[cfg(not(feature = "arrow-ipc"))]
impl SentBatch {
    fn to_bytes(&self) -> Result<Vec<u8>, &'static str> {
        Err("rows are sent with the feature `arrow-ipc` only")
    }

    fn from_bytes(_: &[u8]) -> Result<Self, &'static str> {
        Err("rows are read with the feature `arrow-ipc` only")
    }
}

impl Serialize for SentBatch {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let bytes = self.to_bytes().map_err(serde::ser::Error::custom)?;
        to.serialize_bytes(&bytes)
    }
}

impl<'de> Deserialize<'de> for SentBatch {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl serde::de::Visitor<'_> for Bytes {
            type Value = SentBatch;

            fn expecting(&self, to: &mut std::fmt::Formatter) -> std::fmt::Result {
                to.write_str("a stream of Arrow IPC")
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<SentBatch, E> {
                SentBatch::from_bytes(bytes).map_err(E::custom)
            }
        }
        from.deserialize_bytes(Bytes)
    }
}

#[cfg(all(test, feature = "arrow-ipc"))]
mod tests {
    use arrow_array::record_batch;

    use super::*;

    #[test]
    fn rows_are_read_as_they_were_written() {
        let batch = record_batch!(
            ("town", Utf8, [Some("Bonn"), None]),
            ("area", Float64, [Some(f64::NEG_INFINITY), Some(0.1)])
        );
        let batch = SentBatch(batch.unwrap());
        for batch in [
            batch.clone(),
            SentBatch(batch.0.slice(1, 1)),
            SentBatch(batch.0.slice(0, 0)),
        ] {
            let bytes = rmp_serde::to_vec_named(&batch).unwrap();
            assert_eq!(rmp_serde::from_slice::<SentBatch>(&bytes).unwrap(), batch);
        }
        let bytes = rmp_serde::to_vec(&serde_json::json!([1, 2])).unwrap();
        assert!(rmp_serde::from_slice::<SentBatch>(&bytes).is_err());
    }
}
