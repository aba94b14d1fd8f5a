use linreg_data::DataError;
use thiserror::Error;

/// Why the machines of a cluster did not do what was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BallistaError {
    /// An address is none.
    #[error("found the address {found:?}, expected a host and a port such as 127.0.0.1:50050")]
    Address {
        /// What was found.
        found: String,
    },
    /// A port cannot be listened at.
    #[error("the {what} cannot listen at {address}: {reason}")]
    Port {
        /// Which port, in words.
        what: &'static str,
        /// The address with the port.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A machine has no name by which others reach it.
    #[error(
        "found {found:?} as the host by which others reach this {what}, expected its name or address, since it listens at every address of the machine"
    )]
    Host {
        /// Which machine, in words.
        what: &'static str,
        /// What was found.
        found: String,
    },
    /// An executor ended though nobody told it to.
    #[error(
        "the scheduler at {scheduler} has ended, or has taken this executor for lost; start the executor again"
    )]
    Stopped {
        /// The address of the scheduler.
        scheduler: String,
    },
    /// An executor and its scheduler are of different versions.
    #[error(
        "the scheduler at {scheduler} runs linreg {found}, and this executor is linreg {expected}; run one version on all machines"
    )]
    OtherVersion {
        /// The address of the scheduler.
        scheduler: String,
        /// The version of the scheduler.
        found: String,
        /// The version of the executor.
        expected: &'static str,
    },
    /// The scheduler cannot be reached, or was lost.
    #[error(
        "the scheduler at {address} does not answer: {reason}; is `linreg ballista scheduler` running there, and do both sides have certificates or neither?"
    )]
    NoScheduler {
        /// The address of the scheduler.
        address: String,
        /// What the system says.
        reason: String,
    },
    /// The scheduler has begun anew and does not know the job.
    #[error(
        "the scheduler at {address} has begun anew and forgotten the work; run the command again"
    )]
    Forgotten {
        /// The address of the scheduler.
        address: String,
    },
    /// The scheduler has not heard of the program, and has ended its work.
    #[error(
        "the scheduler at {address} has heard nothing of this program for 10 seconds, as when it or its machine sleeps, and has ended its work; run the command again"
    )]
    TakenForDead {
        /// The address of the scheduler.
        address: String,
    },
    /// There are no executors to do the work.
    #[error(
        "the scheduler at {address} has had no executors for {seconds} seconds; {done} of the {parts} parts of the pass {pass:?} are done: start executors with `linreg ballista executor`, and then the command again"
    )]
    NoExecutors {
        /// The address of the scheduler.
        address: String,
        /// The seconds waited.
        seconds: u64,
        /// The name of the pass.
        pass: String,
        /// The number of parts that are done.
        done: usize,
        /// The number of all parts.
        parts: usize,
    },
    /// Executors work, and no part is done.
    #[error(
        "no further part of the pass {pass:?} has been done for {seconds} seconds; {done} of its {parts} parts are done: look at what the executors do, or allow more time"
    )]
    Stalled {
        /// The name of the pass.
        pass: String,
        /// The number of parts that are done.
        done: usize,
        /// The number of all parts.
        parts: usize,
        /// The seconds allowed.
        seconds: u64,
    },
    /// The executors that had done parts of the work were lost, again and again.
    #[error(
        "executors were lost while they worked on the pass {pass:?}; {done} of its {parts} parts are done: start executors again, and then the command"
    )]
    ExecutorsLost {
        /// The name of the pass.
        pass: String,
        /// The number of parts whose results arrived.
        done: usize,
        /// The number of all parts.
        parts: usize,
    },
    /// An executor failed at a part for a reason of its own.
    #[error("an executor cannot do its part of the pass {pass:?}: {message}")]
    Failed {
        /// The name of the pass.
        pass: String,
        /// What it says.
        message: String,
    },
    /// A certificate or its key cannot be used.
    #[error("{file}: {reason}; expected ca.pem, cert.pem and key.pem in PEM format")]
    Certificate {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The folder for results cannot be used.
    #[error("{folder}: {source}")]
    Folder {
        /// The folder.
        folder: String,
        /// The error of the system.
        source: std::io::Error,
    },
    /// The rows are not in files that executors can open.
    #[error("the rows are not in files, and executors read files only")]
    NotInFiles,
    /// The system allows no threads for the connection.
    #[error("the connection to the cluster needs threads: {0}")]
    Threads(std::io::Error),
    /// A scheduler or an executor cannot be started, or has ended.
    #[error("{what} at {address}: {reason}")]
    Server {
        /// Which of them.
        what: &'static str,
        /// Where it listens.
        address: String,
        /// Why it has ended.
        reason: String,
    },
}

impl From<BallistaError> for DataError {
    fn from(error: BallistaError) -> Self {
        Self::Other(error.into())
    }
}
