use tokio::runtime::{Builder, Handle, Runtime};

use crate::BallistaError;

/// Threads that work for a program, whatever thread it is on: also on one of another
/// runtime, which must not wait for this one in the usual way.
pub(crate) struct Background {
    pub handle: Handle,
    /// None while it is dropped.
    runtime: Option<Runtime>,
}

impl Background {
    pub fn new() -> Result<Self, BallistaError> {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(BallistaError::Threads)?;
        Ok(Self {
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
        })
    }

    /// Waits for the result of work.
    pub fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, BallistaError>> + Send + 'static,
    ) -> Result<T, BallistaError> {
        let work = self.handle.spawn(work);
        futures::executor::block_on(work)
            .unwrap_or_else(|error| Err(BallistaError::Threads(std::io::Error::other(error))))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
