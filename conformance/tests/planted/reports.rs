//! The three reports of a run that fails: everything that the terminal shows about a failure is also a member of the
//! JSON report and a part of `JUnit`'s text.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use libtest_mimic::Trial;
use processing_conformance::report::failure::{plain, visible};
use processing_conformance::report::junit::junit;
use processing_conformance::report::terminal::terminal;
use serde_json::Value;

use super::command::Ran;
use super::faults::{run, testee};

/// The labels on the terminal, and the members with the same content in a result of the JSON report.
const LABELS: [(&str, &[&str]); 11] = [
    (
        "requirement",
        &[
            "/explanation/requirement/id",
            "/explanation/requirement/level",
            "/explanation/requirement/text",
        ],
    ),
    ("the case", &["/explanation/about"]),
    ("message", &["/message"]),
    ("expected", &["/explanation/expected"]),
    ("happened", &["/explanation/happened"]),
    ("detail", &["/explanation/detail"]),
    ("given", &["/explanation/given/note"]),
    ("transcript", &["/explanation/transcript/events"]),
    ("likely cause", &["/explanation/likely_cause"]),
    (
        "deviation",
        &["/prediction/deviation", "/prediction/outcome"],
    ),
    ("replay", &["/explanation/replay"]),
];

/// How wide the labels are, with the space around them.
const MARGIN: usize = 4;
const WIDTH: usize = 14;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("reports::say-the-same", || {
            three_say_the_same();
            Ok(())
        }),
        Trial::test("reports::control-characters-are-escaped", || {
            control_characters_are_escaped();
            Ok(())
        }),
    ]
}

/// Two predictions that do not come true: another outcome, and no failure at all.
const WRONG: &str = r#"
[[deviation]]
id = "another-outcome"
cases = ["framing/size/sent[length=5]"]
peers = ["exec:*"]
outcome = "wire: nothing came"
severity = "major"
source = "planted"
why = "It is the byte order that is wrong."

[[deviation]]
id = "no-failure"
cases = ["closing/end/before-header"]
peers = ["exec:*"]
outcome = "wire: nothing came"
severity = "major"
source = "planted"
why = "Nothing is wrong there."
"#;

fn three_say_the_same() {
    let mut wrong = tempfile::NamedTempFile::new().expect("a file can be made");
    wrong
        .write_all(WRONG.as_bytes())
        .expect("it can be written");
    let wrong = wrong.path().to_str().expect("its path is text");
    let runs = [
        run_in_json(
            "byte-order",
            &[
                "--family",
                "AF_INET",
                "--deviations",
                wrong,
                "framing/size/sent[length=5]",
                "closing/end/before-header",
            ],
        ),
        run_in_json(
            "triples-refused",
            &["--family", "AF_UNIX", "object/tuple/received[value=3]"],
        ),
    ];
    let seen: BTreeSet<&str> = runs.iter().flat_map(compare).collect();
    let all: BTreeSet<&str> = LABELS.iter().map(|(label, _)| *label).collect();
    assert_eq!(seen, all, "not every label was compared");
}

fn run_in_json(fault: &str, words: &[&str]) -> Ran {
    run(fault, "2", &[&["--format", "json"], words].concat())
}

/// Compares the three reports of one run, and returns the labels that were there.
fn compare(ran: &Ran) -> BTreeSet<&'static str> {
    // The other two reports are generated from the JSON report, so it must contain everything that they need.
    let report = ran.report();
    let json: Value = serde_json::from_str(&ran.stdout).expect("it was just read");
    let shown = terminal(&report, false);
    let shown = anstream::adapter::strip_str(&shown).to_string();
    let mut texts = texts(&junit(&report).expect("it is representable in XML"));

    let mut seen = BTreeSet::new();
    for (reported, json) in report
        .results
        .iter()
        .zip(json["results"].as_array().expect("there are results"))
        .filter(|(reported, _)| reported.row.verdict.is_bad())
    {
        let block = plain(reported);
        assert!(
            shown.contains(&block),
            "the terminal does not show\n{block}"
        );
        let name = format!("{} ({})", reported.row.execution(), reported.row.role);
        let text = texts.get_mut(&name).and_then(Vec::pop);
        assert_eq!(text.as_deref(), Some(block.trim()), "JUnit's text");
        seen.extend(check_members(&block, json));
    }
    assert!(!seen.is_empty(), "nothing failed: {}", ran.stdout);
    seen
}

