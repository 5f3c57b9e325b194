//! The command as a user sees it.

use std::io::Write;
use std::process::{Command, Output, Stdio};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_processing-conformance"));
    command
        .arg("inspect")
        .args(arguments)
        .env_remove("PROCESSING_CONFORMANCE_AUTHKEY")
        .env("COLUMNS", "100")
        .stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    command(arguments).output().expect("the command starts")
}

fn piped(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = command(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(input).expect("the command reads");
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

fn all(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("it prints UTF-8");
    let code = output.status.code().expect("it was not killed");
    format!(
        "{}{}=> {code}\n",
        text(&output.stdout),
        text(&output.stderr)
    )
}

fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a file can be made");
    file.write_all(bytes).expect("it can be written");
    file
}

fn path(file: &tempfile::NamedTempFile) -> &str {
    file.path().to_str().expect("the path is text")
}

const MESSAGE: &[u8] = b"\0\0\0\x05\x80\x02K*.";

#[test]
fn the_help_describes_every_option() {
    insta::assert_snapshot!(all(&run(&["--help"])));
}

#[test]
fn a_message_can_be_given_in_every_way() {
    let raw = file(MESSAGE);
    let shown = all(&run(&[path(&raw)]));
    insta::assert_snapshot!(shown);
    let text = hex::encode(MESSAGE);
    let without_form = |shown: &str| {
        shown
            .split_once("  ")
            .map(|(_, rest)| rest.split_once(':').map(|(_, rest)| rest.to_owned()))
    };
    for output in [
        piped(&[], MESSAGE),
        piped(&["-"], MESSAGE),
        piped(&[], text.as_bytes()),
        run(&["--bytes", &text]),
        run(&["-b", r"b'\x00\x00\x00\x05\x80\x02K*.'"]),
        piped(&["--as", "hex"], text.as_bytes()),
    ] {
        assert_eq!(without_form(&all(&output)), without_form(&shown));
    }
}

#[test]
fn two_files_are_the_client_and_the_server() {
    let (client, server) = (file(MESSAGE), file(b"\0\0\0\x02hi"));
    insta::assert_snapshot!(all(&run(&[path(&client), path(&server)])));
}

#[test]
fn a_pipe_carries_messages_without_headers() {
    insta::assert_snapshot!(all(&run(&["--framing", "none", "--bytes", "'a string'"])));
}

#[test]
fn invalid_arguments_are_refused() {
    let hexadecimal = file(b"> 00\n");
    let mut refusals = String::new();
    for arguments in [
        &["/nonexistent/capture"][..],
        &["00 00 00 00"],
        &["/"],
        &["/dev/null"],
        &[],
        &["--bytes", ""],
        &["--bytes", "hello"],
        &["--bytes", "0g"],
        &["--bytes", "00 00 0"],
        &["--bytes", "68656c6c6f"],
        &["--framing", "le64", "--bytes", "00"],
        &["--as", "pcap", "--bytes", "00"],
        &["--bytes", "00", "--bytes", "00", "--bytes", "00"],
        &["--bytes", "> 00", "--bytes", "00"],
        &["--bytes", "00", "file"],
        &["a", "b", "c"],
        &[path(&hexadecimal), path(&hexadecimal)],
        &["--authkey-file", "/nonexistent/key", "--bytes", "00000000"],
    ] {
        let shown = all(&run(arguments)).replace(path(&hexadecimal), "[file]");
        refusals.push_str(
            &[
                "$ inspect ",
                &arguments.join(" ").replace(path(&hexadecimal), "[file]"),
                "\n",
                &shown,
                "\n",
            ]
            .concat(),
        );
    }
    insta::assert_snapshot!(refusals);
}

#[test]
fn the_exit_code_shows_whether_the_bytes_are_valid() {
    for (bytes, code) in [
        ("0000000580024b2a2e", 0),
        ("0000000580024b2a2e000000", 1),
        ("000000058002ffffff", 1),
        ("68656c6c6f20776f726c64", 3),
        ("xyz", 2),
    ] {
        assert_eq!(
            run(&["--bytes", bytes]).status.code(),
            Some(code),
            "{bytes}"
        );
    }
}

#[test]
fn a_key_is_used_and_never_shown() {
    let session = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/sessions/processing-0.52-c.txt"
    );
    let key = "the key of the sessions";
    let in_file = file(format!("{key}\n").as_bytes());
    let from_environment = command(&[session])
        .env("PROCESSING_CONFORMANCE_AUTHKEY", key)
        .output();
    for output in [
        run(&[session, "--authkey", key]),
        run(&[session, "--authkey-file", path(&in_file)]),
        from_environment.expect("the command starts"),
    ] {
        let shown = all(&output);
        assert!(
            shown.contains("the answers are correct for the key"),
            "{shown}"
        );
        assert!(!shown.contains(key), "{shown}");
        assert!(shown.ends_with("=> 0\n"), "{shown}");
    }
    let wrong = all(&run(&[session, "--authkey", "swordfish"]));
    assert!(wrong.ends_with("=> 1\n"), "{wrong}");
    assert!(!wrong.contains("swordfish"), "{wrong}");
    let help = command(&["--help"])
        .env("PROCESSING_CONFORMANCE_AUTHKEY", key)
        .output();
    assert!(!all(&help.expect("the command starts")).contains(key));
}

#[test]
fn closing_the_output_early_is_not_an_error() {
    let mut child = command(&["/dev/stdin", "--messages", "100000", "--framing", "be32"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command starts");
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin
        .write_all(&vec![0; 400_000])
        .expect("the command reads");
    drop(stdin);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}
