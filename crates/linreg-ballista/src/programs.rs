use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ballista_core::JobId;
use ballista_core::serde::protobuf::scheduler_grpc_server::SchedulerGrpc;
use ballista_core::serde::protobuf::{CancelJobParams, CleanJobDataParams};
use tonic::Request;

use crate::scheduler::Server;
use crate::status::program_and_pass;

/// The time after which a program that says nothing is taken for dead.
const SILENCE: Duration = Duration::from_secs(10);

/// The programs that wait for work of the scheduler. When one dies, its work is ended,
/// and its results are removed.
#[derive(Default)]
pub(crate) struct Programs(Mutex<HashMap<String, Program>>);

struct Program {
    heard: Instant,
    jobs: HashSet<JobId>,
}

impl Program {
    fn new() -> Self {
        Self {
            heard: Instant::now(),
            jobs: HashSet::new(),
        }
    }
}

impl Programs {
    /// Notes that a program lives.
    pub fn hear(&self, program: &str) {
        let mut programs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(program) = programs.get_mut(program) {
            program.heard = Instant::now();
        }
    }

    /// Notes whose work runs, and returns the work of the programs that are dead.
    fn of_the_dead(&self, running: Vec<(String, JobId)>) -> Vec<JobId> {
        let mut programs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (program, job) in running {
            let program = programs.entry(program).or_insert_with(Program::new);
            program.jobs.insert(job);
        }
        let dead = programs.extract_if(|_, program| program.heard.elapsed() > SILENCE);
        dead.flat_map(|(_, program)| program.jobs).collect()
    }

    /// Ends the work of programs that die, for ever.
    pub async fn watch(self: Arc<Self>, server: Server) {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let mut running = Vec::new();
            for (job, info) in server.state.task_manager.get_running_job_cache().iter() {
                let graph = info.execution_graph.read().await;
                if let Some((program, _)) = program_and_pass(graph.job_name()) {
                    running.push((program.to_string(), job.clone()));
                }
            }
            for job in self.of_the_dead(running) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_work_of_a_program_that_is_silent_is_named_once() {
        let programs = Programs::default();
        let running = |program: &str, job: &str| vec![(program.to_string(), JobId::from(job))];
        assert_eq!(programs.of_the_dead(running("a", "1")), []);
        assert_eq!(programs.of_the_dead(running("a", "2")), []);
        assert_eq!(programs.of_the_dead(running("b", "3")), []);
        {
            let mut programs = programs.0.lock().unwrap();
            for program in programs.values_mut() {
                program.heard = Instant::now().checked_sub(2 * SILENCE).unwrap();
            }
        }
        programs.hear("b");
        let mut dead = programs.of_the_dead(Vec::new());
        dead.sort();
        assert_eq!(dead, [JobId::from("1"), JobId::from("2")]);
        assert_eq!(programs.of_the_dead(Vec::new()), []);
    }
}
