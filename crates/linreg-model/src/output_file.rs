//! Atomic writes: an output file is there as a whole or not at all.

mod error;
mod new_file;
mod new_folder;
#[cfg(test)]
mod tests;

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub use error::{OutputError, OutputProblem};
pub use new_file::{NewFile, remove_unfinished_files};
pub use new_folder::NewFolder;

/// The files that a program reads and writes, declared before the work starts, so
/// that no output overwrites an input or another output.
///
/// Two paths are the same file if they lead to the same file on disk, also
/// through symbolic links, hard links (on Unix) or different spellings of a path.
///
/// # Example
///
/// ```
/// use linreg_model::{Existing, OutputFiles};
/// use std::io::Write;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let (rows, model) = (folder.path().join("rows.csv"), folder.path().join("model"));
/// std::fs::write(&rows, "x,y\n1,2\n")?;
/// let mut files = OutputFiles::beside([&rows]);
/// assert!(files.add("model", &rows, Existing::Replace).is_err());
/// let output = files.add("model", &model, Existing::Keep)?;
/// let mut file = output.create()?;
/// file.write_all(b"1 2 3")?;
/// file.finish()?;
/// assert_eq!(std::fs::read(&model)?, b"1 2 3");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct OutputFiles {
    inputs: Vec<Identity>,
    outputs: Vec<(&'static str, Identity)>,
}

/// What happens to a file that already exists.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Existing {
    /// The file is kept, and writing is an error.
    Keep,
    /// The file is replaced. On Unix the new one gets its owner and permissions.
    Replace,
    /// New content is added at its end; see [`OutputFile::append`].
    Append,
}

/// A file to be written, which was checked and whose symbolic links were
/// resolved.
#[derive(Clone, Debug)]
pub struct OutputFile {
    /// The path as it was given.
    path: PathBuf,
    /// Where the file is or will be, without symbolic links.
    target: PathBuf,
    existing: Existing,
}

impl OutputFiles {
    /// Starts with the files that are read. Those that do not exist are ignored.
    pub fn beside(inputs: impl IntoIterator<Item = impl AsRef<Path>>) -> Self {
        let mut files = Self::default();
        for input in inputs {
            files.read(input);
        }
        files
    }

    /// Adds a file that is read. Outputs that are added later must not be this
    /// file.
    pub fn read(&mut self, path: impl AsRef<Path>) {
        self.inputs.extend(Identity::of(path.as_ref()));
    }

    /// Adds standard input, which may be a file. This has an effect on Unix only.
    pub fn read_standard_input(&mut self) {
        #[cfg(unix)]
        {
            use std::os::fd::AsFd;
            let file = io::stdin().as_fd().try_clone_to_owned().map(File::from);
            if let Ok(found) = file.and_then(|file| file.metadata()) {
                self.inputs
                    .push(Identity::new(Path::new("-"), Some(&found)));
            }
        }
    }

    /// Adds a file that is written. `what` is its name in messages, such as
    /// "model".
    ///
    /// # Errors
    ///
    /// A URL, a path that is not a regular file, a file that is already an input or an
    /// output, a file that exists and is to be kept, or a folder in which no file
    /// can be created.
    pub fn add(
        &mut self,
        what: &'static str,
        path: impl AsRef<Path>,
        existing: Existing,
    ) -> Result<OutputFile, OutputError> {
        let path = path.as_ref();
        if let Some(scheme) = scheme(path) {
            // What follows may hold a password.
            let shown = format!("{scheme}://…");
            return Err(OutputError::new(shown.as_ref(), OutputProblem::Url));
        }
        let wrong = |problem| OutputError::new(path, problem);
        let (target, found) = resolve(path).map_err(wrong)?;
        let identity = Identity::new(&target, found.as_ref());
        if self.inputs.iter().any(|input| input.is(&identity)) {
            return Err(wrong(OutputProblem::IsRead));
        }
        let other = self.outputs.iter().find(|(_, other)| other.is(&identity));
        if let Some((first, _)) = other {
            return Err(wrong(OutputProblem::Twice {
                first,
                second: what,
            }));
        }
        if found.is_some() && existing == Existing::Keep {
            return Err(wrong(OutputProblem::Exists));
        }
        let output = OutputFile {
            path: path.to_path_buf(),
            target,
            existing,
        };
        output.probe(found.is_some())?;
        self.outputs.push((what, identity));
        Ok(output)
    }
}

impl OutputFile {
    /// Checks the only output of a program that reads no files.
    ///
    /// # Errors
    ///
    /// Those of [`OutputFiles::add`].
    pub fn new(path: impl AsRef<Path>, existing: Existing) -> Result<Self, OutputError> {
        OutputFiles::default().add("output", path, existing)
    }

    /// Returns the path as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the same output with another rule for an existing file.
    pub fn with_existing(mut self, existing: Existing) -> Self {
        self.existing = existing;
        self
    }

    /// Starts to write the file. An existing file stays as it is until
    /// [`NewFile::finish`], and nothing is left if writing ends before that.
    ///
    /// # Errors
    ///
    /// A folder in which no file can be created.
    pub fn create(&self) -> Result<NewFile, OutputError> {
        NewFile::new(self.clone()).map_err(|error| self.error(error))
    }

