use linreg_data::Dataset;

use super::*;

#[test]
fn the_sums_have_the_same_bits_on_any_number_of_threads() {
    // Three parts, with sums whose last bits depend on the order of additions.
    let row = |row: u32| {
        let a = f64::from(row.wrapping_mul(2_654_435_761) % 100_003) / 7.0;
        let b = f64::from(row.wrapping_mul(40_503) % 65_537).sqrt();
        (a, b, a - 3.0 * b + f64::from(row % 11) / 3.0)
    };
    let features = (0..17_000).map(row).flat_map(|(a, b, _)| [a, b]).collect();
    let targets = (0..17_000).map(|number| row(number).2).collect();
    let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
    let dataset = Dataset::new(features, targets, names(&["a", "b"]), names(&["y"])).unwrap();
    for arithmetic in [Arithmetic::Double, Arithmetic::DoubleDouble] {
        let sums = |threads| {
            let pass = SumsPass {
                features: 2,
                targets: 1,
                arithmetic,
            };
            dataset.run(&Threads::new(threads), pass).unwrap()
        };
        let expected = sums(1);
        assert_eq!(expected.rows(), 17_000);
        assert_eq!(sums(2), expected);
        assert_eq!(sums(7), expected);
    }
}
