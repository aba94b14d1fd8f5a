//! The lesson on every backend that is compiled in, and its text.

use burn::tensor::backend::AutodiffBackend;
use linreg_backend::{BackendKind, Precision, Task, run};
use linreg_data::SyntheticConfig;
use linreg_model::{Coefficients, ModelFile};
use linreg_training::{TrainingConfig, train};
use serde_json::Value;

use crate::tool::Tool;

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

/// The text without what another machine may measure otherwise: times, amounts of
/// memory, and differences that are nothing but rounding.
fn without_measurements(story: &str) -> String {
    let paragraphs: Vec<String> = story.split("\n\n").map(without_rounding).collect();
    let story = paragraphs.join("\n\n");
    let lines: Vec<&str> = story.lines().collect();
    let is_unit = |word: &str| ["µs", "ms", "s", "bytes", "KiB", "MiB"].contains(&word);
    let is_measured = |line: &str| line.starts_with("  ") && line.split(' ').any(is_unit);
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        let next = lines.get(index + 1);
        let is_header = line.starts_with("  ") && next.is_some_and(|next| is_measured(next));
        let mut words: Vec<&str> = line.split(' ').collect();
        if is_measured(line) || is_header {
            words.retain(|word| !word.is_empty());
            for index in 1..words.len() {
                if is_unit(words[index]) && words[index - 1].parse::<f64>().is_ok() {
                    words[index - 1] = "#";
                    words[index] = "unit";
                }
            }
        }
        text += words.join(" ").trim_end();
        text.push('\n');
    }
    text
}

/// The paragraph in one line and without its difference, if it has one, since
/// lines break elsewhere for another.
fn without_rounding(paragraph: &str) -> String {
    for (before, after, space) in [
        ("relative difference is ", ". ", " "),
        ("of a parameter is ", ", ", " "),
        ("相对差异为 ", "。", ""),
        ("参数的最大差异为 ", "，", ""),
    ] {
        let line = paragraph.replace('\n', space);
        if let Some((start, rest)) = line.split_once(before) {
            let (_, end) = rest.split_once(after).unwrap();
            return format!("{start}{before}#{after}{end}");
        }
    }
    paragraph.to_string()
}

/// Uses 64-bit floats, whose first six digits are the same on every machine.
#[test]
fn the_lesson_is_told_as_reviewed() {
    if !BackendKind::available().contains(&BackendKind::Ndarray) {
        return;
    }
    let tool = Tool::new();
    let tell = |more: &str| {
        let story = tool.succeed(format!("lesson --backend ndarray --precision f64 {more}"));
        for line in story.lines() {
            assert!(unicode_width::UnicodeWidthStr::width(line) <= 80, "{line}");
        }
        assert!(!story.contains('\x1b'), "no colours but on a terminal");
        without_measurements(&story)
    };
    for language in ["en", "zh"] {
        insta::assert_snapshot!(
            format!("the_lesson_in_{language}"),
            tell(&format!("--language {language}"))
        );
        // A short last batch, noise, a run that has not converged, and one that
        // diverges.
        let noisy = format!("--noise 1 --batch-size 300 --language {language}");
        insta::assert_snapshot!(format!("the_lesson_with_noise_in_{language}"), tell(&noisy));
        let steep = format!("--learning-rate 1 --language {language}");
        insta::assert_snapshot!(format!("the_lesson_diverging_in_{language}"), tell(&steep));
    }
    assert!(tool.files().is_empty());
}

#[test]
fn the_system_says_in_which_language_the_lesson_is_told() {
    let tool = Tool::new();
    let story = tool.succeed_with("LC_ALL", "zh_CN.UTF-8", "lesson");
    assert!(story.starts_with("1. 问题与数据"), "{story}");
    let english = tool.succeed_with("LC_ALL", "zh_CN.UTF-8", "lesson --language en");
    assert!(
        english.starts_with("1. The question and the data"),
        "{english}"
    );
    let other = tool.succeed_with("LC_ALL", "fr_FR.UTF-8", "lesson");
    assert!(other.starts_with("1. The question and the data"), "{other}");
    let message = tool.fail("lesson --language fr");
    assert!(message.contains("possible values: en, zh"), "{message}");
}

/// A figure of the lesson's JSON.
fn figure(json: &Value, path: &str) -> f64 {
    let found = json.pointer(path).and_then(Value::as_f64);
    found.unwrap_or_else(|| panic!("{path}: {json}"))
}

