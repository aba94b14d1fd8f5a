use std::io::Write;

use tempfile::TempDir;

use super::new_file::{link_to_new, rename_to_new};
use super::*;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn names(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

/// Returns a new file of each kind: one without a name, where the system supports
/// it, and one with a name.
fn new_files(output: &OutputFile) -> [NewFile; 2] {
    [
        output.create().unwrap(),
        NewFile::with_name(output.clone()).unwrap(),
    ]
}

fn message(path: &Path, existing: Existing) -> String {
    let error = OutputFile::new(path, existing).unwrap_err();
    let text = error.to_string();
    let path = path.display().to_string();
    text.strip_prefix(&(path + ": ")).unwrap().to_string()
}

#[test]
fn a_file_is_there_whole_or_not_at_all() {
    for index in 0..2 {
        let folder = folder();
        let path = folder.path().join("out");
        let output = OutputFile::new(&path, Existing::Keep).unwrap();
        let mut file = new_files(&output).into_iter().nth(index).unwrap();
        file.write_all(b"new").unwrap();
        assert!(!path.exists());
        file.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(&folder), ["out"]);
    }
}

#[test]
fn what_is_not_finished_leaves_the_old_file_and_nothing_else() {
    for index in 0..2 {
        let folder = folder();
        let path = folder.path().join("out");
        fs::write(&path, "old").unwrap();
        let output = OutputFile::new(&path, Existing::Replace).unwrap();
        let mut file = new_files(&output).into_iter().nth(index).unwrap();
        file.write_all(b"new").unwrap();
        drop(file);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(&folder), ["out"]);
    }
}

#[test]
fn a_program_that_is_told_to_end_can_remove_what_it_has_not_finished() {
    let folder = folder();
    let output = OutputFile::new(folder.path().join("out"), Existing::Keep).unwrap();
    let files = new_files(&output);
    assert_eq!(
        names(&folder).len(),
        if cfg!(target_os = "linux") { 1 } else { 2 }
    );
    new_file::remove_unfinished_in(&fs::canonicalize(folder.path()).unwrap());
    assert_eq!(names(&folder).len(), 0);
    drop(files);
}

#[test]
fn a_file_that_is_there_is_replaced_only_where_it_may_be() {
    let folder = folder();
    let path = folder.path().join("out");
    fs::write(&path, "old").unwrap();
    assert_eq!(message(&path, Existing::Keep), "the file exists");
    for (index, content) in [&b"first"[..], b"second"].into_iter().enumerate() {
        let output = OutputFile::new(&path, Existing::Replace).unwrap();
        let mut file = new_files(&output).into_iter().nth(index).unwrap();
        file.write_all(content).unwrap();
        file.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), content);
        assert_eq!(names(&folder), ["out"]);
    }
}

#[test]
fn a_file_that_appears_meanwhile_is_kept() {
    for index in 0..2 {
        let folder = folder();
        let path = folder.path().join("out");
        let output = OutputFile::new(&path, Existing::Keep).unwrap();
        let file = new_files(&output).into_iter().nth(index).unwrap();
        fs::write(&path, "another's").unwrap();
        let error = file.finish().unwrap_err().to_string();
        assert!(error.ends_with(": the file exists"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"another's");
        assert_eq!(names(&folder), ["out"]);
    }
}

#[test]
fn inputs_and_other_outputs_are_no_outputs() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("in"), "rows").unwrap();
    fs::create_dir(path("sub")).unwrap();
    let mut files = OutputFiles::beside([path("in"), path("nothing")]);
    for again in [path("in"), path("./in"), path("sub/../in")] {
        let error = files.add("model", &again, Existing::Replace).unwrap_err();
        assert!(matches!(error.problem, OutputProblem::IsRead), "{error}");
    }
    files.add("model", path("out"), Existing::Keep).unwrap();
    let error = files.add("log", path("sub/../out"), Existing::Append);
    assert!(
        error
            .unwrap_err()
            .to_string()
            .ends_with("the model and the log are the same file; name another for one of them")
    );
    files.read(path("in"));
    files.add("log", path("log"), Existing::Append).unwrap();
    assert_eq!(names(&folder).len(), 2);
}

