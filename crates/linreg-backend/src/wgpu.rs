//! Failures of wgpu, which are either prevented or turned into errors.
//!
//! Burn opens a device on first use and panics if that fails. It computes on its
//! own threads, where a panic is only logged while the results are wrong. So this
//! module lists the adapters first, opens the device itself, and records every
//! failure on it in [`FAILURE`].

#[cfg(not(test))]
mod guarded_pass;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

use burn::tensor::backend::Backend;
use burn_wgpu::graphics::{AutoGraphicsApi, GraphicsApi};
use burn_wgpu::{WgpuDevice, WgpuSetup, init_setup};
use wgpu::{AdapterInfo, DeviceType, Instance, InstanceDescriptor, PollType};

use crate::adapter::find;
use crate::{Adapter, AdapterKind, BackendError, BackendKind};
#[cfg(not(test))]
pub(crate) use guarded_pass::guarded_pass;

/// Size in bytes that a device has to allow for a tensor, because no tensor of
/// `linreg` is larger. It is the limit that WebGPU guarantees for a binding (W3C
/// *WebGPU*, section 3.6.2, maxStorageBufferBindingSize).
const MIN_TENSOR_BYTES: u64 = 128 << 20;

/// The devices opened so far. Burn opens each device once in a program.
static OPENED: Mutex<Vec<(WgpuDevice, WgpuSetup)>> = Mutex::new(Vec::new());

/// The first failure on a device, or the loss of the device. Nothing that is
/// computed after it can be trusted.
static FAILURE: Mutex<Option<String>> = Mutex::new(None);

/// The message of the latest panic on a thread of a pass, until it is reported.
static PANIC_OF_PASS: Mutex<Option<String>> = Mutex::new(None);

thread_local! {
    /// The message of the last panic of a task on this thread that was not taken
    /// yet.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
    /// How many guarded calls this thread is in.
    static GUARDED: RefCell<usize> = const { RefCell::new(0) };
}

/// How many guarded calls there are on all threads.
static NUM_GUARDED: AtomicUsize = AtomicUsize::new(0);

pub(crate) fn adapters() -> Vec<Adapter> {
    enumerate()
        .into_iter()
        .map(|(_, adapter)| adapter)
        .collect()
}

/// Returns the adapters that Burn can use, each with Burn's name for it.
fn enumerate() -> Vec<(WgpuDevice, Adapter)> {
    let api = AutoGraphicsApi::backend();
    let instance = Instance::new(InstanceDescriptor {
        backends: api.into(),
        ..InstanceDescriptor::new_without_display_handle()
    });
    let adapters = futures_lite::future::block_on(instance.enumerate_adapters(api.into()));
    // Burn numbers the adapters of each kind from 0.
    let mut of_kind = [0; 4];
    let mut next = |index: usize| {
        of_kind[index] += 1;
        of_kind[index] - 1
    };
    let named = adapters.into_iter().filter_map(|adapter| {
        let device = match adapter.get_info().device_type {
            DeviceType::DiscreteGpu => WgpuDevice::DiscreteGpu(next(0)),
            DeviceType::IntegratedGpu => WgpuDevice::IntegratedGpu(next(1)),
            DeviceType::VirtualGpu => WgpuDevice::VirtualGpu(next(2)),
            // Burn can use only one software driver, the first.
            DeviceType::Cpu if next(3) == 0 => WgpuDevice::Cpu,
            DeviceType::Cpu => return None,
            DeviceType::Other => WgpuDevice::DefaultDevice,
        };
        Some((device, adapter))
    });
    let described = named.enumerate().map(|(number, (device, adapter))| {
        let info = adapter.get_info();
        let limits = adapter.limits();
        let adapter = Adapter {
            number,
            kind: kind(&info),
            driver: format!("{} {}", info.driver, info.driver_info)
                .trim()
                .to_string(),
            name: info.name,
            api: format!("{:?}", info.backend),
            max_tensor_bytes: limits.max_storage_buffer_binding_size,
            max_buffer_bytes: limits.max_buffer_size,
            max_workgroup_threads: limits.max_compute_invocations_per_workgroup,
            max_workgroups: limits.max_compute_workgroups_per_dimension,
        };
        (device, adapter)
    });
    described.collect()
}

