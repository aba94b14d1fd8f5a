//! Any text as a formula: an error that points into it, or a formula that reads
//! back the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use linreg_data::Formula;

fuzz_target!(|text: &str| {
    let columns = ["y", "x1", "x.2", "living area", "town", "C", "poly", "größe", "tick`s", "."];
    let columns = columns.map(String::from);
    match Formula::parse(text, &columns) {
        Ok(formula) => {
            let written = formula.to_string();
            let again = Formula::parse(&written, &columns).unwrap();
            // Factors keep their order, so the text does too.
            assert_eq!(again.to_string(), written);
            assert_eq!(again, formula);
        }
        Err(error) => {
            assert!((1..=text.chars().count() + 1).contains(&error.position()));
            assert!(error.to_string().len() < 4096, "{error}");
        }
    }
});
