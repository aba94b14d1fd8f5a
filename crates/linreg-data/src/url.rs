use std::borrow::Cow;
use std::path::Path;

/// Where the files of a URL are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RemoteKind {
    /// Amazon S3, or a store that speaks its protocol: `s3://`, `s3a://`.
    S3,
    /// Google Cloud Storage: `gs://`.
    Google,
    /// Azure Blob Storage: `az://`, `azure://`, `abfs://`, `abfss://`.
    Azure,
    /// A web server: `https://`, `http://`.
    Web,
}

impl RemoteKind {
    /// The kind of a scheme, which is what stands before `://`; None for one
    /// that is not read.
    pub fn of_scheme(scheme: &str) -> Option<Self> {
        Some(match scheme.to_ascii_lowercase().as_str() {
            "s3" | "s3a" => Self::S3,
            "gs" => Self::Google,
            "az" | "azure" | "abfs" | "abfss" => Self::Azure,
            "http" | "https" => Self::Web,
            _ => return None,
        })
    }

    /// The environment variables with the credentials, in words.
    pub(crate) fn credentials(self) -> &'static str {
        match self {
            Self::S3 => "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            Self::Google => "GOOGLE_SERVICE_ACCOUNT or GOOGLE_APPLICATION_CREDENTIALS",
            Self::Azure => "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
            Self::Web => "user:password@ before the name of the server",
        }
    }

    /// What the names of environment variables with settings begin with.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::S3 => "AWS_",
            Self::Google => "GOOGLE_",
            Self::Azure => "AZURE_",
            Self::Web => "",
        }
    }
}

/// The parts of a URL.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Url<'a> {
    pub scheme: &'a str,
    /// The server, the bucket or the container; for a web server with a user and
    /// a password before it, if there are any.
    pub authority: &'a str,
    /// What follows, from its slash on.
    pub rest: &'a str,
}

impl<'a> Url<'a> {
    /// Returns the parts of a text that begins with a scheme and `://`.
    pub fn of(text: &'a str) -> Option<Self> {
        let (scheme, after) = text.split_once("://")?;
        let (start, _) = split_scheme(scheme);
        // A letter and a colon would be a drive of Windows.
        if !start.is_empty() || scheme.len() < 2 {
            return None;
        }
        let end = after.find(['/', '?', '#']).unwrap_or(after.len());
        let (authority, rest) = after.split_at(end);
        Some(Self {
            scheme,
            authority,
            rest,
        })
    }

    pub fn of_path(path: &'a Path) -> Option<Self> {
        Self::of(path.to_str()?)
    }

    pub fn kind(&self) -> Option<RemoteKind> {
        RemoteKind::of_scheme(self.scheme)
    }

    /// What follows the server, up to a query or a fragment. In a store, `?` is
    /// a wildcard and `#` a character of a name; yet `?` and an assignment look
    /// like a query, which may hold a signature.
    pub fn path(&self) -> &'a str {
        self.split_path().0
    }

    /// The query, from its question mark on; empty if there is none.
    #[cfg(any(test, feature = "object-store"))]
    pub fn query(&self) -> &'a str {
        self.split_path().1
    }

    fn split_path(&self) -> (&'a str, &'a str) {
        let is_store = self.kind().is_some_and(|kind| kind != RemoteKind::Web);
        let end = match self.rest.find('?') {
            Some(query) if is_store && !self.rest[query..].contains('=') => None,
            None if is_store => None,
            _ => self.rest.find(['?', '#']),
        };
        let (path, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let query = rest.find('#').map_or(rest, |fragment| &rest[..fragment]);
        (path, query)
    }

    /// The user and the password of a web server; None if there are none.
    pub fn user(&self) -> Option<&'a str> {
        let (user, _) = self.authority.rsplit_once('@')?;
        // In Azure's long form this is the container, which has no password.
        let is_long_form = self.scheme.to_ascii_lowercase().starts_with("abfs");
        let is_container = is_long_form && !user.contains([':', '@']);
        (!is_container).then_some(user)
    }

    /// The server, the bucket or the container, without a user.
    pub fn server(&self) -> &'a str {
        match self.user() {
            Some(user) => &self.authority[user.len() + 1..],
            None => self.authority,
        }
    }

    /// Whether it holds what must not be shown.
    #[cfg(any(test, feature = "object-store"))]
    pub fn has_secrets(&self) -> bool {
        self.user().is_some() || !self.query().is_empty()
    }
}

