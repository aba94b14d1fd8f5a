/// A 64-bit digest that detects damage, but does not protect against forgery. It
/// is like FNV-1a on 64-bit words, with another multiplier and a shift that mixes
/// the bits.
///
/// # Example
///
/// ```
/// use linreg_model::Digest;
///
/// let mut digest = Digest::default();
/// digest.bytes(b"1,2");
/// assert_eq!(digest.value(), Digest::of(b"1,2"));
/// assert_ne!(digest.value(), Digest::of(b"1,3"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    /// Returns the digest of these bytes.
    pub fn of(bytes: &[u8]) -> u64 {
        let mut digest = Self::default();
        digest.bytes(bytes);
        digest.value()
    }

    /// Adds a word.
    pub fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 29;
    }

    /// Adds bytes, and their number.
    pub fn bytes(&mut self, bytes: &[u8]) {
        for bytes in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            self.word(u64::from_le_bytes(word));
        }
        self.word(bytes.len() as u64);
    }

    /// Adds the bits of numbers, and how many there are.
    pub fn numbers(&mut self, numbers: &[f64]) {
        numbers
            .iter()
            .for_each(|number| self.word(number.to_bits()));
        self.word(numbers.len() as u64);
    }

    /// Returns the digest of everything added so far.
    pub fn value(&self) -> u64 {
        self.0
    }
}
