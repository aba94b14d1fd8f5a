use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ballista_core::client::BallistaClient;
use ballista_core::config::BALLISTA_JOB_NAME;
use ballista_core::extension::{
    BallistaConfigGrpcEndpoint, BallistaGrpcMetadataInterceptor, SessionConfigExt,
    SessionConfigHelperExt,
};
use ballista_core::ids::new_instance_id;
use ballista_core::serde::protobuf::execute_query_params::Query;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use ballista_core::serde::protobuf::{
    ExecuteQueryParams, ExecutorMetadata, GetJobStatusParams, KeyValuePair, PartitionLocation,
    execute_query_result, job_status,
};
use ballista_core::utils::{GrpcClientConfig, create_grpc_client_endpoint};
use ballista_core::version::insert_version_header;
use datafusion::prelude::SessionConfig;
use datafusion_proto::physical_plan::AsExecutionPlan;
use datafusion_proto::protobuf::PhysicalPlanNode;
use futures::StreamExt;
use tokio::sync::mpsc::Sender;
use tokio::time::timeout;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};

use crate::codec::{Codec, marked};
use crate::found::{Found, Reader};
use crate::jobs::{Jobs, Submitted};
use crate::plan::JobPlan;
use crate::scheduler::MESSAGE_BYTES;
use crate::status::{Status, ask, innermost, name_of_job};
use crate::waits::Waits;
use crate::work::{Job, Task};
use crate::{BallistaError, ConnectOptions, Event};

/// What a scheduler says of a job that was cancelled.
const CANCELLED: &str = "Cancelled";

/// The longest time in which an executor connects, or sends the next piece of a result
/// that is there.
const FETCH: Duration = Duration::from_secs(60);

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
    options: ConnectOptions,
    jobs: Arc<Jobs>,
}

