//! Runs the passes of linear regression over tables on the machines of an
//! [Apache Ballista](https://datafusion.apache.org/ballista/) cluster.
//!
//! - a [`Scheduler`] gives out work and notices machines that are lost;
//! - an [`Executor`] reads rows of the table and runs passes over them; there is one
//!   on every machine;
//! - [`Ballista`] is the [`Engine`](linreg_data::Engine) of a program that wants a
//!   result: it divides the table, sends the pass and merges what comes back.
//!
//! A model has the same bytes as one that was fitted on a single machine, whatever
//! the number of executors and the order in which they finish, also when some of
//! them are lost. The machines need to see the files of the table under the same
//! paths, or behind the same URL. None of this is there without the feature `ballista`.
//!
//! Training computes losses and gradients on the executors, with the backend of the
//! program. Only the last digits of a model may differ: of training on `wgpu`, since each
//! machine measures its kernels when it first uses them, and takes the fastest; and of
//! exact fits (mostly wide ones) and training where machines have CPUs of different kinds.
//!
//! # What a pass costs
//!
//! ```text
//! time = fixed + rows * time of a row / slots + groups * (time of a task + time of a state)
//! ```
//!
//! The rows of a group, 131,072, are the least that is sent elsewhere; a pass over files
//! that can be divided has at most 4,096 tasks, each of one group or of several, and over
//! compressed text one for each file. Measured on two cores (AMD EPYC), all of
//! them busy with the scheduler, two executors of one slot and the program, without link
//! time optimisation:
//!
//! - A fit to 2,000,000 rows of 20 features in 16 groups, which reads them twice, takes
//!   1.42 s, one process with two threads 1.34 s; with diagnostics 3.83 and 3.55 s.
//! - The scheduler computes for about 1.2 ms a task. 100 executors of one slot that take a
//!   second for each group need 100 tasks a second, which keep one core of the scheduler
//!   busy for an eighth of the time; at a tenth of a second for each group, all wait for
//!   the scheduler. A pass over 100,000 groups, which are 13 billion rows, has 4,000 tasks
//!   and takes the scheduler 5 s.
//! - The program fetches and merges one state of a group after the other. It has few of
//!   them in memory, whatever the number of groups, but fetches all. The sums of an exact
//!   fit have about a number for each pair of features, 16 MB at least with 2,000 of them:
//!   with 100,000 groups that is more than a terabyte, so wide models of so many rows are
//!   limited by the network of the program.
//! - An executor needs, for each slot, the memory of a few states and of the rows that it
//!   decodes; with one slot and 20 features it took 140 MB. Where an executor has a limit
//!   for its tasks ([`Executor::memory`]), a task waits until there is room for it.
//!
//! # Security
//!
//! Whoever reaches the port of a scheduler or an executor can have passes run there,
//! with the rights of that process: they read any table that it can read. Both listen
//! on the loopback interface unless they are told otherwise; elsewhere, give all
//! machines and programs [`Certificates`], or use a network that only the cluster is
//! on. An executor runs our passes and refuses every other plan. One of these passes
//! writes predictions to the folder that it is told, where the process may write.
//!
//! # Example
//!
//! With `linreg ballista scheduler` and two `linreg ballista executor` running:
//!
//! ```no_run
//! # #[cfg(feature = "ballista")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//!
//! use linreg_ballista::Ballista;
//! use linreg_fit::{FitConfig, Table};
//!
//! let cluster = Arc::new(Ballista::connect("127.0.0.1:50050")?);
//! let table = Table::open("houses.parquet")?.on(cluster);
//! println!("{}", FitConfig::to("price").run(&table)?);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "ballista"))]
//! # fn main() {}
//! ```

#![cfg_attr(not(feature = "ballista"), allow(rustdoc::broken_intra_doc_links))]

#[cfg(feature = "ballista")]
mod background;
#[cfg(feature = "ballista")]
mod certificates;
#[cfg(feature = "ballista")]
mod cluster;
#[cfg(feature = "ballista")]
mod codec;
#[cfg(feature = "ballista")]
mod divide;
#[cfg(feature = "ballista")]
mod engine;
#[cfg(feature = "ballista")]
mod error;
#[cfg(feature = "ballista")]
mod event;
#[cfg(feature = "ballista")]
mod executor;
#[cfg(feature = "ballista")]
mod found;
#[cfg(feature = "ballista")]
mod host;
#[cfg(feature = "ballista")]
mod jobs;
#[cfg(feature = "ballista")]
mod only_passes;
#[cfg(feature = "ballista")]
mod plan;
#[cfg(feature = "ballista")]
mod programs;
#[cfg(feature = "ballista")]
mod room;
#[cfg(feature = "ballista")]
mod scheduler;
#[cfg(feature = "ballista")]
mod status;
#[cfg(feature = "ballista")]
mod waits;
#[cfg(feature = "ballista")]
mod work;

#[cfg(feature = "ballista")]
pub use certificates::Certificates;
#[cfg(feature = "ballista")]
pub use engine::{Ballista, ConnectOptions};
#[cfg(feature = "ballista")]
pub use error::BallistaError;
#[cfg(feature = "ballista")]
pub use event::{Event, OnEvent, Progress};
#[cfg(feature = "ballista")]
pub use executor::Executor;
#[cfg(feature = "ballista")]
pub use scheduler::Scheduler;
#[cfg(feature = "ballista")]
pub use status::{PassStatus, Status};
