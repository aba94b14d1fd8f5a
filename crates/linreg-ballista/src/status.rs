use std::time::Duration;

use serde::{Deserialize, Serialize};
use tonic::codegen::{Service, http};
use tonic::transport::Channel;

/// The path at which a scheduler tells about the cluster.
pub(crate) const PATH: &str = "/linreg/status";

/// The longest time for which an answer is waited for.
const ANSWER: Duration = Duration::from_secs(10);

/// The most bytes of an answer.
const ANSWER_BYTES: usize = 16 << 20;

/// What a scheduler knows of its cluster.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Status {
    /// The version of `linreg` that the scheduler runs.
    pub version: String,
    /// The number of executors that are there.
    pub executors: usize,
    /// The number of parts of passes that they do at a time, all together.
    pub slots: usize,
    /// The passes that run.
    pub passes: Vec<PassStatus>,
}

/// How far a pass has come.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct PassStatus {
    /// The scheduler's name for the work.
    pub job: String,
    /// The name of the pass.
    pub name: String,
    /// The number of parts that are done.
    pub done: usize,
    /// The number of parts that executors are at.
    pub running: usize,
    /// The number of all parts.
    pub parts: usize,
    /// How many parts were lost with an executor, or failed, and are computed again.
    pub again: usize,
}

/// Names a job after the program that waits for it, and its pass.
pub(crate) fn name_of_job(program: &str, pass: &str) -> String {
    format!("{program} {pass}")
}

/// Returns the program and the pass that a job is named after.
pub(crate) fn program_and_pass(job: &str) -> Option<(&str, &str)> {
    job.split_once(' ')
}

/// Asks a scheduler, which learns that a program waits for its work.
pub(crate) async fn ask(scheduler: &Channel, program: &str) -> Result<Status, String> {
    let answer = tokio::time::timeout(ANSWER, answer(scheduler.clone(), program)).await;
    let seconds = ANSWER.as_secs();
    let body = answer.map_err(|_| format!("no answer within {seconds} seconds"))??;
    serde_json::from_slice(&body).map_err(|_| "this is no scheduler of linreg".to_string())
}

async fn answer(mut scheduler: Channel, program: &str) -> Result<Vec<u8>, String> {
    let request = http::Request::get(format!("{PATH}?{program}"));
    let request = request.body(tonic::body::Body::empty());
    let request = request.map_err(|error| error.to_string())?;
    let ready = std::future::poll_fn(|context| scheduler.poll_ready(context)).await;
    ready.map_err(|error| innermost(&error))?;
    let answer = scheduler.call(request).await;
    let answer = answer.map_err(|error| innermost(&error))?;
    let body = axum::body::Body::new(answer.into_body());
    let body = axum::body::to_bytes(body, ANSWER_BYTES).await;
    Ok(body.map_err(|error| innermost(&error))?.to_vec())
}

/// The first cause of an error.
pub(crate) fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(cause) = error.source() {
        error = cause;
    }
    error.to_string()
}
