//! Serde of numbers that may be infinite or NaN, for which JSON has no numbers:
//! they are stored as text.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number, or the text of one that is not finite.
#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Stored {
    Number(f64),
    Text(String),
}

impl Stored {
    fn new(number: &f64) -> Self {
        if number.is_finite() {
            Self::Number(*number)
        } else {
            Self::Text(number.to_string())
        }
    }

    fn number<E: Error>(self) -> Result<f64, E> {
        match self {
            Self::Number(number) => Ok(number),
            Self::Text(text) => text.parse().map_err(|_| {
                let expected = "expected a number, `inf`, `-inf` or `NaN`";
                E::custom(format!("found {text:?}, {expected}"))
            }),
        }
    }
}

/// A single number.
pub(crate) mod number {
    use super::*;

    pub fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        Stored::new(number).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Stored::deserialize(deserializer)?.number()
    }
}

/// A list of numbers.
pub(crate) mod list {
    use super::*;

    pub fn serialize<S: Serializer>(numbers: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(numbers.iter().map(Stored::new))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        let stored = Vec::<Stored>::deserialize(deserializer)?;
        stored.into_iter().map(Stored::number).collect()
    }
}

/// Several lists of numbers.
pub(crate) mod lists {
    use super::*;

    #[derive(Deserialize, Serialize)]
    struct List(#[serde(with = "super::list")] Vec<f64>);

    #[derive(Serialize)]
    struct ListOf<'a>(#[serde(serialize_with = "super::list::serialize")] &'a [f64]);

    pub fn serialize<S: Serializer>(lists: &[Vec<f64>], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(lists.iter().map(|list| ListOf(list)))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Vec<f64>>, D::Error> {
        let lists = Vec::<List>::deserialize(deserializer)?;
        Ok(lists.into_iter().map(|list| list.0).collect())
    }
}
