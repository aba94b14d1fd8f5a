use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
use signal_hook::consts::{SIGINT, SIGTERM};
use tonic::transport::Endpoint;

use crate::codec::{Codec, VERSION};
use crate::host::{host_of, in_address};
use crate::only_passes::OnlyPasses;
use crate::room::Room;
use crate::scheduler::{MESSAGE_BYTES, policy, runtime};
use crate::status::ask;
use crate::work::Machine;
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
    /// About how many bytes the tasks may take together, beyond the 80 MB or so of the
    /// program itself. It is an estimate: seven states of the pass, or three of the
    /// largest that were sent, and the numbers of a part, of 8 bytes, twelve times. Large
    /// pages and row groups of files are not counted. A task for which there is too little
    /// left waits for others to end, and one that needs more than this is an error of the
    /// pass. Default: no limit.
    pub memory: Option<u64>,
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
            memory: None,
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

    /// Checks what can be known before it works.
    ///
    /// # Errors
    ///
    /// Ports that cannot be listened at, or a missing name by which others reach this
    /// machine.
    pub fn check(&self) -> Result<(), BallistaError> {
        self.host()?;
        if self.port == self.work_port {
            return Err(BallistaError::Port {
                what: "executor",
                address: SocketAddr::new(self.bind, self.port).to_string(),
                reason: "it needs two ports, one for results and one for work".to_string(),
            });
        }
        is_free("executor", self.bind, self.port)?;
        is_free("executor", self.bind, self.work_port)
    }

    /// Checks whether the scheduler can be reached.
    ///
    /// # Errors
    ///
    /// What the system says if not.
    pub fn look_for_scheduler(&self) -> io::Result<()> {
        let addresses = format!(
            "{}:{}",
            in_address(&self.scheduler_host),
            self.scheduler_port
        );
        let addresses = addresses.to_socket_addrs()?;
        let mut found = Err(io::ErrorKind::AddrNotAvailable.into());
        for address in addresses {
            found = TcpStream::connect_timeout(&address, Duration::from_secs(5)).map(drop);
            if found.is_ok() {
                break;
            }
        }
        found
    }

    /// Works until the process is told to end, and removes the results it keeps then. It
    /// waits for a scheduler that is not there yet. Once an executor has ended, its process
    /// can run no other one.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check), a scheduler of another version, a folder that cannot be
    /// written to, or [`Stopped`](BallistaError::Stopped) by a scheduler that has ended or
    /// has not heard of this executor for too long: then start it again, in a new process.
    pub fn run(&self) -> Result<(), BallistaError> {
        self.check()?;
        runtime()?.block_on(async {
            self.check_version().await?;
            self.work().await
        })
    }

    /// Checks that a scheduler that answers has the version of this executor, which it
    /// would otherwise give work to that the executor cannot read.
    async fn check_version(&self) -> Result<(), BallistaError> {
        let (host, port) = (in_address(&self.scheduler_host), self.scheduler_port);
        let address = format!("{host}:{port}");
        let scheduler = match &self.certificates {
            None => Endpoint::from_shared(format!("http://{address}")),
            Some(certificates) => Endpoint::from_shared(format!("https://{address}"))
                .and_then(|endpoint| certificates.secure(endpoint)),
        };
        let unanswered = Ok(());
        let Ok(scheduler) = scheduler else {
            return unanswered;
        };
        let limit = Duration::from_secs(5);
        let Ok(scheduler) = scheduler.connect_timeout(limit).connect().await else {
            return unanswered;
        };
        match ask(&scheduler, "executor").await {
            Ok(status) if status.version != VERSION => Err(BallistaError::OtherVersion {
                scheduler: address,
                found: status.version,
                expected: VERSION,
            }),
            _ => unanswered,
        }
    }

    fn host(&self) -> Result<String, BallistaError> {
        host_of("executor", self.bind, self.host.as_deref())
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
        let machine = Machine {
            known: self.known.clone(),
            room: Room::new(self.memory),
        };
        let config = ExecutorProcessConfig {
            bind_host: in_address(&self.bind.to_string()),
            external_host: Some(self.host()?),
            port: self.port,
            grpc_port: self.work_port,
            scheduler_host: in_address(&self.scheduler_host),
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
            // Of DataFusion's own plans, none of which is run.
            memory_pool_size: Some(0),
            override_physical_codec: Some(Arc::new(Codec::new(Arc::new(machine)))),
            override_create_grpc_client_endpoint: self.certificates.clone().map(secured),
            override_arrow_flight_service: self.certificates.clone().map(secure_results),
            override_runtime_producer: Some(Arc::new(|_| runtime_without_disk())),
            override_execution_engine: Some(Arc::new(OnlyPasses::new())),
            ..ExecutorProcessConfig::default()
        };
        // Ballista's own code ends on these signals, once it has registered. The flag is
        // set before it hears; a second signal ends the process at once.
        let is_told = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, is_told.clone())
                .ok();
            signal_hook::flag::register(signal, is_told.clone()).ok();
        }
        let ended = start_executor_process(Arc::new(config)).await;
        let is_told = is_told.load(Ordering::SeqCst);
        match ended {
            _ if is_told => Ok(()),
            // The scheduler may also end before it knows this executor.
            Err(error) if self.look_for_scheduler().is_ok() => Err(BallistaError::Server {
                what: "executor",
                address: format!("{}:{}", self.bind, self.port),
                reason: error.to_string(),
            }),
            Ok(()) | Err(_) => Err(BallistaError::Stopped {
                scheduler: format!("{}:{}", self.scheduler_host, self.scheduler_port),
            }),
        }
    }
}

