//! The lesson on every backend that is compiled in.

use burn::tensor::backend::AutodiffBackend;
use linreg_backend::{BackendKind, Precision, Task, run};
use linreg_data::SyntheticConfig;
use linreg_model::{Coefficients, ModelFile};
use linreg_training::{TrainingConfig, train};

struct Lesson(u64);

impl Task for Lesson {
    type Output = Coefficients;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Coefficients {
        let data = SyntheticConfig::new(vec![2.0, -3.4], 4.2).with_seed(self.0);
        let config = TrainingConfig::new().with_seed(self.0);
        let trained = train::<B>(&config, &data.generate().unwrap(), &device, &mut ());
        trained.unwrap().coefficients
    }
}

#[test]
fn recovers_the_truth_from_twenty_seeds() {
    for backend in BackendKind::available() {
        for seed in 0..20 {
            let learned = run(backend, Precision::F32, None, Lesson(seed)).unwrap();
            let learned = [learned.weight(), learned.bias()].concat();
            // The noise leaves a standard error of 0.01 / sqrt(1000) = 0.0003;
            // minibatches of 10 at a rate of 0.03 stay within ten times that.
            for (learned, truth) in learned.iter().zip([2.0, -3.4, 4.2]) {
                let error = (learned - truth).abs();
                assert!(
                    error < 0.005,
                    "{backend}, seed {seed}: {learned} for {truth}"
                );
            }
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_in_the_model_file() {
    for backend in BackendKind::available() {
        let bytes = |seed| {
            let learned = run(backend, Precision::F32, None, Lesson(seed)).unwrap();
            let file = ModelFile::new(learned, ["x1", "x2"], ["y"]).unwrap();
            file.to_bytes().unwrap()
        };
        assert_eq!(bytes(1), bytes(1));
        assert_ne!(bytes(1), bytes(2));
    }
}
