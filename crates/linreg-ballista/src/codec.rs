use std::sync::Arc;

use ballista_core::serde::BallistaPhysicalExtensionCodec;
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};

use crate::plan::JobPlan;
use crate::work::Machine;

/// What a job in writing begins with. What Ballista writes is protobuf, which cannot
/// begin in this way.
const MARK: &[u8] = b"\xfflinreg";

/// The version of this program, which all machines must have.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Writes and reads the plans of jobs.
#[derive(Debug)]
pub(crate) struct Codec {
    machine: Arc<Machine>,
    others: BallistaPhysicalExtensionCodec,
}

impl Codec {
    pub fn new(machine: Arc<Machine>) -> Self {
        Self {
            machine,
            others: BallistaPhysicalExtensionCodec::default(),
        }
    }
}

impl PhysicalExtensionCodec for Codec {
    fn try_decode(
        &self,
        bytes: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        context: &TaskContext,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Some(sent) = bytes.strip_prefix(MARK) else {
            return self.others.try_decode(bytes, inputs, context, converter);
        };
        let job = checked_version(sent)?;
        let job = rmp_serde::from_slice(job);
        let job = job.map_err(|error| DataFusionError::External(error.into()))?;
        let [tasks] = inputs else {
            return internal_err!("a job has one input");
        };
        let plan = JobPlan::new(tasks.clone(), Arc::new(job), self.machine.clone());
        Ok(Arc::new(plan))
    }

    fn try_encode(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        bytes: &mut Vec<u8>,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        let Some(plan) = plan.downcast_ref::<JobPlan>() else {
            return self.others.try_encode(plan, bytes, converter);
        };
        bytes.extend_from_slice(MARK);
        bytes.push(VERSION.len() as u8);
        bytes.extend_from_slice(VERSION.as_bytes());
        let job = rmp_serde::to_vec_named(plan.job());
        bytes.extend(job.map_err(|error| DataFusionError::External(error.into()))?);
        Ok(())
    }
}

/// Returns what follows the version, if it is that of this program.
fn checked_version(sent: &[u8]) -> Result<&[u8]> {
    let of_sender = sent
        .split_first()
        .and_then(|(length, rest)| rest.split_at_checked(usize::from(*length)));
    match of_sender {
        Some((version, job)) if version == VERSION.as_bytes() => Ok(job),
        other => {
            let sender = other.map_or("another version".into(), |(version, _)| {
                String::from_utf8_lossy(version).into_owned()
            });
            Err(DataFusionError::Execution(mark(&format!(
                "this machine of the cluster runs linreg {VERSION}, and the job is of linreg {sender}; run one version on all machines"
            ))))
        }
    }
}

/// Marks a message that is for the user, whatever others write around it.
pub(crate) fn mark(message: &str) -> String {
    format!("[linreg[{message}]]")
}

/// Returns the first marked message in a text.
pub(crate) fn marked(text: &str) -> Option<&str> {
    let (_, after) = text.split_once("[linreg[")?;
    Some(after.split_once("]]")?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_of_another_version_is_refused_by_name() {
        let sent = |version: &str| [&[version.len() as u8], version.as_bytes(), b"job"].concat();
        assert_eq!(checked_version(&sent(VERSION)).unwrap(), b"job");
        let error = checked_version(&sent("9.9.9")).unwrap_err().to_string();
        let message = marked(&error).unwrap();
        assert!(message.ends_with("the job is of linreg 9.9.9; run one version on all machines"));
        assert!(checked_version(&[]).is_err() && checked_version(&[9, 1]).is_err());
    }
}