    /// Writes these bytes as the whole file.
    ///
    /// # Errors
    ///
    /// Those of [`write`](Self::write).
    pub fn save(&self, content: &[u8]) -> Result<(), OutputError> {
        self.write(|file| {
            let written = file.write_all(content);
            written.map_err(|error| self.error(error))
        })
    }

    /// Writes the whole file with `content`, and puts it in place at the end.
    ///
    /// # Errors
    ///
    /// Those of `content`; errors of the file system, such as a full disk; and a
    /// file that has appeared since, where an existing one is to be kept.
    pub fn write<E: From<OutputError>>(
        &self,
        content: impl FnOnce(&mut NewFile) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut file = self.create()?;
        content(&mut file)?;
        file.finish()?;
        Ok(())
    }

    /// Opens the file for writes that are visible at once, as a log needs. A file
    /// that is to be replaced is emptied.
    ///
    /// # Errors
    ///
    /// A file that cannot be opened, or that has appeared since, where an
    /// existing one is to be kept.
    pub fn append(&self) -> Result<File, OutputError> {
        let mut options = OpenOptions::new();
        options.append(true);
        match self.existing {
            Existing::Keep => options.create_new(true),
            Existing::Replace | Existing::Append => options.create(true),
        };
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            // Links were resolved before, so a link that is there now was made by
            // somebody else.
            options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
        }
        let opened = options.open(&self.target).and_then(|file| {
            if self.existing == Existing::Replace && file.metadata()?.is_file() {
                file.set_len(0)?;
            }
            Ok(file)
        });
        opened.map_err(|error| self.error(error))
    }

    /// Checks that the file can be written, and leaves nothing behind.
    fn probe(&self, is_there: bool) -> Result<(), OutputError> {
        if self.existing == Existing::Append && is_there {
            let opened = OpenOptions::new().append(true).open(&self.target);
            return opened.map(drop).map_err(|error| self.error(error));
        }
        self.create().map(drop)
    }

    /// Converts an I/O error to one that names this file.
    pub fn error(&self, error: io::Error) -> OutputError {
        let error = match error.downcast::<OutputError>() {
            Ok(named) => return named,
            Err(error) => error,
        };
        let problem = match error.kind() {
            io::ErrorKind::AlreadyExists => OutputProblem::Exists,
            _ => OutputProblem::Io(error),
        };
        OutputError::new(&self.path, problem)
    }
}

/// The identity of a file, independent of its path.
#[derive(Debug)]
struct Identity {
    path: PathBuf,
    #[cfg(unix)]
    number: Option<(u64, u64)>,
}

impl Identity {
    /// Returns the identity of an existing file; none if it does not exist.
    fn of(path: &Path) -> Option<Self> {
        let path = fs::canonicalize(path).ok()?;
        let found = fs::metadata(&path).ok()?;
        Some(Self::new(&path, Some(&found)))
    }

    fn new(path: &Path, found: Option<&Metadata>) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt;
        Self {
            path: path.to_path_buf(),
            #[cfg(unix)]
            number: found.map(|found| (found.dev(), found.ino())),
        }
    }

    fn is(&self, other: &Self) -> bool {
        #[cfg(unix)]
        if self.number.is_some() && self.number == other.number {
            return true;
        }
        self.path == other.path
    }
}

/// Returns where a file is or will be, without symbolic links, and the metadata
/// of an existing file.
fn resolve(path: &Path) -> Result<(PathBuf, Option<Metadata>), OutputProblem> {
    match fs::symlink_metadata(path) {
        Ok(_) => {
            let target = fs::canonicalize(path).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => match fs::read_link(path) {
                    Ok(target) => OutputProblem::DanglingLink(target),
                    Err(_) => OutputProblem::Io(error),
                },
                _ => OutputProblem::Io(error),
            })?;
            let found = fs::metadata(&target).map_err(OutputProblem::Io)?;
            if found.is_dir() {
                return Err(OutputProblem::Folder);
            }
            if !found.is_file() {
                return Err(OutputProblem::NotRegular(kind(&found)));
            }
            Ok((target, Some(found)))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder = match path.parent() {
                Some(folder) if folder != Path::new("") => folder,
                _ => Path::new("."),
            };
            let Some(name) = path.file_name() else {
                return Err(OutputProblem::Folder);
            };
            if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
                return Err(OutputProblem::Folder);
            }
            match fs::canonicalize(folder) {
                Ok(found) if found.is_dir() => Ok((found.join(name), None)),
                _ => Err(OutputProblem::NoFolder(folder.to_path_buf())),
            }
        }
        Err(error) => Err(OutputProblem::Io(error)),
    }
}

/// Returns what stands before `://` in a URL; None for a path.
fn scheme(path: &Path) -> Option<&str> {
    let (scheme, _) = path.to_str()?.split_once("://")?;
    let is_scheme = scheme.len() > 1 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_scheme.then_some(scheme)
}

/// Describes a file that is not a regular one.
fn kind(found: &Metadata) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let kind = found.file_type();
        if kind.is_fifo() {
            return "a pipe";
        }
        if kind.is_socket() {
            return "a socket";
        }
        if kind.is_char_device() || kind.is_block_device() {
            return "a device";
        }
    }
    let _ = found;
    "something else"
}
