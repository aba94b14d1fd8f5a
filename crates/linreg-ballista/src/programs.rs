use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ballista_core::JobId;
use ballista_core::serde::protobuf::scheduler_grpc_server::SchedulerGrpc;
use ballista_core::serde::protobuf::{CancelJobParams, CleanJobDataParams};
use tonic::Request;

use crate::scheduler::Server;
use crate::status::program_and_pass;

/// The time after which a program that says nothing is taken for dead.
const SILENCE: Duration = Duration::from_secs(10);

/// How many of the latest jobs of a dead program are cleaned up. A program removes the
/// results of a pass before the next one, so older jobs have none.
const LAST_JOBS: usize = 16;

/// The programs that have connected to the scheduler, and when each was heard last. When
/// one dies, its work is ended, and its results are removed.
#[derive(Default)]
pub(crate) struct Programs(Mutex<HashMap<String, Instant>>);

impl Programs {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a program lives.
    pub fn hear(&self, program: &str) {
        self.lock().insert(program.to_string(), Instant::now());
    }

    /// Returns the programs that have died since the last time.
    fn died(&self) -> HashSet<String> {
        let mut heard = self.lock();
        let silent = heard.extract_if(|_, heard| heard.elapsed() > SILENCE);
        silent.map(|(program, _)| program).collect()
    }

    /// Ends the work of programs that die, for ever.
    pub async fn watch(self: Arc<Self>, server: Server) {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let died = self.died();
            if died.is_empty() {
                continue;
            }
            // Also those that have ended: a job may have done so before its program died.
            let listed = server.state.task_manager.get_all_jobs().await;
            let listed = listed.unwrap_or_default().into_iter().filter_map(|job| {
                let (program, _) = program_and_pass(&job.job_name)?;
                Some(Listed {
                    program: program.to_string(),
                    id: job.job_id,
                    start_time: job.start_time,
                })
            });
            for job in last_jobs(&died, listed.collect()) {
                let job_id = job.to_string();
                let cancel = CancelJobParams {
                    job_id: job_id.clone(),
                };
                // What cannot be ended or removed now is so when its time is over.
                let _ = SchedulerGrpc::cancel_job(&server, Request::new(cancel)).await;
                let clean = CleanJobDataParams {
                    job_id,
                    remove_stage_ids: Vec::new(),
                };
                let _ = SchedulerGrpc::clean_job_data(&server, Request::new(clean)).await;
            }
        }
    }
}

/// A job that the scheduler lists, be it running or ended.
struct Listed {
    program: String,
    id: JobId,
    /// 0 if it waits.
    start_time: u64,
}

/// Returns the last jobs of each of these programs.
fn last_jobs(programs: &HashSet<String>, mut listed: Vec<Listed>) -> Vec<JobId> {
    listed.sort_by_key(|job| Reverse(job.start_time.wrapping_sub(1)));
    let of_program = |program: &String| {
        let jobs = listed.iter().filter(|job| job.program == *program);
        let last = jobs.take(LAST_JOBS).map(|job| job.id.clone());
        last.collect::<Vec<_>>()
    };
    programs.iter().flat_map(of_program).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_silent_has_died_once() {
        let programs = Programs::default();
        let make_silent = || {
            for heard in programs.lock().values_mut() {
                *heard = Instant::now().checked_sub(2 * SILENCE).unwrap();
            }
        };
        let died = || {
            let died: Vec<String> = programs.died().into_iter().collect();
            died.concat()
        };
        programs.hear("a");
        programs.hear("b");
        assert_eq!(died(), "");
        make_silent();
        programs.hear("b");
        assert_eq!(died(), "a");
        assert_eq!(died(), "");
        make_silent();
        assert_eq!(died(), "b");
        // It was only asleep.
        programs.hear("b");
        make_silent();
        assert_eq!(died(), "b");
    }

    #[test]
    fn the_last_jobs_are_those_that_began_or_wait_last() {
        let job = |(program, start_time): (&str, u64)| Listed {
            program: program.to_string(),
            id: JobId::from(start_time.to_string()),
            start_time,
        };
        let mut listed: Vec<Listed> = (100..150).map(|time| job(("a", time))).collect();
        listed.push(job(("b", 151)));
        listed.push(job(("a", 0)));
        let found = last_jobs(&HashSet::from(["a".to_string()]), listed);
        let times = [0].into_iter().chain((135..150).rev());
        let expected: Vec<JobId> = times.map(|time| JobId::from(time.to_string())).collect();
        assert_eq!(found, expected);
    }
}
