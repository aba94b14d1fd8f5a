use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use linreg_data::{DataError, TableFormat};
use tempfile::NamedTempFile;

use crate::terminal;

/// Where a result goes: a file that is there whole or not at all, or standard
/// output.
pub struct Output {
    path: Option<PathBuf>,
    force: bool,
}

impl Output {
    /// Checks that the file can be written, before any work is done for it;
    /// `-` is standard output. It must be none of the files that are read.
    pub fn new(path: Option<PathBuf>, force: bool, inputs: &[&Path]) -> Result<Self> {
        let path = path.filter(|path| path != Path::new("-"));
        let output = Self { path, force };
        if let Some(path) = &output.path {
            let name = || path.display().to_string();
            if path.is_dir() {
                bail!("{}: this is a folder; name a file in it", name());
            }
            if !is_special(path) {
                if let Ok(target) = fs::read_link(path)
                    && !path.exists()
                {
                    bail!(
                        "{}: this links to {}, which does not exist; remove the link",
                        name(),
                        target.display()
                    );
                }
                let same = |input: &&Path| match (fs::canonicalize(input), fs::canonicalize(path)) {
                    (Ok(input), Ok(output)) => input == output,
                    _ => false,
                };
                if inputs.iter().any(same) {
                    bail!("{}: this file is read; write another", name());
                }
                if path.exists() && !force {
                    bail!(
                        "{}: the file exists; use --force to replace it, or another name",
                        name()
                    );
                }
                if let Some(folder) = path.parent()
                    && folder != Path::new("")
                    && !folder.is_dir()
                {
                    bail!("{}: there is no folder {}", name(), folder.display());
                }
                temporary_beside(path).with_context(name)?;
            }
        }
        Ok(output)
    }

    /// Whether it goes to a file.
    pub fn is_file(&self) -> bool {
        self.path.is_some()
    }

    /// The format that the file's name asks for; CSV to standard output.
    pub fn table_format(&self) -> Result<TableFormat, DataError> {
        let path = self.path.as_deref();
        path.map_or(Ok(TableFormat::Csv), TableFormat::of_path)
    }

    /// Writes it all and, to a file, puts it in place at the end.
    pub fn write(&self, content: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>) -> Result<()> {
        let Some(path) = &self.path else {
            let mut stdout = io::BufWriter::new(terminal::data());
            content(&mut stdout)?;
            return Ok(stdout.flush()?);
        };
        let name = || path.display().to_string();
        if is_special(path) {
            let mut file = fs::File::options()
                .write(true)
                .open(path)
                .with_context(name)?;
            return content(&mut file).with_context(name);
        }
        let mut writer = io::BufWriter::new(temporary_beside(path).with_context(name)?);
        content(&mut writer)?;
        let file = writer.into_inner().map_err(io::IntoInnerError::into_error);
        let file = file.with_context(name)?;
        file.as_file().sync_all().with_context(name)?;
        let persisted = if self.force {
            if let Ok(replaced) = fs::metadata(path) {
                // Whoever could read and write it still can.
                let permissions = replaced.permissions();
                file.as_file()
                    .set_permissions(permissions)
                    .with_context(name)?;
            }
            // Through a link, to the file that it points to.
            let target = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
            file.persist(target)
        } else {
            file.persist_noclobber(path)
        };
        persisted.map_err(|error| error.error).with_context(name)?;
        Ok(())
    }
}

/// A device or a pipe: written as it is, never replaced.
fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// A temporary file in the folder that `path` is, or links to a file, in.
fn temporary_beside(path: &Path) -> io::Result<NamedTempFile> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new();
    // Temporary files are private by default; a result is as readable as any
    // other file its user makes.
    #[cfg(unix)]
    file.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    // Without the temporary file's name, which nobody chose.
    file.tempfile_in(folder)
        .map_err(|error| io::Error::from(error.kind()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_half_way_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        fs::write(&path, "old").unwrap();
        let output = Output::new(Some(path.clone()), true, &[]).unwrap();
        let result = output.write(|file| {
            file.write_all(b"new")?;
            bail!("half way")
        });
        assert!(result.is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_existing_file_is_replaced_only_by_force() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        fs::write(&path, "old").unwrap();
        assert!(Output::new(Some(path.clone()), false, &[]).is_err());
        let output = Output::new(Some(path.clone()), true, &[]).unwrap();
        output.write(|file| Ok(file.write_all(b"new")?)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    }

    #[test]
    fn a_file_that_appears_meanwhile_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        let output = Output::new(Some(path.clone()), false, &[]).unwrap();
        fs::write(&path, "another's").unwrap();
        assert!(output.write(|file| Ok(file.write_all(b"new")?)).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "another's");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let output = Output::new(Some(link.clone()), true, &[]).unwrap();
        output.write(|file| Ok(file.write_all(b"new")?)).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_nothing_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("nothing", &link).unwrap();
        let error = Output::new(Some(link), true, &[]).err().unwrap();
        let error = error.to_string();
        assert!(error.ends_with("this links to nothing, which does not exist; remove the link"));
    }

    #[cfg(unix)]
    #[test]
    fn a_replaced_file_keeps_its_permissions() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        let output = Output::new(Some(path.clone()), true, &[]).unwrap();
        output.write(|file| Ok(file.write_all(b"new")?)).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_is_read_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.csv");
        fs::write(&path, "rows").unwrap();
        let again = folder.path().join(".").join("data.csv");
        let output = Output::new(Some(again), true, &[&path]);
        assert!(
            output
                .err()
                .unwrap()
                .to_string()
                .ends_with("this file is read; write another")
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_written_as_it_is() {
        let output = Output::new(Some("/dev/null".into()), false, &[]).unwrap();
        output.write(|file| Ok(file.write_all(b"new")?)).unwrap();
        assert!(is_special(Path::new("/dev/null")));
    }
}
