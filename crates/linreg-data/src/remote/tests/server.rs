//! A store in memory that notes what it is asked for, and that has faults.

use std::fmt;
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

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

use crate::input::InputFile;
use crate::open::source_of;
use crate::remote::RemoteFile;
use crate::remote::store::Place;
use crate::{CsvOptions, DataError, RemoteKind, RemoteProblem, Source};

/// What a server does wrong.
#[derive(Clone, Copy, Default)]
pub(super) struct Faults {
    /// Closes the connection after so many bytes of an answer.
    pub(super) cut: Option<usize>,
    /// Sends nothing more after so many bytes of an answer.
    pub(super) silent: Option<usize>,
    /// Does not tell the mark of a version.
    pub(super) no_etag: bool,
    /// Does not compare the mark of a version.
    pub(super) no_compare: bool,
}

/// A store that notes what it is asked for, and that has faults.
#[derive(Default)]
pub(super) struct Server {
    pub(super) objects: InMemory,
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
    pub(super) fn new(name: &str, content: impl Into<Bytes>) -> Arc<Self> {
        let server = Arc::<Self>::default();
        server.put(name, content);
        server
    }

    pub(super) fn put(self: &Arc<Self>, name: &str, content: impl Into<Bytes>) {
        let (server, name) = (self.clone(), Path::from(name));
        let content = PutPayload::from(content.into());
        let put = async move { server.objects.put(&name, content).await };
        futures_lite::future::block_on(put).unwrap();
    }

    pub(super) fn place(self: &Arc<Self>, name: &str) -> Place {
        Place {
            store: self.clone(),
            path: Path::from(name),
            kind: RemoteKind::S3,
            limit: Duration::from_secs(5),
        }
    }

    pub(super) fn file(
        self: &Arc<Self>,
        name: &str,
    ) -> std::result::Result<RemoteFile, RemoteProblem> {
        RemoteFile::at(self.place(name), None)
    }

    pub(super) fn table(
        self: &Arc<Self>,
        name: &str,
    ) -> std::result::Result<Box<dyn Source>, DataError> {
        let input = InputFile::remote(self.file(name).unwrap(), name);
        source_of(input, &CsvOptions::default(), None)
    }

    pub(super) fn set(&self, faults: Faults) {
        *self.faults.lock().unwrap() = faults;
    }

    /// The number of requests since the last call, and their bytes.
    pub(super) fn asked(&self) -> (usize, u64) {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        (
            asked.len(),
            asked.iter().map(|range| range.end - range.start).sum(),
        )
    }
}