#[test]
fn the_lesson_as_json_has_its_figures() {
    let tool = Tool::new();
    let lesson = tool.json("lesson --epochs 4 --weights=-1,2,3 --bias -7");
    let epochs = lesson["epochs"].as_array().unwrap();
    assert_eq!(epochs.len(), 4);
    assert_eq!(epochs[3]["epoch"], 3);
    assert!(figure(&lesson, "/epochs/3/loss") < 2e-4);
    for (index, truth) in [-1.0, 2.0, 3.0].into_iter().enumerate() {
        let learned = figure(&lesson, &format!("/weights/{index}"));
        assert!((learned - truth).abs() < 0.005);
    }
    assert!((figure(&lesson, "/bias") + 7.0).abs() < 0.005);
    // 1² + 2² + 3² + 7², up to the sampling error of 1,000 rows.
    assert!((figure(&lesson, "/loss_before") - 63.0).abs() < 6.0);

    let of = |path: &str| figure(&lesson, path);
    let loss = |way: &str| of(&format!("/evaluation/{way}/loss"));
    assert_eq!(loss("with_gradients"), loss("without_gradients"));
    let peak = |way: &str| of(&format!("/evaluation/{way}/peak_bytes"));
    assert!(peak("with_gradients") > peak("without_gradients"));

    // The graph of tracked updates grows with their number, and other memory does not.
    let bytes = |index: usize, way: &str| of(&format!("/update/after/{index}/{way}/bytes"));
    assert!(
        bytes(2, "untracked") < 1.5 * bytes(0, "untracked"),
        "{lesson}"
    );
    assert!(bytes(1, "tracked") > 4.0 * bytes(0, "tracked"), "{lesson}");
    assert!(bytes(2, "tracked") > 8.0 * bytes(1, "tracked"), "{lesson}");
    assert_eq!(of("/update/largest_difference"), 0.0);
    assert_eq!(of("/update/first_step_without_gradient"), 1.0);

    // With zero_grad it is the training itself; without, it never comes to rest.
    for epoch in 0..4 {
        let trained = of(&format!("/epochs/{epoch}/loss"));
        let zeroed = of(&format!("/gradients/epochs/{epoch}/zeroed"));
        assert!(
            (zeroed - trained).abs() < 1e-3 * trained,
            "{zeroed} {trained}"
        );
        assert!(of(&format!("/gradients/epochs/{epoch}/never_zeroed")) > 0.1);
    }
    assert!(of("/gradients/accumulated/largest_difference") < 1e-5);
    assert!(of("/batch_sizes/gradient_difference") < 1e-5);

    let std_errors = lesson["accuracy"]["parameters"].as_array().unwrap();
    assert_eq!(std_errors.len(), 4);
    for parameter in std_errors {
        // 0.01 / sqrt(1000 - 3 - 2); a variance of 1,000 rows is known to 10 % or so.
        let share = parameter["std_error"].as_f64().unwrap() / 3.1702e-4;
        assert!((0.85..1.15).contains(&share), "{parameter}");
    }
}

/// Standard errors and the least loss are those of statsmodels 0.15.0 (Python 3.11,
/// `OLS(y, add_constant(X)).fit()`, `bse` and `ssr / n`) on `linreg generate --noise 1`;
/// the eigenvalue that of NumPy 2.4.6, `eigvalsh(2 X.T @ X / n)`.
#[test]
fn standard_errors_and_the_limit_are_those_of_statsmodels_and_numpy() {
    let lesson = Tool::new().json("lesson --noise 1");
    for (path, expected) in [
        ("/accuracy/parameters/0/std_error", 0.03059298935889282),
        ("/accuracy/parameters/1/std_error", 0.03010375605563758),
        ("/accuracy/parameters/2/std_error", 0.030370480385343686),
        ("/accuracy/parameters/0/least_squares", 1.9710190064701578),
        ("/accuracy/parameters/1/least_squares", -3.4257898846688146),
        ("/accuracy/parameters/2/least_squares", 4.189389141402908),
        ("/accuracy/least_loss", 0.9149662605955354),
        ("/convergence/largest_eigenvalue", 2.161997285380537),
    ] {
        let found = figure(&lesson, path);
        let difference = (found - expected).abs();
        assert!(
            difference <= 1e-9 * expected.abs(),
            "{path}: {found}, expected {expected}"
        );
    }
}

#[test]
fn batch_sizes_that_are_divided_by_fall_alike() {
    for seed in 0..3 {
        let seed = seed.to_string();
        let lesson = Tool::new().json(&["lesson", "--seed", &seed]);
        let before = figure(&lesson, "/loss_before");
        for (index, size) in [10.0, 100.0, 1000.0].into_iter().enumerate() {
            let run = |name: &str| figure(&lesson, &format!("/batch_sizes/runs/{index}/{name}"));
            assert_eq!(run("batch_size"), size);
            // 20 steps of 0.03 on features of variance 1: (1 - 2 · 0.03)^40 = 0.084,
            // and batches differ.
            let share = run("loss_divided") / before;
            assert!((0.03..0.15).contains(&share), "{share}");
            // The sum alone makes steps of 0.03, 0.3 and 3; the limit is about 1.
            let step = run("rate_of_sum_alone");
            assert!((step - 0.003 * size).abs() < 1e-12);
            match index {
                0 => assert_eq!(run("loss_sum_alone"), run("loss_divided")),
                1 => assert!(
                    run("loss_sum_alone") < 1e-3 * run("loss_divided"),
                    "{lesson}"
                ),
                _ => assert!(run("loss_sum_alone") > 1e6 * before, "{lesson}"),
            }
        }
    }
}

