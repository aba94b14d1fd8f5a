use std::path::PathBuf;

use futures_lite::StreamExt;
use glob::{MatchOptions, Pattern};
use object_store::path::Path;

use super::problem::problem;
use super::runtime::start;
use super::store::{Place, folder_of};
use crate::url::Url;
use crate::{FileProblem, RemoteKind, RemoteProblem};

/// The characters of a pattern that stand for others.
const WILDCARDS: [char; 3] = ['*', '?', '['];

/// Returns the URLs of the files that match a pattern, in alphabetical order;
/// None if the URL is no pattern.
pub(crate) fn matching(url: &Url) -> Result<Option<Vec<PathBuf>>, FileProblem> {
    let kind = url.kind().ok_or(RemoteProblem::Scheme)?;
    if kind == RemoteKind::Web {
        let is_pattern = url.path().contains(['*', '[']);
        return if is_pattern {
            Err(RemoteProblem::WebPattern.into())
        } else {
            Ok(None)
        };
    }
    let pattern = url.path().trim_start_matches('/');
    if !pattern.contains(WILDCARDS) {
        return Ok(None);
    }
    // A folder whose name has no wildcard, which is as much as can be listed.
    let folder = pattern
        .split('/')
        .take_while(|name| !name.contains(WILDCARDS));
    let folder: Vec<&str> = folder.collect();
    let path = Path::from_url_path(folder.join("/")).map_err(|_| RemoteProblem::NoFile)?;
    let place = folder_of(url, kind, path)?;
    let keys = keys(place, pattern)?;
    let beginning = format!("{}://{}/", url.scheme, url.authority);
    let urls = keys
        .iter()
        .map(|key| (beginning.clone() + &encoded(key)).into());
    Ok(Some(urls.collect()))
}

/// The names of the objects in a store that match a pattern.
pub(super) fn keys(place: Place, pattern: &str) -> Result<Vec<String>, FileProblem> {
    let wrong = |error: glob::PatternError| FileProblem::Pattern {
        position: error.pos,
        problem: error.msg,
    };
    let names = place.path.parts().count();
    let pattern = Pattern::new(&decoded_pattern(pattern)).map_err(wrong)?;
    // Only the files of the folder are listed if no others can match.
    let is_flat = pattern.as_str().split('/').count() == names + 1;
    let is_flat = is_flat && !pattern.as_str().contains("**");
    let found = start(async move {
        let folder = (!place.path.as_ref().is_empty()).then_some(&place.path);
        let mut found = Vec::new();
        if is_flat {
            let all = place
                .in_time(place.store.list_with_delimiter(folder))
                .await?;
            found = all.map_err(|error| problem(&error, &place))?.objects;
        } else {
            let mut all = place.store.list(folder);
            while let Some(object) = place.in_time(all.next()).await? {
                found.push(object.map_err(|error| problem(&error, &place))?);
            }
        }
        Ok(found)
    });
    let options = MatchOptions {
        require_literal_separator: true,
        ..MatchOptions::new()
    };
    let found = found?.wait()?.into_iter();
    let keys = found.map(|object| object.location.to_string());
    let mut keys: Vec<String> = keys
        .filter(|key| pattern.matches_with(key, options))
        .collect();
    if keys.is_empty() {
        return Err(FileProblem::NoMatch);
    }
    keys.sort_unstable();
    Ok(keys)
}

/// The pattern that a URL stands for; what is written as a percent sign and a
/// number is no wildcard.
fn decoded_pattern(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.get(..2).map(|hex| u8::from_str_radix(hex, 16)) {
            Some(Ok(byte)) if b"*?[".contains(&byte) => bytes.extend([b'[', byte, b']']),
            Some(Ok(byte)) => bytes.push(byte),
            _ => {
                bytes.push(b'%');
                bytes.extend(part.bytes());
                continue;
            }
        }
        bytes.extend(part[2..].bytes());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The name of an object in a URL, where it is no pattern.
fn encoded(key: &str) -> String {
    let mut text = String::new();
    for character in key.chars() {
        if "%*?[".contains(character) || character.is_control() {
            let mut bytes = [0; 4];
            for byte in character.encode_utf8(&mut bytes).bytes() {
                text += &format!("%{byte:02X}");
            }
        } else {
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_objects_are_no_patterns() {
        let key = "a b/100%*?[1].csv";
        assert_eq!(encoded(key), "a b/100%25%2A%3F%5B1].csv");
        let pattern = decoded_pattern(&(encoded(key) + "%20*%"));
        assert_eq!(pattern, "a b/100%[*][?][[]1].csv *%");
        assert!(
            Pattern::new(&pattern)
                .unwrap()
                .matches("a b/100%*?[1].csv x%")
        );
    }

    #[test]
    fn web_servers_are_not_listed() {
        let of = |url: &str| matching(&Url::of(url).unwrap());
        for url in ["https://h/*.csv", "http://h/a[1].csv"] {
            let Err(FileProblem::Remote(problem)) = of(url) else {
                panic!("{url} is listed");
            };
            assert_eq!(problem, RemoteProblem::WebPattern);
        }
        for url in ["https://h/a.csv?q=*", "http://[::1]/a.csv", "s3://b/a.csv"] {
            assert_eq!(of(url).unwrap(), None);
        }
    }
}
