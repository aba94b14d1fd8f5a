use std::collections::BTreeSet;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Existing, OutputError, OutputFile};

/// A temporary file in the folder of the output, with the permissions of the
/// output, which replaces it when it is finished.
///
/// On Linux it has no name until it is finished. A program that is killed while it
/// writes leaves nothing; one that is killed at the very moment at which a finished
/// file replaces another may leave it under a name that starts with `.linreg-`. On
/// other systems, and on file systems that do not support this, it has such a name
/// from the start, and it is removed when this value is dropped; see
/// [`remove_unfinished_files`].
#[derive(Debug)]
pub struct NewFile {
    output: OutputFile,
    writer: BufWriter<File>,
    /// Its temporary name, if it has one.
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

    /// Creates a file without a name; none where the system does not support
    /// this.
    #[cfg(target_os = "linux")]
    fn without_name(output: &OutputFile) -> io::Result<Option<File>> {
        use rustix::fs::{Mode, OFlags};
        use rustix::io::Errno;
        // The file gets its name later by a path in this folder.
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

    /// Returns the file, for example to lock it. Bytes that are written to it
    /// directly come before those that are still in the buffer.
    pub fn file(&self) -> &File {
        self.writer.get_ref()
    }

    fn named(&self, error: io::Error) -> io::Error {
        io::Error::new(error.kind(), self.output.error(error))
    }

    /// Flushes the file to the disk and puts it in place. If the machine stops at
    /// any moment, either the previous file or this one is there.
    ///
    /// # Errors
    ///
    /// Errors of the file system, such as a full disk, and a file that has
    /// appeared since, where an existing one is to be kept.
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
                // The name is stored in the folder, so that has to be flushed
                // too. Not every system can open folders.
                if let Ok(folder) = File::open(folder(&output)) {
                    folder.sync_all().ok();
                }
                Ok(file)
            });
        placed.map_err(|error| output.error(error))
    }
}

/// Writes to the file. Errors name the output.
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

/// Returns the folder of the output, a path without symbolic links.
fn folder(output: &OutputFile) -> &Path {
    output.target.parent().unwrap_or(Path::new("/"))
}

/// Returns the metadata of the file that is replaced, if there is one, and the
/// permissions to create the new one with.
fn replaced(output: &OutputFile) -> (Option<Metadata>, u32) {
    let found = fs::metadata(&output.target).ok();
    #[cfg(unix)]
    if let Some(found) = &found {
        use std::os::unix::fs::MetadataExt;
        let mode = found.mode() & 0o777;
        return (Some(found.clone()), mode);
    }
    // The default permissions of new files, which the umask restricts.
    (found, 0o666)
}

/// Gives a file or folder the owner, group and permissions of the one that it replaces, as
/// far as the system allows. Nobody gets access who had none before.
pub(super) fn take_after(file: &File, replaced: Option<&Metadata>) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(replaced) = replaced {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
        let (own, mut mode) = (file.metadata()?, replaced.mode() & 0o777);
        let (user, group) = (replaced.uid(), replaced.gid());
        if (own.uid(), own.gid()) != (user, group)
            && fchown(file, Some(user), Some(group)).is_err()
            && fchown(file, None, Some(group)).is_err()
        {
            // The group cannot be kept, so the new group gets only the
            // permissions that everybody has.
            mode &= !0o070 | (mode & 0o007) << 3;
        }
        file.set_permissions(fs::Permissions::from_mode(mode))?;
    }
    let _ = (file, replaced);
    Ok(())
}

/// Gives a file without a name the path of its output.
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
    // Only a file with a name can replace another one, so it gets a temporary
    // name first.
    let linked = under_unused_name(folder(output), |path| Ok(link(path)?));
    let ((), name) = linked?;
    name.become_file(output)
}

#[cfg(not(target_os = "linux"))]
fn place(_: &File, _: &OutputFile) -> io::Result<()> {
    unreachable!("every file has a name on this system")
}

