//! `processing-conformance vectors` as a user sees it.

use std::io::Write;
use std::process::{Command, Output};

use tempfile::NamedTempFile;

use super::FILES;

fn suite(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_processing-conformance"))
        .arg("vectors")
        .args(arguments)
        // No peer is available, wherever this test runs.
        .env("PROCESSING_CONFORMANCE_PYTHON27", "/nonexistent/python2.7")
        .env("PROCESSING_CONFORMANCE_PEERS_DIR", "/nonexistent/peers")
        .env("COLUMNS", "100")
        .output()
        .expect("the command starts")
}

/// The exit code, the output, and the errors.
fn outcome(arguments: &[&str]) -> (i32, String) {
    let output = suite(arguments);
    let text = |bytes| String::from_utf8(bytes).expect("it prints UTF-8");
    let code = output.status.code().expect("it was not killed");
    (code, text(output.stdout) + &text(output.stderr))
}

fn changed(from: &str, to: &str) -> NamedTempFile {
    let (_, text, _) = FILES
        .iter()
        .find(|(name, ..)| name.contains("processing-0.20-c."))
        .unwrap();
    assert!(text.contains(from));
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.replacen(from, to, 1).as_bytes())
        .unwrap();
    file
}

/// Replaces the name of the temporary file, which is different each time.
fn snapshot(name: &str, file: &NamedTempFile, text: &str) {
    insta::assert_snapshot!(
        name,
        text.replace(&file.path().display().to_string(), "FILE")
    );
}

#[test]
fn the_vectors_of_the_suite_are_valid() {
    let (code, text) = outcome(&["check"]);
    assert_eq!(code, 0, "{text}");
    assert!(
        text.starts_with("11158 vectors in 54 files, 0 wrong, in "),
        "{text}"
    );
}

#[test]
fn a_changed_file_is_invalid_but_can_be_inspected() {
    let file = changed("CPython", "CPython");
    let path = file.path().to_str().unwrap();
    assert_eq!(outcome(&["check", path]).0, 0);

    let file = changed("80024b2a2e", "80024b2b2e");
    let path = file.path().to_str().unwrap();
    let (code, text) = outcome(&["check", path]);
    assert_eq!(code, 1);
    assert!(
        text.contains("it was changed after it was recorded"),
        "{text}"
    );
    let (code, text) = outcome(&["check", "--no-digest", path]);
    assert_eq!(code, 1);
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("207 vectors in 1 file, 1 wrong"), "{last}");
    snapshot(
        "a_changed_pickle",
        &file,
        text.strip_suffix(&format!("{last}\n")).unwrap(),
    );
}

#[test]
fn vectors_are_listed_and_shown() {
    let (code, text) = outcome(&["list", "handshake/listener/wrong-*"]);
    assert_eq!(code, 0);
    assert_eq!(text.lines().count(), 36, "{text}");
    let (code, text) = outcome(&["list", "object/exception"]);
    assert_eq!(code, 0);
    assert!(text.ends_with("270 vectors\n"), "{text}");
    let (code, text) = outcome(&["show", "object/int/256"]);
    assert_eq!(code, 0);
    insta::assert_snapshot!(text);
}

#[test]
fn invalid_arguments_are_refused() {
    let nonsense: Vec<String> = [
        &["show", "object/int/no-such"][..],
        &["list", "nothing"],
        &["check", "/nonexistent/file"],
        &["record", "no-such-peer"],
        &["record", "--directory", "/nonexistent", "processing-0.52-c"],
    ]
    .into_iter()
    .map(|arguments| {
        let (code, text) = outcome(arguments);
        format!("{}: exit code {code}\n{text}", arguments.join(" "))
    })
    .collect();
    insta::assert_snapshot!(nonsense.join("\n"));
}
