//! What public functions say of values that they cannot use.

use crate::{
    Coefficients, CoefficientsError, Existing, ModelFile, ModelFileError, NameKind, NamedTensor,
    NamesError, OutputFile,
};

fn two() -> Coefficients {
    Coefficients::new(vec![2.0, -3.4], vec![4.2]).unwrap()
}

#[test]
fn numbers_that_are_no_coefficients_are_errors() {
    let of = |weight: &[f64], bias: &[f64]| {
        Coefficients::new(weight.to_vec(), bias.to_vec()).unwrap_err()
    };
    for (weight, bias) in [(&[][..], &[][..]), (&[1.0], &[]), (&[], &[1.0])] {
        let (weights, biases) = (weight.len(), bias.len());
        let expected = CoefficientsError::Empty { weights, biases };
        assert_eq!(of(weight, bias), expected);
    }
    let expected = CoefficientsError::Shape {
        weights: 3,
        targets: 2,
    };
    assert_eq!(of(&[1.0; 3], &[0.0; 2]), expected);
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = of(&[1.0, value], &[0.0]);
        let expected = |what: &str, at| match &error {
            CoefficientsError::NotFinite {
                what: found, index, ..
            } => (*found, *index) == (what, at),
            _ => false,
        };
        assert!(expected("weight", 1), "{error}");
        let error = of(&[1.0], &[value]);
        assert!(
            error.to_string().starts_with("the bias at index 0"),
            "{error}"
        );
    }
}

#[test]
fn features_that_are_no_rows_are_errors() {
    for values in [1, 3] {
        let expected = CoefficientsError::Rows {
            values,
            features: 2,
        };
        assert_eq!(two().predict(&vec![1.0; values]), Err(expected));
    }
    assert_eq!(two().predict(&[]), Ok(vec![]));
    assert!(two().predict(&[f64::NAN, 1.0]).unwrap()[0].is_nan());
    for (centres, at_centres) in [(0, 1), (3, 1), (2, 0), (2, 2)] {
        let found = two().predict_about(&[1.0; 2], &vec![0.0; centres], &vec![0.0; at_centres]);
        assert!(matches!(found, Err(CoefficientsError::Centres { .. })));
    }
}

#[cfg(feature = "burn")]
#[test]
fn a_model_of_no_features_or_of_too_many_is_an_error() {
    use crate::LinearRegressionConfig;
    use burn_ndarray::NdArray;

    let of = |features, targets| {
        let config = LinearRegressionConfig::new(features).with_num_targets(targets);
        config.init::<NdArray>(&Default::default()).unwrap_err()
    };
    for (weights, biases) in [(0, 1), (1, 0), (0, 0)] {
        let expected = CoefficientsError::Empty { weights, biases };
        assert_eq!(of(weights, biases), expected);
    }
    for (features, targets) in [(usize::MAX, 1), (1, usize::MAX), (usize::MAX, 2)] {
        let expected = CoefficientsError::OutOfMemory { features, targets };
        assert_eq!(of(features, targets), expected);
    }
}

#[test]
fn fields_that_do_not_fit_a_model_file_are_errors() {
    let names = |error: ModelFileError| match error {
        ModelFileError::Names(error) => error,
        error => panic!("{error}"),
    };
    let found = ModelFile::new(two(), ["a"], ["y"]).unwrap_err();
    let expected = NamesError::Count {
        kind: NameKind::Feature,
        found: 1,
        expected: 2,
    };
    assert_eq!(names(found), expected);
    let found = ModelFile::new(two(), ["a", "b"], [""]).unwrap_err();
    assert_eq!(names(found), NamesError::Empty(NameKind::Target));

    let mut file = ModelFile::new(two(), ["a", "b"], ["y"]).unwrap();
    file.feature_names.clear();
    let found = file.to_bytes().unwrap_err();
    assert!(matches!(names(found), NamesError::Count { found: 0, .. }));

    let mut file = ModelFile::new(two(), ["a", "b"], ["y"]).unwrap();
    let tensor = |shape: &[usize]| NamedTensor {
        shape: shape.to_vec(),
        values: vec![f64::NAN],
    };
    for shape in [&[usize::MAX, usize::MAX][..], &[0], &[2, 1]] {
        file.tensors.insert("t".into(), tensor(shape));
        let found = file.to_bytes().unwrap_err();
        assert!(matches!(found, ModelFileError::Shape { .. }), "{found}");
    }
    file.tensors.remove("t");
    file.tensors.insert("bias".into(), tensor(&[1]));
    let found = names(file.to_bytes().unwrap_err());
    assert!(matches!(found, NamesError::OwnTensor { .. }), "{found}");
}

#[test]
fn paths_and_bytes_that_are_no_model_are_errors() {
    for bytes in [
        &[][..],
        &[0; 8],
        &[255; 8],
        &[255; 64],
        b"a,b,price\n1,2,3\n",
    ] {
        ModelFile::from_bytes(bytes).unwrap_err();
    }
    let folder = tempfile::tempdir().unwrap();
    for path in ["", "/", "no folder/model"] {
        let path = if path.is_empty() {
            path.into()
        } else {
            folder.path().join(path)
        };
        OutputFile::new(&path, Existing::Replace).unwrap_err();
        ModelFile::load(&path).unwrap_err();
    }
}
