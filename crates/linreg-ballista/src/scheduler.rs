use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::RawQuery;
use ballista_core::config::TaskSchedulingPolicy;
use ballista_core::serde::protobuf::scheduler_grpc_server::SchedulerGrpcServer;
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::SchedulerConfig;
use ballista_scheduler::scheduler_process::create_scheduler;
use ballista_scheduler::scheduler_server::SchedulerServer;
use ballista_scheduler::state::execution_stage::ExecutionStage;
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};
use linreg_fit::known_passes;
use tokio::runtime::{Builder, Runtime};
use tonic::service::Routes;

use crate::codec::{Codec, VERSION};
use crate::executor::is_free;
use crate::host::{host_of, in_address};
use crate::programs::Programs;
use crate::status::{self, PassStatus, Status, program_and_pass};
use crate::work::Machine;
use crate::{BallistaError, Certificates};

/// The scheduler of Ballista.
pub(crate) type Server = SchedulerServer<LogicalPlanNode, PhysicalPlanNode>;

/// The largest size of a message in bytes, everywhere: where a message is too large,
/// Ballista takes a healthy machine for a lost one.
pub(crate) const MESSAGE_BYTES: u32 = 256 << 20;

/// Gives out the work of a cluster to its executors.
#[derive(Clone, Debug)]
pub struct Scheduler {
    /// The address to listen at. Default: 127.0.0.1, this machine alone.
    pub bind: IpAddr,
    /// The name or address by which executors reach this machine. Default: the address
    /// to listen at.
    pub host: Option<String>,
    /// The port. Default: 50050.
    pub port: u16,
    /// The seconds without a word after which an executor is taken for lost; it takes up
    /// to two more to notice. Default: 10.
    pub executor_timeout: u64,
    /// The certificates that others must have too. Default: none, so that everybody
    /// gets in.
    pub certificates: Option<Certificates>,
}

impl Default for Scheduler {
    fn default() -> Self {
        Self {
            bind: Ipv4Addr::LOCALHOST.into(),
            host: None,
            port: 50050,
            executor_timeout: 10,
            certificates: None,
        }
    }
}

impl Scheduler {
    /// Checks what can be known before it listens.
    ///
    /// # Errors
    ///
    /// A port that cannot be listened at, or a missing name by which others reach this
    /// machine.
    pub fn check(&self) -> Result<(), BallistaError> {
        host_of("scheduler", self.bind, self.host.as_deref())?;
        is_free("scheduler", self.bind, self.port)
    }

    /// Listens for ever.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn run(&self) -> Result<(), BallistaError> {
        self.check()?;
        runtime()?.block_on(self.serve())
    }

    async fn serve(&self) -> Result<(), BallistaError> {
        let address = SocketAddr::new(self.bind, self.port);
        let ended = |error: &dyn std::fmt::Display| BallistaError::Server {
            what: "scheduler",
            address: address.to_string(),
            reason: error.to_string(),
        };
        let config = SchedulerConfig {
            bind_host: in_address(&self.bind.to_string()),
            external_host: host_of("scheduler", self.bind, self.host.as_deref())?,
            bind_port: self.port,
            scheduling_policy: policy(self.certificates.as_ref()),
            override_physical_codec: Some(Arc::new(Codec::new(Arc::new(Machine::new(
                known_passes(),
            ))))),
            executor_timeout_seconds: whole_seconds(self.executor_timeout),
            expire_dead_executor_interval_seconds: 1,
            // Programs wait for a shorter time.
            no_executors_grace_period_seconds: self.executor_timeout.saturating_add(60),
            // Plans and results of jobs that have ended, if nobody has removed them.
            finished_job_data_clean_up_interval_seconds: 600,
            finished_job_state_clean_up_interval_seconds: 600,
            grpc_server_max_decoding_message_size: MESSAGE_BYTES,
            grpc_server_max_encoding_message_size: MESSAGE_BYTES,
            grpc_client_max_message_size: MESSAGE_BYTES,
            ..SchedulerConfig::default()
        };
        let cluster = BallistaCluster::new_from_config(&config).await;
        let cluster = cluster.map_err(|error| ended(&error))?;
        let scheduler =
            create_scheduler::<LogicalPlanNode, PhysicalPlanNode>(cluster, Arc::new(config));
        let scheduler = scheduler.await.map_err(|error| ended(&error))?;
        let programs = Arc::new(Programs::default());
        tokio::spawn(programs.clone().watch(scheduler.clone()));
        let tell = {
            let scheduler = scheduler.clone();
            move |RawQuery(program): RawQuery| async move {
                programs.hear(&program.unwrap_or_default());
                status_of(&scheduler).await
            }
        };
        let service = SchedulerGrpcServer::new(scheduler)
            .max_decoding_message_size(MESSAGE_BYTES as usize)
            .max_encoding_message_size(MESSAGE_BYTES as usize);
        let status = axum::Router::new().route(status::PATH, axum::routing::get(tell));
        let routes = Routes::new(service).into_axum_router().merge(status);
        // Ballista's own server delays small answers by 40 ms.
        let mut server = tonic::transport::Server::builder().tcp_nodelay(true);
        if let Some(certificates) = &self.certificates {
            let secure = server.tls_config(certificates.of_server());
            server = secure.map_err(|error| ended(&Chain(&error)))?;
        }
        let server = server.add_routes(routes.into()).serve(address);
        server.await.map_err(|error| ended(&Chain(&error)))
    }
}

