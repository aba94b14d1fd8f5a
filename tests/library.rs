//! The library by itself: what the program does, in a few lines of Rust.

use linreg_backend::DefaultBackend;
use linreg_data::DataError;
use linreg_fit::{
    Cell, ChosenBackend, Columns, ExactConfig, FitConfig, FitError, FittedModel, HoldOut,
    MissingPolicy, On, Penalties, Set, Table, Training, Undetermined, UnseenPolicy,
};

use crate::tool::Tool;

const HOUSES: &str = "\
area,town,price
50,Bonn,210
60,Trier,205
70,Bonn,290
85,Trier,300
90,Bonn,365
110,Trier,385
120,Bonn,480
75,Kiel,270
95,Kiel,340
";

/// The columns of `HOUSES`.
fn houses() -> Table {
    let rows: Vec<Vec<&str>> = HOUSES
        .lines()
        .skip(1)
        .map(|l| l.split(',').collect())
        .collect();
    let numbers = |column: usize| -> Vec<f64> {
        rows.iter()
            .map(|row| row[column].parse().unwrap())
            .collect()
    };
    let towns: Vec<&str> = rows.iter().map(|row| row[1]).collect();
    Table::from_columns([
        ("area", numbers(0).into()),
        ("town", towns[..].into()),
        ("price", numbers(2).into()),
    ])
    .unwrap()
}

fn fitted() -> FittedModel {
    FitConfig::to("price").run(&houses()).unwrap().model
}

#[test]
fn the_program_and_the_library_write_the_same_model() {
    let tool = Tool::new();
    tool.write("houses.csv", HOUSES);
    tool.succeed(&["fit", "houses.csv", "--target", "price"]);
    let written = std::fs::read(tool.path("houses.safetensors")).unwrap();
    let of_file = Table::open(tool.path("houses.csv")).unwrap();
    let of_file = FitConfig::to("price").run(&of_file).unwrap();
    assert_eq!(of_file.model.file().to_bytes().unwrap(), written);
    // Columns in memory have other types than text, which the schema tells.
    let coefficients = of_file.model.coefficients();
    assert_eq!(fitted().coefficients(), coefficients);
    let loaded = FittedModel::load(tool.path("houses.safetensors")).unwrap();
    assert_eq!(loaded.coefficients(), coefficients);
    assert_eq!(
        FittedModel::from_bytes(&written).unwrap().file(),
        loaded.file()
    );
}

#[test]
fn intervals_of_tables_and_of_single_rows_are_those_of_statsmodels() {
    // statsmodels 0.15.0, OLS(price ~ area + C(town)).get_prediction(new)
    // .summary_frame(alpha=0.05), to six decimals.
    let expected = [
        [286.227273, 273.076163, 299.378382, 278.603983, 293.850563],
        [401.954545, 389.622789, 414.286301, 395.852491, 408.056600],
        [308.090909, 296.044649, 320.137169, 302.588615, 313.593204],
    ];
    let area = [80.0, 100.0, 75.0];
    let town = ["Kiel", "Bonn", "Bonn"];
    let new = Table::from_columns([("area", area[..].into()), ("town", town[..].into())]).unwrap();
    let model = fitted();
    let predicted = model.predict_with_intervals(&new, 0.95).unwrap();
    for (row, expected) in predicted.targets[0].rows().zip(expected) {
        let (value, i) = row.unwrap();
        let found = [value, i.lower, i.upper, i.mean_lower, i.mean_upper];
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (found - expected).abs() < 1e-6,
                "{found}, expected {expected}"
            );
        }
    }
    for (row, (area, town)) in area.into_iter().zip(town).enumerate() {
        let cells = || [("town", Cell::from(town)), ("area", area.into())];
        let value = predicted.targets[0].values[row].unwrap();
        assert_eq!(model.predict_row(cells()).unwrap(), [value]);
        let with = model.predict_row_with_intervals(cells(), 0.95).unwrap();
        let interval = predicted.targets[0].intervals.as_ref().unwrap()[row].unwrap();
        assert_eq!(with, [(value, interval)]);
    }
}

