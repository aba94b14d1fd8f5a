use serde::{Deserialize, Serialize};

use super::{Reading, TableProfile};
use crate::source::{Chunk, Source};
use crate::{DataError, Pass, pass};

/// Finds the profile of a table.
#[derive(Deserialize, Serialize)]
pub(crate) struct ProfilePass {
    reading: Reading,
    part_rows: u64,
}

impl ProfilePass {
    pub fn new(source: &dyn Source, reading: Reading) -> Self {
        Self {
            reading,
            part_rows: pass::part_rows_of(source),
        }
    }
}

impl Pass for ProfilePass {
    type State = TableProfile;
    type Output = TableProfile;

    fn name() -> String {
        "profile".to_string()
    }

    fn start(&self) -> TableProfile {
        TableProfile::new(&self.reading)
    }

    fn update(&self, profile: &mut TableProfile, chunk: &Chunk) -> Result<(), DataError> {
        profile.update(chunk, self.reading.max_levels).map(drop)
    }

    fn end_part(&self, profile: &mut TableProfile) -> Result<(), DataError> {
        profile.settle();
        Ok(())
    }

    fn merge(&self, profile: &mut TableProfile, later: TableProfile) -> Result<(), DataError> {
        profile.merge(later, self.reading.max_levels);
        Ok(())
    }

    fn finish(self, mut profile: TableProfile) -> Result<TableProfile, DataError> {
        profile.find_examples();
        Ok(profile)
    }

    fn part_rows(&self) -> u64 {
        self.part_rows
    }
}
