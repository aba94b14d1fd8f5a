//! What tells a model from any other: a file whose numbers or names were changed
//! after it was written is recognised.

use super::ModelFile;

/// FNV-1a of 64 bits at a time with its bits spread: against damage, not against
/// forgers.
struct Digest(u64);

impl Digest {
    fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 29;
    }

    fn text(&mut self, text: &str) {
        for bytes in text.as_bytes().chunks(8) {
            let mut word = [0; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            self.word(u64::from_le_bytes(word));
        }
        self.word(text.len() as u64);
    }

    fn numbers(&mut self, numbers: &[f64]) {
        numbers
            .iter()
            .for_each(|number| self.word(number.to_bits()));
        self.word(numbers.len() as u64);
    }
}

impl ModelFile {
    /// Of all that is in the file.
    pub(super) fn digest(&self) -> String {
        let mut digest = Digest(0xcbf2_9ce4_8422_2325);
        digest.numbers(self.coefficients.weight());
        digest.numbers(self.coefficients.bias());
        for names in [&self.feature_names, &self.target_names] {
            names.iter().for_each(|name| digest.text(name));
            digest.word(names.len() as u64);
        }
        for (key, value) in &self.metadata {
            digest.text(key);
            digest.text(value);
        }
        digest.word(self.metadata.len() as u64);
        for (name, tensor) in &self.tensors {
            digest.text(name);
            tensor
                .shape
                .iter()
                .for_each(|axis| digest.word(*axis as u64));
            digest.numbers(&tensor.values);
        }
        format!("{:016x}", digest.0)
    }
}