/// Creates a file or folder in a folder under an unused name.
pub(super) fn under_unused_name<T>(
    folder: &Path,
    make: impl Fn(&Path) -> io::Result<T>,
) -> io::Result<(T, Name)> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    // Whoever removes unfinished files waits until this one is listed.
    let mut unfinished = unfinished();
    if unfinished.program_ends {
        return Err(io::Error::other("the program is about to end"));
    }
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!(".linreg-{}-{number}", std::process::id()));
        match make(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return Ok((made?, unfinished.add(path))),
        }
    }
}

/// The temporary name of a file or folder, which is removed when this value is dropped.
#[derive(Debug)]
pub(super) struct Name {
    path: PathBuf,
    /// False once it has its final name.
    is_there: bool,
}

/// The temporary names of this process.
#[derive(Debug)]
struct Unfinished {
    paths: BTreeSet<PathBuf>,
    program_ends: bool,
}

static UNFINISHED: Mutex<Unfinished> = Mutex::new(Unfinished {
    paths: BTreeSet::new(),
    program_ends: false,
});

fn unfinished() -> MutexGuard<'static, Unfinished> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Unfinished {
    fn add(&mut self, path: PathBuf) -> Name {
        self.paths.insert(path.clone());
        Name {
            path,
            is_there: true,
        }
    }

    fn remove_in(&self, folder: &Path) {
        for path in self.paths.iter().filter(|path| path.starts_with(folder)) {
            remove(path);
        }
    }
}

/// Removes the temporary files and folders of this process that have a name. From then
/// on, none can be made.
///
/// This is for a program that is about to end without dropping its values, for
/// example on a signal. Finished files are not touched.
pub fn remove_unfinished_files() {
    let mut unfinished = unfinished();
    unfinished.program_ends = true;
    // Every path starts with the empty path.
    unfinished.remove_in(Path::new(""));
}

#[cfg(test)]
pub(super) fn remove_unfinished_in(folder: &Path) {
    unfinished().remove_in(folder);
}

/// Removes a temporary file or folder. Its program ends, or has an error to report
/// already, so errors are ignored.
fn remove(path: &Path) {
    if fs::remove_file(path).is_err() {
        // Another thread or machine may still add files to a folder.
        for _ in 0..100 {
            match fs::remove_dir_all(path) {
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {}
                _ => return,
            }
        }
    }
}

impl Name {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs code that gives what has this name its final one. No signal handler removes
    /// it meanwhile. What the code took out of the way is returned, under the temporary
    /// name that the code gave it.
    pub(super) fn become_with(
        mut self,
        rename: impl FnOnce(&Path) -> io::Result<Option<PathBuf>>,
    ) -> io::Result<Option<Self>> {
        let mut unfinished = unfinished();
        let before = rename(&self.path)?;
        self.is_there = false;
        unfinished.paths.remove(&self.path);
        Ok(before.map(|before| unfinished.add(before)))
    }

    fn become_file(self, output: &OutputFile) -> io::Result<()> {
        self.become_with(|path| {
            match output.existing {
                Existing::Keep => rename_to_new(path, &output.target)?,
                Existing::Replace | Existing::Append => fs::rename(path, &output.target)?,
            }
            Ok(None)
        })?;
        Ok(())
    }
}

/// Renames a file; an error if there is a file of the new name.
pub(super) fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // The system or the file system does not support this.
            Err(Errno::NOSYS | Errno::INVAL) => {}
            renamed => return Ok(renamed?),
        }
    }
    link_to_new(from, to)
}

/// Does the same where the system cannot rename in this way.
pub(super) fn link_to_new(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => {
            // The file is in place, so an error is ignored.
            fs::remove_file(from).ok();
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // The file system has no links: the name is taken first.
        Err(_) => {
            File::create_new(to)?;
            fs::rename(from, to)
        }
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        if self.is_there {
            // It is removed first, so that everything that exists is listed.
            remove(&self.path);
            unfinished().paths.remove(&self.path);
        }
    }
}
