use super::{Encoder, EncoderError};
use crate::{DataError, Kind, MissingPolicy};

impl Encoder {
    /// Returns the encoder with another policy for missing values in the tables
    /// that it is applied to.
    ///
    /// # Errors
    ///
    /// A policy that needs other features, or a mean that the encoder does not
    /// know: only an encoder that was made with [`MissingPolicy::Indicator`]
    /// has features for missing values.
    pub fn with_missing(self, missing: MissingPolicy) -> Result<Self, DataError> {
        let features = self.feature_names();
        let changed = Self { missing, ..self };
        if changed.feature_names() != features {
            return Err(EncoderError::MarksMissing.into());
        }
        let columns = &changed.columns[..changed.num_feature_columns()];
        let has_no_mean = |kind: &Kind, has_spread: bool| match kind {
            Kind::Categorical { .. } => false,
            _ => !has_spread,
        };
        let unknown = columns
            .iter()
            .find(|column| has_no_mean(&column.kind, column.spread.is_some()));
        match (missing, unknown) {
            (MissingPolicy::Mean | MissingPolicy::Indicator, Some(column)) => {
                Err(EncoderError::NoMean(column.name.clone()).into())
            }
            _ => Ok(changed),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::encode;
    use crate::{ColumnChoice, Encoder, EncoderConfig, MissingPolicy};

    #[test]
    fn another_policy_must_have_the_same_features_and_means() {
        let encoder = |missing| {
            let config = EncoderConfig {
                missing,
                ..EncoderConfig::default()
            };
            let table = "a,t,y\n1,u,2\n2,v,3\n,u,3\n";
            encode(table, &ColumnChoice::default(), &config).unwrap().0
        };
        let dropping = encoder(MissingPolicy::Drop);
        let changed = dropping.clone().with_missing(MissingPolicy::Mean).unwrap();
        assert_eq!(changed.missing(), MissingPolicy::Mean);
        assert!(dropping.with_missing(MissingPolicy::Indicator).is_err());
        let marking = encoder(MissingPolicy::Indicator);
        let error = marking.with_missing(MissingPolicy::Drop).unwrap_err();
        assert!(error.to_string().contains("cannot be changed"), "{error}");
        let numbers = Encoder::of_numbers(&["a".to_string()], &["y".to_string()]);
        assert!(numbers.clone().with_missing(MissingPolicy::Drop).is_ok());
        let error = numbers.with_missing(MissingPolicy::Mean).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the model does not know the mean of the column `a`, so that missing cells cannot take it"
        );
    }
}
