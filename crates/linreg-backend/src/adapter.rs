use std::fmt;

use crate::BackendError;

/// A device that the wgpu backend can compute on.
#[derive(Clone, Debug, PartialEq)]
pub struct Adapter {
    /// Its index in the list of [`adapters`](crate::adapters).
    pub number: usize,
    /// Its name, according to its driver.
    pub name: String,
    /// The kind of device.
    pub kind: AdapterKind,
    /// The graphics API, such as `Vulkan`.
    pub api: String,
    /// The driver and its version.
    pub driver: String,
    /// Largest size of a tensor in bytes: the part of a buffer that a kernel can
    /// access.
    pub max_tensor_bytes: u64,
    /// Largest size of a buffer in bytes.
    pub max_buffer_bytes: u64,
    /// Largest number of threads of a workgroup.
    pub max_workgroup_threads: u32,
    /// Largest number of workgroups along one dimension.
    pub max_workgroups: u32,
}

/// The kind of an adapter, in order of preference.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum AdapterKind {
    /// A GPU with its own memory.
    DiscreteGpu,
    /// A GPU that shares the CPU's memory.
    IntegratedGpu,
    /// A GPU of a virtual machine.
    VirtualGpu,
    /// The driver does not say what it is.
    Other,
    /// A software driver, which computes on the CPU.
    Software,
}

impl fmt::Display for AdapterKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::DiscreteGpu => "discrete GPU",
            Self::IntegratedGpu => "integrated GPU",
            Self::VirtualGpu => "virtual GPU",
            Self::Other => "other",
            Self::Software => "software",
        })
    }
}

/// Returns the adapter with this number, or whose name contains this text in
/// upper or lower case; if `wanted` is none, the first one of the best kind.
pub(crate) fn find<'a>(
    adapters: &'a [Adapter],
    wanted: Option<&str>,
) -> Result<&'a Adapter, BackendError> {
    let Some(best) = adapters.iter().min_by_key(|adapter| adapter.kind) else {
        return Err(BackendError::NoAdapter);
    };
    let Some(wanted) = wanted else {
        return Ok(best);
    };
    let matching: Vec<&Adapter> = match wanted.parse::<usize>() {
        Ok(number) => adapters.get(number).into_iter().collect(),
        Err(_) => {
            let wanted = wanted.to_lowercase();
            let matches = |a: &&Adapter| a.name.to_lowercase().contains(&wanted);
            adapters.iter().filter(matches).collect()
        }
    };
    match matching[..] {
        [only] => Ok(only),
        _ => Err(BackendError::Device {
            wanted: wanted.to_string(),
            matching: matching.len(),
            available: adapters.to_vec(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adapter(number: usize, name: &str, kind: AdapterKind) -> Adapter {
        Adapter {
            number,
            name: name.to_string(),
            kind,
            api: "Vulkan".to_string(),
            driver: "driver".to_string(),
            max_tensor_bytes: 1 << 27,
            max_buffer_bytes: 1 << 30,
            max_workgroup_threads: 1024,
            max_workgroups: 65_535,
        }
    }

    #[test]
    fn finds_by_number_or_name_and_prefers_a_gpu() {
        let adapters = [
            adapter(0, "llvmpipe (LLVM 15)", AdapterKind::Software),
            adapter(1, "Iris 620", AdapterKind::IntegratedGpu),
            adapter(2, "RTX 4090", AdapterKind::DiscreteGpu),
            adapter(3, "RTX 3060", AdapterKind::DiscreteGpu),
        ];
        let number = |wanted| find(&adapters, wanted).map(|adapter| adapter.number);
        assert_eq!(number(None), Ok(2));
        assert_eq!(number(Some("0")), Ok(0));
        assert_eq!(number(Some("iris")), Ok(1));
        assert_eq!(number(Some("3060")).ok(), None, "a number is a number");
        let message = |wanted| number(Some(wanted)).unwrap_err().to_string();
        let list =
            "the devices are 0 (llvmpipe (LLVM 15)), 1 (Iris 620), 2 (RTX 4090), 3 (RTX 3060)";
        assert_eq!(
            message("rtx"),
            format!("there are several devices by the name `rtx`; {list}")
        );
        assert_eq!(
            message("7"),
            format!("there is no device by the name `7`; {list}")
        );
        assert_eq!(find(&[], Some("0")), Err(BackendError::NoAdapter));
    }
}
