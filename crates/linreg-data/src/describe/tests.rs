use proptest::prelude::*;

use super::*;
use crate::testing::file;
use crate::{ColumnChoice, learn_schema};

/// Computes a quantile from the sorted column.
fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let position = share * (sorted.len() - 1) as f64;
    let (below, part) = (position.floor() as usize, position.fract());
    let above = sorted[(below + 1).min(sorted.len() - 1)];
    sorted[below] * (1.0 - part) + above * part
}

proptest! {
    #[test]
    fn quantiles_and_correlations_are_those_of_each_column_alone(
        rows in prop::collection::vec(
            prop::collection::vec(prop::option::weighted(0.9, -1e3..1e3f64), 3), 4..40,
        ),
    ) {
        let cell = |cell: &Option<f64>| cell.map_or(String::new(), |number| number.to_string());
        let line = |row: &Vec<Option<f64>>| row.iter().map(cell).collect::<Vec<_>>().join(",");
        let lines: Vec<String> = rows.iter().map(line).collect();
        let file = file("t.csv", format!("a,b,c\n{}\n", lines.join("\n")));
        let source = file.open().unwrap();
        let schema = learn_schema(source.as_ref(), &ColumnChoice::default()).unwrap();
        prop_assume!(schema.columns.iter().all(|column| column.kind == crate::Kind::Numeric));
        let found = describe(source.as_ref(), &schema, Some("b")).unwrap();
        prop_assert_eq!(&found.columns, &["a", "b", "c"]);
        let column = |index: usize| rows.iter().map(move |row| row[index].unwrap_or(f64::NAN));
        for index in 0..3 {
            let values: Vec<f64> = column(index).collect();
            let expected = [0.0, 0.3, 1.0].map(|share| quantile(&values, share));
            let quantiles = found.sample.quantiles(index, &[0.0, 0.3, 1.0]).unwrap();
            prop_assert_eq!(quantiles, expected);
            let both = column(index).zip(column(1)).filter(|(x, y)| !x.is_nan() && !y.is_nan());
            let both: Vec<(f64, f64)> = both.collect();
            let count = both.len() as f64;
            let mean_x = both.iter().map(|(x, _)| x).sum::<f64>() / count;
            let mean_y = both.iter().map(|(_, y)| y).sum::<f64>() / count;
            let of = |term: fn(f64, f64) -> f64| -> f64 {
                both.iter().map(|(x, y)| term(x - mean_x, y - mean_y)).sum()
            };
            let expected = of(|x, y| x * y) / (of(|x, _| x * x) * of(|_, y| y * y)).sqrt();
            match found.correlations[index] {
                None => prop_assert!(index == 1 || !expected.is_finite()),
                Some(r) => prop_assert!((r - expected).abs() < 1e-9, "{} {}", r, expected),
            }
        }
    }
}
