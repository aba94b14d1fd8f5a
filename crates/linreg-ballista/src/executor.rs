use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use arrow_flight::flight_service_server::FlightServiceServer;
use ballista_core::extension::EndpointOverrideFn;
use ballista_executor::ArrowFlightServerProvider;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_executor::flight_service::BallistaFlightService;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use linreg_data::KnownPasses;
use linreg_fit::known_passes;
use tonic::transport::Endpoint;

use crate::codec::Codec;
use crate::only_passes::OnlyPasses;
use crate::scheduler::{MESSAGE_BYTES, policy, runtime};
use crate::{BallistaError, Certificates};

/// Reads rows of tables and runs passes over them, for the programs of a cluster.
#[derive(Clone, Debug)]
pub struct Executor {
    /// The host of the scheduler. Default: 127.0.0.1.
    pub scheduler_host: String,
    /// The port of the scheduler. Default: 50050.
    pub scheduler_port: u16,
    /// The address to listen at. Default: 127.0.0.1, this machine alone.
    pub bind: IpAddr,
    /// The name or address by which the others reach this machine. Default: the
    /// address to listen at.
    pub host: Option<String>,
    /// The port at which results are fetched. Default: 50051.
    pub port: u16,
    /// The port at which work arrives. Default: 50052.
    pub work_port: u16,
    /// The number of tasks at a time, at least 1. Default: the number of cores.
    pub slots: usize,
    /// The folder for results that have not been fetched yet. Default: a new one among
    /// those for temporary files, for this user alone, which is removed at the end.
    pub folder: Option<PathBuf>,
    /// The certificates that others must have too. Default: none, so that everybody
    /// gets in.
    pub certificates: Option<Certificates>,
    /// The passes that can be run. Default: those of `linreg-fit`.
    pub known: KnownPasses,
}

impl Default for Executor {
    fn default() -> Self {
        Self {
            scheduler_host: Ipv4Addr::LOCALHOST.to_string(),
            scheduler_port: 50050,
            bind: Ipv4Addr::LOCALHOST.into(),
            host: None,
            port: 50051,
            work_port: 50052,
            slots: thread::available_parallelism().map_or(1, |cores| cores.get()),
            folder: None,
            certificates: None,
            known: known_passes(),
        }
    }
}

impl Executor {
    /// Returns the same executor for the scheduler at an address such as
    /// `127.0.0.1:50050`.
    ///
    /// # Errors
    ///
    /// An address that is none.
    pub fn with_scheduler(self, address: &str) -> Result<Self, BallistaError> {
        let (host, scheduler_port) = host_and_port(address)?;
        Ok(Self {
            scheduler_host: host.to_string(),
            scheduler_port,
            ..self
        })
    }

    /// Works until the process is told to end, and removes the results it keeps then.
    ///
    /// # Errors
    ///
    /// A scheduler that does not answer, ports that cannot be listened at, or a folder
    /// that cannot be written to.
    pub fn run(&self) -> Result<(), BallistaError> {
        runtime()?.block_on(self.work())
    }