fn kind(info: &AdapterInfo) -> AdapterKind {
    match info.device_type {
        DeviceType::DiscreteGpu => AdapterKind::DiscreteGpu,
        DeviceType::IntegratedGpu => AdapterKind::IntegratedGpu,
        DeviceType::VirtualGpu => AdapterKind::VirtualGpu,
        DeviceType::Other => AdapterKind::Other,
        DeviceType::Cpu => AdapterKind::Software,
    }
}

/// Opens a device, or returns the one that was opened before.
pub(crate) fn open(wanted: Option<&str>) -> Result<WgpuDevice, BackendError> {
    let (devices, adapters): (Vec<WgpuDevice>, Vec<Adapter>) = enumerate().into_iter().unzip();
    let adapter = find(&adapters, wanted)?;
    let device = devices[adapter.number].clone();
    open_as(&device, adapter)?;
    Ok(device)
}

/// Opens an adapter that Burn knows as this device, unless it is open.
fn open_as(device: &WgpuDevice, adapter: &Adapter) -> Result<(), BackendError> {
    if adapter.max_tensor_bytes < MIN_TENSOR_BYTES {
        return Err(BackendError::TooSmall {
            name: adapter.name.clone(),
            found: adapter.max_tensor_bytes,
            expected: MIN_TENSOR_BYTES,
        });
    }
    let mut opened = lock(&OPENED);
    if opened.iter().any(|(known, _)| known == device) {
        return Ok(());
    }
    let setup = caught(|| init_setup::<AutoGraphicsApi>(device, Default::default()))?;
    let used = setup.adapter.get_info().name;
    if used != adapter.name {
        return Err(failed(format!(
            "Burn opened {used} where {} was asked for",
            adapter.name
        )));
    }
    setup
        .device
        .on_uncaptured_error(Arc::new(|error| record(error.to_string())));
    setup.device.set_device_lost_callback(|_, message| {
        // An earlier failure may be a result of the loss, so it is replaced.
        let message = format!("the device was lost ({message})");
        *lock(&FAILURE) = Some(message);
    });
    opened.push((device.clone(), setup));
    Ok(())
}

/// Runs code on the device, waits until all of it is done, and returns an error
/// if anything failed.
pub(crate) fn guard<B: Backend, T>(
    device: &B::Device,
    code: impl FnOnce() -> T,
) -> Result<T, BackendError> {
    let result = caught(|| {
        let result = code();
        (result, B::sync(device))
    });
    if lock(&FAILURE).is_some() {
        // A driver reports a lost device only when it is polled.
        for (_, setup) in lock(&OPENED).iter() {
            let _ = setup.device.poll(PollType::Poll);
        }
    }
    if let Some(message) = lock(&FAILURE).clone() {
        return Err(failed(message));
    }
    match result? {
        (result, Ok(())) => Ok(result),
        (_, Err(error)) => Err(failed(error.to_string())),
    }
}

/// Turns a panic into an error, and keeps it from being printed.
fn caught<T>(code: impl FnOnce() -> T) -> Result<T, BackendError> {
    listen_to_panics();
    GUARDED.with_borrow_mut(|depth| *depth += 1);
    NUM_GUARDED.fetch_add(1, Ordering::Relaxed);
    let result = catch_unwind(AssertUnwindSafe(code));
    GUARDED.with_borrow_mut(|depth| *depth -= 1);
    NUM_GUARDED.fetch_sub(1, Ordering::Relaxed);
    result.map_err(|_| {
        let message = PANIC.take().or_else(|| lock(&PANIC_OF_PASS).take());
        failed(message.unwrap_or_else(|| "a panic without a message".to_string()))
    })
}

/// Records panics of tasks and of Burn's device threads, whose names begin with
/// `DS`. All other panics go to the previous hook.
fn listen_to_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let message = panic.payload_as_str().unwrap_or("a panic");
            let message = match panic.location() {
                Some(location) => format!("{message} (at {location})"),
                None => message.to_string(),
            };
            let thread = std::thread::current();
            // A pass over rows computes on threads of its own.
            let is_of_pass = thread.name() == Some("linreg pass");
            if GUARDED.with_borrow(|depth| *depth > 0) {
                PANIC.set(Some(message));
            } else if thread.name().is_some_and(|name| name.starts_with("DS")) {
                record(message);
            } else if is_of_pass && NUM_GUARDED.load(Ordering::Relaxed) > 0 {
                *lock(&PANIC_OF_PASS) = Some(message);
            } else {
                before(panic);
            }
        }));
    });
}

