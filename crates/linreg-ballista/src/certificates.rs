use std::path::Path;

use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity, ServerTlsConfig};

use crate::BallistaError;

/// Certificates by which the machines and programs of a cluster know each other.
///
/// With them, all connections are encrypted, and neither a machine nor a program
/// without a certificate of the same authority gets in. Executors with free slots then
/// ask the scheduler for work 20 times a second.
#[derive(Clone)]
pub struct Certificates {
    authority: Certificate,
    own: Identity,
}

impl Certificates {
    /// Reads `ca.pem`, the certificate of the authority, `cert.pem`, a certificate that
    /// it has signed for this machine under the name or address by which others reach
    /// it, and `key.pem`, its private key.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or is not in PEM format.
    pub fn read(folder: &Path) -> Result<Self, BallistaError> {
        let file = |name: &str, content: &str| {
            let path = folder.join(name);
            let unusable = |reason: String| BallistaError::Certificate {
                file: path.display().to_string(),
                reason,
            };
            let bytes = std::fs::read(&path).map_err(|error| unusable(error.to_string()))?;
            if String::from_utf8_lossy(&bytes).contains(&format!("{content}-----")) {
                Ok(bytes)
            } else {
                Err(unusable(format!("it has no {}", content.to_lowercase())))
            }
        };
        let (certificate, key) = ("CERTIFICATE", "PRIVATE KEY");
        Ok(Self {
            authority: Certificate::from_pem(file("ca.pem", certificate)?),
            own: Identity::from_pem(file("cert.pem", certificate)?, file("key.pem", key)?),
        })
    }

    /// How a server shows itself, and whom it lets in.
    pub(crate) fn of_server(&self) -> ServerTlsConfig {
        ServerTlsConfig::new()
            .identity(self.own.clone())
            .client_ca_root(self.authority.clone())
    }

    /// The same connection with these certificates.
    pub(crate) fn secure(&self, endpoint: Endpoint) -> Result<Endpoint, tonic::transport::Error> {
        endpoint.tls_config(
            ClientTlsConfig::new()
                .ca_certificate(self.authority.clone())
                .identity(self.own.clone()),
        )
    }
}

impl std::fmt::Debug for Certificates {
    /// Says nothing of the key.
    fn fmt(&self, to: &mut std::fmt::Formatter) -> std::fmt::Result {
        to.write_str("Certificates")
    }
}
