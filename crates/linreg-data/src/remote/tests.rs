use std::fmt;
use std::io::Write;
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow_array::{ArrayRef, Float64Array, RecordBatch};
use bytes::Bytes;
use futures_lite::{Stream, StreamExt, stream};
use object_store::client::{HttpError, HttpErrorKind};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetRange, GetResult, GetResultPayload, ListResult,
    MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions,
    PutPayload, PutResult, Result,
};

use super::list::keys;
use super::runtime::start;
use super::store::Place;
use super::{Held, RemoteFile};
use crate::input::InputFile;
use crate::open::source_of;
use crate::{
    ChunkOrder, CsvOptions, DataError, FileProblem, RemoteKind, RemoteProblem, Source, TableFormat,
    TableWriter, read,
};

/// What a server does wrong.
#[derive(Clone, Copy, Default)]
struct Faults {
    /// Closes the connection after so many bytes of an answer.
    cut: Option<usize>,
    /// Sends nothing more after so many bytes of an answer.
    silent: Option<usize>,
    /// Does not tell the mark of a version.
    no_etag: bool,
    /// Does not compare the mark of a version.
    no_compare: bool,
}

/// A store that notes what it is asked for, and that has faults.
#[derive(Default)]
struct Server {
    objects: InMemory,
    asked: Mutex<Vec<Range<u64>>>,
    faults: Mutex<Faults>,
}

type Stored<T> = Pin<Box<dyn Stream<Item = Result<T>> + Send>>;

#[async_trait::async_trait]
impl ObjectStore for Server {
    async fn get_opts(&self, path: &Path, mut options: GetOptions) -> Result<GetResult> {
        if let Some(GetRange::Bounded(range)) = &options.range {
            self.asked.lock().unwrap().push(range.clone());
        }
        let faults = *self.faults.lock().unwrap();
        if faults.no_compare {
            options.if_match = None;
        }
        let mut answer = self.objects.get_opts(path, options).await?;
        if faults.no_etag {
            answer.meta.e_tag = None;
        }
        let (meta, range) = (answer.meta.clone(), answer.range.clone());
        let attributes = answer.attributes.clone();
        let bytes = answer.bytes().await?;
        let first = faults.cut.or(faults.silent).unwrap_or(bytes.len());
        let first = bytes.slice(..first.min(bytes.len()));
        let is_short = first.len() < bytes.len();
        let pieces = stream::once(Ok(first));
        let payload: Stored<Bytes> = if is_short && faults.silent.is_some() {
            Box::pin(pieces.chain(stream::pending()))
        } else if is_short {
            let source = HttpError::new(
                HttpErrorKind::Interrupted,
                Error::NotImplemented {
                    operation: String::new(),
                    implementer: String::new(),
                },
            );
            let source = Box::new(source);
            let error = Error::Generic {
                store: "test",
                source,
            };
            Box::pin(pieces.chain(stream::once(Err(error))))
        } else {
            Box::pin(pieces)
        };
        Ok(GetResult {
            payload: GetResultPayload::Stream(payload),
            meta,
            range,
            attributes,
            extensions: Default::default(),
        })
    }

    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        unreachable!()
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        unreachable!()
    }

    fn delete_stream(&self, _: Stored<Path>) -> Stored<Path> {
        unreachable!()
    }

    fn list(&self, prefix: Option<&Path>) -> Stored<ObjectMeta> {
        self.objects.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.objects.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        unreachable!()
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Server")
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Server")
    }
}

impl Server {
    fn new(name: &str, content: impl Into<Bytes>) -> Arc<Self> {
        let server = Arc::<Self>::default();
        server.put(name, content);
        server
    }

    fn put(self: &Arc<Self>, name: &str, content: impl Into<Bytes>) {
        let (server, name) = (self.clone(), Path::from(name));
        let content = PutPayload::from(content.into());
        let put = async move { server.objects.put(&name, content).await };
        futures_lite::future::block_on(put).unwrap();
    }

    fn place(self: &Arc<Self>, name: &str) -> Place {
        Place {
            store: self.clone(),
            path: Path::from(name),
            kind: RemoteKind::S3,
            limit: Duration::from_secs(5),
        }
    }

    fn file(self: &Arc<Self>, name: &str) -> std::result::Result<RemoteFile, RemoteProblem> {
        RemoteFile::at(self.place(name), None)
    }

    fn table(self: &Arc<Self>, name: &str) -> std::result::Result<Box<dyn Source>, DataError> {
        let input = InputFile::remote(self.file(name).unwrap(), name);
        source_of(input, &CsvOptions::default(), None)
    }

    fn set(&self, faults: Faults) {
        *self.faults.lock().unwrap() = faults;
    }

    /// The number of requests since the last call, and their bytes.
    fn asked(&self) -> (usize, u64) {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        (
            asked.len(),
            asked.iter().map(|range| range.end - range.start).sum(),
        )
    }
}

const ROWS: usize = 300_000;