#[test]
fn a_run_that_has_not_converged_says_what_to_change_and_that_works() {
    let tool = Tool::new();
    for (arguments, flag) in [
        ("--epochs 1 --learning-rate 0.005", "--epochs"),
        ("--epochs 2 --learning-rate 0.002", "--learning-rate"),
        ("--noise 1 --learning-rate 0.5", "--learning-rate"),
        ("--noise 1 --learning-rate 0.5", "--batch-size"),
        ("--examples 20 --noise 3", "--epochs"),
        ("--examples 7 --batch-size 2", "--epochs"),
        ("--noise 1 --examples 10", "--epochs"),
    ] {
        let arguments = format!("lesson {arguments}");
        let story = tool.succeed(&arguments);
        assert!(story.contains("has not converged"), "{story}");
        let advice = story.split("has not converged").nth(1).unwrap();
        let advice = advice.replace('\n', " ");
        let value = advice.split(&format!("`{flag} ")).nth(1).unwrap();
        let value = value.split('`').next().unwrap();
        let mut changed: Vec<&str> = arguments.split(' ').collect();
        match changed.iter().position(|argument| *argument == flag) {
            Some(at) => changed[at + 1] = value,
            None => changed.extend([flag, value]),
        }
        if flag != "--epochs" && !changed.contains(&"--noise") {
            // Larger steps take fewer epochs, not as few as two.
            let at = changed.iter().position(|argument| *argument == "--epochs");
            changed[at.unwrap() + 1] = "10";
        }
        let lesson = tool.json(&changed);
        assert_eq!(
            lesson["accuracy"]["has_converged"], true,
            "{changed:?}: {lesson}"
        );
    }
}

#[test]
fn a_run_that_diverges_is_explained_and_has_its_page() {
    let tool = Tool::new();
    for (rate, epochs) in [("1", "3"), ("5", "50"), ("0.9", "20"), ("1e30", "1")] {
        let arguments = format!("lesson --learning-rate {rate} --epochs {epochs}");
        let story = tool.succeed(format!("{arguments} --report page --force"));
        assert!(story.contains("This run diverges."), "{story}");
        assert!(tool.read("page/report.html").contains("This run diverges."));
        let json = tool.json(arguments);
        assert_eq!(json["convergence"]["has_diverged"], true);
        let advice = story.split("`--learning-rate ").nth(1).unwrap();
        let rate = advice.split('`').next().unwrap();
        let json = tool.json(&["lesson", "--learning-rate", rate, "--epochs", "5"]);
        assert_eq!(json["convergence"]["has_diverged"], false, "{rate}");
    }
}

#[test]
fn a_loss_that_stays_near_its_start_is_no_divergence() {
    let tool = Tool::new();
    for arguments in [
        "--weights 0 --bias 0 --noise 1",
        "--noise 1e10",
        "--noise 30 --learning-rate 0.3",
    ] {
        let lesson = tool.json(format!("lesson {arguments}"));
        assert_eq!(
            lesson["convergence"]["has_diverged"], false,
            "{arguments:?}"
        );
    }
}

#[test]
fn what_the_backend_cannot_do_is_said_before_anything_else() {
    let tool = Tool::new();
    for arguments in [
        "--weights 1e30",
        "--bias 1e20",
        "--noise 1e39",
        "--device 3 --backend ndarray",
    ] {
        let output = tool.run(format!("lesson {arguments}"));
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(output.stdout, b"", "{arguments:?}");
        let message = String::from_utf8(output.stderr).unwrap();
        let says = if arguments.starts_with("--device") {
            ""
        } else {
            "choose smaller --weights, --bias or --noise"
        };
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn accumulated_batches_are_one_large_batch_whatever_their_size() {
    let tool = Tool::new();
    for arguments in [
        "--batch-size 300",
        "--batch-size 400",
        "--examples 7 --batch-size 2",
        "--examples 45 --batch-size 10",
    ] {
        let lesson = tool.json(format!("lesson {arguments}"));
        let difference = figure(&lesson, "/gradients/accumulated/largest_difference");
        assert!(difference < 1e-5, "{arguments:?}: {difference}");
    }
}

#[test]
fn degenerate_lessons_are_told_too() {
    let tool = Tool::new();
    for arguments in [
        "--examples 1",
        "--examples 2 --noise 0",
        "--examples 7 --batch-size 3",
        "--batch-size 5000",
        "--batch-size 1 --epochs 1",
        "--noise 0 --epochs 20",
        "--weights 0 --bias 0 --noise 0",
        "--weights 1,2,3,4,5,6,7,8,9,10 --learning-rate 0.003",
        "--examples 20000",
        "--noise 1e10",
        "--learning-rate 1e-12",
        "--learning-rate 1e-300 --batch-size 18446744073709551615",
        "--weights 1,1",
        "--bias 1e6",
        "--batch-size 300",
    ] {
        for language in ["en", "zh"] {
            let more = format!("--language {language} --report page --force");
            let story = tool.succeed(format!("lesson {arguments} {more}"));
            for wrong in ["NaN", "inf", "Some("] {
                assert!(!story.contains(wrong), "{arguments:?}: {story}");
            }
            let page = tool.read("page/report.html");
            assert!(!page.contains("NaN"), "{arguments:?}");
        }
    }
}
