use std::fs::{self, DirBuilder, File};
use std::io;
use std::path::{Path, PathBuf};

use super::new_file::{Name, take_after, under_unused_name};

/// A folder that is there with all of its files or not at all.
///
/// The files are written to a temporary folder beside it, with the permissions of the
/// folder that it replaces, if any. It is removed when this value is dropped, and by
/// [`remove_unfinished_files`](super::remove_unfinished_files). A program that is killed
/// leaves it, under a name that starts with `.linreg-`.
///
/// # Example
///
/// ```
/// use linreg_model::NewFolder;
///
/// # fn main() -> std::io::Result<()> {
/// # let folder = tempfile::tempdir()?;
/// let target = folder.path().join("results");
/// let results = NewFolder::new(&target, false)?;
/// std::fs::write(results.path().join("one.csv"), "x\n1\n")?;
/// assert!(!target.exists());
/// results.finish()?;
/// assert!(target.join("one.csv").exists());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct NewFolder {
    /// Without symbolic links.
    target: PathBuf,
    replace: bool,
    name: Name,
}

impl NewFolder {
    /// Makes the temporary folder. A symbolic link is followed: the folder to which it
    /// leads is replaced.
    ///
    /// # Errors
    ///
    /// Something of this name, without `replace`; what is no folder, or one on which a
    /// file system is mounted; a parent that does not exist, or in which no folder can
    /// be made.
    pub fn new(target: &Path, replace: bool) -> io::Result<Self> {
        let target = resolved(target)?;
        let refused = |message: &str| io::Error::new(io::ErrorKind::InvalidInput, message);
        let parent = target
            .parent()
            .ok_or_else(|| refused("the root cannot be replaced"))?;
        let before = match File::open(&target) {
            Ok(_) if !replace => return Err(io::ErrorKind::AlreadyExists.into()),
            Ok(before) => Some(before),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let before = before.map(|before| before.metadata()).transpose()?;
        if let Some(before) = &before {
            if !before.is_dir() {
                return Err(io::ErrorKind::NotADirectory.into());
            }
            #[cfg(unix)]
            {
                use std::os::unix::fs::MetadataExt;
                if before.dev() != fs::metadata(parent)?.dev() {
                    return Err(refused(
                        "a file system is mounted here, so that it cannot be replaced; name a folder in it",
                    ));
                }
            }
        }
        let ((), name) = under_unused_name(parent, |path| make(path, before.is_some()))?;
        if before.is_some() {
            take_after(&File::open(name.path())?, before.as_ref())?;
        }
        Ok(Self {
            target,
            replace,
            name,
        })
    }

    /// The temporary folder.
    pub fn path(&self) -> &Path {
        self.name.path()
    }

    /// The folder that it becomes, without symbolic links.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Puts the folder in place. If the machine stops at any moment, either the previous
    /// folder or this one is there, where the system can exchange two folders in one step
    /// (Linux and macOS can).
    ///
    /// # Errors
    ///
    /// Errors of the file system, and a folder that has appeared since, where an existing
    /// one is to be kept.
    pub fn finish(self) -> io::Result<()> {
        let Some(before) = self.put_in_place()? else {
            return Ok(());
        };
        let before = before.path();
        fs::remove_dir_all(before).map_err(|error| {
            let before = before.display();
            let message = format!(
                "the new folder is in its place, but the one before it, now {before}, cannot be removed: {error}"
            );
            io::Error::new(error.kind(), message)
        })
    }

    /// Returns the folder that was there before.
    fn put_in_place(self) -> io::Result<Option<Name>> {
        let Self {
            target,
            replace,
            name,
        } = self;
        flush(name.path());
        let before = name.become_with(|path| {
            if replace && target.exists() {
                exchange(path, &target).map(Some)
            } else {
                rename_to_new(path, &target).map(|()| None)
            }
        })?;
        flush(target.parent().unwrap_or(&target));
        Ok(before)
    }
}

/// Returns an absolute path without symbolic links. The last part need not exist.
fn resolved(target: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let target = std::path::absolute(target)?;
            let (Some(parent), Some(name)) = (target.parent(), target.file_name()) else {
                return Err(error);
            };
            Ok(fs::canonicalize(parent)?.join(name))
        }
        resolved => resolved,
    }
}

/// Makes a folder; one that replaces another is private until it has its permissions.
fn make(path: &Path, replaces: bool) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    if replaces {
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    }
    let _ = replaces;
    builder.create(path)
}

/// Not every system can open folders, and a folder that is not flushed is still whole
/// unless the machine stops, so errors are ignored.
fn flush(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        folder.sync_all().ok();
    }
}

/// Renames a folder; an error if there is something of the new name.
fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
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
    if to.symlink_metadata().is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    fs::rename(from, to)
}

/// Gives a folder the name of another one, and returns where that one is now.
fn exchange(from: &Path, to: &Path) -> io::Result<PathBuf> {
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, from, CWD, to, RenameFlags::EXCHANGE) {
            Err(Errno::NOSYS | Errno::INVAL) => {}
            Err(error) => return Err(error.into()),
            Ok(()) => return Ok(from.to_path_buf()),
        }
    }
    exchange_in_steps(from, to)
}

