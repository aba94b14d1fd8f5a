use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ballista_core::client::BallistaClient;
use ballista_core::extension::BallistaConfigGrpcEndpoint;
use ballista_core::serde::protobuf::{ExecutorMetadata, PartitionLocation};
use futures::StreamExt;
use tokio::sync::mpsc::Sender;
use tokio::time::timeout;
use tonic::transport::Endpoint;

use super::{Cluster, FoundOfTask};
use crate::found::{Found, Reader};
use crate::jobs::Submitted;
use crate::scheduler::MESSAGE_BYTES;

/// The longest time in which an executor connects, or sends the next piece of a result
/// that is there.
const FETCH: Duration = Duration::from_secs(60);

/// Where a result is.
pub(super) struct Place {
    pub executor: ExecutorMetadata,
    pub location: PartitionLocation,
    /// Which is cleaned up when none of its results is wanted any more.
    pub job: Arc<Submitted>,
}

impl Place {
    /// The host and port of the executor.
    pub fn address(&self) -> String {
        format!("{}:{}", self.executor.host, self.executor.port)
    }
}

/// Whether a result has arrived.
pub(super) enum Fetched {
    All,
    Lost,
    /// Nobody wants further results.
    NotWanted,
}

impl Cluster {
    /// Sends what a task has found.
    pub(super) async fn fetch(
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
