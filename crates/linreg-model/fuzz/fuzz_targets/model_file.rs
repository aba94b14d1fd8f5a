//! Any bytes as a model file: an error of bounded length, or a model that is
//! written and read again as it was.

#![no_main]

use libfuzzer_sys::fuzz_target;
use linreg_model::ModelFile;

fuzz_target!(|bytes: &[u8]| {
    match ModelFile::from_bytes(bytes) {
        Ok(model) => {
            let written = model.to_bytes().unwrap();
            let again = ModelFile::from_bytes(&written).unwrap();
            assert_eq!(again.to_bytes().unwrap(), written);
        }
        Err(error) => {
            let message = error.to_string();
            assert!(message.len() < 4096, "{message}");
        }
    }
});
