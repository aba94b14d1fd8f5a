//! Every backend that is compiled in gives the same answer, also beyond the
//! sizes that drivers get wrong; and what the tool says about backends and
//! devices.

use burn::module::AutodiffModule;
use burn::tensor::backend::AutodiffBackend;
use linreg_backend::check::{Finding, Outcome};
use linreg_backend::{BackendKind, Task, run};
use linreg_data::{Batches, Dataset, Placement};
use linreg_model::{Coefficients, LinearRegression};
use linreg_training::{Training, TrainingConfig, mean_loss};

use crate::tool::Tool;

const ROWS: usize = 300_000;
const FEATURES: usize = 40;
const BATCH: usize = 8192;
const RATE: f64 = 0.01;

/// Rows around a known line, drawn from seed 5.
fn large() -> Dataset {
    let weights = (0..FEATURES).map(|i| i as f64 / 10.0 - 2.0).collect();
    let config = linreg_data::SyntheticConfig::new(weights, 4.2);
    let config = config.with_num_examples(ROWS).with_noise_std(1.0);
    config.with_seed(5).generate().unwrap()
}

/// Two mean losses, and the parameters, the bias last.
#[derive(Debug)]
struct Fit {
    losses: [f64; 2],
    parameters: Vec<f64>,
}

/// The mean losses before and after an epoch in file order, and the parameters
/// after it.
struct Epoch<'a>(&'a Dataset, Placement);

impl Task for Epoch<'_> {
    type Output = Fit;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Fit {
        let batches = Batches::<B::InnerBackend>::new(self.0, BATCH, &device).unwrap();
        let batches = batches.place(self.1);
        assert_eq!(batches.placement(), self.1);
        let start = Coefficients::new(vec![0.1; FEATURES], vec![0.0]).unwrap();
        let model = LinearRegression::<B>::from_coefficients(&start, &device);
        let config = TrainingConfig::new()
            .with_batch_size(BATCH)
            .with_num_epochs(1)
            .with_learning_rate(RATE);
        let before = mean_loss(&model.valid(), &batches).unwrap();
        let training = batches
            .in_order((0..ROWS).collect())
            .unwrap()
            .try_fold(
                Training::new(model, &config, &batches).unwrap(),
                Training::step,
            )
            .unwrap();
        let (training, not_finite) = training.end_epoch();
        assert_eq!(not_finite, None);
        let model = training.model().valid();
        let coefficients = model.coefficients().unwrap();
        Fit {
            losses: [before, mean_loss(&model, &batches).unwrap()],
            parameters: [coefficients.weight(), coefficients.bias()].concat(),
        }
    }
}

/// The same in a plain loop of 64-bit floats.
fn plain_loop(dataset: &Dataset) -> Fit {
    let mut parameters = vec![0.1; FEATURES];
    parameters.push(0.0);
    let residual = |parameters: &[f64], row: usize| {
        let x = &dataset.features()[row * FEATURES..(row + 1) * FEATURES];
        let line: f64 = x.iter().zip(parameters).map(|(x, w)| x * w).sum();
        line + parameters[FEATURES] - dataset.targets()[row]
    };
    let loss = |parameters: &[f64]| -> f64 {
        let squares = (0..ROWS).map(|row| residual(parameters, row).powi(2));
        squares.sum::<f64>() / ROWS as f64
    };
    let before = loss(&parameters);
    for from in (0..ROWS).step_by(BATCH) {
        let mut gradient = vec![0.0; FEATURES + 1];
        for row in from..ROWS.min(from + BATCH) {
            let error = residual(&parameters, row);
            let x = &dataset.features()[row * FEATURES..(row + 1) * FEATURES];
            for (sum, x) in gradient.iter_mut().zip(x.iter().chain([&1.0])) {
                *sum += 2.0 * error * x;
            }
        }
        for (parameter, sum) in parameters.iter_mut().zip(gradient) {
            *parameter -= RATE * sum / BATCH as f64;
        }
    }
    Fit {
        losses: [before, loss(&parameters)],
        parameters,
    }
}