/// Checks that a port can be listened at.
pub(crate) fn is_free(what: &'static str, bind: IpAddr, port: u16) -> Result<(), BallistaError> {
    let address = SocketAddr::new(bind, port);
    let listened = TcpListener::bind(address);
    listened.map(drop).map_err(|error| BallistaError::Port {
        what,
        address: address.to_string(),
        reason: error.to_string(),
    })
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
    let parts = parts.filter(|(host, _)| !host.is_empty() && !host.contains('/'));
    parts.ok_or_else(|| BallistaError::Address {
        found: address.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Status;

    #[test]
    fn ports_that_are_taken_and_hosts_that_are_none_are_errors_before_the_work() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = listener.local_addr().unwrap().port();
        let wrong = |port, work_port| {
            let executor = Executor {
                port,
                work_port,
                ..Executor::default()
            };
            executor.check().unwrap_err().to_string()
        };
        let expected = format!("the executor cannot listen at 127.0.0.1:{taken}: ");
        for message in [wrong(taken, 1), wrong(taken, taken)] {
            assert!(message.starts_with(&expected), "{message}");
        }
        for (bind, host) in [("0.0.0.0", None), ("127.0.0.1", Some("::".to_string()))] {
            let executor = Executor {
                bind: bind.parse().unwrap(),
                host,
                ..Executor::default()
            };
            assert!(matches!(executor.check(), Err(BallistaError::Host { .. })));
        }
    }

    #[test]
    fn an_executor_refuses_a_scheduler_of_another_version_by_name() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let status = Status {
            version: "9.9.9".to_string(),
            ..Status::default()
        };
        let answer = serde_json::to_string(&status).unwrap();
        let tell = axum::routing::get(move || async move { answer });
        let routes = axum::Router::new().route(crate::status::PATH, tell);
        let runtime = runtime().unwrap();
        let server = tonic::transport::Server::builder().add_routes(routes.into());
        runtime.spawn(server.serve(address));
        while TcpStream::connect(address).is_err() {
            thread::yield_now();
        }
        let executor = Executor::default().with_scheduler(&address.to_string());
        let error = runtime.block_on(executor.unwrap().check_version());
        assert_eq!(
            error.unwrap_err().to_string(),
            format!(
                "the scheduler at {address} runs linreg 9.9.9, and this executor is linreg {VERSION}; run one version on all machines"
            )
        );
    }

    #[test]
    fn an_address_is_a_host_and_a_port() {
        assert_eq!(host_and_port("node-1:50050").unwrap(), ("node-1", 50050));
        assert_eq!(host_and_port("[::1]:7").unwrap(), ("[::1]", 7));
        for wrong in [
            "http://node:50050",
            "",
            "node",
            "node:",
            ":50050",
            "node:65536",
            "node:x",
        ] {
            let error = host_and_port(wrong).unwrap_err();
            assert!(matches!(error, BallistaError::Address { found } if found == wrong));
        }
    }
}