impl Cluster {
    /// Connects to the scheduler at an address such as `127.0.0.1:50050`.
    pub async fn connect(address: &str, options: ConnectOptions) -> Result<Self, BallistaError> {
        let known = Arc::new(options.known.clone());
        let config = SessionConfig::new_with_ballista()
            .with_ballista_physical_extension_codec(Arc::new(Codec::new(known.clone())))
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
            codec: Codec::new(known),
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

    /// Has tasks done, and returns where the results are, by the numbers of the tasks.
    async fn places(
        &self,
        name: &str,
        job: &Arc<Job>,
        tasks: &[Task],
    ) -> Result<HashMap<u64, Place>, BallistaError> {
        let (job, locations) = self.submit(name, job, tasks).await?;
        let job = Arc::new(job);
        let mut places = HashMap::new();
        // Places on executors that were lost meanwhile come first, if they come at all.
        for location in locations {
            let partition = location
                .partition_id
                .as_ref()
                .map(|id| id.partition_id as usize);
            let task = partition.and_then(|partition| tasks.get(partition));
            if let (Some(task), Some(executor)) = (task, location.executor_meta.clone()) {
                let place = Place {
                    executor,
                    location,
                    job: job.clone(),
                };
                places.insert(task.number, place);
            }
        }
        Ok(places)
    }

    async fn submit(
        &self,
        name: &str,
        job: &Arc<Job>,
        tasks: &[Task],
    ) -> Result<(Submitted, Vec<PartitionLocation>), BallistaError> {
        let failed = |message: String| BallistaError::Failed {
            pass: name.to_string(),
            message: marked(&message).map_or(message.clone(), str::to_string),
        };
        let plan = JobPlan::of(job.clone(), tasks, Arc::new(self.options.known.clone()));
        let plan = plan.and_then(|plan| {
            let plan = PhysicalPlanNode::try_from_physical_plan(plan, &self.codec)?;
            let mut bytes = Vec::new();
            plan.try_encode(&mut bytes)?;
            Ok(bytes)
        });
        let mut settings = self.config.to_key_value_pairs();
        settings.retain(|setting| setting.key != BALLISTA_JOB_NAME);
        settings.push(KeyValuePair {
            key: BALLISTA_JOB_NAME.to_string(),
            value: Some(name_of_job(&self.program, name)),
        });
        let mut request = tonic::Request::new(ExecuteQueryParams {
            query: Some(Query::PhysicalPlan(
                plan.map_err(|error| failed(error.to_string()))?,
            )),
            settings,
            session_id: self.program.clone(),
            operation_id: String::new(),
        });
        insert_version_header(request.metadata_mut());
        let mut scheduler = self.scheduler.clone();
        let answer = scheduler.execute_query(request).await;
        let answer = answer.map_err(|error| match marked(error.message()) {
            Some(message) => failed(message.to_string()),
            None => self.lost(&error),
        })?;
        let job_id = match answer.into_inner().result {
            Some(execute_query_result::Result::Success(success)) => success.job_id,
            other => return Err(failed(format!("the scheduler refuses the job: {other:?}"))),
        };
        let submitted = Submitted::new(job_id.clone(), self.jobs.clone());
        let mut pause = Duration::from_millis(2);
        let mut waits = Waits::new(name, tasks);
        loop {
            tokio::time::sleep(pause).await;
            pause = (pause * 5 / 4).min(Duration::from_millis(250));
            let params = GetJobStatusParams {
                job_id: job_id.clone(),
            };
            let answer = scheduler.get_job_status(params).await;
            let status = answer
                .map_err(|error| self.lost(&error))?
                .into_inner()
                .status;
            match status.and_then(|status| status.status) {
                Some(job_status::Status::Successful(done)) => {
                    submitted.has_ended();
                    self.tell(waits.done());
                    return Ok((submitted, done.partition_location));
                }
                Some(job_status::Status::Failed(error)) => {
                    submitted.has_ended();
                    if error.error == CANCELLED {
                        let address = self.address.clone();
                        return Err(BallistaError::TakenForDead { address });
                    }
                    return Err(failed(error.error));
                }
                Some(_) if waits.are_due() => {
                    let status = self.status().await?;
                    for event in waits.note(&status, &job_id) {
                        self.tell(event);
                    }
                    waits.check(&self.address, self.options.stall_limit)?;
                }
                Some(_) => (),
                None => {
                    let address = self.address.clone();
                    return Err(BallistaError::Forgotten { address });
                }
            }
        }
    }

    /// Sends what a task has found.
    async fn fetch(
        &self,
        place: &Place,
        task: usize,
        clients: &mut HashMap<String, BallistaClient>,
        found: &Sender<FoundOfTask>,
    ) -> Fetched {
        let fetched = self.fetch_from(place, task, clients, found).await;
        fetched.unwrap_or(Fetched::Lost)
    }

    /// Returns None if the executor does not answer as it should.
    async fn fetch_from(
        &self,
        place: &Place,
        task: usize,
        clients: &mut HashMap<String, BallistaClient>,
        found: &Sender<FoundOfTask>,
    ) -> Option<Fetched> {
        let Place {
            executor, location, ..
        } = place;
        let mut client = match clients.get(&executor.id) {
            Some(client) => client.clone(),
            None => {
                let (host, port) = (&executor.host, u16::try_from(executor.port).ok()?);
                let bytes = MESSAGE_BYTES as usize;
                let secure = self.options.certificates.clone().map(|certificates| {
                    Arc::new(BallistaConfigGrpcEndpoint::new(Arc::new(
                        move |endpoint: Endpoint| Ok(certificates.secure(endpoint)?),
                    )))
                });
                let is_secure = secure.is_some();
                let client =
                    BallistaClient::try_new(host, port, bytes, is_secure, secure, 1, 0, 0, 0);
                let client = timeout(FETCH, client).await.ok()?.ok()?;
                clients.insert(executor.id.clone(), client.clone());
                client
            }
        };
        let layout = location.layout();
        let id = location.partition_id.clone()?.into();
        let batches = client.fetch_partition(&executor.id, &id, location.file_id, layout, true);
        let mut batches = timeout(FETCH, batches).await.ok()?.ok()?;
        let mut reader = Reader::default();
        // What is found may have to wait for results of earlier parts: only the
        // executor's time is limited.
        while let Some(batch) = timeout(FETCH, batches.next()).await.ok()? {
            for mut of_task in reader.read(&batch.ok()?).ok()? {
                if let Found::Error(message) = &mut of_task {
                    *message = format!("{message} (executor at {})", place.address());
                }
                if found.send(Ok((task, of_task))).await.is_err() {
                    return Some(Fetched::NotWanted);
                }
            }
        }
        reader.end().ok()?;
        Some(Fetched::All)
    }
}

/// Where a result is.
struct Place {
    executor: ExecutorMetadata,
    location: PartitionLocation,
    /// Which is cleaned up when none of its results is wanted any more.
    job: Arc<Submitted>,
}

impl Place {
    /// The host and port of the executor.
    fn address(&self) -> String {
        format!("{}:{}", self.executor.host, self.executor.port)
    }
}

/// Whether a result has arrived.
enum Fetched {
    All,
    Lost,
    /// Nobody wants further results.
    NotWanted,
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