#[test]
fn large_data_give_the_same_fit_as_a_plain_loop() {
    let dataset = large();
    let expected = plain_loop(&dataset);
    for backend in BackendKind::available() {
        for precision in backend.precisions() {
            for placement in [Placement::Host, Placement::Device] {
                let found = run(backend, *precision, None, Epoch(&dataset, placement)).unwrap();
                let pairs = found.losses.iter().chain(&found.parameters);
                let pairs = pairs.zip(expected.losses.iter().chain(&expected.parameters));
                for (found, expected) in pairs {
                    // One weight is nearly 0, so its error may be up to 0.0001.
                    assert!(
                        (found - expected).abs() <= 1e-3 * expected.abs().max(0.1),
                        "{backend} {precision} {placement:?}: {found}, expected {expected}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_check_finds_all_that_linreg_uses_right() {
    let tool = Tool::new();
    for backend in BackendKind::available() {
        let report = tool.json(&["check", "--backend", &backend.to_string()]);
        assert_eq!(report["all_right"], true, "{report:#}");
        let backends = report["backends"].as_array().unwrap();
        assert_eq!(backends.len(), backend.precisions().len());
        for found in backends {
            let findings = found["findings"].as_array().unwrap();
            let of = |operation: &str| {
                let findings = findings.iter();
                let of = findings.filter(move |finding| finding["operation"] == operation);
                of.collect::<Vec<_>>()
            };
            assert!(of("sum along axis 0").len() >= 8);
            for operation in ["gradient, 5 features", "training in large batches"] {
                assert_eq!(of(operation).len(), 2, "{report:#}");
            }
            let used = findings.iter().filter(|finding| finding["used"] == true);
            assert!(used.count() > 20);
            // The error of Burn 0.21 that linreg avoids.
            if found["device"].as_str().unwrap().contains("llvmpipe") {
                let mut fault = of("sum along axis 0").into_iter();
                let fault = fault.rfind(|finding| finding["rows"] == 100_000).unwrap();
                assert_eq!(
                    (&fault["right"], &fault["used"]),
                    (&false.into(), &false.into())
                );
                let error = fault["relative_error"].as_f64().unwrap();
                assert!(
                    (error - (1.0 - 65_536.0 / 100_000.0)).abs() < 0.01,
                    "{error}"
                );
            }
        }
    }
}

#[test]
fn devices_lists_what_is_compiled_in_and_what_there_is() {
    let tool = Tool::new();
    let devices = tool.json(&["devices"]);
    for (index, backend) in devices["backends"].as_array().unwrap().iter().enumerate() {
        let kind = BackendKind::ALL[index];
        assert_eq!(backend["backend"], kind.to_string());
        let compiled_in = BackendKind::available().contains(&kind);
        assert_eq!(backend["compiled_in"], compiled_in);
    }
    let text = tool.succeed(&["devices"]);
    for kind in BackendKind::ALL {
        assert!(text.contains(&kind.to_string()), "{text}");
    }
    let wgpu = BackendKind::available().contains(&BackendKind::Wgpu);
    assert_eq!(devices["devices"].as_array().unwrap().is_empty(), !wgpu);
    assert_eq!(text.contains("Device 0: "), wgpu, "{text}");
}

#[test]
fn verbose_says_where_the_rows_are_and_what_that_takes() {
    let tool = Tool::new();
    tool.succeed("generate --output data.csv");
    for backend in BackendKind::available() {
        let name = backend.to_string();
        for arguments in [
            "lesson -v",
            "fit data.csv --target y -v --force --method sgd --epochs 2",
        ] {
            let output = tool.run(format!("{arguments} --backend {name}"));
            assert!(output.status.success(), "{output:?}");
            let said = String::from_utf8(output.stderr).unwrap();
            let lines: Vec<&str> = said.lines().collect();
            // The lesson prints its epochs itself.
            let epochs: &[usize] = if arguments == "lesson -v" {
                &[]
            } else {
                &[1, 2]
            };
            assert_eq!(lines.len(), 2 + epochs.len(), "{said}");
            for epoch in epochs {
                let start = format!("{epoch} of at most 2 epochs, loss ");
                assert!(lines[*epoch].starts_with(&start), "{said}");
            }
            assert!(
                lines[0].starts_with(&format!("computing with {name} f32 on ")),
                "{said}"
            );
            let placed = match backend {
                BackendKind::Wgpu if !said.contains("(software, ") => {
                    "rows in device memory, moved once: 11.7 KiB; "
                }
                _ => "rows in host memory",
            };
            assert!(lines[lines.len() - 1].starts_with(placed), "{said}");
        }
    }
}

#[test]
fn without_an_adapter_wgpu_says_what_to_install() {
    if !BackendKind::available().contains(&BackendKind::Wgpu) {
        return;
    }
    let tool = Tool::new();
    for drivers in ["/no/such/driver.json", "broken.json"] {
        tool.write("broken.json", r#"{"file_format_version": "1.0.0", "ICD": {"library_path": "libc.so.6", "api_version": "1.3.0"}}"#);
        let run = |arguments: &str| {
            let mut command = tool.process(arguments);
            // Both names of the variable that tells the Vulkan loader its
            // drivers.
            command
                .env("VK_ICD_FILENAMES", drivers)
                .env("VK_DRIVER_FILES", drivers);
            command.output().unwrap()
        };
        let output = run("lesson --backend wgpu");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        let expected = "error: wgpu finds no GPU and no software driver; install your GPU's Vulkan";
        assert!(said.starts_with(expected), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        let output = run("devices");
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("wgpu finds no GPU"), "{text}");
    }
}

#[test]
fn a_device_is_named_for_wgpu_alone_and_must_exist() {
    let tool = Tool::new();
    for backend in BackendKind::available() {
        let name = backend.to_string();
        let message = tool.fail(&["lesson", "--device", "Voodoo 2", "--backend", &name]);
        let message = message.lines().last().unwrap();
        match backend {
            BackendKind::Wgpu => assert!(
                message.starts_with(
                    "error: there is no device by the name `Voodoo 2`; the devices are 0 ("
                ),
                "{message}"
            ),
            _ => assert_eq!(
                message,
                format!(
                    "error: the backend {name} computes on the CPU alone; name a device for wgpu only"
                )
            ),
        }
    }
}

#[test]
fn a_wrong_operation_is_fatal_only_where_it_is_used() {
    let finding = |found: f64, avoided| Finding {
        operation: "sum",
        rows: 1,
        outcome: Outcome::compare(&[found], &[100.0], 1e-3),
        avoided,
    };
    assert!(!finding(100.05, None).is_fatal());
    assert!(finding(101.0, None).is_fatal());
    assert!(finding(f64::NAN, None).is_fatal());
    assert!(!finding(101.0, Some("it is not used")).is_fatal());
    let fewer = Outcome::compare(&[1.0], &[1.0, 2.0], 0.1);
    assert!(matches!(fewer, Outcome::Failed(_)));
}
