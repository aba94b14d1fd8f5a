use thiserror::Error;

use crate::RemoteKind;

/// Why a file behind a URL cannot be read. No message holds a credential, or what
/// a server has written.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum RemoteProblem {
    /// The feature for URLs is not enabled.
    #[error(
        "files behind a URL are not compiled in; build with the feature `object-store`, or copy the file first"
    )]
    LeftOut,
    /// The text before `://` is none that is read.
    #[error(
        "files are read from s3://, gs://, az://, abfs://, https:// and http://; give a local file by its path"
    )]
    Scheme,
    /// It is no URL of a file.
    #[error("this URL names no file")]
    NoFile,
    /// It is the URL of a store and has a query.
    #[error(
        "a URL of this kind ends before the question mark; credentials are taken from the environment"
    )]
    Query,
    /// It is the URL of a store and has a user.
    #[error(
        "a URL of this kind has no user or password; credentials are taken from the environment"
    )]
    User,
    /// It is a pattern of files on a web server.
    #[error("the files of a web server cannot be listed, so * and [ find none; name each file")]
    WebPattern,
    /// A setting in the environment cannot be used.
    #[error("the settings of this store in the environment cannot be used; see {}", .0.credentials())]
    Settings(RemoteKind),
    /// There are no credentials.
    #[error("found no credentials; set {} in the environment, and for a public bucket {}", .0.credentials(), public(*.0))]
    NoCredentials(RemoteKind),
    /// The credentials are wrong, or do not allow it.
    #[error("access is denied; {}", denied(*.0))]
    Denied(RemoteKind),
    /// There is no such file.
    #[error("there is no such file")]
    NotFound,
    /// There is no such bucket or container.
    #[error("there is no such bucket")]
    NoBucket,
    /// The bucket is in another region.
    #[error("the bucket is in another region; set AWS_REGION in the environment")]
    Region,
    /// The file has changed since it was opened.
    #[error(
        "the file was replaced or removed while it was read; run the command again when nothing writes to it"
    )]
    Changed,
    /// The server gives whole files only.
    #[error("the server does not give parts of a file, which are needed here; copy the file first")]
    NoParts,
    /// No connection can be made.
    #[error("no connection can be made to the server")]
    Unreachable,
    /// The server has sent nothing for so many seconds.
    #[error("the server has sent nothing for {0} seconds")]
    Silent(u64),
    /// The connection was closed before the end, several times.
    #[error("the connection was closed before the end, again and again; try it later")]
    Cut,
    /// The server has answered with this HTTP status.
    #[error("the server has answered with the HTTP status {0}")]
    Status(u16),
    /// Anything else.
    #[error("the file cannot be read from there")]
    Other,
}

fn public(kind: RemoteKind) -> &'static str {
    match kind {
        RemoteKind::S3 => "AWS_SKIP_SIGNATURE=true",
        RemoteKind::Google => "GOOGLE_SKIP_SIGNATURE=true",
        RemoteKind::Azure => "AZURE_SKIP_SIGNATURE=true",
        RemoteKind::Web => "none",
    }
}

fn denied(kind: RemoteKind) -> String {
    match kind {
        RemoteKind::Web => "the web server asks for credentials, or for others".to_string(),
        _ => format!(
            "the credentials in the environment are wrong or do not allow it ({})",
            kind.credentials()
        ),
    }
}
