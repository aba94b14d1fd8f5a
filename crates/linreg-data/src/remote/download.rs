use std::io::{self, Write};

use futures_lite::StreamExt;
use object_store::GetOptions;

use super::problem::problem;
use super::runtime::start;
use super::store::place_of;
use crate::RemoteProblem;
use crate::url::Url;

/// Why a file has not been copied.
pub(crate) enum NotCopied {
    /// It cannot be read.
    Read(RemoteProblem),
    /// It cannot be written.
    Written(io::Error),
}

impl From<RemoteProblem> for NotCopied {
    fn from(problem: RemoteProblem) -> Self {
        Self::Read(problem)
    }
}

/// Copies a file from a server that gives whole files only.
pub(crate) fn download(url: &Url, into: &mut impl Write) -> Result<(), NotCopied> {
    let place = place_of(url)?;
    let asked = place.clone();
    let answer = start(async move { asked.get(GetOptions::default()).await })?.wait()?;
    let num_bytes = answer.meta.size;
    let mut pieces = answer.into_stream();
    let mut copied = 0;
    loop {
        let place = place.clone();
        let next = start(async move {
            let piece = place.in_time(pieces.next()).await?;
            let piece = piece.transpose().map_err(|error| problem(&error, &place))?;
            Ok((pieces, piece))
        });
        let (rest, piece) = next?.wait()?;
        let Some(piece) = piece else {
            break;
        };
        pieces = rest;
        copied += piece.len() as u64;
        into.write_all(&piece).map_err(NotCopied::Written)?;
    }
    if copied == num_bytes {
        Ok(())
    } else {
        Err(RemoteProblem::Cut.into())
    }
}
