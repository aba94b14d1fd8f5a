use super::Encoder;
use super::design::Design;
use crate::DataError;

/// The largest number of features of a model by default.
pub const MAX_FEATURES: usize = 10_000;

/// The highest limit on features that can be set, and the largest number that a
/// stored encoder may have: the description of so many takes some hundreds of
/// MB.
pub const MOST_FEATURES: usize = 1_000_000;

impl Encoder {
    /// The number of features of a row, computed without making any of them.
    pub fn num_features(&self) -> usize {
        usize::try_from(Design::of(self).num_features()).unwrap_or(usize::MAX)
    }

    /// Checks that there are no more features than the limit.
    ///
    /// # Errors
    ///
    /// [`DataError::TooManyFeatures`] with the term that has the most, or
    /// [`DataError::Setting`] for a limit above [`MOST_FEATURES`].
    pub fn check_size(&self, limit: usize) -> Result<(), DataError> {
        if limit > MOST_FEATURES {
            return Err(DataError::Setting {
                name: "largest number of features",
                found: limit.to_string(),
                expected: format!("at most {MOST_FEATURES}"),
            });
        }
        let design = Design::of(self);
        let features = design.num_features();
        if features <= limit as u64 {
            return Ok(());
        }
        let sizes = self.terms.iter().zip(design.sizes());
        let largest = sizes.max_by_key(|(_, size)| *size);
        let (term, of_term) =
            largest.map_or_else(Default::default, |(term, size)| (term.to_string(), size));
        Err(DataError::TooManyFeatures {
            features,
            term,
            of_term,
            limit,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::schema;
    use crate::{ColumnChoice, Encoder, EncoderConfig, Formula};

    fn encoder(formula: &str, max_features: usize) -> Result<Encoder, String> {
        let names = ["a", "b", "c", "d", "e", "t", "y"].map(String::from);
        let text = "a,b,c,d,e,t,y\n1,2,3,4,5,u,6\n2,3,5,4,6,v,1\n3,3,3,3,4,u,2\n";
        let schema = schema(text, &ColumnChoice::default()).unwrap();
        let formula = Formula::parse(formula, &names).unwrap();
        let config = EncoderConfig {
            targets: formula.targets,
            terms: Some(formula.terms),
            max_features,
            ..EncoderConfig::default()
        };
        Encoder::new(&schema, &config).map_err(|error| error.to_string())
    }

    #[test]
    fn features_are_counted_before_any_is_made() {
        let all = "y ~ poly(a,30)*poly(b,30)*poly(c,30)*poly(d,30)*poly(e,30)";
        assert_eq!(
            encoder(all, 10_000).unwrap_err(),
            "the model has 28629150 features, more than the limit of 10000; 24300000 of them are of the term `poly(a, 30):poly(b, 30):poly(c, 30):poly…`: use fewer of its factors, powers or levels"
        );
        let error = encoder("y ~ a", 2_000_000).unwrap_err();
        assert!(error.ends_with("expected at most 1000000"), "{error}");
    }

    #[test]
    fn the_count_is_that_of_the_features_made() {
        for formula in [
            "y ~ a*t",
            "y ~ 0 + t",
            "y ~ a:t + poly(b, 3)",
            "y ~ poly(a,2)*poly(b,3)*t",
        ] {
            let encoder = encoder(formula, 100).unwrap();
            let made = encoder.feature_names().len();
            assert_eq!(encoder.num_features(), made, "{formula}");
            assert!(encoder.check_size(made).is_ok());
            assert!(encoder.check_size(made - 1).is_err());
        }
    }
}
