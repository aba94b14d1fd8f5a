//! Where the time of an epoch over 1,000,000 rows of 100 features goes, in
//! shuffled batches of 8,192 from memory and from a Parquet file, on every
//! backend that is compiled in.
//!
//! Run with `cargo bench -p linreg-backend --features flex --bench large_epoch`;
//! `-- --quick` takes a hundredth of the rows. Each figure is the median of
//! five, and the processor's time, where the system tells it, is that of all
//! threads.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use burn::module::AutodiffModule;
use burn::tensor::backend::AutodiffBackend;
use linreg_backend::{BackendKind, Precision, Task, run};
use linreg_data::{
    Batch, BatchSource, Batches, ChunkOrder, ColumnChoice, CsvOptions, Dataset, EncodedRows,
    EncodedSource, Encoder, EncoderConfig, Passes, RowSource, Scaler, Set, Source, Split,
    StreamedBatches, Summary, SyntheticConfig, TableFormat, learn_schema, open, write_dataset,
};
use linreg_model::LinearRegressionConfig;
use linreg_training::{Training, TrainingConfig, mean_loss};

const FEATURES: usize = 100;
const BATCH: usize = 8192;
const REPEATS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Without `--bench`, it is run as a test.
    let quick = arguments.iter().any(|argument| argument == "--quick")
        || !arguments.iter().any(|argument| argument == "--bench");
    let num_rows = if quick { 10_000 } else { 1_000_000 };
    let data = SyntheticConfig::new(vec![1.0; FEATURES], 4.2).with_num_examples(num_rows);
    let dataset = data.generate().expect("the data is well defined");
    println!("{num_rows} rows of {FEATURES} features in batches of {BATCH}, in seconds");
    let each = |epochs: &dyn Fn(BackendKind)| {
        BackendKind::available().into_iter().for_each(epochs);
    };
    each(&|backend| {
        println!("\n{backend}, from memory{:>24} processor", "time");
        run(backend, Precision::F32, None, Memory(&dataset)).expect("the backend works");
    });

    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("rows.parquet");
    let file = std::fs::File::create(&path).expect("the file can be written");
    write_dataset(&dataset, file, TableFormat::Parquet).expect("the file can be written");
    drop(dataset);
    let source = encoded(&path);
    let source = &source;
    let summary = Summary::of(source).expect("the file is read");
    println!("\nreading a Parquet file of these rows");
    median("  its chunks, decoded", || {
        let chunks = source.chunks(ChunkOrder::of_epoch(0, 0));
        let chunks = chunks.expect("the file is read");
        chunks.for_each(|chunk| drop(chunk.expect("the file is read")));
    });
    each(&|backend| {
        println!("\n{backend}, from the Parquet file{:>17} processor", "time");
        run(backend, Precision::F32, None, File(source, &summary)).expect("the backend works");
    });
}

/// Epochs over rows in memory.
struct Memory<'a>(&'a Dataset);

impl Task for Memory<'_> {
    type Output = ();

    fn run<B: AutodiffBackend>(self, device: B::Device) {
        let batches = Batches::<B::InnerBackend>::new(self.0, BATCH, &device).expect("they fit");
        median("  batches alone", || {
            batches.epoch(0, 0).for_each(drop);
        });
        let made: Vec<_> = batches.epoch(0, 0).collect();
        let mut training = Steps::<B>::new(&batches, &device);
        let steps = median("  forward, backward, update", || {
            made.iter().cloned().for_each(|batch| training.step(batch));
            training.end_epoch();
        });
        drop(made);
        epochs(&batches, training, steps);
    }
}

/// Epochs over rows in a file.
struct File<'a>(&'a EncodedSource, &'a Summary);

impl Task for File<'_> {
    type Output = ();

    fn run<B: AutodiffBackend>(self, device: B::Device) {
        let scaler = Scaler::new(self.1, true).expect("the columns vary");
        std::thread::scope(|scope| {
            let batches =
                StreamedBatches::<B::InnerBackend, _>::new(scope, self.0, self.1, BATCH, &device);
            let batches = batches.expect("a batch size above 0");
            let batches = batches.with_scaler(Some(&scaler)).with_shuffle_rows(65_536);
            let read = median("  batches alone: read, shuffled, scaled", || {
                batches
                    .epoch(0, 0)
                    .for_each(|batch| drop(batch.expect("the file is read")));
            });
            epochs(&batches, Steps::<B>::new(&batches, &device), read);
        });
    }
}

