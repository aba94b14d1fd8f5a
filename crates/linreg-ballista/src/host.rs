//! How the machines of a cluster are called.

use std::net::{IpAddr, Ipv6Addr};

use crate::BallistaError;

/// Returns the name by which others reach a machine that listens at an address, as
/// Ballista writes it before a port.
pub(crate) fn host_of(
    what: &'static str,
    bind: IpAddr,
    host: Option<&str>,
) -> Result<String, BallistaError> {
    let host = host.map_or_else(|| bind.to_string(), str::to_string);
    let address = host.trim_start_matches('[').trim_end_matches(']').parse();
    if address.is_ok_and(|address: IpAddr| address.is_unspecified()) {
        return Err(BallistaError::Host { what, found: host });
    }
    Ok(in_address(&host))
}

/// Returns a host as it stands before a port: IPv6 addresses are in brackets.
pub(crate) fn in_address(host: &str) -> String {
    match host.parse::<Ipv6Addr>() {
        Ok(address) => format!("[{address}]"),
        Err(_) => host.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn hosts_stand_before_a_port_and_every_address_is_none() {
        let bind = Ipv4Addr::LOCALHOST.into();
        let name = |host| host_of("executor", bind, host).unwrap();
        assert_eq!(name(None), "127.0.0.1");
        assert_eq!(name(Some("node-1")), "node-1");
        assert_eq!(name(Some("::1")), "[::1]");
        assert_eq!(name(Some("[::1]")), "[::1]");
        let any = Ipv4Addr::UNSPECIFIED.into();
        assert_eq!(host_of("executor", any, Some("node-1")).unwrap(), "node-1");
        for (bind, host) in [(any, None), (bind, Some("::")), (bind, Some("[::]"))] {
            let error = host_of("scheduler", bind, host).unwrap_err();
            assert!(matches!(
                error,
                BallistaError::Host {
                    what: "scheduler",
                    ..
                }
            ));
        }
    }
}
