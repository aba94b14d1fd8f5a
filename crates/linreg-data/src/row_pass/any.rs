use super::{EncodedPass, EncodedState, RowChunk, RowPass};
use crate::encoder::{BoundEncoder, EncodingCounts};
use crate::pass::any::{borrowed, taken};
use crate::{AnyPass, AnyState, DataError, Set, SplitRows};

/// A [`RowPass`] as a [`RowSource`](crate::RowSource) and an
/// [`Engine`](crate::Engine) see it, without its types. Every row pass is one.
pub trait AnyRowPass: Send + Sync {
    /// As [`RowPass::start`].
    fn start_any(&self) -> AnyState;

    /// As [`RowPass::update`].
    ///
    /// # Errors
    ///
    /// As [`RowPass::update`], or a state of another pass.
    fn update_any(&self, state: &mut AnyState, rows: &RowChunk) -> Result<(), DataError>;

    /// As [`RowPass::merge`].
    ///
    /// # Errors
    ///
    /// As [`RowPass::merge`], or a state of another pass.
    fn merge_any(&self, state: &mut AnyState, later: AnyState) -> Result<(), DataError>;

    /// Returns the pass over the rows of a set of a table that an encoder, bound
    /// with targets, encodes.
    fn encoded(&self, encoder: BoundEncoder, split: SplitRows, set: Set) -> Box<dyn AnyPass>;

    /// Divides a state of the pass that [`encoded`](Self::encoded) returns into
    /// one of this pass and the counts of the encoder.
    ///
    /// # Errors
    ///
    /// A state of another pass.
    fn without_counts(&self, state: AnyState) -> Result<(AnyState, EncodingCounts), DataError>;
}

impl<P: RowPass> AnyRowPass for P {
    fn start_any(&self) -> AnyState {
        Box::new(self.start())
    }

    fn update_any(&self, state: &mut AnyState, rows: &RowChunk) -> Result<(), DataError> {
        self.update(borrowed(state, P::name)?, rows)
    }

    fn merge_any(&self, state: &mut AnyState, later: AnyState) -> Result<(), DataError> {
        self.merge(borrowed(state, P::name)?, taken(later, P::name)?)
    }

    fn encoded(&self, encoder: BoundEncoder, split: SplitRows, set: Set) -> Box<dyn AnyPass> {
        Box::new(EncodedPass::new(encoder, split, set, self.clone()))
    }

    fn without_counts(&self, state: AnyState) -> Result<(AnyState, EncodingCounts), DataError> {
        let EncodedState { state, counts, .. } = taken::<EncodedState<P::State>>(state, P::name)?;
        Ok((Box::new(state), counts))
    }
}
