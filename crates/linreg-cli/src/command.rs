use linreg_data::without_secrets;

/// The most characters of a command line that are shown.
const MOST: usize = 4000;

/// The command that is running, as a shell reads it; without what may be secret in
/// a URL.
pub fn command_line() -> String {
    let arguments = std::env::args_os().skip(1);
    let arguments: Vec<String> = arguments
        .map(|argument| without_secrets(&argument.to_string_lossy()).into_owned())
        .collect();
    let line = line(&arguments);
    match line.char_indices().nth(MOST) {
        None => line,
        Some((end, _)) => format!("{}…", &line[..end]),
    }
}

fn line(arguments: &[String]) -> String {
    let arguments = arguments.iter().map(|argument| quoted(argument));
    let words: Vec<String> = ["linreg".to_string()]
        .into_iter()
        .chain(arguments)
        .collect();
    words.join(" ")
}

/// In quotes, unless every shell reads the argument as it is.
pub fn quoted(argument: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./,:=+@%".contains(c);
    if !argument.is_empty() && argument.chars().all(is_plain) {
        argument.to_string()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_given() {
        let arguments = [
            "fit",
            "a b.csv",
            "--formula",
            "y ~ x*2",
            "",
            "it's",
            "$(rm x)",
            "--n=1e-3",
        ];
        let arguments = arguments.map(String::from);
        let line = line(&arguments);
        assert_eq!(
            line,
            r"linreg fit 'a b.csv' --formula 'y ~ x*2' '' 'it'\''s' '$(rm x)' --n=1e-3"
        );
        #[cfg(unix)]
        {
            let script = format!("linreg() {{ printf '%s\\n' \"$@\"; }}; {line}");
            let shell = std::process::Command::new("sh")
                .args(["-c", &script])
                .output()
                .unwrap();
            assert_eq!(
                String::from_utf8(shell.stdout).unwrap(),
                arguments.join("\n") + "\n"
            );
        }
    }
}
