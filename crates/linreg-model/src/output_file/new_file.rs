use std::collections::BTreeSet;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tempfile::TempPath;

use super::{Existing, OutputError, OutputFile};

/// A file that is being written, beside the one it is to become, with the
/// permissions that it will have.
///
/// On Linux it has no name, so that nothing is left of it however the program
/// ends. Elsewhere, and on file systems without such files, it has one that
/// starts with `.linreg-`, and goes when this is dropped; see
/// [`remove_unfinished_files`].
#[derive(Debug)]
pub struct NewFile {
    output: OutputFile,
    writer: BufWriter<File>,
    /// Its name for the time being, if it has one.
    name: Option<Name>,
}

impl NewFile {
    pub(super) fn new(output: OutputFile) -> io::Result<Self> {
        match Self::without_name(&output)? {
            Some(file) => Ok(Self {
                writer: BufWriter::new(file),
                name: None,
                output,
            }),
            None => Self::with_name(output),
        }
    }

    /// A file that has no name, where the system makes such files.
    #[cfg(target_os = "linux")]
    fn without_name(output: &OutputFile) -> io::Result<Option<File>> {
        use rustix::fs::{Mode, OFlags};
        use rustix::io::Errno;
        // Its name is given through this folder.
        if !Path::new("/proc/self/fd").is_dir() {
            return Ok(None);
        }
        let (replaced, mode) = replaced(output);
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        match rustix::fs::open(folder(output), flags, Mode::from_raw_mode(mode)) {
            Ok(file) => {
                let file = File::from(file);
                take_after(&file, replaced.as_ref())?;
                Ok(Some(file))
            }
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL | Errno::NOSYS) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn without_name(_: &OutputFile) -> io::Result<Option<File>> {
        Ok(None)
    }

    pub(super) fn with_name(output: OutputFile) -> io::Result<Self> {
        let (replaced, mode) = replaced(&output);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
        #[cfg(not(unix))]
        let _ = mode;
        let (file, name) = under_unused_name(folder(&output), |path| options.open(path))?;
        take_after(&file, replaced.as_ref())?;
        Ok(Self {
            writer: BufWriter::new(file),
            name: Some(name),
            output,
        })
    }

    /// The file, to lock it for instance. What is written to it directly goes
    /// before what waits to be written.
    pub fn file(&self) -> &File {
        self.writer.get_ref()
    }

    fn named(&self, error: io::Error) -> io::Error {
        io::Error::new(error.kind(), self.output.error(error))
    }

    /// Has the disk keep what was written, and puts the file in place: a machine
    /// that stops at any moment has the file that was there before, or this one.
    ///
    /// # Errors
    ///
    /// A disk that is full and the like; a file that has appeared since, where
    /// one is to be kept.
    pub fn finish(self) -> Result<File, OutputError> {
        let Self {
            output,
            writer,
            name,
        } = self;
        let placed = writer
            .into_inner()
            .map_err(io::IntoInnerError::into_error)
            .and_then(|file| {
                file.sync_all()?;
                match name {
                    Some(name) => name.become_file(&output)?,
                    None => place(&file, &output)?,
                }
                // The name is the folder's content; not every system opens folders.
                if let Ok(folder) = File::open(folder(&output)) {
                    folder.sync_all().ok();
                }
                Ok(file)
            });
        placed.map_err(|error| output.error(error))
    }
}

/// Errors name the file.
impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.writer.write(bytes);
        written.map_err(|error| self.named(error))
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.writer.flush();
        flushed.map_err(|error| self.named(error))
    }
}

/// The folder of the file, which has no links in it.
fn folder(output: &OutputFile) -> &Path {
    output.target.parent().unwrap_or(Path::new("/"))
}

/// The file that is replaced, and the permissions to make the new one with.
fn replaced(output: &OutputFile) -> (Option<Metadata>, u32) {
    let found = fs::metadata(&output.target).ok();
    #[cfg(unix)]
    if let Some(found) = &found {
        use std::os::unix::fs::MetadataExt;
        let mode = found.mode() & 0o777;
        return (Some(found.clone()), mode);
    }
    // As readable as any other file that its user makes.
    (found, 0o666)
}

/// Gives a file the owner and the permissions of the one that it replaces:
/// whoever could read and write that can do so still, and nobody else.
fn take_after(file: &File, replaced: Option<&Metadata>) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(replaced) = replaced {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
        let (own, mut mode) = (file.metadata()?, replaced.mode() & 0o777);
        let (user, group) = (replaced.uid(), replaced.gid());
        if (own.uid(), own.gid()) != (user, group)
            && fchown(file, Some(user), Some(group)).is_err()
            && fchown(file, None, Some(group)).is_err()
        {
            // Another group gets no more than everybody.
            mode &= !0o070 | (mode & 0o007) << 3;
        }
        file.set_permissions(fs::Permissions::from_mode(mode))?;
    }
    let _ = (file, replaced);
    Ok(())
}

/// Gives a file without a name that of its output.
#[cfg(target_os = "linux")]
fn place(file: &File, output: &OutputFile) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    use rustix::io::Errno;
    use std::os::fd::AsRawFd;

    let source = format!("/proc/self/fd/{}", file.as_raw_fd());
    let link = |target: &Path| linkat(CWD, &source, CWD, target, AtFlags::SYMLINK_FOLLOW);
    match link(&output.target) {
        Err(Errno::EXIST) if output.existing != Existing::Keep => {}
        linked => return Ok(linked?),
    }
    // Only a file that has a name can replace another.
    let linked = under_unused_name(folder(output), |path| Ok(link(path)?));
    let ((), name) = linked?;
    name.become_file(output)
}

#[cfg(not(target_os = "linux"))]
fn place(_: &File, _: &OutputFile) -> io::Result<()> {
    unreachable!("every file has a name on this system")
}

/// Makes a file in a folder under a name that nobody has.
fn under_unused_name<T>(
    folder: &Path,
    make: impl Fn(&Path) -> io::Result<T>,
) -> io::Result<(T, Name)> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!(".linreg-{}-{number}", std::process::id()));
        match make(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return Ok((made?, Name::new(TempPath::try_from_path(path)?))),
        }
    }
}

/// The name of a file for the time being. The file goes with it.
#[derive(Debug)]
struct Name {
    path: Option<TempPath>,
    listed: PathBuf,
}

static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Removes the files of this process that are being written and have a name.
///
/// For a program that is about to end without dropping what it holds, on a
/// signal for instance. Nothing that is finished is touched.
pub fn remove_unfinished_files() {
    // Which every path starts with.
    remove_unfinished_in(Path::new(""));
}

pub(super) fn remove_unfinished_in(folder: &Path) {
    let unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
    for path in unfinished.iter().filter(|path| path.starts_with(folder)) {
        // There is nobody left to tell.
        fs::remove_file(path).ok();
    }
}

impl Name {
    fn new(path: TempPath) -> Self {
        let listed = path.to_path_buf();
        let mut unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
        unfinished.insert(listed.clone());
        Self {
            path: Some(path),
            listed,
        }
    }

    fn become_file(mut self, output: &OutputFile) -> io::Result<()> {
        let Some(path) = self.path.take() else {
            return Ok(());
        };
        let placed = match output.existing {
            Existing::Keep => path.persist_noclobber(&output.target),
            Existing::Replace | Existing::Append => path.persist(&output.target),
        };
        placed.map_err(|error| error.error)
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        // The file first: a name that is not listed is one that is not there.
        self.path.take();
        let mut unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
        unfinished.remove(&self.listed);
    }
}
