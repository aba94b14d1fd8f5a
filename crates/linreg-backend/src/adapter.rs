use std::fmt;

use crate::BackendError;

/// Something that the wgpu backend can compute on.
#[derive(Clone, Debug, PartialEq)]
pub struct Adapter {
    /// Its number in the list, from 0.
    pub number: usize,
    /// What its driver calls it.
    pub name: String,
    /// What it is.
    pub kind: AdapterKind,
    /// The interface it is driven through, such as `Vulkan`.
    pub api: String,
    /// The driver and its version.
    pub driver: String,
    /// The largest tensor in bytes: what a kernel may see of a buffer.
    pub max_tensor_bytes: u64,
    /// The largest buffer in bytes.
    pub max_buffer_bytes: u64,
    /// Threads of one workgroup at most.
    pub max_workgroup_threads: u32,
    /// Workgroups along one dimension at most.
    pub max_workgroups: u32,
}

/// What an adapter is, the preferred kind first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum AdapterKind {
    /// A GPU with its own memory.
    DiscreteGpu,
    /// A GPU that shares the CPU's memory.
    IntegratedGpu,
    /// A GPU of a virtual machine.
    VirtualGpu,
    /// The driver does not say.
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

/// What the wgpu backend could compute on, in the driver's order; empty where
/// there is nothing, or where wgpu is not compiled in.
pub fn adapters() -> Vec<Adapter> {
    #[cfg(feature = "wgpu")]
    return crate::wgpu::adapters();
    #[cfg(not(feature = "wgpu"))]
    Vec::new()
}

/// The adapter that wgpu computes on where this number or part of a name is
/// asked for.
///
/// # Errors
///
/// There is nothing to compute on, nothing by that name, or several by it.
pub fn adapter(wanted: Option<&str>) -> Result<Adapter, BackendError> {
    find(&adapters(), wanted).cloned()
}

/// The adapter of this number, or whose name has this in it, whatever the case;
/// where nothing is asked for, the first of the best kind.
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
    let found = match matching[..] {
        [only] => return Ok(only),
        [] => "there is no device",
        _ => "there are several devices",
    };
    let list = adapters
        .iter()
        .map(|a| format!("{} ({})", a.number, a.name));
    Err(BackendError::Device {
        wanted: wanted.to_string(),
        found,
        available: list.collect::<Vec<_>>().join(", "),
    })
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
