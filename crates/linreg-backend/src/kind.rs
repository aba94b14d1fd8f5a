use std::fmt;
use std::str::FromStr;

use crate::BackendError;

/// A Burn backend, compiled in or not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BackendKind {
    /// `burn-ndarray`, on the CPU, in f32 and f64.
    Ndarray,
    /// `burn-flex`, on the CPU, in f32.
    Flex,
    /// `burn-wgpu`, on a GPU or a software driver, in f32.
    Wgpu,
}

/// The float type that a backend computes in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Precision {
    /// 32-bit floats, about 7 digits.
    F32,
    /// 64-bit floats, about 16 digits.
    F64,
}

impl BackendKind {
    /// All backends, in order of preference.
    pub const ALL: [Self; 3] = [Self::Ndarray, Self::Flex, Self::Wgpu];

    /// Returns the backends that are compiled in, in order of preference.
    pub fn available() -> Vec<Self> {
        let compiled_in = |kind: &Self| match kind {
            Self::Ndarray => cfg!(feature = "ndarray"),
            Self::Flex => cfg!(feature = "flex"),
            Self::Wgpu => cfg!(feature = "wgpu"),
        };
        Self::ALL.into_iter().filter(compiled_in).collect()
    }

    /// Returns the backend asked for, or the first one that is compiled in.
    ///
    /// # Errors
    ///
    /// The backend asked for is not compiled in, or no backend is.
    pub fn choose(wanted: Option<Self>) -> Result<Self, BackendError> {
        let available = Self::available();
        match wanted {
            None => available.first().copied().ok_or(BackendError::None),
            Some(wanted) if available.contains(&wanted) => Ok(wanted),
            Some(wanted) => Err(BackendError::NotCompiledIn { wanted }),
        }
    }

    /// Returns the float types that the backend computes in.
    pub fn precisions(self) -> &'static [Precision] {
        match self {
            Self::Ndarray => &[Precision::F32, Precision::F64],
            Self::Flex | Self::Wgpu => &[Precision::F32],
        }
    }
}

impl fmt::Display for BackendKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Ndarray => "ndarray",
            Self::Flex => "flex",
            Self::Wgpu => "wgpu",
        })
    }
}

impl FromStr for BackendKind {
    type Err = BackendError;

    fn from_str(name: &str) -> Result<Self, BackendError> {
        let found = Self::ALL.into_iter().find(|kind| kind.to_string() == name);
        found.ok_or_else(|| BackendError::Unknown(name.to_string()))
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back() {
        for kind in BackendKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        let error = "cuda".parse::<BackendKind>().unwrap_err().to_string();
        assert_eq!(
            error,
            "there is no backend `cuda`; the backends are ndarray, flex and wgpu"
        );
    }

    #[test]
    fn the_first_compiled_in_is_chosen_where_none_is_named() {
        let first = BackendKind::available().first().copied();
        assert_eq!(BackendKind::choose(None).ok(), first);
    }
}
