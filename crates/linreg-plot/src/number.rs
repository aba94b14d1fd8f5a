/// Formats a number with four significant digits, without zeros at the end, and with
/// thousands separators from 10,000 on.
pub(crate) fn number(value: f64) -> String {
    with_digits(value, 4)
}

/// Formats a number with three significant digits, for a sentence.
pub(crate) fn rough(value: f64) -> String {
    with_digits(value, 3)
}

/// Formats the value of a point with all of its whole digits.
pub(crate) fn of_point(value: f64) -> String {
    let digits = value.abs().log10().floor() as i32 + 1;
    with_digits(value, digits.clamp(4, 7) as usize)
}

/// Puts separators between the thousands of a number that is written without an exponent
/// and has at least so many digits before the point.
pub(crate) fn separated(text: &str, fewest: usize) -> String {
    let start = usize::from(text.starts_with('-'));
    let digits = text[start..].bytes().take_while(u8::is_ascii_digit).count();
    if digits < fewest || text.contains('e') {
        return text.to_string();
    }
    let end = start + digits;
    let mut separated = text[..start].to_string();
    for (index, digit) in text[start..end].chars().enumerate() {
        if index > 0 && (digits - index).is_multiple_of(3) {
            separated.push(',');
        }
        separated.push(digit);
    }
    separated + &text[end..]
}

fn with_digits(value: f64, digits: usize) -> String {
    if value == 0.0 {
        return "0".to_string();
    }
    let scientific = format!("{value:.0$e}", digits - 1);
    let power: i32 = match scientific.split_once('e') {
        Some((_, power)) => power.parse().unwrap_or(0),
        None => return scientific,
    };
    let without_zeros = |text: &str| {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_string()
        } else {
            text.to_string()
        }
    };
    if (-5..7).contains(&power) {
        let decimals = (digits as i32 - 1 - power).max(0) as usize;
        let rounded = scientific.parse().unwrap_or(value);
        let text = without_zeros(&format!("{rounded:.decimals$}"));
        // 2026 may be a year.
        return separated(&text, 5);
    }
    let (digits, power) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    format!("{}e{power}", without_zeros(digits))
}

/// Formats a whole number with thousands separators.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The number of rows in words, such as 1 row or 2,000 rows.
pub(crate) fn rows(number: usize) -> String {
    match number {
        1 => "1 row".to_string(),
        _ => format!("{} rows", thousands(number as u64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_four_digits() {
        for (value, text) in [
            (0.0, "0"),
            (-3.4, "-3.4"),
            (1234567.8, "1,235,000"),
            (-12345.6, "-12,350"),
            (9999.9, "10,000"),
            (2026.0, "2026"),
            (152.1335, "152.1"),
            (0.99999, "1"),
            (0.000123456, "0.0001235"),
            (-1e300, "-1e300"),
            (1.2346e-9, "1.235e-9"),
        ] {
            assert_eq!(number(value), text);
        }
        assert_eq!(rough(0.026114), "0.0261");
        assert_eq!(rough(31112.0), "31,100");
        assert_eq!(of_point(1234567.8), "1,234,568");
        assert_eq!(of_point(0.5), "0.5");
        assert_eq!(of_point(0.0), "0");
        assert_eq!(separated("-1234567.50", 5), "-1,234,567.50");
        assert_eq!(separated("1.5e10", 4), "1.5e10");
        assert_eq!(thousands(1_000_003), "1,000,003");
    }
}
