use std::sync::atomic::{AtomicUsize, Ordering};

use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use linreg_data::{
    ChunkOrder, DataError, Dataset, Placement, RowChunks, RowSource, Rows, SyntheticConfig,
};
use linreg_training::{
    Loss, OptimizerConfig, Penalty, Trained, TrainingConfig, TrainingError, TrainingRows, train,
};

type B = Autodiff<NdArray<f64>>;

/// A dataset that is read in small chunks. The last chunk can be made to
/// fail.
struct InChunks {
    dataset: Dataset,
    chunk_rows: usize,
    fails_when: Option<ChunkOrder>,
}

impl InChunks {
    fn new(dataset: &Dataset, chunk_rows: usize) -> Self {
        Self {
            dataset: dataset.clone(),
            chunk_rows,
            fails_when: None,
        }
    }
}

impl RowSource for InChunks {
    fn feature_names(&self) -> &[String] {
        self.dataset.feature_names()
    }

    fn target_names(&self) -> &[String] {
        self.dataset.target_names()
    }

    fn num_rows(&self) -> usize {
        self.dataset.num_rows()
    }

    fn chunks(&self, order: ChunkOrder) -> Result<RowChunks<'_>, DataError> {
        let rows: Vec<usize> = (0..self.num_rows()).collect();
        let mut chunks: Vec<Vec<usize>> = rows.chunks(self.chunk_rows).map(<[_]>::to_vec).collect();
        order.arrange(&mut chunks);
        let fails = self.fails_when == Some(order);
        let last = chunks.len() - 1;
        Ok(Box::new(chunks.into_iter().enumerate().map(
            move |(index, chunk)| {
                if fails && index == last {
                    return Err(DataError::Overflow("x".into()));
                }
                let chunk = self.dataset.select(&chunk)?;
                Ok(Rows {
                    features: chunk.features().to_vec(),
                    targets: chunk.targets().to_vec(),
                    weights: chunk.weights().map(<[_]>::to_vec),
                    tails: None,
                })
            },
        )))
    }
}

fn stream(
    config: &TrainingConfig,
    source: &InChunks,
) -> Result<Trained<NdArray<f64>>, TrainingError> {
    train::<B>(
        config,
        TrainingRows::Stream(source),
        &Default::default(),
        &mut (),
    )
}

/// Returns rows with two targets on different scales.
fn two_targets() -> Dataset {
    let config = SyntheticConfig::new(vec![2.0, -3.4], 4.2).with_noise_std(0.3);
    let dataset = config.with_num_examples(501).generate().unwrap();
    let rows = dataset.features().chunks(2).zip(dataset.targets());
    let targets = rows
        .flat_map(|(x, y)| [*y, 30.0 * x[0] * x[1] + 9.0])
        .collect();
    Dataset::new(
        dataset.features().to_vec(),
        targets,
        dataset.feature_names().to_vec(),
        vec!["y".to_string(), "z".to_string()],
    )
    .unwrap()
}

#[test]
fn full_batches_give_the_coefficients_of_rows_in_memory() {
    let weights = (0..501).map(|row| 0.5 + f64::from(row % 7)).collect();
    let plain = two_targets();
    let weighted = plain.clone().with_weights(weights).unwrap();
    for dataset in [&plain, &weighted] {
        for (standardize, intercept) in [(false, true), (true, true), (false, false), (true, false)]
        {
            let config = TrainingConfig::new()
                .with_batch_size(501)
                .with_num_epochs(40)
                .with_learning_rate(0.1)
                .with_standardize(standardize)
                .with_intercept(intercept);
            let in_memory = train::<B>(&config, dataset, &Default::default(), &mut ()).unwrap();
            for chunk_rows in [501, 64] {
                let source = InChunks::new(dataset, chunk_rows);
                let streamed = stream(&config, &source).unwrap();
                let pairs = [
                    (
                        streamed.coefficients.weight(),
                        in_memory.coefficients.weight(),
                    ),
                    (streamed.coefficients.bias(), in_memory.coefficients.bias()),
                    (&streamed.losses[..], &in_memory.losses[..]),
                ];
                for (found, expected) in pairs {
                    for (a, b) in found.iter().zip(expected) {
                        assert!((a - b).abs() <= 1e-12 * b.abs().max(1.0), "{a} {b}");
                    }
                }
                if !intercept {
                    assert_eq!(streamed.coefficients.bias(), [0.0, 0.0]);
                }
            }
        }
    }
}

#[test]
fn rows_that_stay_on_the_device_give_the_same_bits() {
    let config = SyntheticConfig::new(vec![2.0, -3.4, 0.5], 4.2).with_noise_std(0.3);
    let plain = config.with_num_examples(20_000).generate().unwrap();
    let weights = (0..20_000).map(|row| f64::from(row % 7)).collect();
    let weighted = plain.clone().with_weights(weights).unwrap();
    for dataset in [&plain, &weighted] {
        for loss in [Loss::Squared, Loss::Absolute, Loss::Huber { delta: 0.2 }] {
            let config = TrainingConfig::full_batch_of(loss, Penalty::default());
            let config = config.with_num_epochs(6);
            let train = |placement| {
                let config = config.clone().with_placement(placement);
                let trained =
                    train::<Autodiff<NdArray>>(&config, dataset, &Default::default(), &mut ());
                let trained = trained.unwrap();
                assert_eq!(trained.transfer.placement, placement);
                (trained.coefficients, trained.losses)
            };
            assert_eq!(train(Placement::Device), train(Placement::Host));
        }
    }
}

