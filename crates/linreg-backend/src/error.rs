use thiserror::Error;

use crate::{Adapter, BackendKind, Precision};

/// Why a backend cannot be used, or failed.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum BackendError {
    /// No backend has this name.
    #[error("there is no backend `{0}`; the backends are ndarray, flex and wgpu")]
    Unknown(String),
    /// The backend is not compiled in.
    #[error(
        "the backend {wanted} is not compiled in; {} (to add it: cargo build --release --features {wanted})",
        available_in_words()
    )]
    NotCompiledIn {
        /// The backend asked for.
        wanted: BackendKind,
    },
    /// No backend at all is compiled in.
    #[error("no backend is compiled in; build with --features ndarray, flex or wgpu")]
    None,
    /// The backend does not compute in this float type.
    #[error(
        "the backend {backend} computes in f32 only, not in {precision}; for f64 use the backend ndarray"
    )]
    Precision {
        /// The backend asked for.
        backend: BackendKind,
        /// The float type asked for.
        precision: Precision,
    },
    /// A device was named for a backend that has only one.
    #[error("the backend {backend} computes on the CPU alone; name a device for wgpu only")]
    NoDevices {
        /// The backend asked for.
        backend: BackendKind,
    },
    /// There is no device for wgpu.
    #[error(
        "wgpu finds no GPU and no software driver; install your GPU's Vulkan driver, or Mesa's software driver (Debian and Ubuntu: mesa-vulkan-drivers), or use the backend ndarray"
    )]
    NoAdapter,
    /// No device matches the name, or several do.
    #[error("{} by the name `{wanted}`; the devices are {}",
        if *matching == 0 { "there is no device" } else { "there are several devices" },
        listed(available))]
    Device {
        /// The number, or part of a name, asked for.
        wanted: String,
        /// Number of devices that match.
        matching: usize,
        /// All devices.
        available: Vec<Adapter>,
    },
    /// The device cannot hold the tensors that `linreg` makes.
    #[error(
        "{name} takes at most {found} bytes in one tensor, expected at least {expected}; choose another device, or the backend ndarray"
    )]
    TooSmall {
        /// The device's name.
        name: String,
        /// Its limit in bytes.
        found: u64,
        /// The limit needed, in bytes.
        expected: u64,
    },
    /// The device or its driver failed, or code on it panicked.
    #[error(
        "{backend} failed: {message}; run `linreg check` to see what works here, or use the backend ndarray"
    )]
    Failed {
        /// The backend in use.
        backend: BackendKind,
        /// Message of the failure, in one line.
        message: String,
    },
}

fn listed(adapters: &[Adapter]) -> String {
    let list = adapters
        .iter()
        .map(|adapter| format!("{} ({})", adapter.number, adapter.name));
    list.collect::<Vec<_>>().join(", ")
}

fn available_in_words() -> String {
    match &BackendKind::available()[..] {
        [] => "no other one is either".to_string(),
        [only] => format!("{only} is"),
        [first @ .., last] => {
            let names: Vec<String> = first.iter().map(BackendKind::to_string).collect();
            format!("{} and {last} are", names.join(", "))
        }
    }
}
