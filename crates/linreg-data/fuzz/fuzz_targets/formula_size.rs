//! Any text as a formula of a table: an error of bounded length, or as many
//! features as were counted, and no more than the limit.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use linreg_data::{
    ColumnChoice, CsvOptions, Encoder, EncoderConfig, Formula, Passes, Schema, learn_schema, open,
};

const TABLE: &str = "a,b,c,d,t,u,y\n1,2,4,5,k,r,3\n2,-1,3,4,l,r,4\n5,3,2,4,m,s,5\n4,4,1,4,k,s,6\n";

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    std::fs::write(&path, TABLE).unwrap();
    let source = open(&[path], &CsvOptions::default(), Passes::Several).unwrap();
    let choice = ColumnChoice {
        also_categorical: ["a", "b"].map(String::from).to_vec(),
        ..ColumnChoice::default()
    };
    learn_schema(source.as_ref(), &choice).unwrap()
});

fuzz_target!(|text: &str| {
    const LIMIT: usize = 2000;
    let columns = ["a", "b", "c", "d", "t", "u", "y"].map(String::from);
    let Ok(formula) = Formula::parse(text, &columns) else {
        return;
    };
    let config = EncoderConfig {
        targets: formula.targets,
        terms: Some(formula.terms),
        no_intercept: !formula.intercept,
        max_features: LIMIT,
        ..EncoderConfig::default()
    };
    match Encoder::new(&SCHEMA, &config) {
        Ok(encoder) => {
            let names = encoder.feature_names();
            assert_eq!(names.len(), encoder.num_features());
            assert!(names.len() <= LIMIT);
            let written = serde_json::to_string(&encoder).unwrap();
            let again = serde_json::from_str::<Encoder>(&written).unwrap();
            assert_eq!(again.feature_names(), names);
        }
        Err(error) => assert!(error.to_string().len() < 4096, "{error}"),
    }
});
