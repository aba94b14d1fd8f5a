use linreg_data::{DataError, RowChunk, RowPass, RowSource};
use linreg_model::Digest;
use serde::{Deserialize, Serialize};

/// A fingerprint of a data set, by which another one is recognised: names, and a
/// digest of all numbers in the order of the rows.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Fingerprint {
    rows: usize,
    features: Vec<String>,
    targets: Vec<String>,
    weighted: bool,
    /// Digest of the bits of every number.
    digest: u64,
}

impl Fingerprint {
    /// Computes the fingerprint, which reads every row once.
    pub(crate) fn of(source: &(impl RowSource + ?Sized)) -> Result<Self, DataError> {
        let digest = DigestPass.run(source)?;
        Ok(Self {
            rows: source.num_rows(),
            features: source.feature_names().to_vec(),
            targets: source.target_names().to_vec(),
            weighted: digest.is_weighted,
            digest: digest.value,
        })
    }

    /// Returns the number of rows.
    pub(crate) fn num_rows(&self) -> usize {
        self.rows
    }

    /// Returns the numbers of features and targets.
    pub(crate) fn widths(&self) -> [usize; 2] {
        [self.features.len(), self.targets.len()]
    }

    /// Describes how the data found differ from these, which are expected; none
    /// if they agree.
    pub(crate) fn difference(&self, found: &Self) -> Option<String> {
        if found.rows != self.rows {
            return Some(format!("{} rows, expected {}", found.rows, self.rows));
        }
        for (what, found, expected) in [
            ("features", &found.features, &self.features),
            ("targets", &found.targets, &self.targets),
        ] {
            if found != expected {
                let list = |names: &[String]| format!("`{}`", names.join("`, `"));
                return Some(format!(
                    "the {what} {}, expected {}",
                    list(found),
                    list(expected)
                ));
            }
        }
        if found.weighted != self.weighted {
            let what = |weighted| if weighted { "weights" } else { "no weights" };
            return Some(format!(
                "rows with {}, expected {}",
                what(found.weighted),
                what(self.weighted)
            ));
        }
        (found.digest != self.digest).then(|| "rows with other numbers, or in another order".into())
    }
}

/// Computes a digest that depends on the numbers and the order of the rows, and
/// not on the parts that they come in.
///
/// The digests of the rows are the coefficients of a polynomial, which is
/// evaluated at [`BASE`](RowsDigest::BASE) modulo a prime (Karp and Rabin,
/// *Efficient randomized pattern-matching algorithms*, 1987).
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct DigestPass;

#[derive(Deserialize, Serialize)]
pub(crate) struct RowsDigest {
    value: u64,
    /// The base to the power of the number of rows.
    power: u64,
    is_weighted: bool,
}

impl RowsDigest {
    const PRIME: u64 = (1 << 61) - 1;
    const BASE: u64 = 0x9e37_79b9_7f4a_7c15 % Self::PRIME;

    /// Adds rows of this digest, whose number the power tells.
    fn append(&mut self, value: u64, power: u64) {
        self.value = (Self::product(self.value, power) + value) % Self::PRIME;
        self.power = Self::product(self.power, power);
    }

    fn product(a: u64, b: u64) -> u64 {
        (u128::from(a) * u128::from(b) % u128::from(Self::PRIME)) as u64
    }
}

impl RowPass for DigestPass {
    type State = RowsDigest;
    type Output = RowsDigest;

    fn name() -> String {
        "digest".to_string()
    }

    fn start(&self) -> RowsDigest {
        RowsDigest {
            value: 0,
            power: 1,
            is_weighted: false,
        }
    }

    fn update(&self, state: &mut RowsDigest, rows: &RowChunk) -> Result<(), DataError> {
        state.is_weighted |= rows.weights.is_some();
        let features = rows.features.chunks_exact(rows.num_features);
        let targets = rows.targets.chunks_exact(rows.num_targets);
        for (index, (x, y)) in features.zip(targets).enumerate() {
            let mut digest = Digest::default();
            let weight = rows.weights.map(|weights| &weights[index]);
            let numbers = x.iter().chain(y).chain(weight);
            numbers.for_each(|number| digest.word(number.to_bits()));
            state.append(digest.value() % RowsDigest::PRIME, RowsDigest::BASE);
        }
        Ok(())
    }

    fn merge(&self, state: &mut RowsDigest, later: RowsDigest) -> Result<(), DataError> {
        state.is_weighted |= later.is_weighted;
        state.append(later.value, later.power);
        Ok(())
    }

    fn finish(self, state: RowsDigest) -> Result<RowsDigest, DataError> {
        Ok(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use linreg_data::{Dataset, SyntheticConfig};

    fn dataset() -> Dataset {
        let config = SyntheticConfig::new(vec![2.0, -3.4], 4.2);
        config.with_num_examples(100).generate().unwrap()
    }

    #[test]
    fn does_not_depend_on_the_parts_of_the_rows() {
        let numbers: Vec<f64> = (0..40_000).map(|row| f64::from(row).sin()).collect();
        let targets = numbers.clone();
        let all = Dataset::new(numbers, targets, vec!["x".into()], vec!["y".into()]).unwrap();
        let of = |source: &dyn RowSource| DigestPass.run(source).unwrap();
        let whole = of(&all);
        for cut in [1, 8192, 20_001] {
            let rows: Vec<usize> = (0..40_000).collect();
            let mut state = of(&all.select(&rows[..cut]).unwrap());
            let later = of(&all.select(&rows[cut..]).unwrap());
            DigestPass.merge(&mut state, later).unwrap();
            assert_eq!((state.value, state.power), (whole.value, whole.power));
        }
    }

    #[test]
    fn says_how_data_differ() {
        let expected = Fingerprint::of(&dataset()).unwrap();
        let difference = |dataset: &Dataset| {
            let found = Fingerprint::of(dataset).unwrap();
            expected.difference(&found)
        };
        assert_eq!(difference(&dataset()), None);
        let rows: Vec<usize> = (0..99).collect();
        assert_eq!(
            difference(&dataset().select(&rows).unwrap()).unwrap(),
            "99 rows, expected 100"
        );
        let renamed = dataset().with_names(vec!["a".into(), "b".into()], vec!["y".into()]);
        assert_eq!(
            difference(&renamed.unwrap()).unwrap(),
            "the features `a`, `b`, expected `x1`, `x2`"
        );
        let mut rows: Vec<usize> = (0..100).collect();
        rows.swap(3, 4);
        assert_eq!(
            difference(&dataset().select(&rows).unwrap()).unwrap(),
            "rows with other numbers, or in another order"
        );
        let weighted = dataset().with_weights(vec![1.0; 100]).unwrap();
        assert_eq!(
            difference(&weighted).unwrap(),
            "rows with weights, expected no weights"
        );
    }
}
