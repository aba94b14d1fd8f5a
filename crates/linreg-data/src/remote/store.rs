use std::collections::HashMap;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::http::HttpBuilder;
use object_store::path::Path;
use object_store::{
    BackoffConfig, ClientOptions, HeaderMap, HeaderValue, ObjectStore, RetryConfig,
};

use super::problem::not_built;
use crate::url::Url;
use crate::{RemoteKind, RemoteProblem};

/// How long a server may send nothing, also while it is asked again.
const LIMIT: Duration = Duration::from_secs(30);

/// The settings whose names do not begin with that of their store.
const ACCOUNT: &str = "SERVICE_ACCOUNT";
const IDENTITY: &str = "IDENTITY_ENDPOINT";

/// A store, and an object or a folder in it.
#[derive(Clone)]
pub(super) struct Place {
    pub store: Arc<dyn ObjectStore>,
    pub path: Path,
    pub kind: RemoteKind,
    pub limit: Duration,
}

/// Where the file of a URL is.
pub(super) fn place_of(url: &Url) -> Result<Place, RemoteProblem> {
    let kind = url.kind().ok_or(RemoteProblem::Scheme)?;
    if url.server().is_empty() {
        return Err(RemoteProblem::NoFile);
    }
    if kind == RemoteKind::Web {
        return Ok(Place {
            store: web(url)?,
            // The URL of the store is that of the file, with its query.
            path: Path::default(),
            kind,
            limit: LIMIT,
        });
    }
    let path = Path::from_url_path(url.path()).map_err(|_| RemoteProblem::NoFile)?;
    if path.as_ref().is_empty() || url.path().ends_with('/') {
        return Err(RemoteProblem::NoFile);
    }
    folder_of(url, kind, path)
}

/// A folder, or any path, in the store of a URL.
pub(super) fn folder_of(url: &Url, kind: RemoteKind, path: Path) -> Result<Place, RemoteProblem> {
    if url.user().is_some() {
        return Err(RemoteProblem::User);
    }
    if !url.query().is_empty() {
        return Err(RemoteProblem::Query);
    }
    Ok(Place {
        store: bucket(url, kind)?,
        path,
        kind,
        limit: LIMIT,
    })
}

/// Chooses what encrypts connections, unless the program has chosen already.
fn choose_cryptography() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
    });
}

/// The settings in the environment, with names as the users of a store know them.
type Settings = Vec<(String, String)>;

/// The store of a bucket. All files of a bucket share one, and so its connections
/// and the credentials that it has been given.
fn bucket(url: &Url, kind: RemoteKind) -> Result<Arc<dyn ObjectStore>, RemoteProblem> {
    choose_cryptography();
    type Stores = HashMap<(String, Settings), Arc<dyn ObjectStore>>;
    static STORES: Mutex<Option<Stores>> = Mutex::new(None);
    let name = format!("{}://{}/", url.scheme.to_ascii_lowercase(), url.authority);
    let settings = settings(kind);
    let mut stores = STORES.lock().unwrap_or_else(PoisonError::into_inner);
    let stores = stores.get_or_insert_default();
    let key = (name.clone(), settings.clone());
    if let Some(store) = stores.get(&key) {
        return Ok(store.clone());
    }
    let store = build(&name, kind, settings);
    let store = store.map_err(|error| not_built(&error, kind, RemoteProblem::Settings(kind)))?;
    stores.insert(key, store.clone());
    Ok(store)
}

fn settings(kind: RemoteKind) -> Settings {
    let other = match kind {
        RemoteKind::S3 => "",
        RemoteKind::Google => ACCOUNT,
        RemoteKind::Azure => IDENTITY,
        RemoteKind::Web => return Vec::new(),
    };
    let all = std::env::vars_os().filter_map(|(name, value)| {
        let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
        (name.starts_with(kind.prefix()) || name == other).then_some((name, value))
    });
    all.collect()
}

