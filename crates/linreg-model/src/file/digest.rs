//! The digest of a model, which shows if the numbers, names or metadata of a file
//! were changed after it was written.

use super::ModelFile;
use crate::Digest;

impl ModelFile {
    /// Returns the digest of everything in the file, as 16 hexadecimal digits.
    pub(super) fn digest(&self) -> String {
        let mut digest = Digest::default();
        digest.numbers(self.coefficients.weight());
        digest.numbers(self.coefficients.bias());
        for names in [&self.feature_names, &self.target_names] {
            names.iter().for_each(|name| digest.bytes(name.as_bytes()));
            digest.word(names.len() as u64);
        }
        for (key, value) in &self.metadata {
            digest.bytes(key.as_bytes());
            digest.bytes(value.as_bytes());
        }
        digest.word(self.metadata.len() as u64);
        for (name, tensor) in &self.tensors {
            digest.bytes(name.as_bytes());
            tensor
                .shape
                .iter()
                .for_each(|axis| digest.word(*axis as u64));
            digest.numbers(&tensor.values);
        }
        format!("{:016x}", digest.value())
    }
}
