//! The command line as a user sees it: its output, its exit codes, and its messages about invalid arguments.

// The output names the families and the errors of a POSIX system.
#![cfg(unix)]

use std::io::Write;
use std::net::TcpListener;
use std::process::{Command, Output};

use processing_conformance::cases::catalogue;
use processing_conformance::report::Report;
use processing_conformance::report::json::REPORT_SCHEMA;
use processing_conformance::run::verdict::Verdict;
use processing_connection::Family;

fn suite(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_processing-conformance"))
        .args(arguments)
        // No peer is available, wherever this test runs.
        .env("PROCESSING_CONFORMANCE_PYTHON27", "/nonexistent/python2.7")
        .env("PROCESSING_CONFORMANCE_PEERS_DIR", "/nonexistent/peers")
        .env("COLUMNS", "100")
        .output()
        .expect("the command starts")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it was not killed")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("it prints UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("it prints UTF-8")
}

/// The exit code and the message for arguments that are refused.
fn refusal(arguments: &[&str]) -> String {
    let output = suite(arguments);
    assert_eq!(stdout(&output), "", "{arguments:?}");
    format!("exit code {}\n{}", code(&output), stderr(&output))
}

fn report(arguments: &[&str]) -> (Output, Report) {
    let output = suite(&[arguments, &["--format", "json"]].concat());
    let text = stdout(&output);
    let report: Report = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error} in {text}{}", stderr(&output)));
    let schema = serde_json::from_str(REPORT_SCHEMA).expect("the schema is JSON");
    let value = serde_json::from_str(&text).expect("it was just read");
    if let Err(error) = jsonschema::validate(&schema, &value) {
        panic!("the report does not satisfy its schema: {error}");
    }
    (output, report)
}

// ---- runs ----

#[test]
fn a_good_testee_ends_with_0_and_a_summary() {
    let output = suite(&[
        "string/raw/sent",
        "string/raw/received",
        "--family",
        "AF_INET",
        "--dialect",
        "le32",
    ]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"in \d+\.\d s", "in [time]");
    settings.bind(|| insta::assert_snapshot!(stdout(&output)));
}

#[test]
fn several_testees_get_a_line_each_and_share_the_rest() {
    let output = suite(&[
        "string/same-wire/alternating",
        "--family",
        "AF_INET",
        "--testee",
        "reference",
        "--testee",
        "peer:processing-0.20-*",
    ]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"in \d+\.\d s", "in [time]");
    settings.bind(|| insta::assert_snapshot!(stdout(&output)));
}

#[test]
fn run_is_the_default_command() {
    let (_, with) = report(&["run", "framing/empty/sen*", "--dialect", "hex8"]);
    let (_, without) = report(&["framing/empty/sen*", "--dialect", "hex8"]);
    assert_eq!(with.summary, without.summary);
    assert_eq!(with.summary.pass, 4);
}

#[test]
fn a_report_has_a_row_for_each_execution() {
    let (output, report) = report(&[
        "framing/segmentation/split[at=2]",
        "listener/unix-path/appears",
    ]);
    assert_eq!(code(&output), 0);
    let first = &report.results[0].row;
    assert_eq!(first.execution(), "framing/segmentation/split[at=2]");
    assert_eq!(first.parameters["at"], "2");
    assert_eq!(
        (first.testee.as_str(), first.verdict),
        ("reference", Verdict::Pass)
    );
    let over_inet = |row: &&processing_conformance::run::verdict::Row| {
        row.case == "listener/unix-path/appears" && row.family == Family::Inet
    };
    let row = report.rows().find(over_inet).expect("it is accounted for");
    assert_eq!(row.verdict, Verdict::NotApplicable);
    assert_eq!(
        row.message.as_deref(),
        Some("the case is not about AF_INET")
    );
}

