//! Advice about columns works as it is given.

use crate::tool::Tool;

#[test]
fn advice_about_redundant_features_works_as_the_command_was_given() {
    let tool = Tool::new();
    let rows = (0..24).map(|row| {
        let (g, s) = (["r", "g", "b"][row % 3], ["m", "f"][row / 3 % 2]);
        format!("{g},{s},{row},{},{}\n", 2 * row, row * row % 13)
    });
    tool.write(
        "fac.csv",
        format!("g,s,a,\"a,2\",y\n{}", rows.collect::<String>()),
    );
    for (given, advice, repaired) in [
        (
            "--formula 'y ~ g:s'",
            "take `s` out of the formula",
            "--formula 'y ~ g'",
        ),
        (
            "--formula 'y ~ g + a + `a,2`'",
            "take `a,2` out of the formula",
            "--formula 'y ~ g + a'",
        ),
        (
            "-t y --features 'a,\"a,2\"'",
            "take `a,2` out of --features",
            "-t y --features a",
        ),
        (
            "-t y",
            "leave out `a,2` with --exclude '\"a,2\"'",
            "-t y --exclude '\"a,2\"'",
        ),
    ] {
        let fit = "fit fac.csv --force";
        let message = tool.fail(format!("{fit} {given}"));
        assert!(message.contains(advice), "{message}");
        tool.succeed(format!("{fit} {repaired}"));
        for policy in ["drop", "minimum-norm"] {
            tool.succeed(format!("{fit} {given} --collinear {policy}"));
        }
    }
}

#[test]
fn a_column_that_is_not_there_suggests_the_nearest_for_every_option() {
    let tool = Tool::new();
    tool.write("d.csv", "area,town,price\n1,k,2\n2,l,3\n4,k,5\n5,l,9\n");
    tool.succeed("fit d.csv -t price --force");
    let mistyped = [
        "fit d.csv -t Price --force",
        "describe d.csv --target pirce",
        "fit d.csv -t price --force --features aera",
        "fit d.csv -t price --force --exclude twon",
        "fit d.csv -t price --force --numeric Area",
        "fit d.csv -t price --force --categorical areas",
        "fit d.csv -t price --force --weight prise",
        "fit d.csv -t price --force --baseline Town=k",
        "predict d.safetensors d.csv --keep tonw",
        "plot scatter d.csv --target pricee",
        "fit d.csv --force --formula 'price ~ areaa'",
    ];
    for arguments in mistyped {
        let message = tool.fail(arguments);
        assert!(message.contains("; did you mean `"), "{message}");
    }
    tool.write("new.csv", "Area,town\n1,k\n");
    let message = tool.fail("predict d.safetensors new.csv");
    assert!(
        message.contains("there is no column `area`; did you mean `Area`?"),
        "{message}"
    );
}

#[test]
fn what_is_said_of_a_column_outside_the_model_is_an_error() {
    let tool = Tool::new();
    tool.write("d.csv", "a,b,y\n1,2,2\n2,7,3\n4,1,5\n");
    let fit = "fit d.csv -t y";
    for options in [
        "--features a --categorical b",
        "--exclude b --numeric b",
        "--features a --baseline b=2",
    ] {
        let message = tool.fail(format!("{fit} {options}"));
        assert!(
            message.contains("the model does not use the column `b`"),
            "{message}"
        );
    }
}
