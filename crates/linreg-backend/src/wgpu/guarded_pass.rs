use burn_wgpu::{Wgpu, WgpuDevice};
use linreg_data::{AnyPass, AnyState, Chunk, DataError, PassReader};

use super::{FAILURE, OPENED, adapters, guard, lock, open_as};
use crate::BackendError;
use crate::adapter::find;

/// A pass of another program that computes on the default device.
struct GuardedPass(Box<dyn AnyPass>);

/// Opens the default device for a pass, whose parts then end in an error where the
/// device fails.
pub(crate) fn guarded_pass(pass: Box<dyn AnyPass>) -> Result<Box<dyn AnyPass>, DataError> {
    open_default().map_err(|error| DataError::Other(error.into()))?;
    Ok(Box::new(GuardedPass(pass)))
}

impl AnyPass for GuardedPass {
    fn pass_name(&self) -> String {
        self.0.pass_name()
    }

    fn rows_of_part(&self) -> u64 {
        self.0.rows_of_part()
    }

    fn start_any(&self) -> AnyState {
        self.0.start_any()
    }

    fn update_any(&self, state: &mut AnyState, chunk: &Chunk) -> Result<(), DataError> {
        self.0.update_any(state, chunk)
    }

    fn end_part_any(&self, state: &mut AnyState) -> Result<(), DataError> {
        let end = || self.0.end_part_any(state);
        let ended = guard::<Wgpu, _>(&WgpuDevice::DefaultDevice, end);
        ended.map_err(|error| {
            if has_failed() {
                let advice = "end this executor and start it again to use its device";
                DataError::Other(format!("{error}; {advice}").into())
            } else {
                DataError::Other(error.into())
            }
        })?
    }

    fn end_group_any(&self, state: &mut AnyState, group: u64) -> Result<(), DataError> {
        self.0.end_group_any(state, group)
    }

    fn merge_any(&self, state: &mut AnyState, later: AnyState) -> Result<(), DataError> {
        self.0.merge_any(state, later)
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

/// Opens the device of the best kind as Burn's default device.
fn open_default() -> Result<(), BackendError> {
    if is_open(&WgpuDevice::DefaultDevice) {
        return Ok(());
    }
    let adapters = adapters();
    open_as(&WgpuDevice::DefaultDevice, find(&adapters, None)?)
}

fn is_open(device: &WgpuDevice) -> bool {
    lock(&OPENED).iter().any(|(known, _)| known == device)
}

/// Whether a device has failed, so that this program can compute on none any more.
fn has_failed() -> bool {
    lock(&FAILURE).is_some()
}
