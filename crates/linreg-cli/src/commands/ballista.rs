use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, anyhow};
use clap::Subcommand;
use linreg_ballista::{Ballista, BallistaError, ConnectOptions, Executor, Scheduler};

use crate::cluster::CertificateArgs;
use crate::terminal::{self, print_json};

/// Run the machines of a cluster: a scheduler, and an executor on every machine
///
/// With --ballista HOST:PORT, describe, fit, evaluate and predict have the rows of a
/// table read by the executors of the scheduler at that address, and give the same
/// result as on one machine, to the last byte. Only last digits may differ: of training on
/// wgpu, and of any fit where machines have CPUs of different kinds.
///
/// All listen on this machine alone, unless --bind says otherwise. Anyone who reaches a
/// port can have tables read, and predictions written, with the rights of the process: on
/// other networks, give every machine and program --certificates.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  linreg ballista scheduler
  linreg ballista executor --scheduler 127.0.0.1:50050
  linreg ballista status 127.0.0.1:50050
  linreg fit houses.parquet --target price --ballista 127.0.0.1:50050")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Scheduler(SchedulerArgs),
    Executor(ExecutorArgs),
    Status(StatusArgs),
}

/// Give out work to executors
#[derive(clap::Args)]
struct SchedulerArgs {
    /// Address to listen at
    #[arg(long, value_name = "ADDRESS", default_value_t = Ipv4Addr::LOCALHOST.into())]
    bind: IpAddr,

    /// Name by which executors reach this machine [default: the address of --bind]
    #[arg(long)]
    host: Option<String>,

    /// Port to listen at
    #[arg(long, default_value_t = 50050, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,

    /// Seconds without a word after which an executor is taken for lost
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(3..))]
    executor_timeout: u64,

    #[command(flatten)]
    certificates: CertificateArgs,
}

/// Read rows and run passes over them
///
/// It waits for a scheduler that is not there yet, and starts again if the scheduler ends
/// or takes it for lost. A second executor on a machine needs ports of its own.
#[derive(clap::Args)]
struct ExecutorArgs {
    /// Address of the scheduler
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:50050")]
    scheduler: String,

    /// Address to listen at
    #[arg(long, value_name = "ADDRESS", default_value_t = Ipv4Addr::LOCALHOST.into())]
    bind: IpAddr,

    /// Name by which the others reach this machine [default: the address of --bind]
    #[arg(long)]
    host: Option<String>,

    /// Port at which results are fetched
    #[arg(long, default_value_t = 50051, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,

    /// Port at which work arrives
    #[arg(long, value_name = "PORT", default_value_t = 50052, value_parser = clap::value_parser!(u16).range(1..))]
    work_port: u16,

    /// Tasks at a time [default: the number of cores]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=1024))]
    slots: Option<u16>,

    /// About how much memory its tasks may take together, in MiB [default: no limit]
    ///
    /// A task for which there is too little left waits for others to end.
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..))]
    memory: Option<u64>,

    /// Folder for results until they are fetched [default: one for temporary files]
    #[arg(long)]
    folder: Option<PathBuf>,

    #[command(flatten)]
    certificates: CertificateArgs,
}

/// Tell what executors a scheduler has, and how far passes have come
#[derive(clap::Args)]
struct StatusArgs {
    /// Address of the scheduler
    #[arg(value_name = "HOST:PORT", default_value = "127.0.0.1:50050")]
    scheduler: String,

    #[command(flatten)]
    certificates: CertificateArgs,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args) -> Result<()> {
    match args.command {
        Command::Scheduler(args) => scheduler(args),
        Command::Executor(args) => executor(args),
        Command::Status(args) => status(args),
    }
}

fn scheduler(args: SchedulerArgs) -> Result<()> {
    let scheduler = Scheduler {
        bind: args.bind,
        host: args.host,
        port: args.port,
        executor_timeout: args.executor_timeout,
        certificates: args.certificates.read()?,
    };
    scheduler.check().map_err(with_advice)?;
    let address = SocketAddr::new(args.bind, args.port);
    terminal::stderr().note(format!("the scheduler listens at {address}"))?;
    Ok(scheduler.run()?)
}

fn executor(args: ExecutorArgs) -> Result<()> {
    let mut executor = Executor::default().with_scheduler(&args.scheduler)?;
    executor.bind = args.bind;
    executor.host = args.host;
    executor.port = args.port;
    executor.work_port = args.work_port;
    executor.memory = args.memory.map(|mib| mib.saturating_mul(1 << 20));
    executor.folder = args.folder;
    executor.certificates = args.certificates.read()?;
    if let Some(slots) = args.slots {
        executor.slots = usize::from(slots);
    }
    executor.check().map_err(with_advice)?;
    let mut waits = false;
    while let Err(error) = executor.look_for_scheduler() {
        if !waits {
            let scheduler = &args.scheduler;
            let words = format!("waiting for the scheduler at {scheduler}: {error}");
            terminal::stderr().note(words)?;
            waits = true;
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    let slots = executor.slots;
    terminal::stderr().note(format!(
        "the executor works for {} with {slots} {}",
        args.scheduler,
        if slots == 1 { "slot" } else { "slots" }
    ))?;
    match executor.run() {
        Err(BallistaError::Stopped { .. }) => start_again(&args.scheduler),
        done => Ok(done?),
    }
}

/// Runs this program anew in place of this process, since an executor works once in a
/// process.
#[cfg(unix)]
fn start_again(scheduler: &str) -> Result<()> {
    use std::os::unix::process::CommandExt;
    terminal::stderr().note(format!(
        "the scheduler at {scheduler} has ended, or has taken this executor for lost; it starts again"
    ))?;
    let mut command = std::process::Command::new(std::env::current_exe()?);
    Err(command.args(std::env::args_os().skip(1)).exec().into())
}

#[cfg(not(unix))]
fn start_again(scheduler: &str) -> Result<()> {
    let scheduler = scheduler.to_string();
    Err(BallistaError::Stopped { scheduler }.into())
}

fn with_advice(error: BallistaError) -> anyhow::Error {
    match error {
        BallistaError::Port {
            what: "executor", ..
        } => anyhow!("{error}; choose other ports with --port and --work-port"),
        BallistaError::Port { .. } => anyhow!("{error}; choose another one with --port"),
        BallistaError::Host { .. } => anyhow!("{error}; name it with --host"),
        error => error.into(),
    }
}

fn status(args: StatusArgs) -> Result<()> {
    let mut options = ConnectOptions::default();
    options.certificates = args.certificates.read()?;
    let status = Ballista::connect_with(&args.scheduler, options)?.status()?;
    if args.json {
        return print_json(&serde_json::to_value(&status)?);
    }
    let count = |count: usize, word: &str| match count {
        1 => format!("1 {word}"),
        count => format!("{count} {word}s"),
    };
    let mut output = terminal::stdout();
    writeln!(
        output,
        "linreg {}: {}, {}",
        status.version,
        count(status.executors, "executor"),
        count(status.slots, "slot")
    )?;
    for pass in &status.passes {
        writeln!(
            output,
            "  {}: {} of {} done, {} at work",
            pass.name,
            pass.done,
            count(pass.parts, "part"),
            pass.running
        )?;
    }
    Ok(())
}
