mod fetch;
mod submit;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ballista_core::extension::{BallistaGrpcMetadataInterceptor, SessionConfigExt};
use ballista_core::ids::new_instance_id;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use ballista_core::utils::{GrpcClientConfig, create_grpc_client_endpoint};
use datafusion::prelude::SessionConfig;
use tokio::sync::mpsc::Sender;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;

use self::fetch::{Fetched, Place};
use crate::codec::Codec;
use crate::found::Found;
use crate::jobs::{Jobs, Submitted};
use crate::scheduler::MESSAGE_BYTES;
use crate::status::{Status, ask, innermost};
use crate::work::{Job, Machine, Task};
use crate::{BallistaError, ConnectOptions, Event};

/// How often results are computed again without a further one arriving.
const TRIES: usize = 3;

pub(crate) type Scheduler =
    SchedulerGrpcClient<InterceptedService<Channel, BallistaGrpcMetadataInterceptor>>;

/// What a task has found, with its index among those that were asked for.
pub(crate) type FoundOfTask = Result<(usize, Found), BallistaError>;

/// The connection to a cluster.
pub(crate) struct Cluster {
    address: String,
    config: SessionConfig,
    scheduler: Scheduler,
    channel: Channel,
    /// The name of this program among those of the scheduler.
    program: String,
    codec: Codec,
    /// Which passes plans may have.
    machine: Arc<Machine>,
    options: ConnectOptions,
    jobs: Arc<Jobs>,
}

impl Cluster {
    /// Connects to the scheduler at an address such as `127.0.0.1:50050`.
    pub async fn connect(address: &str, options: ConnectOptions) -> Result<Self, BallistaError> {
        let machine = Arc::new(Machine::new(options.known.clone()));
        let config = SessionConfig::new_with_ballista()
            .with_ballista_physical_extension_codec(Arc::new(Codec::new(machine.clone())))
            .with_ballista_grpc_client_max_message_size(MESSAGE_BYTES as usize)
            .set_str("ballista.shuffle.compression.codec", "none")
            // What is computed again when an executor is lost.
            .set_usize("ballista.scheduler.max_partitions_per_task", 1);
        let unreachable = |reason: String| BallistaError::NoScheduler {
            address: address.to_string(),
            reason,
        };
        let settings = GrpcClientConfig::from(&config.ballista_config());
        let scheme = match &options.certificates {
            None => "http",
            Some(_) => "https",
        };
        let endpoint = format!("{scheme}://{address}");
        let endpoint = create_grpc_client_endpoint(endpoint, Some(&settings));
        let mut endpoint = endpoint.map_err(|error| unreachable(innermost(&error)))?;
        if let Some(certificates) = &options.certificates {
            let secure = certificates.secure(endpoint);
            endpoint = secure.map_err(|error| unreachable(innermost(&error)))?;
        }
        let channel = endpoint.connect().await;
        let channel = channel.map_err(|error| unreachable(innermost(&error)))?;
        let interceptor = config.ballista_grpc_interceptor().as_ref().clone();
        let scheduler = SchedulerGrpcClient::with_interceptor(channel.clone(), interceptor)
            .max_encoding_message_size(MESSAGE_BYTES as usize)
            .max_decoding_message_size(MESSAGE_BYTES as usize);
        let program = new_instance_id();
        ask(&channel, &program).await.map_err(unreachable)?;
        tokio::spawn(live(channel.clone(), program.clone()));
        Ok(Self {
            address: address.to_string(),
            config,
            jobs: Arc::new(Jobs::new(scheduler.clone())),
            scheduler,
            channel,
            program,
            codec: Codec::new(machine.clone()),
            machine,
            options,
        })
    }

    /// Ends all work and removes its results.
    pub async fn end(&self) {
        self.jobs.end_all().await;
    }

    fn lost(&self, error: &tonic::Status) -> BallistaError {
        BallistaError::NoScheduler {
            address: self.address.clone(),
            reason: innermost(error),
        }
    }

    /// What the scheduler says about the cluster.
    pub async fn status(&self) -> Result<Status, BallistaError> {
        let status = ask(&self.channel, &self.program).await;
        status.map_err(|reason| BallistaError::NoScheduler {
            address: self.address.clone(),
            reason,
        })
    }

    fn tell(&self, event: Event) {
        if let Some(told) = &self.options.on_event {
            told(&event);
        }
    }

    /// Has the executors do tasks, and sends what they find in the order of the tasks.
    /// A result that was lost with its executor is computed again; what had arrived of
    /// its task then comes twice.
    pub async fn run(
        &self,
        name: &str,
        job: Arc<Job>,
        tasks: &[Task],
        found: &Sender<FoundOfTask>,
    ) -> Result<(), BallistaError> {
        let mut places = self.places(name, &job, tasks).await?;
        let mut clients = HashMap::new();
        let mut tries = 0;
        let mut next = 0;
        while next < tasks.len() {
            let fetched = match places.get(&tasks[next].number) {
                Some(place) => self.fetch(place, next, &mut clients, found).await,
                None => Fetched::Lost,
            };
            match fetched {
                Fetched::All => (next, tries) = (next + 1, 0),
                Fetched::NotWanted => break,
                Fetched::Lost if tries == TRIES => {
                    return Err(BallistaError::ExecutorsLost {
                        pass: name.to_string(),
                        done: next,
                        parts: tasks.len(),
                    });
                }
                Fetched::Lost => {
                    tries += 1;
                    clients.clear();
                    let executor = |task: &Task| {
                        places
                            .get(&task.number)
                            .map(|place| place.executor.id.clone())
                    };
                    let gone = executor(&tasks[next]);
                    let again: Vec<Task> = tasks[next..]
                        .iter()
                        .filter(|task| executor(task) == gone)
                        .cloned()
                        .collect();
                    let executor = places.get(&tasks[next].number).map(Place::address);
                    self.tell(Event::Lost {
                        executor,
                        again: again.len(),
                        parts: tasks.len(),
                    });
                    places.extend(self.places(name, &job, &again).await?);
                }
            }
        }
        let jobs: HashMap<&str, &Submitted> = places
            .values()
            .map(|place| (place.job.id(), place.job.as_ref()))
            .collect();
        for job in jobs.values() {
            job.end().await;
        }
        Ok(())
    }
}

/// How often a scheduler is told that this program lives.
const LIVE: Duration = Duration::from_secs(2);

/// Tells a scheduler that this program lives, for ever.
async fn live(scheduler: Channel, program: String) {
    loop {
        tokio::time::sleep(LIVE).await;
        // One that is gone is an error of the work that waits for it.
        let _ = ask(&scheduler, &program).await;
    }
}
