use std::borrow::Cow;

use proptest::prelude::*;
use safetensors::tensor::{Dtype, View};

use super::write::F64View;
use super::*;

fn example() -> ModelFile {
    let coefficients = Coefficients::new(vec![2.0, -3.4], vec![4.2]).unwrap();
    let mut file = ModelFile::new(coefficients, ["area", "age"], ["price"]).unwrap();
    file.metadata.insert("b".into(), "2".into());
    file.metadata.insert("a".into(), "1".into());
    file.tensors.insert(
        "covariance".into(),
        NamedTensor {
            shape: vec![3, 3],
            values: (0..9).map(f64::from).collect(),
        },
    );
    file
}

/// Returns the bytes of a file with this `linreg` header entry and these
/// tensors.
fn raw(header: &str, tensors: Vec<(&str, F64View)>) -> Vec<u8> {
    let metadata = [(HEADER_KEY.to_string(), header.to_string())];
    let metadata = metadata.into_iter().collect();
    safetensors::serialize(tensors, Some(metadata)).unwrap()
}

fn message(bytes: &[u8]) -> String {
    ModelFile::from_bytes(bytes).unwrap_err().to_string()
}

#[test]
fn reads_back_what_it_wrote_and_writes_the_same_bytes_again() {
    let bytes = example().to_bytes().unwrap();
    assert_eq!(ModelFile::from_bytes(&bytes).unwrap(), example());
    for _ in 0..20 {
        assert_eq!(example().to_bytes().unwrap(), bytes);
    }
}

#[test]
fn saves_over_an_older_file_and_leaves_nothing_else_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    std::fs::write(&path, "older").unwrap();
    example().save(&path).unwrap();
    assert_eq!(ModelFile::load(&path).unwrap(), example());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn says_that_a_file_is_cut_short_wherever_it_is_cut() {
    let bytes = example().to_bytes().unwrap();
    for length in 0..bytes.len() {
        let error = ModelFile::from_bytes(&bytes[..length]).unwrap_err();
        assert!(
            matches!(error, ModelFileError::NotSafetensors(_)),
            "cut at {length}: {error}"
        );
    }
}

#[test]
fn recognises_an_older_and_a_newer_format() {
    assert_eq!(
        message(&raw(r#"{"format_version": 2, "feature_names": 7}"#, vec![])),
        "format version 2, but this linreg reads version 1: \
         the file is from a newer linreg, so update this one"
    );
    assert_eq!(
        message(&raw(r#"{"format_version": 0}"#, vec![])),
        "format version 0, but this linreg reads version 1: \
         the file is from an older linreg, so fit the model again"
    );
}

#[test]
fn says_what_is_wrong_with_a_foreign_file() {
    let foreign = safetensors::serialize([("weight", F64View::new(vec![1], &[1.0]))], None);
    assert!(message(&foreign.unwrap()).contains("not one that linreg wrote"));

    let header = r#"{"format_version": 1, "feature_names": ["x"], "target_names": ["y"]}"#;
    let weight = || ("weight", F64View::new(vec![1, 1], &[1.0]));
    assert_eq!(
        message(&raw(header, vec![weight()])),
        "the tensor `bias` is missing"
    );
    let bias = ("bias", F64View::new(vec![2], &[1.0, 2.0]));
    assert_eq!(
        message(&raw(header, vec![weight(), bias])),
        "the tensor `bias` is of shape [2], expected [1] for 1 feature names and 1 target names"
    );
    let bias = ("bias", F64View::new(vec![1], &[f64::NAN]));
    assert_eq!(
        message(&raw(header, vec![weight(), bias])),
        "the bias at index 0 is NaN, expected a finite number"
    );
}

#[test]
fn refuses_tensors_of_another_type() {
    struct F32(Vec<u8>);
    impl View for F32 {
        fn dtype(&self) -> Dtype {
            Dtype::F32
        }
        fn shape(&self) -> &[usize] {
            &[1, 1]
        }
        fn data(&self) -> Cow<'_, [u8]> {
            (&self.0).into()
        }
        fn data_len(&self) -> usize {
            4
        }
    }
    let header = r#"{"format_version": 1, "feature_names": ["x"], "target_names": ["y"]}"#;
    let metadata = [(HEADER_KEY.to_string(), header.to_string())];
    let metadata = metadata.into_iter().collect();
    let bytes = safetensors::serialize([("weight", F32(vec![0; 4]))], Some(metadata)).unwrap();
    assert_eq!(
        message(&bytes),
        "the tensor `weight` is of type F32, expected F64"
    );
}

#[test]
fn refuses_names_that_do_not_name_each_feature_once() {
    let coefficients = || Coefficients::new(vec![1.0, 2.0], vec![0.0]).unwrap();
    for (names, expected) in [
        (vec!["a"], "1 feature names for 2 features"),
        (vec!["a", "a"], "the feature name `a` is there twice"),
        (vec!["a", ""], "a feature name is empty"),
    ] {
        let error = ModelFile::new(coefficients(), names, ["y"]).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn refuses_to_write_tensors_that_could_not_be_read() {
    let mut file = example();
    file.tensors.get_mut("covariance").unwrap().shape = vec![2, 2];
    let error = file.to_bytes().unwrap_err().to_string();
    assert_eq!(
        error,
        "the tensor `covariance` is of shape [2, 2], expected a shape of 9 values"
    );
}

proptest! {
    #[test]
    fn any_model_reads_back_bit_for_bit(
        values in prop::collection::vec(-1e300..1e300f64, 2..40),
        name in "\\PC{1,12}",
    ) {
        let (bias, weight) = values.split_at(1);
        let coefficients = Coefficients::new(weight.to_vec(), bias.to_vec()).unwrap();
        let names = (0..weight.len()).map(|i| format!("{name}{i}"));
        let mut file = ModelFile::new(coefficients, names, [name.clone()]).unwrap();
        file.metadata.insert(name.clone(), name);
        let read = ModelFile::from_bytes(&file.to_bytes().unwrap()).unwrap();
        prop_assert_eq!(read, file);
    }

    #[test]
    fn no_damaged_byte_panics(index in 0usize..4096, byte: u8) {
        let mut bytes = example().to_bytes().unwrap();
        let index = index % bytes.len();
        bytes[index] = byte;
        let _ = ModelFile::from_bytes(&bytes);
    }
}
