use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ballista_core::config::BALLISTA_JOB_NAME;
use ballista_core::extension::SessionConfigHelperExt;
use ballista_core::serde::protobuf::execute_query_params::Query;
use ballista_core::serde::protobuf::{
    ExecuteQueryParams, GetJobStatusParams, KeyValuePair, PartitionLocation, execute_query_result,
    job_status,
};
use ballista_core::version::insert_version_header;
use datafusion_proto::physical_plan::AsExecutionPlan;
use datafusion_proto::protobuf::PhysicalPlanNode;

use super::Cluster;
use super::fetch::Place;
use crate::BallistaError;
use crate::codec::marked;
use crate::jobs::Submitted;
use crate::plan::JobPlan;
use crate::status::name_of_job;
use crate::waits::Waits;
use crate::work::{Job, Task};

/// What a scheduler says of a job that was cancelled.
const CANCELLED: &str = "Cancelled";

impl Cluster {
    /// Has tasks done, and returns where the results are, by the numbers of the tasks.
    pub(super) async fn places(
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
        let plan = JobPlan::of(job.clone(), tasks, self.machine.clone());
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
}
