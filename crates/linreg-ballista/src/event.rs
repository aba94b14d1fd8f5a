/// What a program is told while the machines of a cluster work for it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// How far a pass has come. It is told twice a second, and at the end.
    Progress(Progress),
    /// Parts of a pass are computed again, since the executor that had done them was
    /// lost, or cannot be reached.
    Lost {
        /// The host and port of the executor, if it is known which it was.
        executor: Option<String>,
        /// The number of these parts.
        again: usize,
        /// The number of all parts.
        parts: usize,
    },
}

/// How far a pass has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// The name of the pass.
    pub pass: String,
    /// The number of parts that are done.
    pub done: usize,
    /// The number of all parts.
    pub parts: usize,
    /// The number of rows of the parts that are done, if all have as many.
    pub rows: u64,
    /// The number of rows of the table.
    pub all_rows: u64,
    /// The number of executors that are there.
    pub executors: usize,
}

/// Is told what happens, on a thread of the connection.
pub type OnEvent = Box<dyn Fn(&Event) + Send + Sync>;