/// Splits off the scheme at the end of a text.
fn split_scheme(text: &str) -> (&str, &str) {
    let of_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    text.split_at(text.trim_end_matches(of_scheme).len())
}

/// Whether a name is a URL, and not the path of a local file.
///
/// ```
/// use linreg_data::is_url;
///
/// assert!(is_url("s3://bucket/houses.csv".as_ref()));
/// assert!(!is_url("houses.csv".as_ref()));
/// ```
pub fn is_url(path: &Path) -> bool {
    Url::of_path(path).is_some()
}

/// The name of a file in messages: its path, or its URL without the user, the
/// password, the query and the fragment, which may be secrets.
///
/// ```
/// use linreg_data::shown_name;
///
/// let signed = "https://user:pass@host/houses.csv?signature=1f3a";
/// assert_eq!(shown_name(signed.as_ref()), "https://host/houses.csv");
/// ```
pub fn shown_name(path: &Path) -> String {
    without_secrets(&path.to_string_lossy()).into_owned()
}

/// A text with at most one URL, such as an argument of a command, without the
/// user, the password, the query and the fragment of that URL.
///
/// ```
/// use linreg_data::without_secrets;
///
/// let argument = "--validation-file=https://host/houses.csv?signature=1f3a";
/// assert_eq!(without_secrets(argument), "--validation-file=https://host/houses.csv");
/// ```
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    let Some((before, _)) = text.split_once("://") else {
        return Cow::Borrowed(text);
    };
    let (before, _) = split_scheme(before);
    match Url::of(&text[before.len()..]) {
        None => Cow::Borrowed(text),
        Some(url) => Cow::Owned(format!(
            "{before}{}://{}{}",
            url.scheme,
            url.server(),
            url.path()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_is_not_shown() {
        for (text, shown) in [
            ("a/b.csv", "a/b.csv"),
            ("C:\\a?b=c", "C:\\a?b=c"),
            ("C://a?b=c", "C://a?b=c"),
            ("https://h:80/a%20b.csv", "https://h:80/a%20b.csv"),
            ("https://h?q=1", "https://h"),
            ("HTTPS://u:p@q@h/a.csv?q=1#f", "HTTPS://h/a.csv"),
            ("http://[::1]:80/a.csv#f", "http://[::1]:80/a.csv"),
            ("s3://b/part-?.csv", "s3://b/part-?.csv"),
            ("s3://b/a#1.csv", "s3://b/a#1.csv"),
            ("s3://b/a.csv?X-Amz-Signature=1f", "s3://b/a.csv"),
            ("s3://key:secret@b/a.csv", "s3://b/a.csv"),
            (
                "abfss://c@a.dfs.net/a.csv?sig=1",
                "abfss://c@a.dfs.net/a.csv",
            ),
            (
                "abfss://c:secret@a.dfs.net/a.csv",
                "abfss://a.dfs.net/a.csv",
            ),
            ("abfs://c@secret@a.dfs.net/a", "abfs://a.dfs.net/a"),
            ("-v=ftp://u@h/a?b", "-v=ftp://h/a"),
        ] {
            assert_eq!(without_secrets(text), shown);
            assert_eq!(without_secrets(shown), shown);
        }
    }

    #[test]
    fn the_parts_of_a_url() {
        let url = Url::of("https://u:p@h/a.csv?q=1#f").unwrap();
        assert_eq!((url.user(), url.server()), (Some("u:p"), "h"));
        assert_eq!((url.path(), url.query()), ("/a.csv", "?q=1"));
        assert!(url.has_secrets());
        let url = Url::of("s3://b/x?.csv").unwrap();
        assert_eq!((url.kind(), url.path()), (Some(RemoteKind::S3), "/x?.csv"));
        assert!(!url.has_secrets());
        assert_eq!(Url::of("file:///a").unwrap().kind(), None);
    }
}
