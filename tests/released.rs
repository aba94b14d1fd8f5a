//! Models that an earlier version wrote still load and predict the same. The files
//! in `data/released` were written by the version before the library, from
//! `houses.csv` there, with what their names say: `--robust hc3`, `--weight n
//! --counts`, a formula, `--ridge`, and `--method sgd --loss huber --delta 5`.

use linreg_exact::{Robust, Weighting};
use linreg_fit::{FittedModel, Table};
use linreg_training::Loss;

use crate::tool::{Tool, test_file};

const NAMES: [&str; 5] = ["robust", "counts", "formula", "ridge", "trained"];

fn path(name: &str) -> std::path::PathBuf {
    test_file("data/released").join(name)
}

#[test]
fn models_of_an_earlier_version_predict_as_they_did() {
    let houses = Table::open(path("houses.csv")).unwrap();
    for name in NAMES {
        let model = FittedModel::load(path(&format!("{name}.safetensors"))).unwrap();
        let found = &model.predict(&houses).unwrap().targets[0].values;
        let expected = std::fs::read_to_string(path(&format!("{name}.csv"))).unwrap();
        let expected = expected
            .lines()
            .skip(1)
            .map(|line| line.parse::<f64>().unwrap());
        assert_eq!(found.len(), 119);
        for (found, expected) in found.iter().zip(expected) {
            // Vector instructions may add up in another order.
            let found = found.unwrap();
            let difference = (found - expected).abs();
            assert!(
                difference <= 1e-12 * expected.abs(),
                "{name}: {found}, {expected}"
            );
        }
    }
}

#[test]
fn they_say_what_they_are() {
    let load = |name: &str| FittedModel::load(path(&format!("{name}.safetensors"))).unwrap();
    assert_eq!(load("robust").std_errors(), Some(Robust::Hc3));
    assert_eq!(load("counts").weighting(), Weighting::Counts);
    assert_eq!(load("formula").feature_names().len(), 9);
    assert!(load("ridge").interval_errors().is_err());
    assert_eq!(load("trained").loss(), Loss::Huber { delta: 5.0 });
    for name in ["robust", "counts", "formula"] {
        assert!(load(name).interval_errors().is_ok(), "{name}");
        assert!(load(name).schema().is_some(), "{name}");
    }
}

#[test]
fn the_program_inspects_and_judges_them() {
    let tool = Tool::new();
    for name in NAMES {
        let model = path(&format!("{name}.safetensors"));
        let (model, houses) = (model.to_str().unwrap(), path("houses.csv"));
        tool.succeed(&["inspect", model]);
        let metrics = tool.json(&["evaluate", model, houses.to_str().unwrap()]);
        assert!(
            metrics["r_squared"].as_f64().unwrap() > 0.9,
            "{name}: {metrics}"
        );
    }
}
