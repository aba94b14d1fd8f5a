use std::io;
use std::path::{Path, PathBuf};

use linreg_data::shown_name;
use sha2::{Digest, Sha256};

use crate::FitError;

/// A file with its hash, which tells whether another file is the same.
pub struct Hashed {
    pub name: String,
    pub bytes: u64,
    /// SHA-256 in hexadecimal, as `sha256sum` prints it.
    pub sha256: String,
}

/// The hashes of files, each read once from beginning to end. Standard input
/// has none: it cannot be read again.
///
/// # Errors
///
/// A file that cannot be read.
pub fn hashes(files: &[PathBuf]) -> Result<Vec<Hashed>, FitError> {
    let files = files.iter().filter(|path| *path != Path::new("-"));
    files.map(|path| hash(path)).collect()
}

fn hash(path: &Path) -> Result<Hashed, FitError> {
    let name = shown_name(path);
    let failed = |error: io::Error| FitError::Unreadable {
        file: name.clone().into(),
        error,
    };
    let mut file = contents(path)?;
    let mut hasher = Sha256::new();
    let bytes = io::copy(&mut file, &mut hasher).map_err(failed)?;
    let digits = hasher.finalize();
    Ok(Hashed {
        name,
        bytes,
        sha256: digits.iter().map(|byte| format!("{byte:02x}")).collect(),
    })
}

#[cfg(feature = "files")]
fn contents(path: &Path) -> Result<impl io::Read, FitError> {
    Ok(linreg_data::open_bytes(path)?)
}

#[cfg(not(feature = "files"))]
fn contents(path: &Path) -> Result<impl io::Read, FitError> {
    std::fs::File::open(path).map_err(|error| FitError::Unreadable {
        file: path.to_path_buf(),
        error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_that_of_sha256sum() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        std::fs::write(&path, "abc").unwrap();
        let found = hashes(&[path, "-".into()]).unwrap();
        // FIPS 180-4's own example, which `printf abc | sha256sum` prints too.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((found[0].sha256.as_str(), found[0].bytes), (expected, 3));
        assert_eq!(found.len(), 1);
    }
}
