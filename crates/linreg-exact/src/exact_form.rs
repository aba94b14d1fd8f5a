//! The serialised form of numbers that keeps every value: JSON has no NaN and no
//! infinities, so these are text there.
//!
//! It is used as `#[serde(with = "crate::exact_form")]`.

use std::fmt;

use serde::de::{DeserializeOwned, Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value made of `f64`s, and the form that it is written in.
pub(crate) trait ExactForm: Sized {
    type Form: Serialize + DeserializeOwned;

    fn to_form(&self) -> Self::Form;

    fn from_form(form: Self::Form) -> Self;
}

pub(crate) fn serialize<T: ExactForm, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    value.to_form().serialize(serializer)
}

pub(crate) fn deserialize<'de, T: ExactForm, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    T::Form::deserialize(deserializer).map(T::from_form)
}

impl ExactForm for f64 {
    type Form = Number;

    fn to_form(&self) -> Number {
        Number(*self)
    }

    fn from_form(form: Number) -> Self {
        form.0
    }
}

impl<T: ExactForm> ExactForm for Vec<T> {
    type Form = Vec<T::Form>;

    fn to_form(&self) -> Self::Form {
        self.iter().map(T::to_form).collect()
    }

    fn from_form(form: Self::Form) -> Self {
        form.into_iter().map(T::from_form).collect()
    }
}

impl<T: ExactForm> ExactForm for Option<T> {
    type Form = Option<T::Form>;

    fn to_form(&self) -> Self::Form {
        self.as_ref().map(T::to_form)
    }

    fn from_form(form: Self::Form) -> Self {
        form.map(T::from_form)
    }
}

impl<T: ExactForm> ExactForm for (T, T) {
    type Form = (T::Form, T::Form);

    fn to_form(&self) -> Self::Form {
        (self.0.to_form(), self.1.to_form())
    }

    fn from_form((first, second): Self::Form) -> Self {
        (T::from_form(first), T::from_form(second))
    }
}

/// A number that is written as text where it is NaN or infinite and the format is
/// one for people, such as JSON.
pub(crate) struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() && !self.0.is_finite() {
            return serializer.collect_str(&self.0);
        }
        serializer.serialize_f64(self.0)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfNumber;
        impl Visitor<'_> for OfNumber {
            type Value = Number;

            fn expecting(&self, to: &mut fmt::Formatter) -> fmt::Result {
                to.write_str("a number, `NaN`, `inf` or `-inf`")
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Number, E> {
                Ok(Number(number))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Number, E> {
                Ok(Number(number as f64))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Number, E> {
                Ok(Number(number as f64))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
                let number = text.parse().map(Number);
                number.map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(OfNumber)
        } else {
            deserializer.deserialize_f64(OfNumber)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_survives_json() {
        #[derive(Deserialize, Serialize)]
        struct Stored {
            #[serde(with = "super")]
            numbers: Vec<f64>,
            #[serde(with = "super")]
            ends: Option<(f64, f64)>,
        }
        let numbers = [
            0.1,
            -0.0,
            5e-324,
            f64::MAX,
            3.0,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
        ];
        let stored = Stored {
            numbers: numbers.to_vec(),
            ends: Some((f64::NEG_INFINITY, 1.5)),
        };
        let text = serde_json::to_string(&stored).unwrap();
        let read: Stored = serde_json::from_str(&text).unwrap();
        let bits = |numbers: &[f64]| -> Vec<u64> { numbers.iter().map(|n| n.to_bits()).collect() };
        assert_eq!(bits(&read.numbers), bits(&numbers));
        assert_eq!(read.ends, stored.ends);
        let wrong = serde_json::from_str::<Stored>(r#"{"numbers": ["x"], "ends": null}"#);
        let wrong = wrong.err().unwrap().to_string();
        assert!(
            wrong.starts_with("invalid value: string \"x\", expected a number, `NaN`"),
            "{wrong}"
        );
    }
}
