use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

/// What random numbers are drawn for. Each purpose has its own streams, so that
/// one seed serves a whole run and no two purposes share numbers.
///
/// ChaCha's streams are part of its definition, so a seed gives the same
/// numbers even if the `rand` crate changes its default generator.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// Features and noise of synthetic data.
    Synthetic,
    /// The order of the rows in an epoch.
    Epoch(u64),
    /// The order in which an epoch reads the chunks of a stream.
    Chunks(u64),
    /// Which rows leave the shuffle buffer in an epoch.
    Shuffle(u64),
}

pub(crate) fn generator(seed: u64, purpose: Purpose) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    // Stream 0 belongs to the initial weights, drawn by the model.
    generator.set_stream(match purpose {
        Purpose::Synthetic => 1,
        Purpose::Epoch(epoch) => 3u64.wrapping_add(epoch),
        // These streams are far beyond any number of epochs.
        Purpose::Chunks(epoch) => (1u64 << 62).wrapping_add(epoch),
        Purpose::Shuffle(epoch) => (1u64 << 63).wrapping_add(epoch),
    });
    generator
}

/// Turns numbers that are close into numbers that are far apart (SplitMix64's
/// mixing function: Steele, Lea and Flood, *Fast Splittable Pseudorandom Number
/// Generators*, 2014, section 5).
pub(crate) fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// Returns a hash of a text that is the same in every version of this program and
/// of Rust: its length and its groups of 8 bytes, in little-endian order and
/// filled up with zeros, mixed one after the other.
pub(crate) fn hash(text: &str) -> u64 {
    let groups = text.as_bytes().chunks(8);
    groups.fold(mix(text.len() as u64), |hash, group| {
        let mut bytes = [0; 8];
        bytes[..group.len()].copy_from_slice(group);
        mix(hash ^ u64::from_le_bytes(bytes))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn the_hash_of_a_text_is_fixed() {
        // Computed by a program in Python of the same definition.
        for (text, expected) in [
            ("", 0xE220_A839_7B1D_CDAF),
            ("Köln", 0x7E54_BC7D_6B6B_36C7),
            ("true", 0xB950_6A15_E439_E67A),
            ("a level of several words", 0x9BD4_0AF0_1D10_A1C7),
        ] {
            assert_eq!(hash(text), expected, "{text}");
        }
    }

    #[test]
    fn no_two_purposes_share_numbers() {
        let purposes = [
            Purpose::Synthetic,
            Purpose::Epoch(0),
            Purpose::Epoch(1),
            Purpose::Chunks(0),
            Purpose::Chunks(1),
            Purpose::Shuffle(0),
            Purpose::Shuffle(1),
        ];
        let firsts = purposes.map(|purpose| generator(5, purpose).next_u64());
        for (i, first) in firsts.iter().enumerate() {
            assert!(!firsts[..i].contains(first));
        }
        assert_eq!(generator(5, Purpose::Epoch(0)).next_u64(), firsts[1]);
    }
}
