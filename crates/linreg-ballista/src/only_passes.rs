use std::sync::Arc;

use ballista_core::JobId;
use ballista_core::execution_plans::ShuffleWriterExec;
use ballista_executor::execution_engine::{
    DefaultExecutionEngine, ExecutionEngine, QueryStageExecutor,
};
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionConfig;

use crate::codec::mark;
use crate::plan::JobPlan;

/// Runs our jobs, and refuses every other plan: a plan of DataFusion may read and
/// write any file.
pub(crate) struct OnlyPasses(DefaultExecutionEngine);

impl OnlyPasses {
    pub fn new() -> Self {
        Self(DefaultExecutionEngine::new())
    }
}

impl ExecutionEngine for OnlyPasses {
    fn create_query_stage_exec(
        &self,
        job_id: JobId,
        stage_id: usize,
        task_id: usize,
        global_output_partition_ids: Vec<usize>,
        plan: Arc<dyn ExecutionPlan>,
        work_dir: &str,
        config: &SessionConfig,
    ) -> Result<Arc<dyn QueryStageExecutor>> {
        if !is_job(plan.as_ref()) {
            let message = "this executor runs the passes of linreg only";
            return Err(DataFusionError::Execution(mark(message)));
        }
        let (id, outputs) = (job_id, global_output_partition_ids);
        self.0
            .create_query_stage_exec(id, stage_id, task_id, outputs, plan, work_dir, config)
    }
}

/// Whether a plan writes what a job finds, and the job's tasks come with it.
fn is_job(plan: &dyn ExecutionPlan) -> bool {
    let of_writer = plan.is::<ShuffleWriterExec>().then(|| plan.children());
    let Some([job]) = of_writer.as_deref() else {
        return false;
    };
    let tasks = job.is::<JobPlan>().then(|| job.children());
    let Some([tasks]) = tasks.as_deref() else {
        return false;
    };
    let tasks = tasks.downcast_ref::<DataSourceExec>();
    tasks.is_some_and(|tasks| tasks.data_source().is::<MemorySourceConfig>())
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::datatypes::Schema;
    use datafusion::physical_plan::empty::EmptyExec;
    use linreg_data::KnownPasses;

    use super::*;
    use crate::work::{Job, Machine, Pass, Work};

    fn is_run(plan: Arc<dyn ExecutionPlan>) -> bool {
        let engine = OnlyPasses::new();
        let folder = tempfile::tempdir().unwrap();
        let made = engine.create_query_stage_exec(
            JobId::from("job"),
            1,
            0,
            Vec::new(),
            plan,
            folder.path().to_str().unwrap(),
            &SessionConfig::new(),
        );
        if let Err(error) = &made {
            let words = "[linreg[this executor runs the passes of linreg only]]";
            assert!(error.to_string().contains(words), "{error}");
        }
        made.is_ok()
    }

    #[test]
    fn an_executor_runs_our_jobs_and_no_other_plan() {
        let written = |plan: Arc<dyn ExecutionPlan>| -> Arc<dyn ExecutionPlan> {
            let folder = String::new();
            Arc::new(ShuffleWriterExec::try_new(JobId::from("job"), 1, plan, folder).unwrap())
        };
        let job = Arc::new(Job {
            work: Work::Index,
            pass: Pass::default(),
        });
        let machine = Arc::new(Machine::new(KnownPasses::default()));
        let ours = JobPlan::of(job.clone(), &[], machine.clone()).unwrap();
        assert!(is_run(written(ours.clone())));
        let empty: Arc<dyn ExecutionPlan> = Arc::new(EmptyExec::new(Arc::new(Schema::empty())));
        assert!(!is_run(ours));
        assert!(!is_run(empty.clone()));
        assert!(!is_run(written(empty.clone())));
        // Tasks that another plan would have to find.
        assert!(!is_run(written(Arc::new(JobPlan::new(
            empty, job, machine
        )))));
    }
}
