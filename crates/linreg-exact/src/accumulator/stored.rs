use serde::{Deserialize, Serialize};

use super::{Accumulator, Arithmetic, MOST_EXPONENT};
use crate::DoubleDouble;
use crate::products::Sums;
use crate::triangle::Triangle;

/// The serialised form of an [`Accumulator`].
#[derive(Deserialize, Serialize)]
struct Stored {
    num_features: usize,
    num_targets: usize,
    arithmetic: Arithmetic,
    used: Arithmetic,
    all_rows: u64,
    rows: u64,
    sum_of_log_weights: DoubleDouble,
    exponents: Vec<Option<i32>>,
    weight_exponent: Option<i32>,
    #[serde(with = "crate::exact_form")]
    centres: Option<Vec<f64>>,
    sums: Vec<DoubleDouble>,
    #[serde(with = "crate::exact_form")]
    squares: Vec<f64>,
    #[serde(with = "crate::exact_form")]
    offsets: Vec<f64>,
    additions: u64,
}

impl Serialize for Accumulator {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Stored {
            num_features: self.num_features,
            num_targets: self.num_targets,
            arithmetic: self.arithmetic,
            used: self.used,
            all_rows: self.all_rows,
            rows: self.rows,
            sum_of_log_weights: self.sum_of_log_weights,
            exponents: self.exponents.clone(),
            weight_exponent: self.weight_exponent,
            centres: self.centres.clone(),
            sums: self.sums.products.numbers().to_vec(),
            squares: self.sums.squares.clone(),
            offsets: self.sums.offsets.clone(),
            additions: self.sums.additions,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Accumulator {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let stored = Stored::deserialize(deserializer)?;
        let columns = stored
            .num_features
            .checked_add(stored.num_targets)
            .and_then(|sum| sum.checked_add(1));
        let lengths = [
            stored.exponents.len(),
            stored.squares.len(),
            stored.offsets.len(),
        ];
        let columns = columns.filter(|columns| {
            let centres = stored.centres.as_ref().map_or(*columns, Vec::len);
            lengths == [*columns; 3] && centres == *columns
        });
        let exponents = stored.exponents.iter().flatten();
        let mut exponents = exponents.chain(&stored.weight_exponent);
        if !exponents.all(|exponent| (-MOST_EXPONENT..=MOST_EXPONENT).contains(exponent)) {
            return Err(Error::custom("an exponent is out of range"));
        }
        let products = columns.and_then(|columns| Triangle::from_numbers(columns, stored.sums));
        let products =
            products.ok_or_else(|| Error::custom("the sums do not fit the number of columns"))?;
        Ok(Self {
            num_features: stored.num_features,
            num_targets: stored.num_targets,
            arithmetic: stored.arithmetic,
            used: stored.used,
            all_rows: stored.all_rows,
            rows: stored.rows,
            sum_of_log_weights: stored.sum_of_log_weights,
            exponents: stored.exponents,
            weight_exponent: stored.weight_exponent,
            centres: stored.centres,
            sums: Sums {
                products,
                squares: stored.squares,
                offsets: stored.offsets,
                additions: stored.additions,
            },
        })
    }
}
