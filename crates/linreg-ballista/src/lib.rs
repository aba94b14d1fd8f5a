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
//! # Security
//!
//! Whoever reaches the port of a scheduler or an executor can have passes run there,
//! with the rights of that process: they read any table that it can read. Both listen
//! on the loopback interface unless they are told otherwise; elsewhere, give all
//! machines and programs [`Certificates`], or use a network that only the cluster is
//! on. An executor runs our passes and refuses every other plan.
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
mod jobs;
#[cfg(feature = "ballista")]
mod only_passes;
#[cfg(feature = "ballista")]
mod plan;
#[cfg(feature = "ballista")]
mod programs;
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
