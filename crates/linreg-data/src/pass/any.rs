use std::any::Any;

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::{MOST_PART_ROWS, Pass};
use crate::source::Chunk;
use crate::{DataError, OtherError};

/// The state of a pass of any type.
pub type AnyState = Box<dyn Any + Send>;

/// A [`Pass`] as an [`Engine`](crate::Engine) sees it, without its types. Every
/// pass is one.
///
/// Passes and states are written as MessagePack, in which every 64-bit float
/// keeps its bits.
pub trait AnyPass: Send + Sync {
    /// As [`Pass::name`].
    fn pass_name(&self) -> String;

    /// As [`Pass::part_rows`].
    fn rows_of_part(&self) -> u64;

    /// As [`Pass::start`].
    fn start_any(&self) -> AnyState;

    /// As [`Pass::update`].
    ///
    /// # Errors
    ///
    /// As [`Pass::update`], or a state of another pass.
    fn update_any(&self, state: &mut AnyState, chunk: &Chunk) -> Result<(), DataError>;

    /// As [`Pass::end_part`].
    ///
    /// # Errors
    ///
    /// As [`Pass::end_part`], or a state of another pass.
    fn end_part_any(&self, state: &mut AnyState) -> Result<(), DataError>;

    /// As [`Pass::end_group`].
    ///
    /// # Errors
    ///
    /// As [`Pass::end_group`], or a state of another pass.
    fn end_group_any(&self, state: &mut AnyState, group: u64) -> Result<(), DataError>;

    /// As [`Pass::merge`].
    ///
    /// # Errors
    ///
    /// As [`Pass::merge`], or a state of another pass.
    fn merge_any(&self, state: &mut AnyState, later: AnyState) -> Result<(), DataError>;

    /// Writes the pass, for another machine.
    ///
    /// # Errors
    ///
    /// A pass that cannot be written.
    fn to_bytes(&self) -> Result<Vec<u8>, DataError>;

    /// Returns the function that reads what [`to_bytes`](Self::to_bytes) has
    /// written.
    fn reader(&self) -> PassReader;

    /// Writes a state, for another machine.
    ///
    /// # Errors
    ///
    /// A state that cannot be written, or one of another pass.
    fn state_to_bytes(&self, state: &AnyState) -> Result<Vec<u8>, DataError>;

    /// Reads a state that [`state_to_bytes`](Self::state_to_bytes) has written.
    ///
    /// # Errors
    ///
    /// Bytes that are no state of this pass.
    fn state_from_bytes(&self, bytes: &[u8]) -> Result<AnyState, DataError>;
}

/// Reads a pass of one type; see [`read_pass`].
pub type PassReader = fn(&[u8]) -> Result<Box<dyn AnyPass>, DataError>;

/// Reads a pass that [`AnyPass::to_bytes`] has written.
///
/// # Errors
///
/// Bytes that are no pass of this type.
pub fn read_pass<P: Pass>(bytes: &[u8]) -> Result<Box<dyn AnyPass>, DataError> {
    Ok(Box::new(read::<P>(&P::name(), bytes)?))
}

/// An error of a pass or a state on its way between machines.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SentPassError {
    /// Nobody here knows a pass of this name.
    #[error("found the pass {0:?}, which this program does not have")]
    Unknown(String),
    /// A state is of another pass.
    #[error("found a state of another pass, expected one of the pass {0:?}")]
    ForeignState(String),
    /// The pass or its state cannot be written.
    #[error("the pass {pass:?} cannot be written: {source}")]
    Write {
        /// The name of the pass.
        pass: String,
        /// The error of the encoder.
        source: OtherError,
    },
    /// The bytes are no such pass, or no state of it.
    #[error("the pass {pass:?} cannot be read: {source}")]
    Read {
        /// The name of the pass.
        pass: String,
        /// The error of the decoder.
        source: OtherError,
    },
}

impl<P: Pass> AnyPass for P {
    fn pass_name(&self) -> String {
        P::name()
    }

    fn rows_of_part(&self) -> u64 {
        // Groups are whole parts.
        1 << self.part_rows().clamp(1, MOST_PART_ROWS).ilog2()
    }

    fn start_any(&self) -> AnyState {
        Box::new(self.start())
    }

    fn update_any(&self, state: &mut AnyState, chunk: &Chunk) -> Result<(), DataError> {
        self.update(borrowed(state, P::name)?, chunk)
    }

    fn end_part_any(&self, state: &mut AnyState) -> Result<(), DataError> {
        self.end_part(borrowed(state, P::name)?)
    }

    fn end_group_any(&self, state: &mut AnyState, group: u64) -> Result<(), DataError> {
        self.end_group(borrowed(state, P::name)?, group)
    }

    fn merge_any(&self, state: &mut AnyState, later: AnyState) -> Result<(), DataError> {
        self.merge(borrowed(state, P::name)?, taken(later, P::name)?)
    }

    fn to_bytes(&self) -> Result<Vec<u8>, DataError> {
        write(&P::name(), self)
    }

    fn reader(&self) -> PassReader {
        read_pass::<P>
    }

    fn state_to_bytes(&self, state: &AnyState) -> Result<Vec<u8>, DataError> {
        let state: Option<&P::State> = state.downcast_ref();
        let foreign = || SentPassError::ForeignState(P::name());
        write(&P::name(), state.ok_or_else(foreign)?)
    }

    fn state_from_bytes(&self, bytes: &[u8]) -> Result<AnyState, DataError> {
        Ok(Box::new(read::<P::State>(&P::name(), bytes)?))
    }
}

/// Returns the state in its own type.
pub(crate) fn taken<S: 'static>(
    state: AnyState,
    name: impl Fn() -> String,
) -> Result<S, DataError> {
    let state = state.downcast();
    let state = state.map_err(|_| SentPassError::ForeignState(name()))?;
    Ok(*state)
}

/// As [`taken`], of a state that goes on.
pub(crate) fn borrowed<S: 'static>(
    state: &mut AnyState,
    name: impl Fn() -> String,
) -> Result<&mut S, DataError> {
    let state = state.downcast_mut();
    Ok(state.ok_or_else(|| SentPassError::ForeignState(name()))?)
}

fn write(pass: &str, value: &impl Serialize) -> Result<Vec<u8>, DataError> {
    let error = |source: rmp_serde::encode::Error| SentPassError::Write {
        pass: pass.to_string(),
        source: source.into(),
    };
    Ok(rmp_serde::to_vec_named(value).map_err(error)?)
}

fn read<T: DeserializeOwned>(pass: &str, bytes: &[u8]) -> Result<T, DataError> {
    let error = |source: rmp_serde::decode::Error| SentPassError::Read {
        pass: pass.to_string(),
        source: source.into(),
    };
    Ok(rmp_serde::from_slice(bytes).map_err(error)?)
}