/// Whole epochs, and the loss after them.
fn epochs<B: AutodiffBackend>(
    batches: &impl BatchSource<B::InnerBackend>,
    mut training: Steps<B>,
    alone: Duration,
) {
    let mut shares = Vec::new();
    let epoch = median("  an epoch of both", || {
        let start = Instant::now();
        let mut inside = Duration::ZERO;
        for batch in batches.epoch(0, 0) {
            let batch = batch.expect("rows are read");
            let step = Instant::now();
            training.step(batch);
            inside += step.elapsed();
        }
        training.end_epoch();
        shares.push(1.0 - inside.as_secs_f64() / start.elapsed().as_secs_f64());
    });
    shares.sort_by(f64::total_cmp);
    println!(
        "    of it outside of forward, backward and update: {:.0} %",
        100.0 * shares[shares.len() / 2]
    );
    println!(
        "    times what was measured alone: {:.2}",
        epoch.as_secs_f64() / alone.as_secs_f64()
    );
    median("  mean loss of all rows", || {
        let model = training.0.as_ref().expect("put back").model().valid();
        mean_loss(&model, batches).expect("rows are read");
    });
}

/// A model in training.
struct Steps<B: AutodiffBackend>(Option<Training<B>>);

impl<B: AutodiffBackend> Steps<B> {
    fn new(batches: &impl BatchSource<B::InnerBackend>, device: &B::Device) -> Self {
        let config = TrainingConfig::new()
            .with_batch_size(BATCH)
            .with_learning_rate(0.003);
        let model = LinearRegressionConfig::new(FEATURES)
            .init::<B>(device)
            .expect("features");
        Self(Some(
            Training::new(model, &config, batches).expect("minibatches"),
        ))
    }

    fn step(&mut self, batch: Batch<B::InnerBackend>) {
        let training = self.0.take().expect("put back");
        self.0 = Some(training.step(batch).expect("a batch of the model"));
    }

    fn end_epoch(&mut self) {
        let (training, not_finite) = self.0.take().expect("put back").end_epoch();
        assert!(not_finite.is_none());
        self.0 = Some(training);
    }
}

/// Measures and prints the median time of a piece of work.
fn median(what: &str, mut work: impl FnMut()) -> Duration {
    work();
    let mut times: Vec<(Duration, f64)> = (0..REPEATS)
        .map(|_| {
            let (start, processor) = (Instant::now(), processor_seconds());
            work();
            (start.elapsed(), processor_seconds() - processor)
        })
        .collect();
    times.sort_by_key(|(time, _)| *time);
    let (time, processor) = times[REPEATS / 2];
    println!("{what:<42} {:.3}     {processor:.2}", time.as_secs_f64());
    time
}

/// Seconds that all threads of this program have computed; NaN where the system
/// has no such file.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name in brackets: fields 14 and 15 of proc_pid_stat(5).
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: Vec<f64> = ticks.filter_map(|field| field.parse().ok()).collect();
    match ticks[..] {
        [user, system] => (user + system) / 100.0,
        _ => f64::NAN,
    }
}

/// The rows of a file, to be read in every pass.
fn encoded(path: &Path) -> EncodedSource {
    let files = [path.to_path_buf()];
    let source = open(&files, &CsvOptions::default(), Passes::Several);
    let source: Arc<dyn Source> = source.expect("the file is there").into();
    let schema = learn_schema(source.as_ref(), &ColumnChoice::default());
    let config = EncoderConfig {
        targets: vec!["y".to_string()],
        ..EncoderConfig::default()
    };
    let encoder = Encoder::new(&schema.expect("the file is read"), &config);
    let encoder = encoder.expect("there is a target");
    let rows = EncodedSource::new(source, &encoder, Split::None, Set::Training);
    match rows
        .and_then(|rows| rows.load(0))
        .expect("the file is read")
        .0
    {
        EncodedRows::File(source) => source,
        EncodedRows::Memory(_) => unreachable!("nothing is kept in memory"),
    }
}