#[test]
fn a_sorted_file_trains_as_well_as_rows_in_memory() {
    let dataset = SyntheticConfig::new(vec![2.0, -3.4], 4.2)
        .generate()
        .unwrap();
    let mut order: Vec<usize> = (0..1000).collect();
    order.sort_by(|a, b| dataset.targets()[*a].total_cmp(&dataset.targets()[*b]));
    let sorted = InChunks::new(&dataset.select(&order).unwrap(), 50);
    let config = TrainingConfig::new().with_shuffle_rows(100);
    let trained = stream(&config, &sorted).unwrap();
    assert!((trained.coefficients.weight()[0] - 2.0).abs() < 0.01);
    assert!((trained.coefficients.weight()[1] + 3.4).abs() < 0.01);
    assert!((trained.coefficients.bias()[0] - 4.2).abs() < 0.01);
    assert!(trained.losses[2] < 1.5e-4, "{:?}", trained.losses);

    let again = stream(&config, &sorted).unwrap();
    assert_eq!(again.coefficients, trained.coefficients);
    let other = stream(&config.with_seed(1), &sorted).unwrap();
    assert_ne!(other.coefficients, trained.coefficients);
}

#[test]
fn a_chunk_that_cannot_be_read_stops_training_with_its_error() {
    let dataset = two_targets();
    let config = TrainingConfig::new().with_learning_rate(0.001);
    let mut source = InChunks::new(&dataset, 100);
    assert!(stream(&config, &source).is_ok());
    for order in [ChunkOrder::File, ChunkOrder::of_epoch(1, 0)] {
        source.fails_when = Some(order);
        let error = stream(&config, &source).unwrap_err();
        assert!(
            matches!(error, TrainingError::Data(DataError::Overflow(_))),
            "{error}"
        );
    }
}

#[test]
fn training_on_all_rows_notices_that_rows_were_lost_between_passes() {
    struct Shrinking {
        rows: InChunks,
        passes_left: AtomicUsize,
    }
    impl RowSource for Shrinking {
        fn feature_names(&self) -> &[String] {
            self.rows.feature_names()
        }

        fn target_names(&self) -> &[String] {
            self.rows.target_names()
        }

        fn num_rows(&self) -> usize {
            self.rows.num_rows()
        }

        fn chunks(&self, order: ChunkOrder) -> Result<RowChunks<'_>, DataError> {
            let chunks = self.rows.chunks(order)?;
            let left = self.passes_left.load(Ordering::Relaxed);
            self.passes_left
                .store(left.saturating_sub(1), Ordering::Relaxed);
            let lost = usize::from(left == 0);
            Ok(Box::new(chunks.skip(lost)))
        }
    }

    let dataset = two_targets();
    let lbfgs = OptimizerConfig::Lbfgs { history: 10 };
    for optimizer in [lbfgs, OptimizerConfig::Proximal] {
        let config = TrainingConfig::new().with_optimizer(optimizer);
        // The scale of the columns takes the first pass.
        for passes in [1, 2, 4] {
            let source = Shrinking {
                rows: InChunks::new(&dataset, 100),
                passes_left: AtomicUsize::new(passes),
            };
            let rows = TrainingRows::Stream(&source);
            let error = train::<B>(&config, rows, &Default::default(), &mut ()).unwrap_err();
            let TrainingError::Data(DataError::Changed { found, expected }) = error else {
                panic!("{error}");
            };
            assert_eq!([found, expected], [401, 501], "{passes} passes");
        }
    }
}

#[test]
fn a_number_that_is_not_finite_names_its_row() {
    struct Spoilt(InChunks);
    impl RowSource for Spoilt {
        fn feature_names(&self) -> &[String] {
            self.0.feature_names()
        }

        fn target_names(&self) -> &[String] {
            self.0.target_names()
        }

        fn num_rows(&self) -> usize {
            self.0.num_rows()
        }

        fn chunks(&self, order: ChunkOrder) -> Result<RowChunks<'_>, DataError> {
            let chunks = self.0.chunks(order)?.enumerate();
            Ok(Box::new(chunks.map(|(index, rows)| {
                let mut rows = rows?;
                if index == 2 {
                    rows.targets[2 * 5 + 1] = f64::NAN;
                }
                Ok(rows)
            })))
        }
    }
    let config = TrainingConfig::new();
    let source = Spoilt(InChunks::new(&two_targets(), 100));
    let device = Default::default();
    let rows = TrainingRows::Stream(&source);
    let error = train::<B>(&config, rows, &device, &mut ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "row 206, column `z`: found NaN, expected a finite number"
    );
}
