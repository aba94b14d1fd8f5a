use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ballista_core::serde::protobuf::{CancelJobParams, CleanJobDataParams};

use crate::cluster::Scheduler;

/// The longest time that ending all work takes.
const END: Duration = Duration::from_secs(3);

/// The jobs of a scheduler whose results have not been removed.
pub(crate) struct Jobs {
    scheduler: Scheduler,
    states: Mutex<HashMap<String, JobState>>,
}

/// How far a job has come.
#[derive(Clone, Copy)]
enum JobState {
    Running,
    Ended,
}

impl Jobs {
    pub fn new(scheduler: Scheduler) -> Self {
        Self {
            scheduler,
            states: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, JobState>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends a job, unless that was done before, and removes its results.
    async fn end(&self, id: &str) {
        let Some(state) = self.lock().remove(id) else {
            return;
        };
        let mut scheduler = self.scheduler.clone();
        let job_id = id.to_string();
        // A scheduler that is gone has no jobs, and executors remove what is old.
        if matches!(state, JobState::Running) {
            let params = CancelJobParams {
                job_id: job_id.clone(),
            };
            let _ = scheduler.cancel_job(params).await;
        }
        let params = CleanJobDataParams {
            job_id,
            remove_stage_ids: Vec::new(),
        };
        let _ = scheduler.clean_job_data(params).await;
    }

    /// Ends all jobs.
    pub async fn end_all(&self) {
        let ids: Vec<String> = self.lock().keys().cloned().collect();
        let end = futures::future::join_all(ids.iter().map(|id| self.end(id)));
        let _ = tokio::time::timeout(END, end).await;
    }
}

/// A job, which is ended when nobody waits for it any more.
pub(crate) struct Submitted {
    id: String,
    jobs: Arc<Jobs>,
}

impl Submitted {
    pub fn new(id: String, jobs: Arc<Jobs>) -> Self {
        jobs.lock().insert(id.clone(), JobState::Running);
        Self { id, jobs }
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// Notes that all of it is done, or that it has failed.
    pub fn has_ended(&self) {
        self.jobs.lock().insert(self.id.clone(), JobState::Ended);
    }

    /// Ends it, and removes its results.
    pub async fn end(&self) {
        self.jobs.end(&self.id).await;
    }
}

impl Drop for Submitted {
    fn drop(&mut self) {
        let (jobs, id) = (self.jobs.clone(), std::mem::take(&mut self.id));
        if jobs.lock().contains_key(&id) {
            tokio::spawn(async move { jobs.end(&id).await });
        }
    }
}