fn record(message: String) {
    lock(&FAILURE).get_or_insert(message);
}

fn failed(message: String) -> BackendError {
    BackendError::Failed {
        backend: BackendKind::Wgpu,
        // The message of the driver is put on one line.
        message: message.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No panic can leave the data under these locks half-written.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Tensor, TensorData};
    use burn_wgpu::Wgpu;

    /// Runs one of the tests below in its own process, because a failure is
    /// remembered until the end of the process.
    fn in_a_program_of_its_own(test: &str) {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--ignored", &format!("wgpu::tests::{test}")])
            .output()
            .unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(stdout.contains("1 passed"), "{output:?}");
        // No panic is printed.
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!stderr.contains("panicked"), "{stderr}");
    }

    fn ones(rows: usize, device: &WgpuDevice) -> Tensor<Wgpu, 2> {
        Tensor::from_data(TensorData::new(vec![1f32; rows], [rows, 1]), device)
    }

    fn sum(tensor: Tensor<Wgpu, 2>) -> f64 {
        tensor.into_data().iter::<f64>().sum()
    }

    #[test]
    fn a_device_that_is_lost_is_an_error() {
        in_a_program_of_its_own("lost");
    }

    #[test]
    #[ignore = "run by a_device_that_is_lost_is_an_error"]
    fn lost() {
        let device = open(None).unwrap();
        let work = || sum(ones(1000, &device) * 2);
        assert_eq!(guard::<Wgpu, _>(&device, work), Ok(2000.0));
        let lost = guard::<Wgpu, _>(&device, || {
            let before = ones(1000, &device) * 2;
            lock(&OPENED)[0].1.device.destroy();
            sum(before * 2)
        });
        let BackendError::Failed { message, .. } = lost.unwrap_err() else {
            panic!("not a failure");
        };
        assert!(message.to_lowercase().contains("lost"), "{message}");
        // The device stays lost.
        assert!(guard::<Wgpu, _>(&device, work).is_err());
    }

    #[test]
    fn a_tensor_past_the_devices_memory_is_an_error() {
        in_a_program_of_its_own("too_large");
    }

    #[test]
    #[ignore = "run by a_tensor_past_the_devices_memory_is_an_error"]
    fn too_large() {
        let device = open(None).unwrap();
        let adapters = adapters();
        let limit = find(&adapters, None).unwrap().max_tensor_bytes as usize;
        let rows = limit / 4 + 1024;
        if rows > 1 << 30 {
            return; // More than 4 GiB: this device takes whatever we have.
        }
        let result = guard::<Wgpu, _>(&device, || sum(ones(rows, &device) * 2));
        let BackendError::Failed { message, .. } = result.unwrap_err() else {
            panic!("not a failure");
        };
        assert!(!message.is_empty());
    }

    #[test]
    fn a_task_that_panics_is_an_error_and_the_next_one_runs() {
        let device = open(None).unwrap();
        let work = || sum(ones(1000, &device) * 2);
        let error: Result<(), _> = guard::<Wgpu, _>(&device, || panic!("of\nno use"));
        let message = error.unwrap_err().to_string();
        assert!(
            message.starts_with("wgpu failed: of no use (at "),
            "{message}"
        );
        assert_eq!(guard::<Wgpu, _>(&device, work), Ok(2000.0));
    }

    #[test]
    fn every_adapter_has_a_name_and_limits() {
        let adapters = adapters();
        assert!(!adapters.is_empty(), "{}", BackendError::NoAdapter);
        for adapter in adapters {
            assert!(!adapter.name.is_empty());
            assert!(adapter.max_tensor_bytes >= MIN_TENSOR_BYTES, "{adapter:?}");
            assert!(adapter.max_buffer_bytes >= adapter.max_tensor_bytes);
        }
    }
}