/// Does the same where the system cannot exchange names.
fn exchange_in_steps(from: &Path, to: &Path) -> io::Result<PathBuf> {
    let before = from.with_extension("before");
    rename_to_new(to, &before)?;
    let Err(error) = rename_to_new(from, to) else {
        return Ok(before);
    };
    match rename_to_new(&before, to) {
        Ok(()) => Err(error),
        Err(_) => {
            let message = format!("{error}; what was here is now {}", before.display());
            Err(io::Error::new(error.kind(), message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(parent: &Path, name: &str, content: &str) -> PathBuf {
        let folder = parent.join(name);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("file"), content).unwrap();
        folder
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn an_unfinished_folder_is_removed_and_the_one_before_it_stays() {
        let parent = tempfile::tempdir().unwrap();
        let target = filled(parent.path(), "p", "before");
        let folder = NewFolder::new(&target, true).unwrap();
        fs::write(folder.path().join("file"), "after").unwrap();
        drop(folder);
        assert_eq!(fs::read_to_string(target.join("file")).unwrap(), "before");
        assert_eq!(names(parent.path()), ["p"]);
    }

    #[test]
    fn a_finished_folder_replaces_the_one_before_it_and_nothing_is_left() {
        let parent = tempfile::tempdir().unwrap();
        let target = filled(parent.path(), "p", "before");
        assert!(NewFolder::new(&target, false).is_err());
        let folder = NewFolder::new(&target, true).unwrap();
        fs::write(folder.path().join("other"), "after").unwrap();
        folder.finish().unwrap();
        assert_eq!(names(&target), ["other"]);
        assert_eq!(names(parent.path()), ["p"]);
    }

    #[test]
    fn a_folder_that_has_appeared_meanwhile_is_kept() {
        let parent = tempfile::tempdir().unwrap();
        let folder = NewFolder::new(&parent.path().join("p"), false).unwrap();
        let target = filled(parent.path(), "p", "meanwhile");
        let error = folder.finish().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(names(&target), ["file"]);
        assert_eq!(names(parent.path()), ["p"]);
    }

    #[test]
    fn a_signal_between_writing_and_finishing_leaves_no_half_of_it() {
        let parent = tempfile::tempdir().unwrap();
        let target = parent.path().join("p");
        let folder = NewFolder::new(&target, false).unwrap();
        fs::write(folder.path().join("file"), "new").unwrap();
        crate::output_file::new_file::remove_unfinished_in(parent.path());
        assert!(folder.finish().is_err());
        assert!(names(parent.path()).is_empty());
    }

    #[test]
    fn a_signal_after_finishing_leaves_nothing_of_the_folder_before() {
        let parent = tempfile::tempdir().unwrap();
        let target = filled(parent.path(), "p", "before");
        let folder = NewFolder::new(&target, true).unwrap();
        fs::write(folder.path().join("file"), "after").unwrap();
        let before = folder.put_in_place().unwrap();
        assert_eq!(names(parent.path()).len(), 2);
        crate::output_file::new_file::remove_unfinished_in(parent.path());
        // The program ends.
        std::mem::forget(before);
        assert_eq!(names(parent.path()), ["p"]);
        assert_eq!(fs::read_to_string(target.join("file")).unwrap(), "after");
    }

    #[test]
    fn folders_are_exchanged_in_steps_where_the_system_cannot_do_it_in_one() {
        let parent = tempfile::tempdir().unwrap();
        let new = filled(parent.path(), ".linreg-1-0", "after");
        let target = filled(parent.path(), "p", "before");
        let before = exchange_in_steps(&new, &target).unwrap();
        assert_eq!(fs::read_to_string(target.join("file")).unwrap(), "after");
        assert_eq!(fs::read_to_string(before.join("file")).unwrap(), "before");
        // Without a new folder, the one before it stays.
        fs::remove_dir_all(before).unwrap();
        assert!(exchange_in_steps(&new, &target).is_err());
        assert_eq!(fs::read_to_string(target.join("file")).unwrap(), "after");
        assert_eq!(names(parent.path()), ["p"]);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_kept_and_links_are_followed() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let parent = tempfile::tempdir().unwrap();
        let target = filled(parent.path(), "p", "before");
        fs::set_permissions(&target, fs::Permissions::from_mode(0o700)).unwrap();
        let link = parent.path().join("link");
        symlink(&target, &link).unwrap();
        let folder = NewFolder::new(&link, true).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(folder.path()), 0o700);
        folder.finish().unwrap();
        assert_eq!(mode(&target), 0o700);
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert!(names(&link).is_empty());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_mount_point_is_refused_before_the_work() {
        let error = NewFolder::new(Path::new("/proc"), true).unwrap_err();
        assert!(error.to_string().contains("mounted here"), "{error}");
    }

    #[test]
    fn what_is_no_folder_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(NewFolder::new(&file, true).is_err());
        assert!(NewFolder::new(&file.join("p"), true).is_err());
        assert!(NewFolder::new(&parent.path().join("no/p"), true).is_err());
        assert!(NewFolder::new(Path::new("/"), true).is_err());
    }
}
