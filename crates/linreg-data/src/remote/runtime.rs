use std::future::Future;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, sync_channel};

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::RemoteProblem;

/// The threads that wait for servers, decrypt and copy; those that read tables
/// decode.
const THREADS: usize = 2;

/// What is being done on the runtime of this crate; it is stopped if nobody
/// waits for it any more.
pub(super) struct Pending<T> {
    result: Receiver<Result<T, RemoteProblem>>,
    task: JoinHandle<()>,
}

/// Starts work on the runtime of this crate. A thread of another runtime may
/// call this, and wait.
pub(super) fn start<T: Send + 'static>(
    work: impl Future<Output = Result<T, RemoteProblem>> + Send + 'static,
) -> Result<Pending<T>, RemoteProblem> {
    let (sender, result) = sync_channel(1);
    let task = spawn(async move {
        // There is room for the one result; a receiver that is gone needs none.
        sender.try_send(work.await).ok();
    })?;
    Ok(Pending { result, task })
}

/// Starts work that nobody waits for.
pub(super) fn spawn(
    work: impl Future<Output = ()> + Send + 'static,
) -> Result<JoinHandle<()>, RemoteProblem> {
    static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(THREADS).thread_name("linreg files");
        builder.enable_all().build().ok()
    });
    let runtime = runtime.as_ref().ok_or(RemoteProblem::Other)?;
    Ok(runtime.spawn(work))
}

impl<T> Pending<T> {
    pub fn wait(self) -> Result<T, RemoteProblem> {
        // The sender is gone without a result only if the work has panicked.
        self.result.recv().unwrap_or(Err(RemoteProblem::Other))
    }
}

impl<T> Drop for Pending<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}