#[test]
fn a_model_is_judged_and_applied_on_a_device() {
    let model = fitted();
    let metrics = model.evaluate(&houses()).unwrap().metrics;
    // statsmodels 0.15.0: rsquared, and the root of ssr / nobs.
    assert!((metrics[0].r_squared.unwrap() - 0.998581).abs() < 1e-6);
    type Inner = <DefaultBackend as burn::tensor::backend::AutodiffBackend>::InnerBackend;
    let device = Default::default();
    let rows = model.features::<Inner>(&houses(), &device).unwrap();
    assert_eq!(rows.dims(), [9, 3]);
    let on_device = model.on::<Inner>(&device).forward(rows).into_data();
    let predicted = model.predict(&houses()).unwrap();
    for (found, expected) in on_device.iter::<f64>().zip(&predicted.targets[0].values) {
        assert!((found - expected.unwrap()).abs() < 1e-3, "{found}");
    }
}

#[test]
fn the_same_training_on_a_backend_of_ones_own_and_on_a_chosen_one() {
    let config = FitConfig::to("price").with_hold_out(HoldOut::validation(0.3));
    let own = Training::on(On::<DefaultBackend>(Default::default()));
    let chosen = Training::on(ChosenBackend::first().unwrap());
    let train = |training| {
        config
            .clone()
            .with_training(training)
            .run(&houses())
            .unwrap()
    };
    let (own, chosen) = (train(own), train(chosen));
    assert_eq!(own.model.coefficients(), chosen.model.coefficients());
    assert_eq!(own.on(Set::Validation), chosen.on(Set::Validation));
    let gap = own.trained().unwrap().gap.as_ref().unwrap();
    assert_eq!(gap.is_close(), Some(true));
}

#[test]
fn a_cross_validation_is_that_of_the_program() {
    let tool = Tool::new();
    tool.write("houses.csv", HOUSES);
    let output = tool.json(&["fit", "houses.csv", "--target", "price", "--k-fold", "3"]);
    let config = FitConfig::to("price").with_hold_out(HoldOut::folds(3));
    let fitted = config.run(&houses()).unwrap();
    let rmse = |fold: usize| fitted.folds[fold].metrics[0].rmse;
    for fold in 0..3 {
        assert_eq!(output["folds"][fold]["rmse"], rmse(fold));
    }
}

#[test]
fn exporters_say_the_same_in_every_form() {
    let exact = ExactConfig {
        diagnostics: true,
        ..ExactConfig::default()
    };
    let fitted = FitConfig::to("price")
        .with_exact(exact)
        .run(&houses())
        .unwrap();
    let text = fitted.to_text();
    assert_eq!(text, fitted.to_string());
    let estimate = "3.75455";
    for (form, name) in [
        (text, "town=Kiel"),
        (fitted.to_markdown(), "town=Kiel"),
        (fitted.to_latex(), "town=Kiel"),
        (fitted.to_html(), "<bdi>town=<wbr>Kiel</bdi>"),
    ] {
        let test = "F test that all weights are 0";
        for part in [estimate, name, test, "a rule of thumb is ten rows or more"] {
            assert!(form.contains(part), "{part} in {form}");
        }
    }
    let json = fitted.to_json();
    let area = &json["coefficients"][1];
    assert_eq!(area["name"], "area");
    // statsmodels 0.15.0: 3.7545454545 with the standard error 0.064908.
    assert!((area["estimate"].as_f64().unwrap() - 3.7545454545).abs() < 1e-10);
    assert!((area["std_error"].as_f64().unwrap() - 0.064908).abs() < 1e-6);
    // No text of a library names a flag.
    for form in [fitted.to_text(), fitted.to_markdown(), json.to_string()] {
        let flags = form.split(" --").skip(1);
        let is_flag = |rest: &str| rest.starts_with(|c: char| c.is_ascii_lowercase());
        assert!(!flags.clone().any(is_flag), "{form}");
    }
}