/// As `from_env` of the builders, which would forget our options or the user's. Google's
/// builder allows addresses without encryption: emulators have them.
fn build(
    name: &str,
    kind: RemoteKind,
    settings: Settings,
) -> object_store::Result<Arc<dyn ObjectStore>> {
    macro_rules! with_settings {
        ($builder:expr) => {{
            let builder = $builder
                .with_url(name)
                .with_client_options(options().with_allow_http(kind == RemoteKind::Google))
                .with_retry(retries());
            settings.into_iter().fold(builder, |builder, (key, value)| {
                match key.to_ascii_lowercase().parse() {
                    Ok(key) => builder.with_config(key, value),
                    Err(_) => builder,
                }
            })
        }};
    }
    let value_of = |name: &str| {
        let mut found = settings.iter().filter(|(key, _)| key == name);
        found.next().map(|(_, value)| value.clone())
    };
    Ok(match kind {
        RemoteKind::Google => {
            let mut builder = GoogleCloudStorageBuilder::new();
            if let Some(path) = value_of(ACCOUNT) {
                builder = builder.with_service_account_path(path);
            }
            Arc::new(with_settings!(builder).build()?)
        }
        RemoteKind::Azure => {
            let mut builder = MicrosoftAzureBuilder::new();
            if let Some(endpoint) = value_of(IDENTITY) {
                builder = builder.with_msi_endpoint(endpoint);
            }
            Arc::new(with_settings!(builder).build()?)
        }
        RemoteKind::S3 | RemoteKind::Web => {
            Arc::new(with_settings!(AmazonS3Builder::new()).build()?)
        }
    })
}

/// The store of the one file of a web server's URL.
fn web(url: &Url) -> Result<Arc<dyn ObjectStore>, RemoteProblem> {
    choose_cryptography();
    let mut options = options().with_allow_http(url.scheme.eq_ignore_ascii_case("http"));
    if let Some(user) = url.user() {
        let user = STANDARD.encode(decoded(user));
        let mut value =
            HeaderValue::from_str(&format!("Basic {user}")).map_err(|_| RemoteProblem::NoFile)?;
        value.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert("authorization", value);
        options = options.with_default_headers(headers);
    }
    let (scheme, server) = (url.scheme, url.server());
    let built = HttpBuilder::new()
        .with_url(format!("{scheme}://{server}{}{}", url.path(), url.query()))
        .with_client_options(options)
        .with_retry(retries())
        .build();
    let built = built.map_err(|error| not_built(&error, RemoteKind::Web, RemoteProblem::NoFile));
    Ok(Arc::new(built?))
}

/// The bytes that a text with percent signs stands for.
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

fn options() -> ClientOptions {
    let agent = HeaderValue::from_static(concat!("linreg/", env!("CARGO_PKG_VERSION")));
    // A large part over a slow line may take its time: only silence is limited,
    // which is done where bytes are received.
    ClientOptions::new()
        .with_user_agent(agent)
        .with_timeout_disabled()
}

/// Overloaded servers and connections that fail are asked again, for at most two
/// thirds of the time that a server may be silent.
fn retries() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(5),
            base: 3.0,
        },
        max_retries: 4,
        retry_timeout: LIMIT * 2 / 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_signs_stand_for_bytes() {
        assert_eq!(decoded("a%3Ab%"), b"a:b%");
        assert_eq!(decoded("%zz%C3%A4"), "%zzä".as_bytes());
    }

    #[test]
    fn urls_without_a_file_and_with_credentials_are_refused() {
        for (url, expected) in [
            ("file:///a.csv", RemoteProblem::Scheme),
            ("ftp://h/a.csv", RemoteProblem::Scheme),
            ("s3://b", RemoteProblem::NoFile),
            ("s3://b/folder/", RemoteProblem::NoFile),
            ("s3:///a.csv", RemoteProblem::NoFile),
            ("s3://k:s@b/a.csv", RemoteProblem::User),
            (
                "abfss://c:s@a.dfs.core.windows.net/a.csv",
                RemoteProblem::User,
            ),
            ("s3://b/a.csv?sig=1", RemoteProblem::Query),
            ("https://", RemoteProblem::NoFile),
        ] {
            let found = place_of(&Url::of(url).unwrap()).err();
            assert_eq!(found, Some(expected), "{url}");
        }
    }
}