#[cfg(unix)]
#[test]
fn a_hard_link_to_an_input_is_that_input() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("in"), "rows").unwrap();
    fs::hard_link(path("in"), path("same")).unwrap();
    std::os::unix::fs::symlink("same", path("link")).unwrap();
    let mut files = OutputFiles::beside([path("in")]);
    for again in ["same", "link"] {
        let error = files.add("model", path(again), Existing::Replace);
        assert!(matches!(error.unwrap_err().problem, OutputProblem::IsRead));
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_refused() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    assert_eq!(
        message(Path::new("/dev/null"), Existing::Replace),
        "this is a device, and only a regular file can be written whole or not at all; name a file"
    );
    std::os::unix::fs::symlink("/dev/full", path("full")).unwrap();
    assert!(message(&path("full"), Existing::Append).starts_with("this is a device, "));
    let pipe = std::process::Command::new("mkfifo")
        .arg(path("pipe"))
        .status();
    assert!(pipe.unwrap().success());
    assert!(message(&path("pipe"), Existing::Replace).starts_with("this is a pipe, "));
    let inside = "this is a folder; name a file in it";
    fs::create_dir(path("sub")).unwrap();
    for name in ["sub", "sub/", "new/", ".", "sub/.."] {
        assert_eq!(message(&path(name), Existing::Replace), inside, "{name}");
    }
    let missing = message(&path("none/out"), Existing::Keep);
    assert!(missing.starts_with("there is no folder "), "{missing}");
    let in_a_file = {
        fs::write(path("file"), "").unwrap();
        message(&path("file/out"), Existing::Keep)
    };
    assert!(in_a_file.starts_with("Not a directory"), "{in_a_file}");
    std::os::unix::fs::symlink("nothing", path("dangling")).unwrap();
    assert_eq!(
        message(&path("dangling"), Existing::Replace),
        "this links to nothing, which does not exist; remove the link"
    );
    std::os::unix::fs::symlink("loop", path("loop")).unwrap();
    message(&path("loop"), Existing::Replace);
}

#[cfg(unix)]
#[test]
fn a_name_as_long_as_names_can_be_works_and_a_longer_one_is_told_at_once() {
    let folder = folder();
    let longest = folder.path().join("x".repeat(255));
    let output = OutputFile::new(&longest, Existing::Keep).unwrap();
    for file in new_files(&output) {
        fs::remove_file(&longest).ok();
        file.finish().unwrap();
    }
    let output = OutputFile::new(&longest, Existing::Replace).unwrap();
    output.create().unwrap().finish().unwrap();
    let longer = folder.path().join("x".repeat(256));
    assert!(message(&longer, Existing::Keep).starts_with("File name too long"));
}

#[test]
fn a_folder_that_is_gone_is_told_without_a_temporary_name() {
    let folder = folder();
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let path = inner.join("out");
    let output = OutputFile::new(&path, Existing::Keep).unwrap();
    fs::remove_dir(&inner).unwrap();
    let named = NewFile::with_name(output.clone());
    let named = named.map_err(|error| output.error(error));
    let expected = format!("{}: No such file or directory (os error 2)", path.display());
    for found in [output.create(), named] {
        let found = found.unwrap_err().to_string();
        assert!(found == expected || cfg!(not(unix)), "{found}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_to_the_file_that_is_replaced() {
    let folder = folder();
    let (file, link) = (folder.path().join("file"), folder.path().join("link"));
    fs::write(&file, "old").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let output = OutputFile::new(&link, Existing::Replace).unwrap();
    let mut new = output.create().unwrap();
    new.write_all(b"new").unwrap();
    new.finish().unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read(&file).unwrap(), b"new");
}

#[cfg(unix)]
#[test]
fn a_new_file_has_from_the_start_the_permissions_of_the_one_it_replaces() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let folder = folder();
    let path = folder.path().join("out");
    for mode in [0o600, 0o640, 0o666, 0o444] {
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        let output = OutputFile::new(&path, Existing::Replace).unwrap();
        for new in new_files(&output) {
            let found = new.file().metadata().unwrap().mode();
            assert_eq!(found & 0o7777, mode);
            new.finish().unwrap();
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, mode);
        }
        fs::remove_file(&path).unwrap();
    }
    // A file that did not exist before gets the default permissions.
    fs::write(folder.path().join("any"), "").unwrap();
    let any = fs::metadata(folder.path().join("any")).unwrap().mode();
    let output = OutputFile::new(&path, Existing::Replace).unwrap();
    for new in new_files(&output) {
        assert_eq!(new.file().metadata().unwrap().mode(), any);
    }
}

#[test]
fn a_log_is_written_on_as_work_goes_on() {
    let folder = folder();
    let path = folder.path().join("log");
    let line = |existing, text: &str| {
        let output = OutputFile::new(&path, existing).unwrap();
        let mut file = output.append().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        fs::read_to_string(&path).unwrap()
    };
    assert_eq!(line(Existing::Keep, "a"), "a");
    assert_eq!(message(&path, Existing::Keep), "the file exists");
    assert_eq!(line(Existing::Append, "b"), "ab");
    assert_eq!(line(Existing::Replace, "c"), "c");
}

#[test]
fn a_file_that_is_renamed_to_a_new_name_replaces_none() {
    for rename in [rename_to_new, link_to_new] {
        let folder = folder();
        let [from, to] = ["from", "to"].map(|name| folder.path().join(name));
        fs::write(&from, "new").unwrap();
        fs::write(&to, "old").unwrap();
        let error = rename(&from, &to).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&to).unwrap(), "old");
        assert_eq!(fs::read_to_string(&from).unwrap(), "new");
        fs::remove_file(&to).unwrap();
        rename(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(&to).unwrap(), "new");
        assert_eq!(names(&folder), ["to"]);
    }
}
