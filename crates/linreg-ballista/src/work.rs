use std::ops::Range;

use linreg_data::{ChunkOrder, DataError, KnownPasses, TableLocation, Threads, open_location};
use serde::{Deserialize, Serialize};

use crate::room::Room;

/// What all tasks of a job do.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) enum Work {
    /// Finds where the rows of a file are.
    Index,
    /// Runs a pass, which follows it in writing.
    Pass {
        /// The name of the pass.
        name: String,
        /// The columns that it reads.
        columns: Vec<usize>,
    },
}

/// What a job is: its work, and the pass if it has one.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Job {
    pub work: Work,
    pub pass: Pass,
}

/// A pass in writing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Pass(pub Vec<u8>);

impl Serialize for Pass {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        // A list of numbers would take twice the room.
        to.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Pass {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl serde::de::Visitor<'_> for Bytes {
            type Value = Pass;

            fn expecting(&self, to: &mut std::fmt::Formatter) -> std::fmt::Result {
                to.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Pass, E> {
                Ok(Pass(bytes.to_vec()))
            }
        }
        from.deserialize_bytes(Bytes)
    }
}

/// A share of a job: rows of a table, from the beginning of a group to the end of a
/// group or of the table; or a file to find the rows of.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Task {
    /// The number of the task in the pass, from 0.
    pub number: u64,
    /// The files that have the rows.
    pub table: TableLocation,
    /// The rows.
    pub rows: Range<u64>,
}

/// What a machine runs tasks with.
#[derive(Debug)]
pub(crate) struct Machine {
    pub known: KnownPasses,
    pub room: Room,
}

impl Machine {
    /// A machine that knows these passes, without a limit of memory.
    pub fn new(known: KnownPasses) -> Self {
        Self {
            known,
            room: Room::new(None),
        }
    }
}

/// Takes what a task finds: the number of a group in the table and its state, or 0 and
/// the index of a file.
pub(crate) type Send<'a> = dyn Fn(u64, Vec<u8>) -> Result<(), DataError> + Sync + 'a;

impl Job {
    /// Does a task on this thread, for as long as it is wanted.
    pub fn run(
        &self,
        task: &Task,
        machine: &Machine,
        is_wanted: &dyn Fn() -> bool,
        send: &Send,
    ) -> Result<(), DataError> {
        match &self.work {
            Work::Index => {
                let source = open_location(&task.table)?;
                for part in source.parts(&[], ChunkOrder::File)? {
                    part?;
                }
                let table = source.location();
                let index = table.and_then(|table| table.files.into_iter().next()?.index);
                let index = rmp_serde::to_vec_named(&index);
                send(0, index.map_err(|error| DataError::Other(error.into()))?)
            }
            Work::Pass { name, columns } => {
                let pass = machine.known.read(name, &self.pass.0)?;
                let room = &machine.room;
                let bytes = || room.bytes_of_task(pass.as_ref(), columns.len());
                let Some(_taken) = room.take(bytes, is_wanted)? else {
                    return Ok(());
                };
                let source = open_location(&task.table)?;
                let deliver = |group, state| {
                    let bytes = pass.state_to_bytes(&state)?;
                    room.has_sent(pass.as_ref(), bytes.len());
                    send(group, bytes)
                };
                let rows = task.rows.clone();
                let threads = Threads::new(1);
                threads.run_groups(source.as_ref(), columns, rows, pass.as_ref(), &deliver)
            }
        }
    }
}