#[test]
fn what_cannot_be_fitted_is_a_typed_error() {
    let run = |config: FitConfig| config.run(&houses()).err().unwrap();
    let error = run(FitConfig::to("prize"));
    assert!(
        matches!(error.data_error(), Some(DataError::UnknownColumn { name, .. }) if name == "prize")
    );
    assert_eq!(
        error.to_string(),
        "the table: there is no column `prize`; did you mean `price`?"
    );
    let twice = Columns {
        features: vec!["area".to_string(), "area".to_string()],
        ..Columns::target("price")
    };
    assert_eq!(
        run(FitConfig::of(twice)).to_string(),
        "the table: the feature `area` is named twice"
    );
    let confidence = ExactConfig {
        confidence: 2.0,
        ..ExactConfig::default()
    };
    let error = run(FitConfig::to("price").with_exact(confidence));
    assert!(matches!(error, FitError::Exact(_)), "{error}");
    for folds in [0, 1] {
        let config = FitConfig::to("price").with_hold_out(HoldOut::folds(folds));
        assert!(config.check().is_err());
    }
    let none = ExactConfig {
        ridge: Some(Penalties::Given(Vec::new())),
        ..ExactConfig::default()
    };
    let error = FitConfig::to("price").with_exact(none).check().unwrap_err();
    assert!(matches!(error, FitError::NoPenalties), "{error}");
    let formula = Columns::formula("price ~ town + area:town + poly(area, 6)");
    let FitError::Table { problem, .. } = run(FitConfig::of(formula)) else {
        panic!("not of the table");
    };
    assert!(matches!(
        *problem,
        FitError::Undetermined(Undetermined::FewRows { rows: 9, .. })
    ));
    let ridge = ExactConfig {
        ridge: Some(Penalties::Given(vec![1.0])),
        ..ExactConfig::default()
    };
    let shrunken = FitConfig::to("price")
        .with_exact(ridge)
        .run(&houses())
        .unwrap();
    let error = shrunken.model.predict_with_intervals(&houses(), 0.95);
    assert_eq!(
        error.err().unwrap().to_string(),
        "the weights of the model are shrunk, so there are no intervals"
    );
}

#[test]
fn rows_that_cannot_be_predicted_are_told() {
    let model = fitted();
    let row = |model: &FittedModel, cells: &[(&'static str, Cell)]| {
        model
            .predict_row(cells.iter().cloned())
            .map_err(|error| error.to_string())
    };
    let unknown = [("area", 80.0.into()), ("town", "Ulm".into())];
    let message = row(&model, &unknown).unwrap_err();
    assert!(
        message.contains("`Ulm`, a level that the model does not know"),
        "{message}"
    );
    let model = model.with_unseen(UnseenPolicy::Drop);
    let message = row(&model, &unknown).unwrap_err();
    assert!(message.contains("no prediction"), "{message}");
    let baseline = model.clone().with_unseen(UnseenPolicy::Baseline);
    let bonn = [("area", 80.0.into()), ("town", "Bonn".into())];
    assert_eq!(row(&baseline, &unknown), row(&model, &bonn));
    let missing = [("area", Cell::Missing), ("town", "Bonn".into())];
    let dropped = model.clone().with_missing(MissingPolicy::Drop).unwrap();
    assert!(
        row(&dropped, &missing)
            .unwrap_err()
            .contains("no prediction")
    );
    let lacks = [("area", 80.0.into())];
    assert!(
        row(&model, &lacks)
            .unwrap_err()
            .contains("there is no column `town`")
    );
    for probability in [0.0, 1.0, f64::NAN, -0.5] {
        assert!(
            model
                .predict_with_intervals(&houses(), probability)
                .is_err()
        );
    }
}