/// The limit of time in Ballista's terms, which compares clocks without the parts of their
/// seconds: after 2.1 seconds of silence, the clock may show 3 more.
fn whole_seconds(seconds: u64) -> u64 {
    seconds.saturating_add(1)
}

/// Who begins: the scheduler, which saves time, or executors, which alone is possible
/// with certificates.
pub(crate) fn policy(certificates: Option<&Certificates>) -> TaskSchedulingPolicy {
    match certificates {
        None => TaskSchedulingPolicy::PushStaged,
        Some(_) => TaskSchedulingPolicy::PullStaged,
    }
}

/// The threads of a server.
pub(crate) fn runtime() -> Result<Runtime, BallistaError> {
    let mut builder = Builder::new_multi_thread();
    builder.enable_all().build().map_err(BallistaError::Threads)
}

/// What is told about the cluster, as JSON.
async fn status_of(server: &Server) -> String {
    let state = &server.state;
    let executors = state.executor_manager.get_executors_state().await;
    let executors = executors.unwrap_or_default();
    let slots = executors
        .iter()
        .map(|(executor, ..)| executor.specification.vcores as usize);
    let mut status = Status {
        version: VERSION.to_string(),
        executors: executors.len(),
        slots: slots.sum(),
        passes: Vec::new(),
    };
    for (job, info) in state.task_manager.get_running_job_cache().iter() {
        let graph = info.execution_graph.read().await;
        let mut pass = PassStatus {
            job: job.to_string(),
            name: program_and_pass(graph.job_name())
                .map_or("", |(_, pass)| pass)
                .to_string(),
            running: graph.running_tasks().len(),
            ..PassStatus::default()
        };
        for stage in graph.stages().values() {
            if let ExecutionStage::Running(stage) = stage {
                pass.done += stage.successful_tasks();
                pass.parts += stage.partitions;
                pass.again += stage.scheduled_tasks()
                    - stage.successful_tasks()
                    - stage.running_tasks().len();
            }
        }
        status.passes.push(pass);
    }
    status.passes.sort_by(|one, other| one.job.cmp(&other.job));
    serde_json::to_string(&status).unwrap_or_default()
}

/// An error with what caused it.
struct Chain<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, to: &mut std::fmt::Formatter) -> std::fmt::Result {
        let mut error = self.0;
        write!(to, "{error}")?;
        while let Some(cause) = error.source() {
            write!(to, ": {cause}")?;
            error = cause;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_executor_is_taken_for_lost_before_its_time() {
        for tenth in 0..10 {
            // As Ballista compares them.
            let is_lost = |silence: f64| {
                let heard = 1000.0 + f64::from(tenth) / 10.0;
                let limit = whole_seconds(3) as f64;
                heard.floor() <= (heard + silence - limit).floor()
            };
            assert!(!is_lost(2.99), "{tenth}");
            assert!(is_lost(4.0), "{tenth}");
        }
        assert_eq!(whole_seconds(u64::MAX), u64::MAX);
    }
}
