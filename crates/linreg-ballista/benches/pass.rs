//! A further pass over a table, here and on a running cluster:
//! `cargo bench -p linreg-ballista --features ballista --bench pass -- HOST:PORT FILE...`.
//!
//! The last column of a table is the target. `linreg generate` writes tables to measure.

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use linreg_ballista::Ballista;
use linreg_data::{
    ColumnChoice, EncodedSource, EncoderConfig, Engine, GROUP_ROWS, RowSource, Set, Split,
    SummaryPass, Threads, learn_encoder_on, learn_schema_on,
};
use linreg_fit::Table;

const RUNS: usize = 21;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let Some((address, files)) = arguments.split_first() else {
        return Ok(());
    };
    let cluster: Arc<dyn Engine> = Arc::new(Ballista::connect(address)?);
    let here: Arc<dyn Engine> = Arc::new(Threads::new(2));
    for file in files {
        let table = Table::open(file)?;
        let source = table.source();
        let schema = source.schema();
        let target = schema.fields().last().ok_or("no columns")?.name();
        let config = EncoderConfig {
            targets: vec![target.clone()],
            ..EncoderConfig::default()
        };
        for (name, engine) in [("2 threads", &here), ("cluster", &cluster)] {
            let reading = engine.as_ref();
            let mut schema = learn_schema_on(reading, source.as_ref(), &ColumnChoice::default())?;
            let encoder =
                learn_encoder_on(reading, source.as_ref(), &mut schema, &config, Split::None)?;
            let rows = EncodedSource::new(source.clone(), &encoder, Split::None, Set::Training)?;
            let rows = rows.on(engine.clone());
            let pass = SummaryPass::new(rows.feature_names(), rows.target_names());
            let mut times = [0.0; RUNS];
            for time in &mut times {
                let start = Instant::now();
                rows.run(pass.clone())?;
                *time = 1e3 * start.elapsed().as_secs_f64();
            }
            times.sort_by(f64::total_cmp);
            println!(
                "{file}, {} parts, {name}: {:.1} ms, least {:.1}, most {:.1}",
                schema.num_rows.div_ceil(GROUP_ROWS),
                times[RUNS / 2],
                times[0],
                times[RUNS - 1]
            );
        }
    }
    Ok(())
}
