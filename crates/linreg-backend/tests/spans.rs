//! In a process of its own: who listens to spans is asked once for all threads.

use std::sync::{Arc, Mutex};

use linreg_backend::{BackendKind, Precision, train};
use linreg_data::SyntheticConfig;
use linreg_training::{RunOptions, TrainingConfig};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber, subscriber};

#[test]
fn every_epoch_is_a_span() {
    /// The names of the spans that were entered.
    #[derive(Clone, Default)]
    struct Entered(Arc<Mutex<(Vec<&'static str>, usize)>>);
    impl Subscriber for Entered {
        fn enabled(&self, metadata: &Metadata) -> bool {
            metadata.target().starts_with("linreg")
        }
        fn new_span(&self, span: &Attributes) -> Id {
            let names = &mut self.0.lock().unwrap().0;
            names.push(span.metadata().name());
            Id::from_u64(names.len() as u64)
        }
        fn record(&self, _: &Id, _: &Record) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, _: &Event) {}
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {
            self.0.lock().unwrap().1 += 1;
        }
    }
    // In a build without any backend, there is nothing to train on.
    let Ok(backend) = BackendKind::choose(None) else {
        return;
    };
    let entered = Entered::default();
    let config = TrainingConfig::new();
    let lesson = SyntheticConfig::new(vec![2.0, -3.4], 4.2)
        .generate()
        .unwrap();
    subscriber::with_default(entered.clone(), || {
        let options = RunOptions::default();
        let trained = train(
            backend,
            Precision::F32,
            None,
            &config,
            &lesson,
            options,
            &mut (),
        );
        trained.unwrap().unwrap()
    });
    let (names, left) = entered.0.lock().unwrap().clone();
    assert_eq!((names, left), (vec!["epoch"; 3], 3));
}
