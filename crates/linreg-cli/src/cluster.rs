//! Tables that are read by the executors of a cluster.

use anyhow::Result;
use linreg_fit::Table;

/// The options of a cluster in help texts.
#[cfg(feature = "ballista")]
const HEADING: &str = "Cluster";

/// The cluster that reads the rows of a table, if one is asked for.
#[derive(Clone, clap::Args)]
pub struct ClusterArgs {
    /// Read the rows on the executors of the Ballista scheduler at this address
    ///
    /// The result has the same bytes as on one machine. Only its last digits may differ: of
    /// training on wgpu, and of any fit where machines have CPUs of different kinds. The
    /// files must be there under the same absolute paths on every machine, with the same
    /// sizes and times of modification: shared, or copied with their times. See linreg
    /// ballista --help.
    #[cfg(feature = "ballista")]
    #[arg(long, value_name = "HOST:PORT", help_heading = HEADING, hide_short_help = true)]
    ballista: Option<String>,

    /// Seconds without a finished part after which the command fails
    ///
    /// A part has 131,072 rows; a file that is compressed with gzip or Zstandard is one
    /// part.
    #[cfg(feature = "ballista")]
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 900,
        value_parser = clap::value_parser!(u64).range(1..),
        requires = "ballista",
        help_heading = HEADING,
        hide_short_help = true
    )]
    stall_limit: u64,

    #[cfg(feature = "ballista")]
    #[command(flatten)]
    certificates: CertificateArgs,
}

/// The certificates of a machine or program of a cluster.
#[cfg(feature = "ballista")]
#[derive(Clone, clap::Args)]
pub struct CertificateArgs {
    /// Folder with ca.pem, cert.pem and key.pem, for a cluster that wants certificates
    ///
    /// ca.pem is the certificate of the authority, cert.pem one that it has signed for
    /// this machine, under the name or address by which others reach it, and key.pem
    /// the private key.
    #[arg(long, value_name = "FOLDER", help_heading = HEADING, hide_short_help = true)]
    certificates: Option<std::path::PathBuf>,
}

#[cfg(feature = "ballista")]
impl CertificateArgs {
    pub fn read(&self) -> Result<Option<linreg_ballista::Certificates>> {
        let read = linreg_ballista::Certificates::read;
        Ok(self.certificates.as_deref().map(read).transpose()?)
    }
}

impl ClusterArgs {
    /// The same table, with rows that are read where they are asked to be.
    #[cfg(not(feature = "ballista"))]
    pub fn read(&self, table: Table) -> Result<Table> {
        Ok(table)
    }

    /// The same table, with rows that are read where they are asked to be.
    #[cfg(feature = "ballista")]
    pub fn read(&self, table: Table) -> Result<Table> {
        use std::sync::Arc;
        use std::time::Duration;

        use linreg_ballista::{Ballista, ConnectOptions};

        let Some(address) = &self.ballista else {
            if self.certificates.certificates.is_some() {
                anyhow::bail!("--certificates are those of a cluster: give --ballista too");
            }
            return Ok(table);
        };
        let progress = shown::Progress::default();
        let mut options = ConnectOptions::default();
        options.on_event = Some(Box::new(move |event| progress.show(event)));
        options.certificates = self.certificates.read()?;
        options.stall_limit = Duration::from_secs(self.stall_limit);
        let cluster = Arc::new(Ballista::connect_with(address, options)?);
        let cancelled = Arc::downgrade(&cluster);
        crate::interrupt::do_at_the_end(move || {
            if let Some(cluster) = cancelled.upgrade() {
                cluster.cancel();
            }
        });
        Ok(table.on(cluster))
    }
}

#[cfg(feature = "ballista")]
mod shown {
    use std::sync::{Mutex, PoisonError};
    use std::time::{Duration, Instant};

    use indicatif::{ProgressBar, ProgressStyle};
    use linreg_ballista::{Event, Progress as Pass};

    use crate::number::thousands;
    use crate::reading::bars;
    use crate::terminal;

    /// Shows how far a pass has come, if it takes over a second.
    #[derive(Default)]
    pub struct Progress(Mutex<Option<Shown>>);

    struct Shown {
        since: Instant,
        bar: ProgressBar,
    }

    impl Progress {
        pub fn show(&self, event: &Event) {
            match event {
                Event::Progress(pass) => self.show_pass(pass),
                Event::Lost {
                    executor,
                    again,
                    parts,
                } => tell_lost(executor.as_deref(), *again, *parts),
                _ => (),
            }
        }

        fn show_pass(&self, pass: &Pass) {
            let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if pass.done == pass.parts {
                if let Some(shown) = shown.take() {
                    shown.bar.finish_and_clear();
                    bars().remove(&shown.bar);
                }
                return;
            }
            let shown = shown.get_or_insert_with(|| Shown {
                since: Instant::now(),
                bar: bars().add(new_bar(pass.parts as u64)),
            });
            shown.bar.set_position(pass.done as u64);
            let seconds = shown.since.elapsed().max(Duration::from_millis(1));
            let speed = pass.rows as f64 / seconds.as_secs_f64();
            let executors = if pass.executors == 1 {
                "executor"
            } else {
                "executors"
            };
            let message = format!(
                "{} rows/s, {} {executors}",
                thousands(speed as usize),
                pass.executors
            );
            terminal::set_message(&shown.bar, &message);
        }
    }

    fn new_bar(parts: u64) -> ProgressBar {
        let bar = ProgressBar::new(parts);
        let style = "reading {bar:20} {pos} of {len} parts, {msg}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        bar
    }

    fn tell_lost(executor: Option<&str>, again: usize, all: usize) {
        let lost = match executor {
            Some(address) => {
                format!("the executor at {address} was lost, or cannot be reached from here")
            }
            None => "an executor was lost".to_string(),
        };
        let are = if again == 1 { "is" } else { "are" };
        let words = format!("{lost}: {again} of {all} parts {are} computed again");
        // Standard error may be closed.
        terminal::stderr().note(words).ok();
    }
}
