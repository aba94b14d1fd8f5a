//! The JSON that linreg adds to the header of a safetensors file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
pub(super) struct Header {
    pub format_version: u64,
    pub feature_names: Vec<String>,
    pub target_names: Vec<String>,
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// Digest of names, metadata and tensors. Older files have none.
    #[serde(default)]
    pub digest: Option<String>,
}

/// The version is read first, because another version may have changed the other
/// fields.
#[derive(Deserialize)]
pub(super) struct Version {
    pub format_version: u64,
}
