use linreg_data::{ChunkOrder, DataError, RowSource};
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
        let (width, height) = (source.feature_names().len(), source.target_names().len());
        let mut weighted = false;
        let mut digest = Digest::default();
        for rows in source.chunks(ChunkOrder::File)? {
            let rows = rows?;
            // The digest goes row by row, so that it does not depend on the size
            // of the chunks.
            let features = rows.features.chunks_exact(width);
            for (index, (x, y)) in features.zip(rows.targets.chunks_exact(height)).enumerate() {
                x.iter()
                    .chain(y)
                    .for_each(|value| digest.word(value.to_bits()));
                if let Some(weights) = &rows.weights {
                    weighted = true;
                    digest.word(weights[index].to_bits());
                }
            }
        }
        Ok(Self {
            rows: source.num_rows(),
            features: source.feature_names().to_vec(),
            targets: source.target_names().to_vec(),
            weighted,
            digest: digest.value(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use linreg_data::{Dataset, SyntheticConfig};

    fn dataset() -> Dataset {
        let config = SyntheticConfig::new(vec![2.0, -3.4], 4.2);
        config.with_num_examples(100).generate().unwrap()
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
