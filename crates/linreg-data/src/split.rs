use rand::seq::SliceRandom;

use crate::random::{Purpose, generator};
use crate::{DataError, Dataset};

impl Dataset {
    /// Divides the rows at random into a training set and a validation set
    /// with the given fraction of the rows, rounded; each keeps file order.
    ///
    /// # Errors
    ///
    /// A fraction outside of (0, 1), or so near an end that one of the sets
    /// would have no rows.
    pub fn split(&self, validation_fraction: f64, seed: u64) -> Result<(Self, Self), DataError> {
        if !(validation_fraction > 0.0 && validation_fraction < 1.0) {
            return Err(DataError::Setting {
                name: "validation fraction",
                found: validation_fraction.to_string(),
                expected: "a number above 0 and below 1".to_string(),
            });
        }
        let num_rows = self.num_rows();
        let held_out = (num_rows as f64 * validation_fraction).round() as usize;
        if held_out == 0 || held_out == num_rows {
            let set = if held_out == 0 {
                "validation"
            } else {
                "training"
            };
            return Err(DataError::NoRows(format!(
                " left for {set} after holding out {validation_fraction} of {num_rows}"
            )));
        }
        let mut order: Vec<usize> = (0..num_rows).collect();
        order.shuffle(&mut generator(seed, Purpose::Split));
        let (validation, train) = order.split_at_mut(held_out);
        validation.sort_unstable();
        train.sort_unstable();
        Ok((self.select(train)?, self.select(validation)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(rows: usize) -> Dataset {
        let targets: Vec<f64> = (0..rows).map(|row| row as f64).collect();
        let features = targets.iter().flat_map(|t| [10.0 * t, -t]).collect();
        Dataset::new(
            features,
            targets,
            vec!["a".into(), "b".into()],
            vec!["y".into()],
        )
        .unwrap()
    }

    #[test]
    fn splits_into_two_sets_that_are_the_whole() {
        let dataset = numbered(103);
        let (train, validation) = dataset.split(0.25, 9).unwrap();
        assert_eq!((train.num_rows(), validation.num_rows()), (77, 26));
        let mut all = [train.targets(), validation.targets()].concat();
        all.sort_by(f64::total_cmp);
        assert_eq!(all, dataset.targets());
        for set in [&train, &validation] {
            assert!(set.targets().is_sorted());
            for row in 0..set.num_rows() {
                assert_eq!(set.feature(0).nth(row).unwrap(), 10.0 * set.targets()[row]);
                assert_eq!(set.feature(1).nth(row).unwrap(), -set.targets()[row]);
            }
        }
    }

    #[test]
    fn a_seed_names_a_split() {
        let dataset = numbered(50);
        assert_eq!(
            dataset.split(0.5, 1).unwrap(),
            dataset.split(0.5, 1).unwrap()
        );
        assert_ne!(
            dataset.split(0.5, 1).unwrap(),
            dataset.split(0.5, 2).unwrap()
        );
    }

    #[test]
    fn refuses_a_split_with_an_empty_side() {
        for (fraction, message) in [
            (
                0.0,
                "the validation fraction is 0, expected a number above 0 and below 1",
            ),
            (
                1.0,
                "the validation fraction is 1, expected a number above 0 and below 1",
            ),
            (
                f64::NAN,
                "the validation fraction is NaN, expected a number above 0 and below 1",
            ),
            (
                0.1,
                "there are no rows left for validation after holding out 0.1 of 3",
            ),
            (
                0.9,
                "there are no rows left for training after holding out 0.9 of 3",
            ),
        ] {
            let error = numbered(3).split(fraction, 0).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn weights_stay_with_their_rows() {
        let weights: Vec<f64> = (0..50).map(|row| f64::from(row) + 0.5).collect();
        let dataset = numbered(50).with_weights(weights).unwrap();
        let (train, validation) = dataset.split(0.4, 3).unwrap();
        for set in [train, validation] {
            let weights = set.weights().unwrap().iter();
            assert!(weights.eq(&set.targets().iter().map(|y| y + 0.5).collect::<Vec<_>>()));
        }
    }
}
