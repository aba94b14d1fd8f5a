//! Tables behind a URL: on a web server of these tests, and on a real S3 server.

mod proxy;
mod s3;
pub mod web;

use std::io::Write;
use std::path::PathBuf;
use std::process::Output;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use linreg_data::{
    CsvOptions, Passes, TableFormat, TableLocation, TableWriter, open, open_location,
};

use crate::tool::Tool;
use web::{Fault, Web};

const ROWS: usize = 60_000;

/// A table with a column of words, as each format, each with its name.
fn tables() -> Vec<(&'static str, Vec<u8>)> {
    let row = |k: usize| ((k * 7919) % 10_007) as f64 / 3.0;
    let x: Float64Array = (0..ROWS).map(|k| Some(row(k))).collect();
    let y: Float64Array = (0..ROWS)
        .map(|k| Some(2.0 * row(k) + (k * k % 13) as f64))
        .collect();
    let towns = (0..ROWS).map(|k| Some(["Bonn", "Kiel", "Ulm"][k % 3]));
    let towns: StringArray = towns.collect();
    let columns: [(&str, ArrayRef); 3] = [
        ("x", Arc::new(x)),
        ("town", Arc::new(towns)),
        ("y", Arc::new(y)),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let written = |format| {
        let mut bytes = Vec::new();
        let mut writer = TableWriter::new(&mut bytes, format, batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        writer.finish().unwrap();
        bytes
    };
    let text = written(TableFormat::Csv);
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&text).unwrap();
    let zst = zstd::encode_all(&text[..], 1).unwrap();
    vec![
        ("t.csv", text),
        ("t.csv.gz", gz.finish().unwrap()),
        ("t.csv.zst", zst),
        ("t.parquet", written(TableFormat::Parquet)),
        ("t.arrow", written(TableFormat::Arrow)),
    ]
}

/// The model of a table in this folder, and what the fit printed.
fn model_of(tool: &Tool, table: &str) -> (Vec<u8>, String) {
    let printed = tool.succeed(&["fit", table, "-t", "y", "-o", "m.st", "--force"]);
    let model = std::fs::read(tool.path("m.st")).unwrap();
    (model, crate::tool::without_time(&printed))
}

fn one_line(output: &Output) -> String {
    let [stdout, stderr] =
        [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(stdout, "");
    stderr.trim_end().to_string()
}

#[test]
fn a_model_of_a_web_server_s_table_has_the_bytes_of_the_local_one() {
    let (tool, web) = (Tool::new(), Web::start());
    let mut expected = None;
    for (name, bytes) in tables() {
        tool.write(name, &bytes);
        web.put(name, bytes);
        let local = model_of(&tool, name);
        web.requests();
        let remote = model_of(&tool, &web.url(name));
        assert_eq!(remote.0, local.0, "{name}");
        assert_eq!(remote.1.replace(&web.url(""), ""), local.1, "{name}");
        let requests = web.requests().len();
        assert!(requests <= 30, "{name}: {requests} requests");
        // Every format gives the same coefficients.
        let text = expected.get_or_insert(local.1.clone());
        assert_eq!(text.lines().count(), local.1.lines().count());
    }
}

#[test]
fn files_from_there_and_from_here_are_one_table() {
    let (tool, web) = (Tool::new(), Web::start());
    tool.write("a.csv", "x,y\n1,2\n2,4\n3,7\n");
    tool.write("b.csv", "x,y\n4,8\n5,9\n6,13\n");
    web.put("b.csv", "x,y\n4,8\n5,9\n6,13\n");
    let fit = ["-t", "y", "-o", "m.st", "--force"];
    let fit = |files: [&str; 2]| {
        tool.succeed(&[&["fit"], &files[..], &fit].concat());
        std::fs::read(tool.path("m.st")).unwrap()
    };
    assert_eq!(fit(["a.csv", &web.url("b.csv")]), fit(["a.csv", "b.csv"]));
    let table = web.url("b.csv");
    for command in [
        &["describe", &table][..],
        &["evaluate", "m.st", &table],
        &["predict", "m.st", &table, "-o", "predicted.csv"],
        &["plot", "scatter", &table, "-t", "y", "-o", "p.svg"],
        &["plot", "residuals", "m.st", &table, "-o", "r.svg"],
        &[
            "fit",
            "a.csv",
            "--validation-file",
            &table,
            "-t",
            "y",
            "--force",
        ],
    ] {
        let output = tool.run(command);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?}: {stderr}");
    }
}

#[test]
fn a_server_that_gives_whole_files_only_is_asked_for_one() {
    let (tool, web) = (Tool::new(), Web::start());
    let (name, bytes) = tables().swap_remove(3);
    tool.write(name, &bytes);
    web.put(name, bytes);
    web.set(Fault::NoRanges);
    assert_eq!(model_of(&tool, &web.url(name)).0, model_of(&tool, name).0);
    assert_eq!(web.requests().len(), 2);
}

#[test]
fn what_is_wrong_is_said_in_a_short_sentence() {
    let (tool, web) = (Tool::new(), Web::start());
    web.put("t.csv", "x,y\n1,2\n2,4\n3,7\n");
    let url = web.url("t.csv");
    let fail = |url: &str| tool.fail(&["fit", url, "-t", "y", "-o", "m.st"]);
    let missing = web.url("other.csv");
    assert_eq!(
        fail(&missing),
        format!("error: {missing}: there is no such file")
    );
    let pattern = web.url("*.csv");
    let expected =
        "the files of a web server cannot be listed, so * and [ find none; name each file";
    assert_eq!(fail(&pattern), format!("error: {pattern}: {expected}"));
    for (fault, expected) in [
        (
            Fault::Status(401),
            "access is denied; the web server asks for credentials, or for others",
        ),
        (
            Fault::Status(403),
            "access is denied; the web server asks for credentials, or for others",
        ),
        (Fault::Status(404), "there is no such file"),
        (
            Fault::Status(418),
            "the server has answered with the HTTP status 418",
        ),
        (
            Fault::Status(503),
            "the server has answered with the HTTP status 503",
        ),
        (
            Fault::Redirect("file:///etc/passwd"),
            "the server has answered with the HTTP status 302",
        ),
        (
            Fault::Redirect("ftp://127.0.0.1/t.csv"),
            "the server redirects to an address that is not on the web, or not encrypted",
        ),
        (
            Fault::Cut(0, usize::MAX),
            "the connection was closed before the end, again and again; try it later",
        ),
    ] {
        web.set(fault);
        let message = fail(&url);
        assert!(
            message.starts_with(&format!("error: {url}: {expected}")),
            "{message}"
        );
        assert!(!message.contains("passwd"), "{message}");
    }
    drop(web);
    let expected = "no connection can be made to the server";
    assert_eq!(fail(&url), format!("error: {url}: {expected}"));
    let expected = "files are read from s3://, gs://, az://, abfs://, https:// and http://; give a local file by its path";
    assert_eq!(
        fail("ftp://h/t.csv"),
        format!("error: ftp://h/t.csv: {expected}")
    );
    assert!(tool.files().is_empty());
}

#[test]
fn a_connection_that_is_cut_now_and_then_changes_nothing() {
    let (tool, web) = (Tool::new(), Web::start());
    for (name, bytes) in tables() {
        tool.write(name, &bytes);
        web.put(name, bytes);
        web.set(Fault::Cut(50_000, 2));
        assert_eq!(
            model_of(&tool, &web.url(name)).0,
            model_of(&tool, name).0,
            "{name}"
        );
    }
}

#[test]
fn a_file_that_is_replaced_while_it_is_read_is_an_error() {
    let (tool, web) = (Tool::new(), Web::start());
    for (name, bytes) in tables() {
        for fault in [Fault::None, Fault::NoCompare] {
            for after in [1, 2] {
                web.set(fault);
                web.put(name, bytes.clone());
                web.replace_after(after);
                let url = web.url(name);
                let message = tool.fail(&["fit", &url, "-t", "y", "-o", "m.st"]);
                let expected = "the file was replaced or removed while it was read; run the command again when nothing writes to it";
                assert_eq!(
                    message,
                    format!("error: {url}: {expected}"),
                    "after {after}"
                );
            }
        }
    }
    assert!(tool.files().is_empty());
}

#[test]
fn secrets_of_a_url_are_sent_and_shown_nowhere() {
    let (tool, web) = (Tool::new(), Web::start());
    let rows = (0..50).map(|k| format!("{k},{}\n", 2 * k + k % 5));
    web.put("t.csv", format!("x,y\n{}", rows.collect::<String>()));
    web.require("Basic dXNlclg6cGFzc3dvcmRY", "signature=signatureX");
    let url = |name: &str| {
        let signed = web.url(name) + "?signature=signatureX#fragmentX";
        signed.replace("http://", "http://userX:password%58@")
    };
    let signed = url("t.csv");
    let mut all = String::new();
    let mut run = |command: &[&str], succeeds: bool| {
        let output = tool.run(command);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), succeeds, "{command:?}: {stderr}");
        all += &stderr;
        all += &String::from_utf8_lossy(&output.stdout);
    };
    let fit = ["fit", &signed, "-t", "y", "--force"];
    let training = "--method sgd --epochs 2 --log log --checkpoint saved";
    let training: Vec<&str> = training.split(' ').collect();
    run(&["describe", &signed], true);
    run(
        &[&fit[..], &["--report", "r.html", "--json"]].concat(),
        true,
    );
    run(&[&fit[..], &training].concat(), true);
    run(&["predict", "t.safetensors", &signed, "-o", "p.csv"], true);
    run(&["evaluate", "t.safetensors", &signed], true);
    run(&["inspect", "t.safetensors"], true);
    run(
        &["plot", "scatter", &signed, "-t", "y", "-o", "p.svg"],
        true,
    );
    run(&["fit", &signed, "-t", "z", "--force"], false);
    run(&["fit", &url("other.csv"), "-t", "y"], false);
    run(&["fit", &url("*.csv"), "-t", "y", "-o", "n.st"], false);
    run(&["fit", &signed, "-t", "y", "-o", &signed], false);
    run(&["lesson", "--plots", &signed], false);
    run(&["inspect", &signed], false);
    run(&["predict", &signed, "t.csv"], false);
    run(&["plot", "loss", &signed], false);
    for name in tool.files() {
        all += &String::from_utf8_lossy(&std::fs::read(tool.path(&name)).unwrap());
    }
    assert!(tool.files().contains(&"r.html".to_string()));
    assert!(all.contains(&web.url("t.csv")));
    for secret in ["passw", "signatureX", "fragmentX", "userX", "dXNlclg6"] {
        assert!(!all.contains(secret), "{secret} is in {all}");
    }
}

