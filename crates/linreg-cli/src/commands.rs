//! The commands, one file each.

#[cfg(feature = "ballista")]
pub mod ballista;
pub mod check;
pub mod completions;
pub mod describe;
pub mod devices;
pub mod evaluate;
pub mod fit;
pub mod generate;
pub mod inspect;
pub mod lesson;
pub mod plot;
pub mod predict;

use std::fmt;
use std::time::Duration;

use linreg_backend::{Adapter, AdapterKind, BackendError, BackendKind, Precision, Task, adapter};
use linreg_data::Placement;
use linreg_fit::ChosenBackend;
use linreg_training::Transfer;

use crate::settings::first_given;
use crate::{number, terminal};

/// Where tensors are computed.
#[derive(clap::Args)]
#[command(next_help_heading = "Backend")]
pub struct BackendArgs {
    /// Backend to compute on: ndarray, flex or wgpu
    ///
    /// By default, it is the first of them that is compiled in.
    #[arg(long, value_name = "NAME")]
    backend: Option<BackendKind>,

    /// Float type to train in: f32 or, on ndarray, f64 [default: f32]
    #[arg(long, value_name = "TYPE", value_parser = precision)]
    precision: Option<Precision>,

    /// Device for wgpu, by its number or name [default: the best]
    ///
    /// A part of the name is enough; linreg devices lists them.
    #[arg(long, value_name = "DEVICE")]
    device: Option<String>,

    /// Print on standard error which device computes, and how training
    /// progresses
    ///
    /// It also says where the rows are kept, and how long it takes to bring
    /// them to the device.
    #[arg(long, short)]
    verbose: bool,
}

/// A backend that is compiled in.
pub struct Backend {
    pub kind: BackendKind,
    pub precision: Precision,
    device: Option<String>,
    /// The device that wgpu computes on; `None` for other backends.
    adapter: Option<Adapter>,
    verbose: bool,
}

impl BackendArgs {
    /// The first option that was given.
    pub fn given(&self) -> Option<&'static str> {
        first_given(&[
            (self.backend.is_some(), "--backend"),
            (self.precision.is_some(), "--precision"),
            (self.device.is_some(), "--device"),
        ])
    }

    pub fn choose(&self) -> Result<Backend, BackendError> {
        let kind = BackendKind::choose(self.backend)?;
        let adapter = match kind {
            BackendKind::Wgpu => Some(adapter(self.device.as_deref())?),
            _ => None,
        };
        Ok(Backend {
            kind,
            precision: self.precision.unwrap_or(Precision::F32),
            device: self.device.clone(),
            adapter,
            verbose: self.verbose,
        })
    }
}

impl Backend {
    pub fn run<T: Task>(&self, task: T) -> Result<T::Output, BackendError> {
        let (kind, precision, device) = self.place();
        linreg_backend::run(kind, precision, device, task)
    }

    /// The backend as what the library trains on.
    pub fn trainer(&self) -> ChosenBackend {
        ChosenBackend {
            kind: self.kind,
            precision: self.precision,
            device: self.device.clone(),
            placement: self.placement(),
        }
    }

    fn place(&self) -> (BackendKind, Precision, Option<&str>) {
        (self.kind, self.precision, self.device.as_deref())
    }

    /// Whether `--verbose` was given.
    pub fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// With `--verbose`, prints what is going to compute.
    pub fn announce(&self) -> std::io::Result<()> {
        if !self.verbose {
            return Ok(());
        }
        let device = match &self.adapter {
            None => "the CPU".to_string(),
            Some(adapter) => format!(
                "{} ({}, {}, tensors up to {})",
                adapter.name,
                adapter.kind,
                adapter.api,
                number::bytes(adapter.max_tensor_bytes)
            ),
        };
        writeln!(terminal::stderr(), "computing with {self} on {device}")
    }

    /// With `--verbose`, prints how much of the training time it took to bring
    /// the rows to the device.
    pub fn report(&self, transfer: &Transfer, training: Duration) -> std::io::Result<()> {
        if !self.verbose {
            return Ok(());
        }
        let bytes = number::bytes(transfer.bytes);
        let training = number::duration(training);
        let rows = match (transfer.placement, &self.adapter) {
            (Placement::Device, _) => format!("rows in device memory, moved once: {bytes}"),
            // Training on all rows scales them in each pass, on all cores or machines.
            (Placement::Host, _) if transfer.time.is_zero() => {
                return writeln!(
                    terminal::stderr(),
                    "rows in host memory: {bytes} scaled in each pass over them; training took {training}"
                );
            }
            (Placement::Host, None) => format!("rows in host memory: {bytes} copied into batches"),
            (Placement::Host, Some(_)) => {
                format!("rows in host memory, moved in batches while the device computes: {bytes}")
            }
        };
        let time = number::duration(transfer.time);
        writeln!(
            terminal::stderr(),
            "{rows}; making batches took {time} of {training}"
        )
    }

    /// Whether the device has a memory of its own, which a software driver does
    /// not have.
    pub fn has_own_memory(&self) -> bool {
        let adapter = self.adapter.as_ref();
        adapter.is_some_and(|adapter| adapter.kind != AdapterKind::Software)
    }

    /// Where the rows of a training are best kept: in the memory of the
    /// processor that computes. A software driver takes half as long again as
    /// the host to gather rows into batches.
    pub fn placement(&self) -> Placement {
        if self.has_own_memory() {
            Placement::Device
        } else {
            Placement::Host
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.kind, self.precision)
    }
}

fn precision(text: &str) -> Result<Precision, String> {
    match text {
        "f32" => Ok(Precision::F32),
        "f64" => Ok(Precision::F64),
        _ => Err("expected f32 or f64".to_string()),
    }
}