/// A table as text, compressed text, Parquet and Arrow.
fn tables() -> Vec<(&'static str, Vec<u8>)> {
    let number = |row: usize| (crate::random::mix(row as u64) % 1_000_003) as f64 / 7.0;
    let column = |salt| -> ArrayRef {
        let numbers: Float64Array = (0..ROWS).map(|row| Some(number(row + salt))).collect();
        Arc::new(numbers)
    };
    let columns = [("x", column(0)), ("unused", column(1)), ("y", column(2))];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let written = |format| {
        let mut bytes = Vec::new();
        let mut writer = TableWriter::new(&mut bytes, format, batch.schema()).unwrap();
        for start in (0..ROWS).step_by(100_000) {
            writer.write(&batch.slice(start, 100_000)).unwrap();
        }
        writer.finish().unwrap();
        bytes
    };
    let text = written(TableFormat::Csv);
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&text).unwrap();
    vec![
        ("t.csv", text),
        ("t.csv.gz", gz.finish().unwrap()),
        ("t.parquet", written(TableFormat::Parquet)),
        ("t.arrow", written(TableFormat::Arrow)),
    ]
}

/// All cells of two columns, in the order of the table.
fn cells(source: &dyn Source) -> std::result::Result<Vec<RecordBatch>, DataError> {
    let chunks = read(source, &[0, 2], ChunkOrder::File, |chunk| Ok(chunk.batch))?;
    chunks.collect()
}

fn rows(batches: &[RecordBatch]) -> RecordBatch {
    arrow_select::concat::concat_batches(&batches[0].schema(), batches).unwrap()
}

#[test]
fn tables_are_those_of_local_files_and_take_few_requests() {
    for (name, bytes) in tables() {
        let local = crate::testing::file(name, &bytes);
        let expected = rows(&cells(local.open().unwrap().as_ref()).unwrap());
        let size = bytes.len() as u64;
        let server = Server::new(name, bytes);
        let table = server.table(name).unwrap();
        let (opening, _) = server.asked();
        assert!(opening <= 5, "{name}: {opening} requests");
        for pass in 0..2 {
            assert_eq!(rows(&cells(table.as_ref()).unwrap()), expected, "{name}");
            let (requests, bytes) = server.asked();
            let most = if name == "t.parquet" { 8 } else { 12 };
            assert!(requests <= most, "{name}, pass {pass}: {requests} requests");
            assert!(bytes <= size + 1, "{name}, pass {pass}: {bytes} of {size}");
        }
    }
}

#[test]
fn parquet_files_are_read_by_the_ranges_of_their_columns() {
    let (name, bytes) = tables().swap_remove(2);
    let size = bytes.len() as u64;
    let server = Server::new(name, bytes);
    let table = server.table(name).unwrap();
    server.asked();
    let one = read(table.as_ref(), &[2], ChunkOrder::File, |chunk| {
        Ok(chunk.batch)
    })
    .unwrap();
    assert_eq!(
        one.map(|batch| batch.unwrap().num_rows()).sum::<usize>(),
        ROWS
    );
    let (requests, bytes) = server.asked();
    assert!(
        requests <= 4 && bytes < size * 2 / 5,
        "{requests}, {bytes} of {size}"
    );
}

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
    let error = file.bytes_at(0..4000, &Held::default()).unwrap_err();
    assert_eq!(
        error.downcast::<RemoteProblem>().unwrap(),
        RemoteProblem::Cut
    );
    assert!(file.check().is_err());
    // The next pass may have more luck.
    server.set(Faults::default());
    file.begin_pass().unwrap();
    file.check().unwrap();
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

#[test]
fn a_missing_file_is_not_there_and_an_empty_one_is_empty() {
    let server = Server::new("empty", "");
    assert_eq!(server.file("other").err(), Some(RemoteProblem::NotFound));
    assert_eq!(server.file("empty").unwrap().num_bytes(), 0);
    let error = server.table("empty").err().unwrap().to_string();
    assert!(error.starts_with("empty: the file is empty"), "{error}");
}

#[test]
fn threads_of_another_runtime_may_wait() {
    let server = Server::new("t.csv", "x,u,y\n1,2,3\n");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let read = async { cells(server.table("t.csv").unwrap().as_ref()).unwrap() };
    assert_eq!(rows(&runtime.block_on(read)).num_rows(), 1);
}

#[test]
fn a_pattern_stands_for_the_objects_that_match() {
    let server = Server::new("a/1.csv", "1");
    for name in [
        "a/10.csv",
        "a/2.csv",
        "a/2.txt",
        "a/b/3.csv",
        "c/b/3.csv",
        "1.csv",
    ] {
        server.put(name, "1");
    }
    let of = |folder: &str, pattern: &str| {
        let found = keys(server.place(folder), pattern);
        found.map_err(|problem| problem.to_string())
    };
    for (folder, pattern, expected) in [
        ("a", "a/*.csv", &["a/1.csv", "a/10.csv", "a/2.csv"][..]),
        ("a", "a/?.csv", &["a/1.csv", "a/2.csv"]),
        ("a", "a/[13].csv", &["a/1.csv"]),
        ("", "*.csv", &["1.csv"]),
        ("", "*/b/*.csv", &["a/b/3.csv", "c/b/3.csv"]),
        (
            "a",
            "a/**/*.csv",
            &["a/1.csv", "a/10.csv", "a/2.csv", "a/b/3.csv"],
        ),
    ] {
        assert_eq!(of(folder, pattern).unwrap(), expected, "{pattern}");
    }
    assert_eq!(
        of("a", "a/*.zip").unwrap_err(),
        "no file matches this pattern"
    );
    assert!(
        of("a", "a/[.csv")
            .unwrap_err()
            .starts_with("Pattern syntax error")
    );
}

#[test]
fn work_that_panics_is_an_error_for_who_waits() {
    let pending = start(async { if ROWS > 0 { panic!("no") } else { Ok(()) } }).unwrap();
    assert_eq!(pending.wait(), Err(RemoteProblem::Other));
}
