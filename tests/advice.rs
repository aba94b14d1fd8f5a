//! The advice that the program prints works: each command here is refused, or
//! gives a warning, that names an option, and succeeds with it. The advice
//! about tables is tested in `reading.rs`, and about linearly dependent
//! features in `columns.rs`.

use crate::tool::Tool;

fn tool() -> Tool {
    let tool = Tool::new();
    let rows = (0..40).map(|k| {
        let (x, z) = (k * 7 % 40, k * k % 13);
        let town = ["Bonn", "Kiel", "Ulm"][k % 3];
        format!("{x},{z},{town},{}\n", 3 * x + z + k % 5)
    });
    tool.write("t.csv", format!("x,z,town,y\n{}", rows.collect::<String>()));
    // Only one row has the third level.
    let rows = (1..31).map(|k| {
        let level = ["a", "b"][k % 2];
        format!("{level},{k},{}\n", 10 * k + (k % 3) * k * k)
    });
    tool.write(
        "rare.csv",
        format!("h,x,y\n{}rare,5,9\n", rows.collect::<String>()),
    );
    tool.write("new.csv", "x,z,town\n1,2,Trier\n3,4,Ulm\n");
    tool
}

#[test]
fn what_is_refused_goes_well_with_what_is_advised() {
    let tool = tool();
    tool.succeed(&["fit", "t.csv", "-t", "y", "-o", "m.st"]);
    tool.succeed(&["fit", "t.csv", "-t", "y", "-o", "ridge.st", "--ridge"]);
    for (command, advice, repaired) in [
        (
            "fit t.csv -t y -o m.st",
            "use --force to replace it",
            "fit t.csv -t y -o m.st --force",
        ),
        (
            "predict m.st new.csv",
            "with --unseen baseline, or leave their rows out with --unseen drop",
            "predict m.st new.csv --unseen baseline",
        ),
        (
            "predict m.st new.csv",
            "--unseen drop",
            "predict m.st new.csv --unseen drop",
        ),
        (
            "fit rare.csv -t y --robust hc3 --force",
            "or use --robust hc1",
            "fit rare.csv -t y --robust hc1 --force",
        ),
        (
            "fit t.csv -t y --optimizer adam --force",
            "is a setting of training; add --method sgd",
            "fit t.csv -t y --optimizer adam --force --method sgd --epochs 3",
        ),
        (
            "fit t.csv -t y --method sgd --confidence 0.9 --force",
            "is a setting of the exact fit; leave out --method sgd",
            "fit t.csv -t y --confidence 0.9 --force",
        ),
        (
            "fit t.csv -t y --method sgd --loss huber --force",
            "--loss huber needs --delta",
            "fit t.csv -t y --method sgd --loss huber --delta 2 --force",
        ),
        (
            "fit t.csv -t y --method sgd --loss quantile --force",
            "--loss quantile needs --tau",
            "fit t.csv -t y --method sgd --loss quantile --tau 0.5 --force",
        ),
        (
            "fit t.csv -t y --method sgd --delta 2 --force",
            "--delta is a setting of --loss huber",
            "fit t.csv -t y --method sgd --delta 2 --loss huber --force",
        ),
        (
            "fit t.csv -t y --method sgd --patience 2 --force",
            "add --validation",
            "fit t.csv -t y --method sgd --patience 2 --validation 0.2 --force",
        ),
        (
            "fit t.csv -t y --method sgd --checkpoint-every 5 --force",
            "add --checkpoint",
            "fit t.csv -t y --method sgd --checkpoint-every 5 --checkpoint c.saved --force",
        ),
        (
            "fit t.csv -t y --time-ordered --force",
            "holds out nothing without --validation or --test",
            "fit t.csv -t y --time-ordered --test 0.2 --force",
        ),
        (
            "fit t.csv -t y --max-levels 2 --force",
            "leave the column out with --exclude, or allow more with --max-levels",
            "fit t.csv -t y --max-levels 3 --force",
        ),
        (
            "fit t.csv -t y --max-levels 2 --force",
            "with --exclude",
            "fit t.csv -t y --max-levels 2 --exclude town --force",
        ),
        (
            "fit t.csv -t y -o -",
            "name a file with --output",
            "fit t.csv -t y --output other.st",
        ),
    ] {
        let message = tool.fail(command);
        assert!(message.contains(advice), "{command}: {message}");
        let output = tool.run(repaired);
        assert!(output.status.success(), "{repaired}: {output:?}");
    }
    // For a model file, the advice is another fit.
    let message = tool.fail("predict ridge.st t.csv --interval 0.9");
    assert!(message.contains("fit without --ridge"), "{message}");
    tool.succeed("predict m.st t.csv --interval 0.9");
}

#[test]
fn what_is_found_goes_well_with_what_is_advised() {
    let tool = tool();
    let diagnose = "fit rare.csv -t y --diagnostics --force";
    let found = tool.succeed(diagnose);
    // One row has a level of its own, for which hc3 divides by 0.
    assert!(found.contains("add --robust hc1"), "{found}");
    tool.succeed(format!("{diagnose} --robust hc1"));

    let rows = (0..60).map(|k| format!("{k},{},{}\n", 2 * k + k % 2, k * k % 17));
    tool.write("near.csv", format!("a,b,y\n{}", rows.collect::<String>()));
    let found = tool.succeed("fit near.csv -t y --diagnostics --robust hc0");
    let advice = "fit with --ridge in place of --diagnostics and --robust";
    assert!(found.contains(advice), "{found}");
    tool.succeed("fit near.csv -t y --ridge --force");
}
