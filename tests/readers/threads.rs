//! A system that gives the program no more threads.

use crate::tool::Tool;

#[test]
#[cfg(target_os = "linux")]
fn without_any_thread_more_the_work_is_done_by_the_one_there_is() {
    use std::os::unix::fs::PermissionsExt;
    let tool = Tool::new();
    let rows: String = (0..3000)
        .map(|row| format!("{},{},{}\n", row % 17, row % 5, row % 7))
        .collect();
    tool.write("t.csv", format!("a,b,y\n{rows}"));
    let everyone = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(tool.path("."), everyone).unwrap();
    let program = assert_cmd::cargo::cargo_bin("linreg");
    let limited = |arguments: &str| {
        // The limit does not bind the root user, who becomes another.
        std::process::Command::new("setpriv")
            .args(["--reuid", "64123", "--clear-groups", "prlimit", "--nproc=1"])
            .arg(&program)
            .args(arguments.split(' '))
            .current_dir(tool.path("."))
            .output()
    };
    match limited("--version") {
        Ok(output) if output.status.success() => (),
        other => {
            eprintln!("skipped, because this user cannot become another: {other:?}");
            return;
        }
    }
    for arguments in [
        "fit t.csv -t y --diagnostics --force",
        "fit t.csv -t y --method sgd --epochs 2 --force",
        "fit t.csv -t y --method sgd --search --epochs 2 --force",
        "describe t.csv",
        "predict t.safetensors t.csv",
    ] {
        let expected = tool.run(arguments);
        let output = limited(arguments).unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), expected.status.code(), "{message}");
        assert!(!message.contains("panicked"), "{arguments:?}: {message}");
    }
}