    async fn work(&self) -> Result<(), BallistaError> {
        let of_folder = |folder: PathBuf| {
            let folder = folder.display().to_string();
            move |source| BallistaError::Folder { folder, source }
        };
        let _temporary;
        let folder = match &self.folder {
            Some(folder) => folder.clone(),
            None => {
                let made = tempfile::Builder::new().prefix("linreg-").tempdir();
                let made = made.map_err(of_folder(std::env::temp_dir()))?;
                let folder = made.path().to_path_buf();
                _temporary = made;
                folder
            }
        };
        std::fs::create_dir_all(&folder).map_err(of_folder(folder.clone()))?;
        let folder = std::path::absolute(&folder).map_err(of_folder(folder.clone()))?;
        let config = ExecutorProcessConfig {
            bind_host: self.bind.to_string(),
            external_host: Some(self.host.clone().unwrap_or_else(|| self.bind.to_string())),
            port: self.port,
            grpc_port: self.work_port,
            scheduler_host: self.scheduler_host.clone(),
            scheduler_port: self.scheduler_port,
            // A scheduler may start a little later.
            scheduler_connect_timeout_seconds: 15,
            vcores: self.slots.max(1),
            task_scheduling_policy: policy(self.certificates.as_ref()),
            work_dir: Some(folder.display().to_string()),
            // What programs that have died left behind.
            job_data_clean_up_interval_seconds: 60,
            job_data_ttl_seconds: 3600,
            grpc_max_decoding_message_size: MESSAGE_BYTES,
            grpc_max_encoding_message_size: MESSAGE_BYTES,
            executor_heartbeat_interval_seconds: 1,
            // Our readers have limits of their own.
            memory_pool_size: Some(0),
            override_physical_codec: Some(Arc::new(Codec::new(Arc::new(self.known.clone())))),
            override_create_grpc_client_endpoint: self.certificates.clone().map(secured),
            override_arrow_flight_service: self.certificates.clone().map(secure_results),
            override_runtime_producer: Some(Arc::new(|_| runtime_without_disk())),
            override_execution_engine: Some(Arc::new(OnlyPasses::new())),
            ..ExecutorProcessConfig::default()
        };
        let ended = start_executor_process(Arc::new(config)).await;
        ended.map_err(|error| BallistaError::Server {
            what: "executor",
            address: format!("{}:{}", self.bind, self.port),
            reason: error.to_string(),
        })
    }
}

/// Makes connections with certificates. Ballista dials without encryption, so it is
/// the same address in another scheme.
fn secured(certificates: Certificates) -> EndpointOverrideFn {
    Arc::new(move |endpoint| {
        let address = endpoint.uri().authority().map(ToString::to_string);
        let address = address.unwrap_or_default();
        let endpoint = Endpoint::from_shared(format!("https://{address}"))?;
        let endpoint = endpoint
            .tcp_nodelay(true)
            .connect_timeout(Duration::from_secs(20))
            .keep_alive_while_idle(true);
        Ok(certificates.secure(endpoint)?)
    })
}

/// The server of results, with certificates.
fn secure_results(certificates: Certificates) -> Arc<ArrowFlightServerProvider> {
    Arc::new(move |folder, address, mut shutdown, _| {
        let certificates = certificates.clone();
        tokio::spawn(async move {
            let service = FlightServiceServer::new(BallistaFlightService::new(folder))
                .max_decoding_message_size(MESSAGE_BYTES as usize)
                .max_encoding_message_size(MESSAGE_BYTES as usize);
            let server = tonic::transport::Server::builder().tcp_nodelay(true);
            let mut server = server.tls_config(certificates.of_server())?;
            let serve = server.add_service(service);
            Ok(serve.serve_with_shutdown(address, shutdown.recv()).await?)
        })
    })
}

/// What plans run in: ours need no space on the disk for rows that do not fit in memory.
fn runtime_without_disk() -> datafusion::common::Result<Arc<RuntimeEnv>> {
    let disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
    let builder = RuntimeEnvBuilder::new().with_disk_manager_builder(disk);
    Ok(Arc::new(builder.build()?))
}

/// Divides an address into its host and its port.
pub(crate) fn host_and_port(address: &str) -> Result<(&str, u16), BallistaError> {
    let parts = address.rsplit_once(':');
    let parts = parts.and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let parts = parts.filter(|(host, _)| !host.is_empty());
    parts.ok_or_else(|| BallistaError::Address {
        found: address.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        assert_eq!(host_and_port("node-1:50050").unwrap(), ("node-1", 50050));
        assert_eq!(host_and_port("[::1]:7").unwrap(), ("[::1]", 7));
        for wrong in ["", "node", "node:", ":50050", "node:65536", "node:x"] {
            let error = host_and_port(wrong).unwrap_err();
            assert!(matches!(error, BallistaError::Address { found } if found == wrong));
        }
    }
}
