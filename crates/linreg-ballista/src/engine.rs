use std::collections::HashMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use linreg_data::{
    AnyPass, AnyState, ChunkOrder, CsvOptions, DataError, EachState, Engine, FileIndex,
    FileLocation, GROUP_ROWS, KnownPasses, Source, TableLocation, Threads, open_location,
};
use linreg_fit::known_passes;
use tokio::sync::mpsc::{Receiver, channel};

use crate::background::Background;
use crate::cluster::{Cluster, FoundOfTask};
use crate::divide::divide;
use crate::executor::host_and_port;
use crate::found::Found;
use crate::status::Status;
use crate::work::{Job, Pass, Task, Work};
use crate::{BallistaError, Certificates, OnEvent};

/// Runs passes over tables on the executors of a cluster.
///
/// The files of a table have to be there under the same paths on every machine, this
/// one included. States are merged here, one after the other in the order of the table,
/// so that only a few are in memory, whatever the size of the table.
pub struct Ballista {
    cluster: Arc<Cluster>,
    /// Text files whose rows an executor has found, by their paths.
    indexed: Mutex<HashMap<PathBuf, (FileLocation, CsvOptions)>>,
    /// Dropped last, since what is dropped before speaks to the cluster.
    runtime: Background,
}

/// How a program works with a cluster.
#[non_exhaustive]
pub struct ConnectOptions {
    /// The passes that can be run, all of which the executors know too. Default: those
    /// of `linreg-fit`.
    pub known: KnownPasses,
    /// Told how far passes have come, and when executors are lost. Default: nothing is.
    pub on_event: Option<OnEvent>,
    /// How long a pass may go without finishing a part before that is an error.
    /// Default: 15 minutes.
    pub stall_limit: Duration,
    /// The certificates that the cluster wants, if it wants any. Default: none.
    pub certificates: Option<Certificates>,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            known: known_passes(),
            on_event: None,
            stall_limit: Duration::from_secs(900),
            certificates: None,
        }
    }
}

impl Ballista {
    /// Connects to the scheduler at an address such as `127.0.0.1:50050`.
    ///
    /// # Errors
    ///
    /// An address that is none, or no scheduler there.
    pub fn connect(address: &str) -> Result<Self, BallistaError> {
        Self::connect_with(address, ConnectOptions::default())
    }

