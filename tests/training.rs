//! Training as its users run it: it goes on after a crash, stops when told, and
//! gives the same bytes on any number of threads.

use std::time::Duration;

use linreg_backend::BackendKind;

use crate::tool::{Tool, signal};

/// A folder with rows of so many features.
fn rows(num_rows: usize, num_features: usize) -> Tool {
    let tool = Tool::new();
    let weights = vec!["1.5"; num_features].join(",");
    let num_rows = num_rows.to_string();
    tool.succeed(format!(
        "generate --weights {weights} --examples {num_rows} --noise 1 --output data.csv"
    ));
    tool
}

fn on_cpu() -> impl Iterator<Item = String> {
    let backends = BackendKind::available().into_iter();
    let on_cpu = backends.filter(|backend| *backend != BackendKind::Wgpu);
    on_cpu.map(|backend| backend.to_string())
}

/// Training by minibatches with rows held out, of as many epochs.
fn long(epochs: u32, output: &str) -> String {
    let fit = "fit data.csv --target y --force --method sgd";
    let way = "--optimizer adam --validation 0.2";
    let length = format!("--epochs {epochs} --patience {epochs}");
    format!("{fit} {way} {length} --output {output}")
}

#[test]
fn killed_at_any_moment_and_resumed_it_gives_the_model_of_training_without_a_break() {
    let tool = rows(2000, 4);
    let mut state: u64 = 7;
    for backend in on_cpu() {
        let on_backend = format!("--backend {backend}");
        let whole = format!("{} {on_backend}", long(300, "whole.safetensors"));
        tool.succeed(&whole);
        let whole = std::fs::read(tool.path("whole.safetensors")).unwrap();
        let broken = format!("{} {on_backend}", long(300, "broken.safetensors"));
        let mut resumed = 0;
        for _ in 0..20 {
            let go_on = if tool.path("saved").exists() {
                "--resume"
            } else {
                "--checkpoint"
            };
            resumed += usize::from(go_on == "--resume");
            let mut child = tool.start(format!("{broken} {go_on} saved --checkpoint-every 7"));
            // Waits until there is something to resume, however slow the
            // machine is.
            while !tool.path("saved").exists() && child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(5));
            }
            state = (1_103_515_245 * state + 12_345) % (1 << 31);
            std::thread::sleep(Duration::from_millis(10 + state % 140));
            child.kill().unwrap();
            let status = child.wait().unwrap();
            if status.success() {
                // The training ended before it was killed, so the next one
                // begins anew.
                assert!(std::fs::read(tool.path("broken.safetensors")).unwrap() == whole);
                std::fs::remove_file(tool.path("saved")).unwrap();
            }
        }
        assert!(resumed >= 10, "{resumed}");
        let go_on = if tool.path("saved").exists() {
            "--resume"
        } else {
            "--checkpoint"
        };
        tool.succeed(format!("{broken} {go_on} saved"));
        let found = std::fs::read(tool.path("broken.safetensors")).unwrap();
        assert!(found == whole, "{backend}");
        std::fs::remove_file(tool.path("saved")).ok();
    }
}

/// Ctrl-C as a terminal sends it.
#[cfg(unix)]
#[test]
fn an_interrupt_saves_and_says_how_to_go_on() {
    let tool = rows(2000, 4);
    let endless = long(100_000, "model.safetensors");
    let mut child = tool.start(format!("{endless} --checkpoint saved --log log"));
    tool.wait(&mut child, |tool| {
        std::fs::metadata(tool.path("log")).is_ok_and(|log| log.len() > 0)
    });
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(
        said.starts_with("error: training was interrupted after "),
        "{said}"
    );
    let end = "; go on with the same command and --resume saved\n";
    assert!(said.ends_with(end), "{said}");
    assert!(tool.files().contains(&"saved".to_string()));
    assert!(!tool.files().contains(&"model.safetensors".to_string()));

    let short = long(30, "model.safetensors");
    let other = tool.fail(format!("{short} --resume saved"));
    assert_eq!(
        other,
        "error: saved: this checkpoint is of another training: found patience 30, expected 100000; num epochs 30, expected 100000"
    );
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    // Wide enough for backends to share products among threads.
    let tool = rows(3000, 120);
    for backend in on_cpu() {
        for way in [
            "--optimizer sgd --batch-size 512 --epochs 3",
            "--optimizer lbfgs",
            "--l1 0.1",
        ] {
            let fit = "fit data.csv --target y --method sgd --force";
            let fit = format!("{fit} --backend {backend} {way}");
            let bytes = |threads| {
                tool.succeed_on_threads(threads, &fit);
                std::fs::read(tool.path("data.safetensors")).unwrap()
            };
            let one = bytes(1);
            assert!(bytes(2) == one, "{backend} {way:?}");
            assert!(bytes(5) == one, "{backend} {way:?}");
        }
    }
}

