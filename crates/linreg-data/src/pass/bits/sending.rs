//! An engine that writes and reads what it runs.

use crate::source::{Chunk, Source};
use crate::{AnyPass, AnyState, DataError, Engine, PassReader, Threads};

/// An engine that writes and reads passes and states, as between machines.
pub(crate) struct Sending(pub Threads);

/// A pass whose states are written and read after each step.
struct Sent(Box<dyn AnyPass>);

impl Engine for Sending {
    fn run_any(
        &self,
        table: &dyn Source,
        columns: &[usize],
        pass: &dyn AnyPass,
    ) -> Result<AnyState, DataError> {
        let bytes = pass.to_bytes()?;
        let read = pass.reader()(&bytes)?;
        assert_eq!(read.to_bytes()?, bytes);
        self.0.run_any(table, columns, &Sent(read))
    }
}

impl Sent {
    fn sent(&self, state: &AnyState) -> Result<AnyState, DataError> {
        let bytes = self.0.state_to_bytes(state)?;
        let read = self.0.state_from_bytes(&bytes)?;
        assert_eq!(self.0.state_to_bytes(&read)?, bytes);
        Ok(read)
    }
}

impl AnyPass for Sent {
    fn pass_name(&self) -> String {
        self.0.pass_name()
    }

    fn rows_of_part(&self) -> u64 {
        self.0.rows_of_part()
    }

    fn start_any(&self) -> AnyState {
        self.sent(&self.0.start_any()).unwrap()
    }

    fn update_any(&self, state: &mut AnyState, chunk: &Chunk) -> Result<(), DataError> {
        self.0.update_any(state, chunk)
    }

    fn end_part_any(&self, state: &mut AnyState) -> Result<(), DataError> {
        self.0.end_part_any(state)?;
        *state = self.sent(state)?;
        Ok(())
    }

    fn end_group_any(&self, state: &mut AnyState, group: u64) -> Result<(), DataError> {
        self.0.end_group_any(state, group)
    }

    fn merge_any(&self, state: &mut AnyState, later: AnyState) -> Result<(), DataError> {
        self.0.merge_any(state, self.sent(&later)?)?;
        *state = self.sent(state)?;
        Ok(())
    }

    fn to_bytes(&self) -> Result<Vec<u8>, DataError> {
        self.0.to_bytes()
    }

    fn reader(&self) -> PassReader {
        self.0.reader()
    }

    fn state_to_bytes(&self, state: &AnyState) -> Result<Vec<u8>, DataError> {
        self.0.state_to_bytes(state)
    }

    fn state_from_bytes(&self, bytes: &[u8]) -> Result<AnyState, DataError> {
        self.0.state_from_bytes(bytes)
    }
}
