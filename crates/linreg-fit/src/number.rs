//! Numbers and tables for people.

use std::time::Duration;

use linreg_data::printable;
use unicode_width::UnicodeWidthStr;

/// A number to six significant digits, for a table; a dash for one that is not
/// defined.
pub fn six_digits(value: f64) -> String {
    if value == 0.0 {
        return "0".to_string();
    }
    if value.is_nan() {
        return "-".to_string();
    }
    let power = value.abs().log10().floor() as i32;
    if !(-5..12).contains(&power) {
        return format!("{value:.5e}");
    }
    let decimals = (5 - power).max(0) as usize;
    format!("{value:.decimals$}")
}

/// A number to six significant digits without trailing zeros, for a sentence.
pub fn significant(value: f64) -> String {
    let text = six_digits(value);
    let (digits, power) = match text.find('e') {
        Some(end) => text.split_at(end),
        None => (text.as_str(), ""),
    };
    let digits = if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    };
    format!("{digits}{power}")
}

/// The same to four digits, for a figure that is looked at beside others.
pub fn four_digits(value: f64) -> String {
    significant(rounded(value, 4))
}

/// The same with thousands separators from 10,000 on, for a sentence.
pub fn in_sentence(value: f64) -> String {
    let text = four_digits(value);
    let whole = text.parse::<f64>().ok().filter(|value| {
        let is_plain = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-');
        is_plain && (1e4..1e12).contains(&value.abs())
    });
    match whole {
        Some(whole) if whole < 0.0 => format!("-{}", thousands(-whole as usize)),
        Some(whole) => thousands(whole as usize),
        None => text,
    }
}

/// The same to two digits, for a difference.
pub fn two_digits(value: f64) -> String {
    significant(rounded(value, 2))
}

/// Infinities and NaN are left as they are.
fn rounded(value: f64, digits: usize) -> f64 {
    let text = format!("{value:.0$e}", digits - 1);
    text.parse().unwrap_or(value)
}

/// A duration in the unit that suits it.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds >= 100.0 {
        format!("{seconds:.0} s")
    } else if seconds >= 1.0 {
        format!("{seconds:.1} s")
    } else if seconds >= 1e-3 {
        format!("{:.1} ms", seconds * 1e3)
    } else {
        format!("{:.0} µs", seconds * 1e6)
    }
}

/// A number of bytes in the unit that suits it.
pub fn bytes(bytes: u64) -> String {
    const KIB: f64 = 1024.0;
    let bytes = bytes as f64;
    if bytes >= KIB * KIB * KIB {
        format!("{:.1} GiB", bytes / KIB / KIB / KIB)
    } else if bytes >= KIB * KIB {
        format!("{:.1} MiB", bytes / KIB / KIB)
    } else if bytes >= KIB {
        format!("{:.1} KiB", bytes / KIB)
    } else {
        format!("{bytes} bytes")
    }
}

/// A whole number with thousands separators.
pub fn thousands(number: usize) -> String {
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

/// A number of things, such as 1 row or 2,000 rows.
pub fn count(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", thousands(number))
}

/// A text from a file, to be printed within one line. Control characters are
/// escaped where text leaves the program, except for line feeds. Here these are
/// escaped too, and the length is that of the text as it is shown.
pub fn plain(text: &str) -> String {
    printable(text).into_owned()
}

/// Columns of a terminal that a text takes: two for a Chinese character, none for
/// an accent that stands over the letter before it.
pub fn columns_of(text: &str) -> usize {
    text.width()
}

/// Lines of a table: columns two spaces apart, the first aligned left, the
/// others right, each line indented by two.
pub fn table(rows: &[Vec<String>]) -> String {
    table_of_texts(rows, 1)
}

/// The same with several columns of texts, aligned left, before those of numbers.
pub fn table_of_texts(rows: &[Vec<String>], first_number: usize) -> String {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| plain(cell)).collect())
        .collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| columns_of(cell)).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let space = " ".repeat(widths[column] - columns_of(cell));
            line += "  ";
            line += &if column < first_number {
                format!("{cell}{space}")
            } else {
                format!("{space}{cell}")
            };
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_six_digits() {
        for (value, text) in [
            (0.0, "0"),
            (2.0, "2"),
            (-3.4, "-3.4"),
            (1234567.8, "1234568"),
            (0.000123456789, "0.000123457"),
            (1.23456789e-9, "1.23457e-9"),
            (-1e300, "-1e300"),
            (7.5e-7, "7.5e-7"),
        ] {
            assert_eq!(significant(value), text);
        }
        assert_eq!(six_digits(7.0003), "7.00030");
        assert_eq!(four_digits(0.000091943), "0.00009194");
        assert_eq!(four_digits(137.86451), "137.9");
        assert_eq!(two_digits(1.19209e-7), "1.2e-7");
        for (value, text) in [
            (-28990.3, "-28,990"),
            (1234567.8, "1,235,000"),
            (2064.72, "2065"),
            (9999.96, "10,000"),
            (-0.33871, "-0.3387"),
            (1.5e20, "1.5e20"),
            (f64::NAN, "-"),
        ] {
            assert_eq!(in_sentence(value), text);
        }
    }

    #[test]
    fn units_suit_the_size() {
        assert_eq!(duration(Duration::from_micros(45)), "45 µs");
        assert_eq!(duration(Duration::from_millis(420)), "420.0 ms");
        assert_eq!(duration(Duration::from_secs(90)), "90.0 s");
        assert_eq!(bytes(12), "12 bytes");
        assert_eq!(bytes(12 << 10), "12.0 KiB");
        assert_eq!(bytes(3 << 20), "3.0 MiB");
        assert_eq!(bytes(3 << 29), "1.5 GiB");
        let numbers = [0, 999, 1000, 65_537, 1_000_003].map(thousands);
        assert_eq!(numbers, ["0", "999", "1,000", "65,537", "1,000,003"]);
    }

    #[test]
    fn tables_align() {
        let row = |cells: [&str; 2]| cells.map(String::from).to_vec();
        let text = table(&[row(["name", "value"]), row(["größe", "1"])]);
        assert_eq!(text, "  name   value\n  größe      1\n");
        assert_eq!(table(&[row(["a\nb", "1"])]), "  a\\nb  1\n");
    }

    #[test]
    fn tables_align_by_what_a_terminal_shows() {
        let names = ["面积", "🏠 area", "e\u{301}te\u{301}", "x"];
        let rows = names.map(|name| vec![name.to_string(), "平米".to_string(), "1".to_string()]);
        let mut rows = rows.to_vec();
        rows.push(["b", "square metres", "10"].map(String::from).to_vec());
        let text = table(&rows);
        assert_eq!(
            text,
            "  面积              平米   1\n  \
             🏠 area           平米   1\n  \
             e\u{301}te\u{301}               平米   1\n  \
             x                 平米   1\n  \
             b        square metres  10\n"
        );
        assert!(text.lines().all(|line| columns_of(line) == 28), "{text}");
    }
}
