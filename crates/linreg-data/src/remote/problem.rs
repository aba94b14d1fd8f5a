use std::error::Error;

use object_store::client::{HttpError, HttpErrorKind};

use super::store::Place;
use crate::{CertificateProblem, RemoteKind, RemoteProblem};

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
        _ if says(&[WHOLE]) => RemoteProblem::NoParts,
        _ if says(&[UNENCRYPTED]) => RemoteProblem::Unencrypted(kind),
        _ if says(&[CERTIFICATE]) => RemoteProblem::Certificate(certificate(&text)),
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

/// Says in short why a store cannot be made: `otherwise`, unless the reason is known.
pub(super) fn not_built(
    error: &object_store::Error,
    kind: RemoteKind,
    otherwise: RemoteProblem,
) -> RemoteProblem {
    let text = text(error);
    if text.contains(NO_AUTHORITIES) {
        RemoteProblem::NoAuthorities
    } else if text.contains(NO_ACCOUNT) {
        RemoteProblem::NoCredentials(kind)
    } else {
        otherwise
    }
}

/// Why a certificate is not trusted, in the words of rustls.
fn certificate(text: &str) -> CertificateProblem {
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&["UnknownIssuer", "unknown issuer", "CaUsedAsEndEntity"]) {
        CertificateProblem::UnknownAuthority
    } else if says(&["NotValidForName", "not valid for name"]) {
        CertificateProblem::OtherName
    } else if says(&["Expired", "expired", "NotValidYet", "not valid yet"]) {
        CertificateProblem::Expired
    } else {
        CertificateProblem::Other
    }
}

/// How rustls says that a server's certificate is not trusted.
const CERTIFICATE: &str = "invalid peer certificate";

/// How its verifier says that this machine has no certificates.
const NO_AUTHORITIES: &str = "No CA certificates were loaded";

/// How the store of Azure says that the name of the account is missing.
const NO_ACCOUNT: &str = "Account must be specified";

/// How reqwest says that an address is not encrypted.
const UNENCRYPTED: &str = "URL scheme is not allowed";

/// How the stores say that a server has sent the whole file instead of a part, as Google's
/// does of a file that it unpacks.
const WHOLE: &str = "non-partial response";

/// How the stores say that there is no such bucket.
const NO_BUCKET: [&str; 3] = [
    "NoSuchBucket",
    "ContainerNotFound",
    "The specified bucket does not exist",
];

/// The servers of the clouds that tell a machine its credentials.
const MACHINE: [&str; 2] = ["169.254.169.254", "metadata.google.internal"];

/// What S3 says of credentials that are wrong or too old, with the status 400, and Azure
/// of a container that is not public, with 409.
const DENIED: [&str; 4] = [
    "InvalidAccessKeyId",
    "ExpiredToken",
    "InvalidToken",
    "PublicAccessNotPermitted",
];

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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use object_store::memory::InMemory;
    use object_store::path::Path;

    use super::*;

    fn generic(text: &str) -> object_store::Error {
        object_store::Error::Generic {
            store: "store",
            source: text.into(),
        }
    }

    fn problem_of(text: &str, kind: RemoteKind) -> RemoteProblem {
        let place = Place {
            store: Arc::new(InMemory::new()),
            path: Path::default(),
            kind,
            limit: std::time::Duration::ZERO,
        };
        problem(&generic(text), &place)
    }

    #[test]
    fn a_certificate_that_is_not_trusted_says_why() {
        use CertificateProblem as Problem;
        for (words, expected) in [
            ("UnknownIssuer", Problem::UnknownAuthority),
            (
                "certificate not valid for name \"a\"; certificate is only valid for b",
                Problem::OtherName,
            ),
            (
                "certificate expired: verification time 1 (UNIX), but certificate is not valid after 0",
                Problem::Expired,
            ),
            ("Revoked", Problem::Other),
        ] {
            let text = format!("error sending request: invalid peer certificate: {words}");
            let found = problem_of(&text, RemoteKind::Web);
            assert_eq!(found, RemoteProblem::Certificate(expected), "{words}");
        }
    }

    #[test]
    fn what_the_environment_lacks_is_named() {
        let unencrypted = problem_of("builder error: URL scheme is not allowed", RemoteKind::S3);
        assert!(unencrypted.to_string().contains("set AWS_ALLOW_HTTP=true"));
        let other = RemoteProblem::Settings(RemoteKind::Azure);
        let not_built = |text| not_built(&generic(text), RemoteKind::Azure, other.clone());
        let account = not_built("Account must be specified");
        assert_eq!(account, RemoteProblem::NoCredentials(RemoteKind::Azure));
        let advice =
            "for a public container AZURE_STORAGE_ACCOUNT_NAME and AZURE_SKIP_SIGNATURE=true";
        assert!(account.to_string().ends_with(advice), "{account}");
        let authorities = "builder error: No CA certificates were loaded from the system";
        assert_eq!(not_built(authorities), RemoteProblem::NoAuthorities);
        assert_eq!(not_built("anything"), other);
        let denied = "status code: 409 <Code>PublicAccessNotPermitted</Code>";
        let denied = problem_of(denied, RemoteKind::Azure);
        assert_eq!(denied, RemoteProblem::Denied(RemoteKind::Azure));
    }

    #[test]
    fn a_file_that_the_server_sends_whole_has_no_parts() {
        let text = "Received non-partial response when range requested";
        assert_eq!(problem_of(text, RemoteKind::Google), RemoteProblem::NoParts);
    }
}
