//! Missing cells, as each policy takes them.

use super::*;

#[test]
fn a_level_called_missing_is_not_that_of_missing_cells() {
    let text = "t,y\nmissing,1\n,2\nb,3\nmissing,4\nb,5\n,6\n";
    let config = EncoderConfig {
        missing: MissingPolicy::Indicator,
        ..config()
    };
    let (names, encoded) = plain(text, &config).unwrap();
    assert_eq!(names, ["t=missing", "t=(missing)"]);
    #[rustfmt::skip]
    let expected = [1., 0.,  0., 1.,  0., 0.,  1., 0.,  0., 0.,  0., 1.];
    assert_eq!(encoded.rows.features, expected);
}

const GAPS: &str = "x,t,y\n1,a,1\n,b,2\n3,,3\n4,a,NA\n6,b,5\n";

fn with(missing: MissingPolicy) -> Result<(Vec<String>, Encoded), String> {
    plain(
        GAPS,
        &EncoderConfig {
            missing,
            ..config()
        },
    )
}

#[test]
fn missing_cells_are_an_error_that_says_where_and_what_to_do() {
    assert_eq!(
        with(MissingPolicy::Error).unwrap_err(),
        "3 missing cells: t.csv: line 3 (byte 12), column `x`; t.csv: line 4 (byte 17), column `t`; t.csv: line 5 (byte 22), column `y`"
    );
}

#[test]
fn rows_with_missing_cells_are_dropped_and_counted() {
    let (_, encoded) = with(MissingPolicy::Drop).unwrap();
    assert_eq!(encoded.rows.features, [1.0, 0.0, 6.0, 1.0]);
    assert_eq!(encoded.kept, [true, false, false, false, true]);
    assert_eq!((encoded.counts.rows, encoded.counts.dropped), (5, 3));
    let missing = encoded.counts.missing;
    assert_eq!(
        missing,
        ["t", "x", "y"].map(|name| (name.to_string(), 1)).into()
    );
}

#[test]
fn missing_cells_take_the_mean_and_targets_are_never_made_up() {
    let (names, encoded) = with(MissingPolicy::Mean).unwrap();
    assert_eq!(names, ["x", "t=b"]);
    // The mean of 1, 3, 4 and 6; the share of b among a, b, a, b.
    assert_eq!(
        encoded.rows.features,
        [1.0, 0.0, 3.5, 1.0, 3.0, 0.5, 6.0, 1.0]
    );
    assert_eq!(encoded.rows.targets, [1.0, 2.0, 3.0, 5.0]);
    assert_eq!(encoded.counts.dropped, 1);
}

#[test]
fn an_indicator_tells_which_cells_were_missing() {
    let (names, encoded) = with(MissingPolicy::Indicator).unwrap();
    assert_eq!(names, ["x", "t=b", "t=missing", "x=missing"]);
    #[rustfmt::skip]
    let expected = [
        1.0, 0.0, 0.0, 0.0,
        3.5, 1.0, 0.0, 1.0,
        3.0, 0.0, 1.0, 0.0,
        6.0, 1.0, 0.0, 0.0,
    ];
    assert_eq!(encoded.rows.features, expected);
}
