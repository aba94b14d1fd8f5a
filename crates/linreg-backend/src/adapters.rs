use crate::adapter::find;
use crate::{Adapter, BackendError};

/// Returns the devices that the wgpu backend can compute on, in the driver's
/// order; empty if there are none, or if wgpu is not compiled in.
pub fn adapters() -> Vec<Adapter> {
    #[cfg(feature = "wgpu")]
    return crate::wgpu::adapters();
    #[cfg(not(feature = "wgpu"))]
    Vec::new()
}

/// Returns the adapter with this number or this part of its name; without either,
/// the first one of the best kind.
///
/// # Errors
///
/// No adapter at all, no adapter that matches, or several that match.
pub fn adapter(wanted: Option<&str>) -> Result<Adapter, BackendError> {
    find(&adapters(), wanted).cloned()
}