#[test]
fn junit_has_a_test_case_for_each_execution_and_counts_them() {
    let output = suite(&[
        "framing/empty/sent",
        "framing/empty/received",
        "--format",
        "junit",
        "--dialect",
        "hex8",
    ]);
    assert_eq!(code(&output), 0);
    let xml = stdout(&output);
    assert_eq!(xml.matches("<testcase ").count(), 8, "{xml}");
    assert!(
        xml.contains(r#"tests="8""#) && xml.contains(r#"failures="0""#),
        "{xml}"
    );
}

#[test]
fn the_reference_behind_an_adapter_has_the_same_results() {
    let adapter = format!(
        "exec:'{}' adapter",
        env!("CARGO_BIN_EXE_processing-conformance")
    );
    let (_, inside) = report(&["string", "object/list", "closing/end", "pair/seed"]);
    let (output, outside) = report(&[
        "string",
        "object/list",
        "closing/end",
        "pair/seed",
        "--testee",
        &adapter,
    ]);
    assert_eq!(code(&output), 0, "{:?}", outside.summary);
    assert_eq!(inside.summary, outside.summary);
}

#[test]
fn several_testees_are_judged_in_one_run() {
    let adapter = format!(
        "exec:{} adapter",
        env!("CARGO_BIN_EXE_processing-conformance")
    );
    let (_, report) = report(&[
        "framing/empty/sent",
        "--testee",
        "reference",
        "--testee",
        &adapter,
        "--dialect",
        "be32+hmac-sha1",
    ]);
    let testees: Vec<&str> = report.rows().map(|row| row.testee.as_str()).collect();
    assert_eq!(
        testees.iter().filter(|name| **name == "reference").count(),
        4
    );
    assert_eq!(testees.len(), 8);
}

// ---- testees that cannot be run ----

#[test]
fn a_missing_peer_is_not_run_and_the_reason_is_reported() {
    let (output, report) = report(&["string/raw/sent", "--testee", "peer:processing-0.20-c"]);
    assert_eq!(code(&output), 4);
    assert_eq!(report.summary.not_run, report.results.len());
    let reason = report.results[0].row.message.as_deref().unwrap_or_default();
    assert!(
        reason.contains("PROCESSING_CONFORMANCE_PYTHON27")
            && reason.contains("/nonexistent/python2.7"),
        "{reason}"
    );
}

#[test]
fn missing_peers_are_listed_with_advice() {
    let output = suite(&["peers"]);
    assert_eq!(code(&output), 0);
    insta::assert_snapshot!(stdout(&output));
}

#[test]
fn installing_a_peer_without_its_interpreter_fails() {
    let output = suite(&["peers", "install", "processing-0.20-pure"]);
    assert_eq!(code(&output), 1);
    assert!(
        stdout(&output).starts_with("[1/1] processing-0.20-pure: not installed: "),
        "{}",
        stdout(&output)
    );
}

#[test]
fn a_server_that_is_not_running_fails() {
    let output = suite(&["--testee", "connect:127.0.0.1:1", "bare/server/seed"]);
    assert_eq!(code(&output), 1);
    insta::assert_snapshot!(
        stdout(&output)
            .lines()
            .take(8)
            .collect::<Vec<_>>()
            .join("\n")
    );
}

#[test]
fn an_interrupted_run_ends_with_130() {
    let server = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = server.local_addr().expect("it is bound");
    let mut running = Command::new(env!("CARGO_BIN_EXE_processing-conformance"))
        .args(["bare/server", "--jobs", "1", "--deadline", "2", "--testee"])
        .arg(format!("connect:{address}"))
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the command starts");
    // The first execution waits for a reply that never comes, and others are to follow it.
    let (_silent, _) = server.accept().expect("the run connects");
    let killed = Command::new("kill")
        .args(["-INT", &running.id().to_string()])
        .status();
    assert!(killed.expect("there is a kill").success());
    assert_eq!(running.wait().expect("it ends").code(), Some(130));
}

// ---- deviations of a third party ----

fn deviations(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a file can be made");
    file.write_all(text.as_bytes()).expect("it can be written");
    file
}

const STALE: &str = r#"
[[deviation]]
id = "mine"
cases = ["framing/empty/sent"]
peers = ["reference"]
outcome = "wire: wrong header"
severity = "major"
source = "mine.rs"
why = "It did once."
"#;

#[test]
fn a_deviation_that_does_not_occur_is_a_failure() {
    let file = deviations(STALE);
    let path = file.path().to_str().expect("the path is text");
    let (output, report) = report(&[
        "framing/empty/sent",
        "--dialect",
        "be32+hmac-sha1",
        "--deviations",
        path,
    ]);
    assert_eq!(code(&output), 1);
    assert_eq!(report.summary.unexpected_pass, 4);
    let row = &report.results[0].row;
    assert_eq!(row.deviation.as_deref(), Some("mine"));
    let prediction = row.prediction.as_ref().expect("it decided");
    assert_eq!(prediction.outcome, "wire: wrong header");
    assert!(!prediction.showed);
}

#[test]
fn a_deviation_from_a_file_can_be_explained() {
    let told = r#"
since = "1.2"
until = "1.4"
reported = "https://example.org/issues/7"
families = ["AF_INET"]
roles = ["listener"]
platforms = ["linux", "macos"]
"#;
    let file = deviations(&[STALE, told].concat());
    let path = file.path().to_str().expect("the path is text");
    let output = suite(&["explain", "mine", "--deviations", path]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    insta::assert_snapshot!(stdout(&output));
}

#[test]
fn an_invalid_file_of_deviations_is_refused() {
    let mut refusals = String::new();
    for wrong in [
        "[[deviation]]\nid = 1",
        "[[deviations]]",
        "format = 2",
        &STALE.replace("framing/empty/sent", "framing/emtpy"),
        &STALE.replace("empty/sent", "length/hostile[length=7]"),
        &STALE.replace("outcome", "families = [\"AF_INTE\"]\noutcome"),
        &STALE.replace("outcome", "roles = [\"server\"]\noutcome"),
        &STALE.replace("outcome", "platforms = [\"darwin\"]\noutcome"),
    ] {
        let file = deviations(wrong);
        let path = file.path().to_str().expect("the path is text");
        refusals += &refusal(&["--deviations", path]).replace(path, "[file]");
    }
    insta::assert_snapshot!(refusals);
}

// ---- invalid arguments ----

#[test]
fn invalid_arguments_are_refused_with_the_valid_ones() {
    let mut refusals = String::new();
    for arguments in [
        &["no/such/case"][..],
        &["framing", "framign"],
        &["--testee", "http://localhost"],
        &["--testee", "exec:"],
        &["--testee", "connect:localhost"],
        &["--testee", "peer:processing-9.99"],
        &["--counterpart", "connect:localhost:6000"],
        &["--family", "AF_APPLETALK"],
        &["--dialect", "le64"],
        &["--dialect", "message", "--family", "AF_INET"],
        &[
            "--dialect",
            "message+hmac-sha1",
            "--testee",
            "connect:localhost:6000",
        ],
        &["--deadline", "0.5"],
        &["--deviations", "/nonexistent/deviations.toml"],
        &["explain", "framing/emtpy"],
        &["list", "nothing"],
        &["peers", "install", "multiprocessing"],
    ] {
        refusals.push_str(&["$ ", &arguments.join(" "), "\n", &refusal(arguments), "\n"].concat());
    }
    insta::assert_snapshot!(refusals);
}

#[test]
fn a_dialect_that_the_testee_does_not_speak_selects_nothing() {
    let adapter = format!(
        "exec:{} adapter",
        env!("CARGO_BIN_EXE_processing-conformance")
    );
    let selected = suite(&[
        "framing/empty/sent",
        "--testee",
        &adapter,
        "--dialect",
        "hex8",
    ]);
    assert_eq!(code(&selected), 0, "{}", stdout(&selected));
    let refused = refusal(&["--testee", "peer:processing-0.20-c", "--dialect", "hex8"]);
    insta::assert_snapshot!(refused);
}

#[test]
fn a_family_without_a_transport_selects_nothing() {
    insta::assert_snapshot!(refusal(&["--family", "AF_PIPE"]));
}

// ---- help, lists and explanations ----

#[test]
fn the_help_describes_every_option() {
    insta::assert_snapshot!(stdout(&suite(&["run", "--help"])));
}

#[test]
fn cases_are_listed_with_their_level_their_sentence_and_their_parameters() {
    let cases = ["framing/hex8/upper-case", "framing/length/hostile-object"];
    insta::assert_snapshot!(stdout(&suite(
        &[&["list", "--parameters"], &cases[..]].concat()
    )));
}

#[test]
fn every_case_has_its_line_in_the_list() {
    let listing = stdout(&suite(&["list"]));
    let lines: Vec<&str> = listing.lines().collect();
    let (last, lines) = lines.split_last().expect("something is listed");
    let listed: Vec<[String; 3]> = lines.iter().map(|line| columns(line)).collect();
    let catalogue: Vec<[String; 3]> = catalogue()
        .map(|case| [case.id.into(), case.level.to_string(), case.about.into()])
        .collect();
    assert_eq!(listed, catalogue);
    assert_eq!(*last, format!("{} cases", catalogue.len()));
}

/// The id, the level and the sentence of a line of the list.
fn columns(line: &str) -> [String; 3] {
    let (id, rest) = line.split_once(' ').expect("an id and more");
    let (level, about) = (rest.trim_start().split_once(' ')).expect("a level and a sentence");
    [id, level, about.trim_start()].map(Into::into)
}

#[test]
fn a_case_a_requirement_and_a_deviation_can_be_explained() {
    let output = suite(&[
        "explain",
        "framing/length/hostile",
        "closing.end-between",
        "c-length-is-signed",
    ]);
    assert_eq!(code(&output), 0);
    let mut settings = insta::Settings::clone_current();
    // A new case may test these requirements, too.
    settings.add_filter("tested by: .*", "tested by: [cases]");
    settings.bind(|| insta::assert_snapshot!(stdout(&output)));
}

#[test]
fn a_requirement_names_every_case_that_tests_it() {
    const REQUIREMENT: &str = "closing.end-between";
    let explained = stdout(&suite(&["explain", REQUIREMENT]));
    let testing: Vec<&str> = catalogue()
        .filter(|case| case.requirements.contains(&REQUIREMENT))
        .map(|case| case.id)
        .collect();
    let line = format!("    tested by: {}", testing.join(", "));
    assert!(explained.lines().any(|shown| shown == line), "{explained}");
}
