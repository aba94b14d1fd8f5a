//! Files that change, and connections that are cut or silent.

use std::time::Duration;

use bytes::Bytes;
use object_store::ObjectStoreExt;
use object_store::path::Path;

use super::server::{Faults, Server};
use super::{cells, tables};
use crate::remote::store::Place;
use crate::remote::{Held, RemoteFile, watch};
use crate::{DataError, FileProblem, RemoteProblem};

#[test]
fn a_file_that_is_replaced_between_passes_gives_no_rows() {
    for (name, bytes) in tables() {
        for faults in [
            Faults::default(),
            Faults {
                no_compare: true,
                ..Faults::default()
            },
            Faults {
                no_etag: true,
                no_compare: true,
                ..Faults::default()
            },
        ] {
            let server = Server::new(name, bytes.clone());
            server.set(faults);
            let table = server.table(name).unwrap();
            cells(table.as_ref()).unwrap();
            std::thread::sleep(Duration::from_millis(2));
            server.put(name, bytes.clone());
            for _ in 0..2 {
                let error = cells(table.as_ref()).unwrap_err();
                assert!(is(&error, &RemoteProblem::Changed), "{name}: {error}");
            }
        }
    }
}

fn is(error: &DataError, expected: &RemoteProblem) -> bool {
    let DataError::File {
        problem: FileProblem::Remote(problem),
        ..
    } = error
    else {
        return false;
    };
    problem == expected
}

#[test]
fn a_small_file_is_not_read_from_memory_after_a_change() {
    for change in [Some("x,y\n1,2\n"), Some("x,y\n1,2\n3,4\n"), None] {
        let server = Server::new("t.csv", "x,u,y\n1,2,3\n");
        let table = server.table("t.csv").unwrap();
        cells(table.as_ref()).unwrap();
        match change {
            Some(text) => server.put("t.csv", text),
            None => {
                let path = Path::from("t.csv");
                let delete = server.objects.delete(&path);
                futures_lite::future::block_on(delete).unwrap();
            }
        }
        let error = cells(table.as_ref()).unwrap_err();
        assert!(is(&error, &RemoteProblem::Changed), "{error}");
    }
}

#[test]
fn a_connection_that_is_cut_goes_on_where_it_was() {
    let bytes: Vec<u8> = (0..1000u32).flat_map(u32::to_le_bytes).collect();
    let server = Server::new("t", bytes.clone());
    let file = server.file("t").unwrap();
    // Nothing of this is in memory.
    let file = RemoteFile {
        first: Bytes::new(),
        ..file
    };
    server.asked();
    server.set(Faults {
        cut: Some(1200),
        ..Faults::default()
    });
    let found = file.bytes_at(0..4000, &Held::default()).unwrap();
    assert_eq!(found, bytes);
    assert_eq!(server.asked(), (4, 4000 + 2800 + 1600 + 400));
    // It is cut again and again.
    server.set(Faults {
        cut: Some(10),
        ..Faults::default()
    });
    let (read, problem) = watch(|| file.bytes_at(0..4000, &Held::default()));
    assert_eq!(
        read.unwrap_err().downcast::<RemoteProblem>().unwrap(),
        RemoteProblem::Cut
    );
    assert_eq!(problem, Some(RemoteProblem::Cut));
    // The next pass may have more luck.
    server.set(Faults::default());
    file.begin_pass().unwrap();
    assert_eq!(file.bytes_at(0..4000, &Held::default()).unwrap(), bytes);
}

#[test]
fn errors_of_the_connection_are_no_damaged_file() {
    for (name, bytes) in tables() {
        let server = Server::new(name, bytes);
        let table = server.table(name).unwrap();
        server.set(Faults {
            cut: Some(1000),
            ..Faults::default()
        });
        let error = cells(table.as_ref()).unwrap_err();
        assert!(is(&error, &RemoteProblem::Cut), "{name}: {error}");
        server.set(Faults::default());
        assert!(cells(table.as_ref()).is_ok(), "{name}");
    }
}

#[test]
fn a_pass_does_not_wait_for_requests_of_one_that_failed() {
    let server = Server::new("t", vec![b'a'; 100]);
    let file = server.file("t").unwrap();
    let file = RemoteFile {
        first: Bytes::new(),
        ..file
    };
    let all = || std::iter::once(0..100).collect();
    server.asked();
    server.set(Faults {
        silent: Some(10),
        ..Faults::default()
    });
    let waiting = file.hold(all());
    while server.asked() == (0, 0) {
        std::thread::yield_now();
    }
    server.set(Faults {
        cut: Some(10),
        ..Faults::default()
    });
    file.bytes_at(0..100, &Held::default()).unwrap_err();
    server.set(Faults::default());
    file.begin_pass().unwrap();
    let held = file.hold(all());
    assert_eq!(file.bytes_at(0..100, &held).unwrap(), vec![b'a'; 100]);
    // Nor does a thread that reads on see what another one could not read.
    let (_, problem) = watch(|| {
        let of_other = || watch(|| file.bytes_at(0..100, &waiting)).1;
        let of_other = std::thread::scope(|scope| scope.spawn(of_other).join().unwrap());
        assert_eq!(of_other, Some(RemoteProblem::Silent(5)));
        file.bytes_at(0..100, &held).unwrap()
    });
    assert_eq!(problem, None);
}

#[test]
fn a_silent_server_is_an_error() {
    let server = Server::new("t", vec![b'a'; 100]);
    let place = |limit| Place {
        limit: Duration::from_millis(limit),
        ..server.place("t")
    };
    let file = RemoteFile::at(place(200), None).unwrap();
    let file = RemoteFile {
        first: Bytes::new(),
        ..file
    };
    server.set(Faults {
        silent: Some(10),
        ..Faults::default()
    });
    let error = file.bytes_at(0..100, &Held::default()).unwrap_err();
    assert_eq!(
        error.downcast::<RemoteProblem>().unwrap(),
        RemoteProblem::Silent(0)
    );
    let opened = RemoteFile::at(place(200), None).err();
    assert_eq!(opened, Some(RemoteProblem::Silent(0)));
}
