use std::error::Error;

use object_store::client::{HttpError, HttpErrorKind};

use super::store::Place;
use crate::{RemoteKind, RemoteProblem};

/// Says in short what is wrong. The text of the error itself is shown nowhere:
/// it holds whole URLs, and what a server writes.
pub(super) fn problem(error: &object_store::Error, place: &Place) -> RemoteProblem {
    use object_store::Error as Store;
    let text = text(error);
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let kind = place.kind;
    match error {
        Store::NotFound { .. } if says(&NO_BUCKET) => RemoteProblem::NoBucket,
        Store::NotFound { .. } => RemoteProblem::NotFound,
        Store::Precondition { .. } | Store::NotModified { .. } => RemoteProblem::Changed,
        Store::PermissionDenied { .. } | Store::Unauthenticated { .. } => {
            RemoteProblem::Denied(kind)
        }
        Store::NotSupported { .. } => RemoteProblem::NoParts,
        Store::InvalidPath { .. } => RemoteProblem::NoFile,
        // Where there are no credentials in the environment, those of the machine
        // are asked for, which machines of a cloud have.
        _ if says(&MACHINE) => RemoteProblem::NoCredentials(kind),
        _ if says(&NO_BUCKET) => RemoteProblem::NoBucket,
        _ if says(&DENIED) => RemoteProblem::Denied(kind),
        _ if kind == RemoteKind::S3 && says(&REGION) => RemoteProblem::Region,
        _ => match (status(&text), http_error(error)) {
            (Some(404), _) => RemoteProblem::NotFound,
            (Some(401 | 403), _) => RemoteProblem::Denied(kind),
            (Some(412), _) => RemoteProblem::Changed,
            (Some(status), _) => RemoteProblem::Status(status),
            // Only the time for connecting is limited by the store.
            (None, Some(HttpErrorKind::Connect | HttpErrorKind::Timeout)) => {
                RemoteProblem::Unreachable
            }
            (None, Some(HttpErrorKind::Unknown) | None) => RemoteProblem::Other,
            (None, Some(_)) => RemoteProblem::Cut,
        },
    }
}

/// How the stores say that there is no such bucket.
const NO_BUCKET: [&str; 3] = [
    "NoSuchBucket",
    "ContainerNotFound",
    "The specified bucket does not exist",
];

/// The servers of the clouds that tell a machine its credentials.
const MACHINE: [&str; 2] = ["169.254.169.254", "metadata.google.internal"];

/// What S3 says of credentials that are wrong or too old, with the status 400.
const DENIED: [&str; 3] = ["InvalidAccessKeyId", "ExpiredToken", "InvalidToken"];

/// How S3 says that a bucket is in another region.
const REGION: [&str; 4] = [
    "Received redirect without LOCATION",
    "PermanentRedirect",
    "AuthorizationHeaderMalformed",
    "status code: 301",
];

/// An error and what has caused it.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| <dyn Error>::source(*error))
}

/// The error and what has caused it, in the words of the store.
fn text(error: &(dyn Error + 'static)) -> String {
    let texts: Vec<String> = causes(error).map(ToString::to_string).collect();
    texts.join(" ")
}

/// The status of HTTP in the text of an error.
fn status(text: &str) -> Option<u16> {
    let (_, after) = text.split_once("status code: ")?;
    after.get(..3)?.parse().ok()
}

fn http_error(error: &(dyn Error + 'static)) -> Option<HttpErrorKind> {
    causes(error).find_map(|cause| Some(cause.downcast_ref::<HttpError>()?.kind()))
}
