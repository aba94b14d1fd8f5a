//! Every pass over the rows of a table runs on the engine that the table carries,
//! and the model does not depend on it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use linreg_backend::DefaultBackend;
use linreg_data::{AnyPass, AnyState, DataError, Engine, MissingPolicy, Source, Threads};
use linreg_fit::{FitConfig, HoldOut, On, Table, Training, known_passes};

use crate::tool::Tool;

/// Runs passes on one thread, and keeps their names.
#[derive(Default)]
struct Listed {
    passes: AtomicUsize,
    names: Mutex<Vec<String>>,
}

impl Engine for Listed {
    fn run_any(
        &self,
        table: &dyn Source,
        columns: &[usize],
        pass: &dyn AnyPass,
    ) -> Result<AnyState, DataError> {
        self.passes.fetch_add(1, Ordering::Relaxed);
        self.names.lock().unwrap().push(pass.pass_name());
        // As another machine would receive it, and find it.
        let read = known_passes().read(&pass.pass_name(), &pass.to_bytes()?)?;
        Threads::new(1).run_any(table, columns, read.as_ref())
    }
}

fn table(tool: &Tool) -> Table {
    let mut text = "a,b,town,y\n".to_string();
    for row in 0..20_000_u32 {
        let a = f64::from(row.wrapping_mul(2_654_435_761) % 100_003) / 7e4;
        let b = f64::from(row.wrapping_mul(40_503) % 65_537).sqrt() / 99.0;
        let town = ["Bonn", "Kiel", "Ulm"][row as usize % 3];
        let y = a - 3.0 * b + f64::from(row % 11) / 3.0 + f64::from(row % 3);
        // A missing number is left out.
        let a = if row % 97 == 5 {
            String::new()
        } else {
            a.to_string()
        };
        text += &format!("{a},{b},{town},{y}\n");
    }
    tool.write("t.csv", text);
    Table::open(tool.path("t.csv")).unwrap()
}

fn config() -> FitConfig {
    let mut config = FitConfig::to("y").with_hold_out(HoldOut::validation(0.25));
    config.columns.missing = MissingPolicy::Drop;
    config
}

/// The names of the passes, and the model file.
fn fit(table: &Table, config: &FitConfig) -> (Vec<String>, Vec<u8>) {
    let engine = Arc::new(Listed::default());
    let table = table.clone().on(engine.clone());
    let fitted = config.run(&table).unwrap();
    fitted.model.evaluate(&table).unwrap();
    fitted.model.residuals(&table, 0).unwrap();
    let names = engine.names.lock().unwrap().clone();
    assert_eq!(engine.passes.load(Ordering::Relaxed), names.len());
    (names, fitted.model.file().to_bytes().unwrap())
}

#[test]
fn an_exact_fit_has_the_same_bytes_on_another_engine() {
    let tool = Tool::new();
    let (table, config) = (table(&tool), config());
    let here = config.run(&table).unwrap().model.file().to_bytes().unwrap();
    let (names, there) = fit(&table, &config);
    assert!(here == there, "the model files differ");
    // Profile, rows of the split, sums, held-out metrics, evaluation, residuals.
    assert!(names.len() >= 6, "{names:?}");
}

#[test]
fn a_training_has_the_same_bytes_on_another_engine_and_from_a_file_it_reads_again() {
    let tool = Tool::new();
    let table = table(&tool);
    let training = Training::on(On::<DefaultBackend>(Default::default()));
    let mut config = config().with_training(training);
    let here = config.run(&table).unwrap().model.file().to_bytes().unwrap();
    let (names, there) = fit(&table, &config);
    assert!(here == there, "the model files differ");
    assert!(names.iter().any(|name| name.contains("load")), "{names:?}");
    // Too many rows for the memory: each pass of training goes to the engine.
    config.memory = 1 << 10;
    let (names, _) = fit(&table, &config);
    for name in ["summary", "curvature", "loss on rows held out"] {
        assert!(names.iter().any(|n| n.contains(name)), "{name}: {names:?}");
    }
}