#[test]
fn results_are_not_written_to_a_url() {
    let tool = Tool::new();
    tool.write("t.csv", "x,y\n1,2\n2,4\n3,7\n");
    let expected = "results are written to files of this machine; name one, and copy it from there";
    for command in [
        "fit t.csv -t y -o s3://bucket/m.st",
        "fit t.csv -t y --report s3://bucket/m.html",
        "generate -o s3://bucket/t.csv",
        "plot scatter t.csv -t y -o s3://bucket/p.svg",
    ] {
        assert_eq!(tool.fail(command), format!("error: s3://…: {expected}"));
    }
    let message = tool.fail("predict s3://bucket/m.st t.csv");
    let expected = "a model file is read from this machine; copy it first";
    assert_eq!(message, format!("error: s3://bucket/m.st: {expected}"));
    assert_eq!(tool.files(), ["t.csv"]);
}

#[test]
fn another_program_opens_the_same_version_at_its_location() {
    let web = Web::start();
    let opened = |url: &str| {
        let files = [PathBuf::from(url)];
        open(&files, &CsvOptions::default(), Passes::Several).unwrap()
    };
    for (name, bytes) in tables() {
        web.put(name, bytes.clone());
        let location = opened(&web.url(name)).location().unwrap();
        let sent = serde_json::to_string(&location).unwrap();
        let location: TableLocation = serde_json::from_str(&sent).unwrap();
        assert_eq!(location.files[0].path, PathBuf::from(web.url(name)));
        assert!(location.files[0].etag.is_some());
        assert!(open_location(&location).is_ok());
        // The new version is as long as the old one.
        web.put(name, bytes);
        let error = open_location(&location).err().unwrap().to_string();
        assert!(error.contains("changed while it was read"), "{error}");
    }
    // A URL with a secret in it is for nobody else.
    let signed = web.url("t.csv") + "?signature=1";
    assert!(opened(&signed).location().is_none());
}
