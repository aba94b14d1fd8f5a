use std::sync::Arc;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{BoundEncoder, Encoder};

/// A [`BoundEncoder`] without what can be computed from its encoder.
#[derive(Deserialize)]
struct Stored {
    encoder: Encoder,
    columns: Vec<usize>,
    with_targets: bool,
}

/// The same, with a reference to the encoder.
#[derive(Serialize)]
struct Storing<'a> {
    encoder: &'a Encoder,
    columns: &'a [usize],
    with_targets: bool,
}

impl BoundEncoder {
    /// The number of numbers of a row: features and targets.
    pub(crate) fn width(&self) -> usize {
        self.num_features() + self.encoder.targets().len()
    }
}

impl Serialize for BoundEncoder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let stored = Storing {
            encoder: &self.encoder,
            columns: &self.columns,
            with_targets: self.with_targets,
        };
        stored.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for BoundEncoder {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = Stored::deserialize(deserializer)?;
        let expected = if stored.with_targets {
            stored.encoder.columns.len()
        } else {
            stored.encoder.num_feature_columns()
        };
        if stored.columns.len() != expected {
            return Err(D::Error::custom(format!(
                "found the positions of {} columns, expected {expected}",
                stored.columns.len()
            )));
        }
        Ok(Self {
            features: stored.encoder.products(),
            columns: stored.columns,
            with_targets: stored.with_targets,
            encoder: Arc::new(stored.encoder),
        })
    }
}
