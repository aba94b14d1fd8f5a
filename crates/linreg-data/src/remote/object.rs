use std::ops::Range;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use futures_lite::StreamExt;
use object_store::{GetOptions, GetRange, GetResult, ObjectMeta, ObjectStore, ObjectStoreExt};
use tokio::time::{sleep, timeout};

use super::problem::problem;
use super::store::Place;
use crate::RemoteProblem;

/// The bytes that are read when a file is opened: enough to see its format and
/// its header row.
const FIRST_BYTES: u64 = 1 << 16;

/// How often a connection that was closed too early is made again.
const MOST_CUTS: u32 = 3;

/// The most memory that is set aside before bytes have come.
const MOST_AT_ONCE: usize = 1 << 24;

/// A version of an object in a store.
pub(super) struct Object {
    place: Place,
    pub version: Version,
}

/// What tells a version of an object from others.
#[derive(Debug, PartialEq)]
pub(super) struct Version {
    pub num_bytes: u64,
    pub etag: Option<String>,
    pub modified: Option<SystemTime>,
}

impl Version {
    fn of(found: &ObjectMeta) -> Self {
        let modified = SystemTime::from(found.last_modified);
        Self {
            num_bytes: found.size,
            etag: found.e_tag.clone().filter(|etag| !etag.is_empty()),
            // This is what a server stands for that does not tell the time.
            modified: (modified != SystemTime::UNIX_EPOCH).then_some(modified),
        }
    }

    /// Whether this is the other version, or cannot be told from it.
    fn is(&self, other: &Self) -> bool {
        let is_same = match (&self.etag, &other.etag) {
            (None, None) => self.modified == other.modified,
            (etag, other) => etag == other,
        };
        is_same && self.num_bytes == other.num_bytes
    }

    /// The mark that a server may be asked to compare. It must refuse a weak one.
    fn strong_etag(&self) -> Option<String> {
        self.etag.clone().filter(|etag| !etag.starts_with("W/"))
    }
}

impl Object {
    /// Opens an object and returns its first bytes.
    pub async fn open(place: Place) -> Result<(Self, Bytes), RemoteProblem> {
        let options = GetOptions {
            range: Some(GetRange::Bounded(0..FIRST_BYTES)),
            ..GetOptions::default()
        };
        let answer = match place.get(options).await {
            Ok(answer) => answer,
            // An empty object has no first bytes.
            Err(problem @ (RemoteProblem::Status(416) | RemoteProblem::Other)) => {
                let found = timeout(place.limit, place.store.head(&place.path)).await;
                return match found {
                    Ok(Ok(found)) if found.size == 0 => {
                        let version = Version::of(&found);
                        Ok((Self { place, version }, Bytes::new()))
                    }
                    _ => Err(problem),
                };
            }
            Err(problem) => return Err(problem),
        };
        let version = Version::of(&answer.meta);
        let object = Self { place, version };
        let first = FIRST_BYTES.min(object.version.num_bytes);
        let mut bytes = BytesMut::with_capacity(first as usize);
        let received = object.receive(answer, first as usize, &mut bytes).await;
        match received {
            Ok(()) => Ok((object, bytes.freeze())),
            Err(RemoteProblem::Cut) => {
                let first = object.get(0..first).await?;
                Ok((object, first))
            }
            Err(problem) => Err(problem),
        }
    }

    /// Reads a range of bytes that are in the object.
    pub async fn get(&self, range: Range<u64>) -> Result<Bytes, RemoteProblem> {
        let length = (range.end - range.start) as usize;
        // A file or a server may say that there is more than there is.
        let mut bytes = BytesMut::with_capacity(length.min(MOST_AT_ONCE));
        let mut cuts = 0;
        while bytes.len() < length {
            let from = range.start + bytes.len() as u64;
            match self.get_into(from..range.end, length, &mut bytes).await {
                Ok(()) => (),
                // Where versions have marks, the store has tried again already.
                Err(RemoteProblem::Cut)
                    if cuts < MOST_CUTS
                        && (range.start + bytes.len() as u64 > from
                            || self.version.etag.is_none()) =>
                {
                    sleep(Duration::from_millis(100 << cuts)).await;
                    cuts += 1;
                }
                // It was there when it was opened.
                Err(RemoteProblem::NotFound) => return Err(RemoteProblem::Changed),
                Err(problem) => return Err(problem),
            }
        }
        Ok(bytes.freeze())
    }

    async fn get_into(
        &self,
        range: Range<u64>,
        length: usize,
        bytes: &mut BytesMut,
    ) -> Result<(), RemoteProblem> {
        let options = GetOptions {
            range: Some(GetRange::Bounded(range.clone())),
            if_match: self.version.strong_etag(),
            ..GetOptions::default()
        };
        let answer = match self.place.get(options).await {
            // A shorter file may end before the range.
            Err(RemoteProblem::Status(416)) => return Err(RemoteProblem::Changed),
            answer => answer?,
        };
        // Some servers do not compare the mark.
        let is_same = Version::of(&answer.meta).is(&self.version);
        if !is_same || answer.range != range {
            return Err(RemoteProblem::Changed);
        }
        self.receive(answer, length, bytes).await
    }

    /// Receives bytes until there are `length`.
    async fn receive(
        &self,
        answer: GetResult,
        length: usize,
        bytes: &mut BytesMut,
    ) -> Result<(), RemoteProblem> {
        let mut pieces = answer.into_stream();
        while bytes.len() < length {
            let piece = self.place.in_time(pieces.next()).await?;
            let Some(piece) = piece else {
                return Err(RemoteProblem::Cut);
            };
            let piece = piece.map_err(|error| problem(&error, &self.place))?;
            if piece.len() > length - bytes.len() {
                return Err(RemoteProblem::Changed);
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(())
    }
}

impl Place {
    /// Asks for an object, or for a part of it.
    pub async fn get(&self, options: GetOptions) -> Result<GetResult, RemoteProblem> {
        let answer = self.store.get_opts(&self.path, options);
        let answer = self.in_time(answer).await?;
        answer.map_err(|error| problem(&error, self))
    }

    /// Waits, unless nothing comes for too long.
    pub async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, RemoteProblem> {
        let result = timeout(self.limit, work).await;
        result.map_err(|_| RemoteProblem::Silent(self.limit.as_secs()))
    }
}
