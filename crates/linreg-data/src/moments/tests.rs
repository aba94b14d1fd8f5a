use super::*;
use proptest::prelude::*;

fn two_pass(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (mean, (squares / n).sqrt())
}

#[test]
fn a_constant_column_has_no_spread_at_all() {
    let mut moments = Moments::new(1);
    for _ in 0..10 {
        moments.update(&[0.1; 333]).unwrap();
    }
    assert_eq!((moments.mean(), moments.std()[0]), (&[0.1][..], 0.0));
}

#[test]
fn a_constant_whose_square_overflows_has_no_spread() {
    let mut moments = Moments::new(1);
    moments.update(&[1e200; 3]).unwrap();
    moments.update(&[1e200; 2]).unwrap();
    assert_eq!((moments.mean(), moments.std()[0]), (&[1e200][..], 0.0));
}

#[test]
fn what_is_no_whole_row_or_of_other_columns_is_an_error() {
    let mut moments = Moments::new(2);
    let (not_whole, not_weighted) = (
        moments.update(&[1.0; 3]),
        moments.update_weighted(&[1.0; 4], &[1.0]),
    );
    assert_eq!(
        not_whole,
        Err(RowsError::NotWhole {
            found: 3,
            columns: 2
        })
    );
    assert_eq!(not_weighted, Err(RowsError::Weights { found: 1, rows: 2 }));
    assert_eq!(
        moments.merge(&Moments::new(3)),
        Err(RowsError::Columns {
            found: 3,
            expected: 2
        })
    );
    let mut none = Moments::new(0);
    assert_eq!(none.update(&[]), Ok(()));
    assert!(none.update(&[1.0]).is_err() && none.update_weighted(&[], &[1.0]).is_err());
    assert_eq!((moments.count(), none.count()), (0, 0));
}

#[test]
fn a_stored_state_that_could_not_be_merged_is_refused() {
    for (count, squares, message) in [
        (
            "2",
            "[1]",
            "the number of spreads is 1, expected 2, one a mean",
        ),
        (
            "18446744073709551615",
            "[1, 1]",
            "the number of rows of moments is 18446744073709551615, \
             expected at most 9007199254740992",
        ),
    ] {
        let json = format!(
            r#"{{"count": {count}, "weight_sum": 2, "mean": [0, 0], "squares": {squares}}}"#
        );
        let error = serde_json::from_str::<Moments>(&json)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(message), "{error}");
    }
}

#[test]
fn a_large_offset_costs_no_digits() {
    // 1e9 + {1, 2, 3, 4}: every step is exact in f64.
    let mut moments = Moments::new(1);
    moments.update(&[1e9 + 1.0, 1e9 + 2.0]).unwrap();
    moments.update(&[1e9 + 3.0, 1e9 + 4.0]).unwrap();
    assert_eq!(moments.mean(), [1e9 + 2.5]);
    assert_eq!(moments.std(), [1.25f64.sqrt()]);
}

#[test]
fn a_sample_divides_by_one_less() {
    // pandas 2.2: pd.Series([1, 2, 4]).std(); R: sd(c(1, 2, 4)).
    let mut moments = Moments::new(1);
    moments.update(&[1.0, 2.0]).unwrap();
    moments.update(&[4.0]).unwrap();
    let std = moments.sample_std().unwrap()[0];
    assert!((std - 1.5275252316519468).abs() < 1e-15, "{std}");
    let mut one = Moments::new(1);
    one.update(&[3.0]).unwrap();
    assert_eq!(one.sample_std(), None);
}

#[test]
fn a_row_of_weight_0_changes_nothing() {
    let mut moments = Moments::new(1);
    moments
        .update_weighted(&[f64::MAX, 1.0], &[0.0, 0.5])
        .unwrap();
    let before = moments.clone();
    moments
        .update_weighted(&[f64::MAX, -f64::MAX], &[0.0, 0.0])
        .unwrap();
    assert_eq!(moments, before);
    assert_eq!((moments.count(), moments.weight_sum()), (1, 0.5));
    assert_eq!((moments.mean(), moments.std()[0]), (&[1.0][..], 0.0));
}

proptest! {
    #[test]
    fn a_weight_counts_as_that_many_rows(
        rows in prop::collection::vec((-1e3..1e3f64, 0u32..5), 1..100),
        chunk in 1usize..20,
        unit in 1e-3..1e3f64,
    ) {
        let mut weighted = Moments::new(1);
        let mut repeated = Moments::new(1);
        for rows in rows.chunks(chunk) {
            let values: Vec<f64> = rows.iter().map(|row| row.0).collect();
            let weights: Vec<f64> = rows.iter().map(|row| unit * f64::from(row.1)).collect();
            weighted.update_weighted(&values, &weights).unwrap();
            for (value, times) in rows {
                repeated.update(&vec![*value; *times as usize]).unwrap();
            }
        }
        let ratio = weighted.weight_sum() / unit - repeated.weight_sum();
        prop_assert!(ratio.abs() < 1e-9);
        prop_assert!((weighted.mean()[0] - repeated.mean()[0]).abs() < 1e-9);
        prop_assert!((weighted.std()[0] - repeated.std()[0]).abs() < 1e-9);
    }

    #[test]
    fn any_division_into_chunks_gives_the_moments_of_the_whole(
        values in prop::collection::vec(-1e3..1e3f64, 1..200),
        cut in 0usize..200,
    ) {
        let cut = cut.min(values.len());
        let mut first = Moments::new(1);
        first.update(&values[..cut]).unwrap();
        let mut second = Moments::new(1);
        for chunk in values[cut..].chunks(7) {
            second.update(chunk).unwrap();
        }
        first.merge(&second).unwrap();
        let (mean, std) = two_pass(&values);
        prop_assert_eq!(first.count(), values.len() as u64);
        prop_assert!((first.mean()[0] - mean).abs() < 1e-10);
        prop_assert!((first.std()[0] - std).abs() < 1e-10);
    }
}
