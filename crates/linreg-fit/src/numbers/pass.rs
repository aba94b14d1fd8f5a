use linreg_data::{DataError, RowChunk, RowPass};
use linreg_plot::{Cloud, PlotError, ScatterMatrix};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::FitError;

/// What is drawn of columns, to which rows are added in blocks.
pub trait Blocks: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    const NAME: &'static str;

    fn update(&mut self, columns: &[&[f64]]) -> Result<(), PlotError>;

    /// Adds the rows that follow in the table.
    fn merge(&mut self, later: Self) -> Result<(), PlotError>;
}

impl Blocks for ScatterMatrix {
    const NAME: &'static str = "scatter matrix";

    fn update(&mut self, columns: &[&[f64]]) -> Result<(), PlotError> {
        self.update(columns)
    }

    fn merge(&mut self, later: Self) -> Result<(), PlotError> {
        self.merge(later)
    }
}

/// Each column against the last one.
#[derive(Clone, Deserialize, Serialize)]
pub struct Clouds(pub Vec<Cloud>);

impl Blocks for Clouds {
    const NAME: &'static str = "scatters";

    fn update(&mut self, columns: &[&[f64]]) -> Result<(), PlotError> {
        let Some((target, features)) = columns.split_last() else {
            return Ok(());
        };
        let mut clouds = self.0.iter_mut().zip(features);
        clouds.try_for_each(|(cloud, feature)| cloud.update(feature, target))
    }

    fn merge(&mut self, later: Self) -> Result<(), PlotError> {
        let mut clouds = self.0.iter_mut().zip(later.0);
        clouds.try_for_each(|(cloud, later)| cloud.merge(later))
    }
}

/// The pass over the rows.
#[derive(Clone, Deserialize, Serialize)]
#[serde(bound = "")]
pub struct DrawPass<T: Blocks> {
    /// What is drawn, without rows.
    pub empty: T,
    /// The columns that are drawn: indices of the features, and after those the
    /// target.
    pub shown: Vec<usize>,
}

impl<T: Blocks> RowPass for DrawPass<T> {
    type State = T;
    type Output = T;

    fn name() -> String {
        T::NAME.to_string()
    }

    fn start(&self) -> T {
        self.empty.clone()
    }

    fn update(&self, drawn: &mut T, rows: &RowChunk) -> Result<(), DataError> {
        let features = rows.num_features;
        let column = |index: &usize| -> Vec<f64> {
            if *index == features {
                return rows.targets.to_vec();
            }
            let column = rows.features[*index..].iter();
            column.step_by(features).copied().collect()
        };
        let columns: Vec<Vec<f64>> = self.shown.iter().map(column).collect();
        let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        drawn.update(&columns).map_err(data_error)
    }

    fn merge(&self, drawn: &mut T, later: T) -> Result<(), DataError> {
        drawn.merge(later).map_err(data_error)
    }

    fn finish(self, drawn: T) -> Result<T, DataError> {
        Ok(drawn)
    }
}

fn data_error(error: PlotError) -> DataError {
    DataError::Other(Box::new(FitError::Plot(error)))
}

#[cfg(test)]
mod tests {
    use linreg_data::SyntheticConfig;

    use super::*;

    #[test]
    fn a_cloud_of_parts_is_that_of_the_whole() {
        let rows = SyntheticConfig::new(vec![1.0], 0.0).with_num_examples(20_000);
        let rows = rows.generate().unwrap();
        let empty = Cloud::new(("x1", -9.0, 9.0), ("y", -9.0, 9.0)).unwrap();
        let pass = DrawPass {
            empty: Clouds(vec![empty.clone()]),
            shown: vec![0, 1],
        };
        let Clouds(found) = pass.run(&rows).unwrap();
        let mut whole = empty;
        whole.update(rows.features(), rows.targets()).unwrap();
        assert_eq!(found[0].count(), 20_000);
        let svg = |cloud| linreg_plot::Picture::scatter_of(cloud).unwrap().svg();
        assert_eq!(svg(&found[0]), svg(&whole));
    }
}
