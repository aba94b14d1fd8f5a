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
    /// The URL or a setting in the environment cannot be used.
    #[error("the store cannot be opened; check the URL, and in the environment the variables whose names begin with {}", .0.prefix())]
    Settings(RemoteKind),
    /// There are no credentials.
    #[error("found no credentials; set {} in the environment, and for {}", .0.credentials(), public(*.0))]
    NoCredentials(RemoteKind),
    /// This machine has no certificates to check those of servers with.
    #[error(
        "no certificates of authorities were found on this machine, without which no server can be trusted; install them (often the package ca-certificates), or name a file of them in SSL_CERT_FILE"
    )]
    NoAuthorities,
    /// The server's certificate is not trusted.
    #[error("the certificate of the server {0}")]
    Certificate(CertificateProblem),
    /// The connection would not be encrypted.
    #[error("{}", unencrypted(*.0))]
    Unencrypted(RemoteKind),
    /// The credentials are wrong, or do not allow it.
    #[error("access is denied; {}", denied(*.0))]
    Denied(RemoteKind),
    /// There is no such file.
    #[error("there is no such file")]
    NotFound,
    /// There is no such bucket or container.
    #[error("there is no such bucket or container")]
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

/// Why a certificate is not trusted.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum CertificateProblem {
    /// No authority that this machine knows has signed it.
    #[error(
        "is signed by no authority that this machine trusts; name a file of others to trust in SSL_CERT_FILE"
    )]
    UnknownAuthority,
    /// It is for servers of other names.
    #[error("is for a server of another name")]
    OtherName,
    /// It has expired, or is not valid yet.
    #[error("has expired or is not valid yet")]
    Expired,
    /// Anything else.
    #[error("cannot be trusted")]
    Other,
}

fn public(kind: RemoteKind) -> &'static str {
    match kind {
        RemoteKind::S3 => "a public bucket AWS_SKIP_SIGNATURE=true",
        RemoteKind::Google => "a public bucket GOOGLE_SKIP_SIGNATURE=true",
        RemoteKind::Azure => {
            "a public container AZURE_STORAGE_ACCOUNT_NAME and AZURE_SKIP_SIGNATURE=true"
        }
        RemoteKind::Web => "a public file nothing",
    }
}

fn unencrypted(kind: RemoteKind) -> String {
    match kind {
        RemoteKind::Web => {
            "the server redirects to an address that is not on the web, or not encrypted"
                .to_string()
        }
        _ => format!(
            "the address of the store is an http:// address, which is not encrypted; set {}ALLOW_HTTP=true in the environment to allow it",
            kind.prefix()
        ),
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
