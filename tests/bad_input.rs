//! Every kind of bad input gives one clear message and exit code 2, and leaves
//! no file half written.

mod paths;
mod settings;
mod tables;

use crate::tool::Tool;

/// A tool with a good file, a model, and a file for each fault.
fn tool() -> Tool {
    let tool = Tool::new();
    for (name, content) in [
        ("good.csv", "a,b,y\n1,2,3\n2,1,4\n3,5,6\n4,4,8\n"),
        ("empty.csv", ""),
        ("header.csv", "a,b,y\n"),
        ("text.csv", "a,b,y\n1,2,3\n2,one,4\n"),
        ("missing.csv", "a,b,y\n1,2,3\n2,,4\n"),
        ("nan.csv", "a,b,y\nNaN,2,3\n"),
        ("inf.csv", "a,b,y\n1,2,inf\n"),
        ("ragged.csv", "a,b,y\n1,2,3\n2,1\n"),
        ("repeated.csv", "a,a,y\n1,2,3\n"),
        ("other.csv", "a,c,y\n1,2,3\n"),
        ("tiny.csv", "a,b,y\n1e-300,1,1\n-1e-300,2,2\n1e-300,2,3\n"),
        ("large.csv", "a,b,y\n1e300,1,1\n-1e300,2,2\n1,2,3\n"),
        ("foreign.safetensors", "no model at all"),
        ("quote.csv", "a,b,y,note\n1,2,3,\"x\n2,1,4,y\n3,5,6,z\n"),
        ("huge.csv", "a,b,y\n1e200,1,1\n1e200,1e308,1\n"),
    ] {
        tool.write(name, content);
    }
    tool.succeed("fit good.csv --target y");
    tool
}

/// Runs each command line and checks its message, and that no file was created,
/// removed or changed.
fn each_fails(cases: &[(&str, &str)]) {
    let tool = tool();
    let contents = |tool: &Tool| -> Vec<(String, Vec<u8>)> {
        let read = |name: String| {
            let bytes = std::fs::read(tool.path(&name)).unwrap_or_default();
            (name, bytes)
        };
        tool.files().into_iter().map(read).collect()
    };
    let before = contents(&tool);
    for (command, expected) in cases {
        let message = tool.fail(*command);
        assert_eq!(message, format!("error: {expected}"), "linreg {command}");
        assert!(contents(&tool) == before, "linreg {command}");
    }
}