/// Every line of a block is in the JSON, under the label's members; bytes are among the annotated lines.
fn check_members(block: &str, json: &Value) -> BTreeSet<&'static str> {
    let mut annotated = strings(json.pointer("/explanation/evidence/shown"));
    annotated.extend(strings(json.pointer("/explanation/given/shown")));
    let mut seen = BTreeSet::new();
    for line in block.lines().skip(1) {
        let line = &line[MARGIN..];
        if annotated.iter().any(|annotated| annotated == line) {
            continue;
        }
        let (label, said) = line.split_at_checked(WIDTH).expect("there is a margin");
        let label = label.trim();
        if label.is_empty() {
            // This line continues the previous one.
            let everything = strings(Some(json)).join("\n");
            let words = said.split("  ").last().unwrap_or_default();
            assert!(everything.contains(words), "{words:?} is not in {json:#}");
            continue;
        }
        let known = LABELS.iter().find(|(known, _)| *known == label);
        let (label, members) = known.unwrap_or_else(|| panic!("unknown label in {line:?}"));
        for member in *members {
            let values = strings(json.pointer(member));
            let is_said = values
                .iter()
                .any(|value| !value.is_empty() && said.contains(&*visible(value)));
            assert!(is_said, "{member} does not say {said:?}: {values:?}");
        }
        seen.insert(*label);
    }
    seen
}

/// Every string in a value.
fn strings(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(values)) => values.iter().flat_map(|of| strings(Some(of))).collect(),
        Some(Value::Object(members)) => members.values().flat_map(|of| strings(Some(of))).collect(),
        _ => Vec::new(),
    }
}

/// The texts of failed test cases by their names.
fn texts(xml: &str) -> BTreeMap<String, Vec<String>> {
    let document = quick_junit::Report::deserialize_from_str(xml)
        .unwrap_or_else(|error| panic!("{error} in {xml}"));
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let cases = document
        .test_suites
        .into_iter()
        .flat_map(|suite| suite.test_cases);
    for case in cases {
        if let quick_junit::TestCaseStatus::NonSuccess {
            description: Some(description),
            ..
        } = case.status
        {
            let name = case.name.into_string();
            // The last one is taken first.
            texts
                .entry(name)
                .or_default()
                .insert(0, description.into_string());
        }
    }
    texts
}

/// XML 1.0 cannot represent control characters, so they are shown as escapes everywhere.
fn control_characters_are_escaped() {
    let escaped = r"\u{0}\u{1b}[31m\u{fffe}";
    for format in ["junit", "terminal"] {
        let ran = run(
            "control-characters",
            "2",
            &["--format", format, "--family", "AF_INET", "string/raw/sent"],
        );
        assert_eq!(ran.code(), Some(1), "{}", ran.stderr);
        assert!(ran.stdout.contains(escaped), "{format}: {}", ran.stdout);
        let is_forbidden = |character: char| match character {
            '\n' | '\t' | '\r' => false,
            _ => character < ' ' || matches!(character, '\u{fffe}' | '\u{ffff}'),
        };
        assert!(!ran.stdout.contains(is_forbidden), "{format}");
    }
    let ran = run_in_json(
        "control-characters",
        &["--family", "AF_INET", "string/raw/sent"],
    );
    let report = ran.report();
    let detail = &report.results[0]
        .explanation
        .as_ref()
        .expect("it failed")
        .detail;
    assert!(detail[0].contains("\0\x1b[31m\u{fffe}"), "{detail:?}");
    assert!(ran.stdout.contains(&testee("control-characters")));
}