#[test]
fn the_lines_of_epochs_count_those_that_a_limit_of_steps_leaves() {
    let tool = rows(1000, 2);
    // 32 batches an epoch, and all rows at once.
    for (options, expected) in [
        (
            "--optimizer sgd --max-steps 80",
            ["1 of 3 ", "2 of 3 ", "3 of 3 "],
        ),
        (
            "--optimizer lbfgs --tolerance 1e-300 --max-steps 3",
            ["1 of at most 3 ", "2 of at most 3 ", "3 of at most 3 "],
        ),
    ] {
        let output = tool.run(format!(
            "fit data.csv --target y --method sgd --epochs 50 -v --force {options}"
        ));
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        let lines = said.lines().filter(|line| line.contains(" epochs, loss "));
        let lines: Vec<&str> = lines.collect();
        assert_eq!(lines.len(), expected.len(), "{said}");
        for (line, start) in lines.iter().zip(expected) {
            assert!(line.starts_with(start), "{said}");
        }
        // Nothing is left after the last.
        assert!(!lines[2].contains("left"), "{said}");
    }
}

#[test]
fn the_history_is_a_row_an_epoch_in_csv_or_json() {
    let tool = rows(300, 2);
    let fit = "fit data.csv --target y --method sgd --force --epochs 3 --batch-size 50 --validation 0.2 --history";
    let found = tool.json(format!("{fit} history.csv"));
    assert_eq!(
        (&found["epochs"], &found["stopped"]),
        (&3.into(), &"epochs".into())
    );
    // The rate that was found is in the model.
    assert!(found["training"]["learning_rate"].as_f64().unwrap() > 0.01);
    let csv = tool.read("history.csv");
    let mut lines = csv.lines();
    let header = "epoch,steps,loss,validation_loss,learning_rate,seconds,rows_per_second";
    assert_eq!(lines.next(), Some(header));
    tool.succeed(format!("{fit} history.json"));
    let json: serde_json::Value = serde_json::from_str(&tool.read("history.json")).unwrap();
    let mse = found["validation"]["mse"].as_f64().unwrap();
    let last = json[2]["validation_loss"].as_f64().unwrap();
    assert!((last - mse).abs() < 1e-9 * mse, "{last} {mse}");
    for (epoch, line) in lines.enumerate() {
        let cells: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
        assert_eq!(cells[0], epoch as f64);
        assert_eq!(Some(cells[2]), json[epoch]["loss"].as_f64());
    }
    assert_eq!(csv.lines().count(), 4);
}

#[test]
fn penalties_and_losses_work_from_the_shell() {
    let tool = rows(300, 3);
    let weights = |options: &str| -> Vec<f64> {
        let found = tool.json(format!(
            "fit data.csv --target y --method sgd --force {options}"
        ));
        let list = found["coefficients"].as_array().unwrap().clone();
        let of_features = list.iter().filter(|c| c["name"] != "(intercept)");
        of_features
            .map(|c| c["estimate"].as_f64().unwrap())
            .collect()
    };
    let plain = weights("");
    assert!(plain.iter().all(|w| (w - 1.5).abs() < 0.3), "{plain:?}");
    assert!(weights("--l1 1e6").iter().all(|w| *w == 0.0));
    assert!(weights("--l2 1e6").iter().all(|w| w.abs() < 1e-5));
    for loss in [
        "--loss huber --delta 1.5",
        "--loss absolute",
        "--loss quantile --tau 0.8",
    ] {
        let found = weights(loss);
        assert!(
            found.iter().all(|w| (w - 1.5).abs() < 0.3),
            "{loss:?} {found:?}"
        );
    }
}
