use std::collections::BTreeMap;

use super::{AnyPass, Pass, PassReader, SentPassError, read_pass};
use crate::describe::DescribePass;
use crate::encoded_source::LoadPass;
use crate::learn_encoder::{FittedPass, LeftOutPass};
use crate::one_pass::GuessPass;
use crate::profile::ProfilePass;
use crate::{DataError, EncodedPass, RowPass, SummaryPass};

/// The passes that a program can run for another one, by their names.
///
/// # Example
///
/// ```
/// use linreg_data::{AnyPass, KnownPasses};
/// # use linreg_data::{Chunk, DataError, Pass};
/// # #[derive(serde::Deserialize, serde::Serialize)]
/// # struct CountRows;
/// # impl Pass for CountRows {
/// #     type State = u64;
/// #     type Output = u64;
/// #     fn name() -> String { "count rows".to_string() }
/// #     fn start(&self) -> u64 { 0 }
/// #     fn update(&self, count: &mut u64, chunk: &Chunk) -> Result<(), DataError> {
/// #         *count += chunk.num_rows() as u64;
/// #         Ok(())
/// #     }
/// #     fn merge(&self, count: &mut u64, later: u64) -> Result<(), DataError> {
/// #         *count += later;
/// #         Ok(())
/// #     }
/// #     fn finish(self, count: u64) -> Result<u64, DataError> { Ok(count) }
/// # }
///
/// # fn main() -> Result<(), DataError> {
/// let mut known = KnownPasses::default();
/// known.add::<CountRows>();
/// let sent = CountRows.to_bytes()?;
/// let pass = known.read("count rows", &sent)?;
/// assert_eq!(pass.pass_name(), "count rows");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct KnownPasses {
    readers: BTreeMap<String, Reader>,
}

#[derive(Clone, Debug)]
struct Reader {
    reader: PassReader,
    prepare: PreparePass,
}

/// Prepares a pass that has been read for another program.
pub type PreparePass = fn(Box<dyn AnyPass>) -> Result<Box<dyn AnyPass>, DataError>;

impl Default for KnownPasses {
    /// Returns the passes of this crate.
    fn default() -> Self {
        let mut known = Self {
            readers: BTreeMap::new(),
        };
        known.add::<DescribePass>();
        known.add::<FittedPass>();
        known.add::<LeftOutPass>();
        known.add::<ProfilePass>();
        known.add_rows::<LoadPass>();
        known.add_rows::<SummaryPass>();
        known
    }
}

impl KnownPasses {
    /// Adds a pass.
    pub fn add<P: Pass>(&mut self) {
        let (reader, prepare): (PassReader, PreparePass) = (read_pass::<P>, Ok);
        self.readers.insert(P::name(), Reader { reader, prepare });
    }

    /// Adds a pass over encoded rows, which also runs while the columns are learnt.
    pub fn add_rows<P: RowPass>(&mut self) {
        self.add::<EncodedPass<P>>();
        self.add::<GuessPass<P>>();
    }

    /// Adds a pass over encoded rows that is given to `prepare` when it has been read for
    /// another program. Unlike those of [`add_rows`](Self::add_rows), it does not run
    /// while the columns are learnt.
    pub fn add_encoded<P: RowPass>(&mut self, prepare: PreparePass) {
        let reader: PassReader = read_pass::<EncodedPass<P>>;
        let name = EncodedPass::<P>::name();
        self.readers.insert(name, Reader { reader, prepare });
    }

    /// Whether there is a pass of this name.
    pub fn has(&self, name: &str) -> bool {
        self.readers.contains_key(name)
    }

    /// Reads the pass of this name that [`AnyPass::to_bytes`] has written.
    ///
    /// # Errors
    ///
    /// A name that is not known, or bytes that are no such pass.
    pub fn read(&self, name: &str, bytes: &[u8]) -> Result<Box<dyn AnyPass>, DataError> {
        let reader = self.readers.get(name);
        let reader = reader.ok_or_else(|| SentPassError::Unknown(name.to_string()))?;
        (reader.prepare)((reader.reader)(bytes)?)
    }
}
