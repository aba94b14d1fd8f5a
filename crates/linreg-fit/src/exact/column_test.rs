use linreg_data::Encoder;
use linreg_exact::{ExactError, Inference, JointTest, RobustCovariance, Solution};

use super::warning::{is_among, together};
use crate::levels::LevelColumn;

/// The F test of the hypothesis that all weights of a categorical column are 0, so that
/// its levels do not differ, the other features held fixed.
#[derive(Clone, Debug)]
pub struct ColumnTest {
    /// The name of the column.
    pub column: String,
    /// The test.
    pub test: JointTest,
}

impl ColumnTest {
    /// The tests of the columns that have several weights. The weights of a column that
    /// is part of a product are the effects at one value of the other column only: it
    /// has no test.
    pub(crate) fn all(
        inference: &Inference,
        solution: &Solution,
        covariance: Option<&RobustCovariance>,
        encoder: &Encoder,
    ) -> Result<Vec<Self>, ExactError> {
        let features = encoder.features();
        let together = together(&features);
        let constant = usize::from(encoder.intercept());
        let mut tests = Vec::new();
        for column in LevelColumn::all(encoder) {
            let indices: Vec<usize> = column.features().collect();
            let is_alone = |index: &usize| !is_among(&features[*index], &together);
            // Without a reference level, equal weights would be no effect, not weights of 0.
            if indices.len() < 2 || !indices.iter().all(is_alone) || !column.has_reference() {
                continue;
            }
            let indices: Vec<usize> = indices.iter().map(|index| index + constant).collect();
            tests.push(Self {
                test: inference.joint_test(solution, covariance, &indices)?,
                column: column.name,
            });
        }
        Ok(tests)
    }
}
