use std::fmt::{self, Formatter};
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, BinaryArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
};
use futures::{StreamExt, TryStreamExt};
use linreg_data::DataError;
use tokio::sync::mpsc;

use crate::found::{self, Found};
use crate::work::{Job, Machine, Task};

/// How many rows of a result wait for the writer.
const WAITING: usize = 2;

/// A job as a plan of DataFusion, with a partition for each task.
///
/// Its input is a table in memory with one row a partition, which describes the
/// task: of plans without an input, Ballista divides only those that it knows.
#[derive(Debug)]
pub(crate) struct JobPlan {
    tasks: Arc<dyn ExecutionPlan>,
    job: Arc<Job>,
    machine: Arc<Machine>,
    properties: Arc<PlanProperties>,
}

impl JobPlan {
    /// The plan of some tasks of a job.
    pub fn of(
        job: Arc<Job>,
        tasks: &[Task],
        machine: Arc<Machine>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = Arc::new(Schema::new(vec![Field::new(
            "task",
            DataType::Binary,
            false,
        )]));
        let partition = |task: &Task| {
            let bytes = rmp_serde::to_vec_named(task);
            let bytes = bytes.map_err(|error| DataFusionError::External(error.into()))?;
            let row: Arc<dyn Array> = Arc::new(BinaryArray::from(vec![&bytes[..]]));
            Ok(vec![RecordBatch::try_new(schema.clone(), vec![row])?])
        };
        let partitions: Vec<Vec<RecordBatch>> =
            tasks.iter().map(partition).collect::<Result<_>>()?;
        let tasks = MemorySourceConfig::try_new_exec(&partitions, schema.clone(), None)?;
        Ok(Arc::new(Self::new(tasks, job, machine)))
    }

    pub fn new(tasks: Arc<dyn ExecutionPlan>, job: Arc<Job>, machine: Arc<Machine>) -> Self {
        let partitions = tasks.properties().partitioning.partition_count();
        let properties = PlanProperties::new(
            EquivalenceProperties::new(found::schema()),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self {
            tasks,
            job,
            machine,
            properties: Arc::new(properties),
        }
    }

    /// What its tasks do.
    pub fn job(&self) -> &Job {
        &self.job
    }
}

impl DisplayAs for JobPlan {
    fn fmt_as(&self, _: DisplayFormatType, to: &mut Formatter) -> fmt::Result {
        write!(to, "linreg: {:?}", self.job.work)
    }
}

impl ExecutionPlan for JobPlan {
    fn name(&self) -> &str {
        "JobPlan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.tasks]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Ok([tasks]) = <[_; 1]>::try_from(children) else {
            return internal_err!("a job has one input");
        };
        Ok(Arc::new(Self::new(
            tasks,
            self.job.clone(),
            self.machine.clone(),
        )))
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let (job, machine) = (self.job.clone(), self.machine.clone());
        let rows = self.tasks.execute(partition, context)?;
        let found = rows
            .map_ok(move |batch| run(job.clone(), machine.clone(), batch))
            .try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            found::schema(),
            found,
        )))
    }
}

/// Does the tasks that rows describe on a thread that may wait for files, and returns
/// what they find as it comes.
fn run(
    job: Arc<Job>,
    machine: Arc<Machine>,
    tasks: RecordBatch,
) -> impl futures::Stream<Item = Result<RecordBatch>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    let work = tokio::task::spawn_blocking(move || {
        let send = |found: &Found| -> Result<(), DataError> {
            for row in found::write(found).map_err(|error| DataError::Other(error.into()))? {
                // The receiver is gone when the task was cancelled.
                let sent = sender.blocking_send(row);
                sent.map_err(|_| DataError::Other("the task was cancelled".into()))?;
            }
            Ok(())
        };
        let tasks = tasks.columns().first();
        let tasks = tasks.and_then(|tasks| tasks.as_binary_opt::<i32>());
        for task in tasks.into_iter().flatten().flatten() {
            let done = match rmp_serde::from_slice::<Task>(task) {
                Err(error) => Err(error.to_string()),
                Ok(task) => {
                    let is_wanted = || !sender.is_closed();
                    let send = |group, bytes| send(&Found::State { group, bytes });
                    let done = job.run(&task, &machine, &is_wanted, &send);
                    done.map_err(|error| error.to_string())
                }
            };
            if let Err(message) = done {
                let _ = send(&Found::Error(message));
                return;
            }
        }
    });
    // A panic ends the task, which is an error.
    let ended = futures::stream::once(work).filter_map(|ended| async {
        let panic = ended.err()?;
        Some(Err(DataFusionError::Execution(format!(
            "a pass failed: {panic}"
        ))))
    });
    let received = futures::stream::unfold(receiver, |mut receiver| async {
        Some((Ok(receiver.recv().await?), receiver))
    });
    received.chain(ended)
}