    /// The same, with options.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub fn connect_with(address: &str, options: ConnectOptions) -> Result<Self, BallistaError> {
        host_and_port(address)?;
        let runtime = Background::new()?;
        let address = address.to_string();
        let connecting = async move { Cluster::connect(&address, options).await };
        Ok(Self {
            cluster: Arc::new(runtime.wait(connecting)?),
            indexed: Mutex::default(),
            runtime,
        })
    }

    /// Ends all passes that run, which are errors then, and has executors remove what
    /// they have found. Takes 3 seconds at most.
    pub fn cancel(&self) {
        let cluster = self.cluster.clone();
        let end = async move {
            cluster.end().await;
            Ok(())
        };
        // There is nobody to tell.
        let _ = self.runtime.wait(end);
    }

    /// What the scheduler says about the cluster.
    ///
    /// # Errors
    ///
    /// A scheduler that does not answer.
    pub fn status(&self) -> Result<Status, BallistaError> {
        let cluster = self.cluster.clone();
        self.runtime.wait(async move { cluster.status().await })
    }

    /// Has tasks done. What they find comes in the order of the tasks.
    fn start(&self, name: String, job: Job, tasks: Arc<[Task]>) -> Receiver<FoundOfTask> {
        let (found, receiver) = channel(1);
        let cluster = self.cluster.clone();
        self.runtime.handle.spawn(async move {
            if let Err(error) = cluster.run(&name, Arc::new(job), &tasks, &found).await {
                let _ = found.send(Err(error)).await;
            }
        });
        receiver
    }

    /// Returns the location of a table with the rows of all files. Executors look for
    /// those of files that nobody has read yet.
    fn located(&self, table: &dyn Source) -> Result<TableLocation, DataError> {
        let location = table.location();
        let mut location = location.ok_or(BallistaError::NotInFiles)?;
        let mut unknown = Vec::new();
        for (number, file) in location.files.iter_mut().enumerate() {
            file.index = file
                .index
                .take()
                .or_else(|| self.known_index(file, &location.reading));
            if file.index.is_none() {
                unknown.push(number);
            }
        }
        if unknown.is_empty() {
            return Ok(location);
        }
        let task = |(number, index): (usize, &usize)| Task {
            number: number as u64,
            table: TableLocation {
                files: vec![location.files[*index].clone()],
                reading: location.reading.clone(),
                first_row: 0,
            },
            rows: 0..0,
        };
        let tasks: Arc<[Task]> = unknown.iter().enumerate().map(task).collect();
        let job = Job {
            work: Work::Index,
            pass: Pass::default(),
        };
        let mut found = self.start("places of rows".to_string(), job, tasks);
        while let Some(found) = next(&mut found) {
            let (task, found) = found?;
            let file = &mut location.files[unknown[task]];
            let index = match found {
                Found::State { bytes, .. } => rmp_serde::from_slice(&bytes),
                Found::Error(message) => {
                    return Err(index_error(file, &location.reading, message));
                }
            };
            file.index = index.map_err(|error| DataError::Other(error.into()))?;
            let known = (file.clone(), location.reading.clone());
            self.lock().insert(file.path.clone(), known);
        }
        Ok(location)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PathBuf, (FileLocation, CsvOptions)>> {
        self.indexed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The index that an executor has found of this file, as it is now.
    fn known_index(&self, file: &FileLocation, reading: &CsvOptions) -> Option<FileIndex> {
        let known = self.lock();
        let (found, as_read) = known.get(&file.path)?;
        let version = |file: &FileLocation| (file.num_bytes, file.modified, file.etag.clone());
        let is_same = version(found) == version(file);
        found
            .index
            .clone()
            .filter(|_| is_same && as_read == reading)
    }
}

impl Drop for Ballista {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl Engine for Ballista {
    fn is_remote(&self) -> bool {
        true
    }

    fn run_any(
        &self,
        table: &dyn Source,
        columns: &[usize],
        pass: &dyn AnyPass,
    ) -> Result<AnyState, DataError> {
        let mut merged: Option<AnyState> = None;
        self.run_in_order(table, columns, pass, &mut |state| {
            match &mut merged {
                None => merged = Some(state),
                Some(merged) => pass.merge_any(merged, state)?,
            }
            Ok(())
        })?;
        Ok(merged.unwrap_or_else(|| pass.start_any()))
    }

    fn run_in_order(
        &self,
        table: &dyn Source,
        columns: &[usize],
        pass: &dyn AnyPass,
        each: &mut EachState<'_>,
    ) -> Result<(), DataError> {
        let located = self.located(table)?;
        let num_rows = located.num_rows().unwrap_or(0);
        let tasks: Arc<[Task]> = divide(&located, num_rows).into();
        if tasks.is_empty() {
            return Ok(());
        }
        let name = pass.pass_name();
        let job = Job {
            work: Work::Pass {
                name: name.clone(),
                columns: columns.to_vec(),
            },
            pass: Pass(pass.to_bytes()?),
        };
        let mut next_group = 0;
        let mut found = self.start(name, job, tasks.clone());
        while let Some(found) = next(&mut found) {
            match found? {
                // It came before, from an executor that was lost.
                (_, Found::State { group, .. }) if group < next_group => (),
                (_, Found::State { bytes, .. }) => {
                    each(pass.state_from_bytes(&bytes)?)?;
                    next_group += 1;
                }
                (task, Found::Error(message)) => {
                    let rows = tasks[task].rows.clone();
                    return Err(task_error(table, columns, rows, pass, message));
                }
            }
        }
        let expected = num_rows.div_ceil(GROUP_ROWS);
        if next_group != expected {
            let message = format!("{next_group} of {expected} states arrived");
            return Err(failed(pass, message));
        }
        Ok(())
    }
}

/// Waits for what is found next; None at the end.
fn next(found: &mut Receiver<FoundOfTask>) -> Option<FoundOfTask> {
    futures::executor::block_on(found.recv())
}

fn failed(pass: &dyn AnyPass, message: String) -> DataError {
    let pass = pass.pass_name();
    BallistaError::Failed { pass, message }.into()
}

/// The error of rows that an executor could not use. Errors know more than their
/// messages, so the rows are read once more, here; the message is that of the executor
/// where this machine can use them.
fn task_error(
    table: &dyn Source,
    columns: &[usize],
    rows: Range<u64>,
    pass: &dyn AnyPass,
    message: String,
) -> DataError {
    let here = Threads::default();
    let run = here.run_groups(table, columns, rows, pass, &|_, _| Ok(()));
    run.err().unwrap_or_else(|| failed(pass, message))
}

/// The same of a file whose rows an executor could not find.
fn index_error(file: &FileLocation, reading: &CsvOptions, message: String) -> DataError {
    let table = TableLocation {
        files: vec![file.clone()],
        reading: reading.clone(),
        first_row: 0,
    };
    let read = || -> Result<(), DataError> {
        for part in open_location(&table)?.parts(&[], ChunkOrder::File)? {
            part?;
        }
        Ok(())
    };
    let pass = "places of rows".to_string();
    read()
        .err()
        .unwrap_or_else(|| BallistaError::Failed { pass, message }.into())
}
