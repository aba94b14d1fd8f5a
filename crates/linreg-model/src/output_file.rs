//! Files that are written: there whole or not at all.

mod error;
mod new_file;
#[cfg(test)]
mod tests;

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub use error::{OutputError, OutputProblem};
pub use new_file::{NewFile, remove_unfinished_files};

/// The files that one piece of work reads and writes, all known before it
/// starts, so that none is lost to another.
///
/// Files are told apart by what they are, not by their names: links, hard links
/// and different spellings of a path are seen through.
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

/// What becomes of a file that is already there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Existing {
    /// It stays, and there is an error.
    Keep,
    /// It is replaced, and who may read and write it stays as it is.
    Replace,
    /// What is written goes to its end; see [`OutputFile::append`].
    Append,
}

/// A file to be written, which is checked and to which links are resolved.
#[derive(Clone, Debug)]
pub struct OutputFile {
    /// As it was named.
    path: PathBuf,
    /// Where the file is, or will be.
    target: PathBuf,
    existing: Existing,
}

impl OutputFiles {
    /// With the files that are read. Those that are not there are no concern of
    /// this type.
    pub fn beside(inputs: impl IntoIterator<Item = impl AsRef<Path>>) -> Self {
        let mut files = Self::default();
        for input in inputs {
            files.read(input);
        }
        files
    }

    /// One more file that is read, which no further output may be.
    pub fn read(&mut self, path: impl AsRef<Path>) {
        self.inputs.extend(Identity::of(path.as_ref()));
    }

    /// Standard input is read too, which may be a file.
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

    /// One more file that is written; `what` is what a message calls it, such
    /// as "model".
    ///
    /// # Errors
    ///
    /// A name that stands for no regular file, a file that is read or written
    /// already or is there and to be kept, or a folder in which no file can be
    /// made.
    pub fn add(
        &mut self,
        what: &'static str,
        path: impl AsRef<Path>,
        existing: Existing,
    ) -> Result<OutputFile, OutputError> {
        let path = path.as_ref();
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
    /// The only output of some work that reads nothing from files.
    ///
    /// # Errors
    ///
    /// As [`OutputFiles::add`].
    pub fn new(path: impl AsRef<Path>, existing: Existing) -> Result<Self, OutputError> {
        OutputFiles::default().add("output", path, existing)
    }

    /// The file as it was named.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The same file, of which something else becomes if it is there.
    pub fn with_existing(mut self, existing: Existing) -> Self {
        self.existing = existing;
        self
    }

    /// Starts to write it. Until [`NewFile::finish`] the file that was there
    /// stays as it is, and nothing is left if writing ends before.
    ///
    /// # Errors
    ///
    /// A folder in which no file can be made.
    pub fn create(&self) -> Result<NewFile, OutputError> {
        NewFile::new(self.clone()).map_err(|error| self.error(error))
    }

    /// Writes these bytes, and puts the file in place.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn save(&self, content: &[u8]) -> Result<(), OutputError> {
        self.write(|file| {
            let written = file.write_all(content);
            written.map_err(|error| self.error(error))
        })
    }

    /// Writes it all, and puts it in place at the end.
    ///
    /// # Errors
    ///
    /// Those of `content`; a disk that is full and the like; a file that has
    /// appeared since, where one is to be kept.
    pub fn write<E: From<OutputError>>(
        &self,
        content: impl FnOnce(&mut NewFile) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut file = self.create()?;
        content(&mut file)?;
        file.finish()?;
        Ok(())
    }

    /// Opens it to be written as work goes on, for others to follow: a log. It
    /// is emptied where it is to be replaced.
    ///
    /// # Errors
    ///
    /// A file that cannot be opened, or that has appeared since, where one is to
    /// be kept.
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
            // Links were resolved once; what is a link now is somebody else's.
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

    /// Whether it can be written, without leaving anything.
    fn probe(&self, is_there: bool) -> Result<(), OutputError> {
        if self.existing == Existing::Append && is_there {
            let opened = OpenOptions::new().append(true).open(&self.target);
            return opened.map(drop).map_err(|error| self.error(error));
        }
        self.create().map(drop)
    }

    /// The error of a file that is written to its place, which it names.
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

/// What a file is, whatever it is called.
#[derive(Debug)]
struct Identity {
    path: PathBuf,
    #[cfg(unix)]
    number: Option<(u64, u64)>,
}

impl Identity {
    /// Of a file that is there.
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

/// Where a file is or will be, without links, and what is there.
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

/// What is no regular file, in words.
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
