use std::fs;

use super::*;

fn message(file: &InputFile) -> String {
    let mut bytes = Vec::new();
    let checked = file.checked(|| file.reader().read_to_end(&mut bytes));
    let read = file.reader().read_to_end(&mut bytes);
    match (read, checked) {
        (Ok(_), Ok(Ok(_))) => String::new(),
        (Err(error), Err(checked)) => {
            assert_eq!(checked.to_string(), format!("t: {error}"));
            error.to_string()
        }
        (read, checked) => panic!("{read:?}, {checked:?}"),
    }
}

#[test]
fn a_file_that_is_not_the_one_opened_gives_no_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    type Change = fn(&Path);
    let changes: [(Change, &str); 6] = [
        (|_| (), ""),
        (|path| fs::write(path, "a\n2\n").unwrap(), CHANGED),
        (|path| fs::write(path, "a\n").unwrap(), CHANGED),
        // The new content has the same length and the same time.
        (
            |path| {
                let time = fs::metadata(path).unwrap().modified().unwrap();
                fs::write(path, "a\n3\n").unwrap();
                let file = File::options().write(true).open(path).unwrap();
                file.set_modified(time).unwrap();
            },
            if cfg!(unix) { CHANGED } else { "" },
        ),
        (
            |path| {
                let other = path.with_extension("new");
                fs::copy(path, &other).unwrap();
                fs::rename(other, path).unwrap();
            },
            REPLACED,
        ),
        (|path| fs::remove_file(path).unwrap(), REPLACED),
    ];
    for (change, expected) in changes {
        fs::write(&path, "a\n1\n").unwrap();
        let file = InputFile::open_as(&path, "t").unwrap();
        // The clock of the file system ticks a hundred times a second or more.
        std::thread::sleep(std::time::Duration::from_millis(20));
        change(&path);
        assert_eq!(message(&file), expected);
    }
}

#[test]
fn readers_do_not_move_each_other_and_an_unnamed_file_is_read_again() {
    let mut file = tempfile::tempfile().unwrap();
    io::Write::write_all(&mut file, b"abcdef").unwrap();
    let file = InputFile::unnamed(file, "t").unwrap();
    let (mut first, mut second) = (file.reader(), file.reader_at(2));
    let mut two = || {
        let mut bytes = [[0; 2]; 2];
        first.read_exact(&mut bytes[0]).unwrap();
        second.read_exact(&mut bytes[1]).unwrap();
        bytes
    };
    assert_eq!(two(), [*b"ab", *b"cd"]);
    assert_eq!(two(), [*b"cd", *b"ef"]);
    assert_eq!(file.bytes_at(5, 1).unwrap(), b"f");
    assert!(file.bytes_at(5, 2).is_err() && file.bytes_at(u64::MAX, 2).is_err());
    let mut reader = file.reader();
    assert_eq!(reader.seek(SeekFrom::End(-1)).unwrap(), 5);
    assert!(reader.seek(SeekFrom::Current(-6)).is_err());
}

#[cfg(not(feature = "object-store"))]
#[test]
fn a_url_is_an_error_that_names_the_feature() {
    let left_out = "files behind a URL are not compiled in; build with the feature `object-store`, or copy the file first";
    for (url, shown) in [
        ("s3://b/*.csv", "s3://b/*.csv"),
        ("https://u:p@h/a.csv?q=1", "https://h/a.csv"),
    ] {
        let files = [url.into()];
        let error = crate::open(&files, &Default::default(), crate::Passes::One);
        let message = error.err().unwrap().to_string();
        assert_eq!(message, format!("{shown}: {left_out}"));
    }
}

#[test]
fn a_folder_and_a_file_that_is_not_there_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let error = |path: &Path| InputFile::open_as(path, "t").err().unwrap().to_string();
    let missing = error(&folder.path().join("none"));
    assert!(
        missing.starts_with("t: No such file") || cfg!(windows),
        "{missing}"
    );
    if cfg!(unix) {
        let message = error(folder.path());
        assert_eq!(message, "t: this is a folder; name the files in it");
    }
}
