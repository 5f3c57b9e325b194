//! Files that earlier versions wrote remain readable. The files in `formats` are unchanged since they were written:
//! never edit one, and add one for each new version of a format.

use processing_conformance::report::json::REPORT_SCHEMA;
use processing_conformance::report::junit::junit;
use processing_conformance::report::terminal::terminal;
use processing_conformance::report::{Report, results};
use processing_conformance::requirements::Level;
use processing_conformance::run::deviation::{Deviations, Severity};
use processing_conformance::run::verdict::{Summary, Verdict};
use processing_conformance::vectors::{File, Vector};
use processing_connection::Family;
use quick_junit::{NonSuccessKind, TestCaseStatus};

const REPORT_1: &str = include_str!("formats/report-1.json");
const REPORT_2: &str = include_str!("formats/report-2.json");
const JUNIT_1: &str = include_str!("formats/junit-1.xml");
const JUNIT_2: &str = include_str!("formats/junit-2.xml");
const VECTORS_1: &str = include_str!("formats/vectors-1.json");
const DEVIATIONS_1: &str = include_str!("formats/deviations-1.toml");

fn read(text: &str) -> Report {
    serde_json::from_str(text).expect("it is a report")
}

fn check(report: &Report) {
    let expected = Summary {
        pass: 18,
        fail: 2,
        expected_fail: 8,
        unexpected_pass: 4,
        not_applicable: 6,
        not_run: 11,
        ..Summary::default()
    };
    assert_eq!(report.summary, expected);
    assert_eq!(Summary::of(report.rows()), expected);
    let failed = report
        .rows()
        .find(|row| row.verdict == Verdict::Fail)
        .expect("one failed");
    assert_eq!(failed.execution(), "framing/bytes/sent");
    assert_eq!((failed.family, failed.level), (Family::Inet, Level::Must));
    let expected = report
        .rows()
        .find(|row| row.verdict == Verdict::ExpectedFail)
        .expect("one was expected to fail");
    assert_eq!(
        expected.execution(),
        "framing/length/hostile-object[length=0x7fffffff]"
    );
    assert!(expected.deviation.is_some());
    // The other reports can be generated from it.
    assert!(terminal(report, false).contains("18 pass, 2 fail, 8 expected_fail"));
    assert!(junit(report).expect("it is representable").contains("49"));
}

#[test]
fn a_report_of_version_1_can_be_read() {
    let report = read(REPORT_1);
    assert_eq!(report.schema, "processing-conformance/report/1");
    check(&report);
    assert_eq!(report.started, None);
    assert!(report.results.iter().all(|of| of.explanation.is_none()));
}

#[test]
fn a_report_of_version_2_can_be_read() {
    let report = read(REPORT_2);
    assert_eq!(report.schema, results::SCHEMA);
    check(&report);
    let started = report.started.expect("it says when");
    assert!(started.to_rfc3339().starts_with("2026-"), "{started}");
    assert_eq!(report.command[1], "run");
    assert_eq!(report.system.as_ref().expect("it says where").os, "linux");
    assert_eq!(report.testees.len(), 4);
    let failed = report
        .results
        .iter()
        .find(|of| of.row.verdict == Verdict::Fail)
        .expect("one failed");
    let explanation = failed.explanation.as_ref().expect("it is explained");
    let evidence = explanation.evidence.as_ref().expect("there are bytes");
    assert_eq!(evidence.first_difference, Some(1));
    assert_eq!(evidence.expected.hex[..4], [0, 0, 1, 0]);
    assert_eq!(evidence.actual.hex[..4], [0, 1, 0, 0]);
}

/// Version 2 adds members to version 1, and changes none: a reader of version 1 that ignores what it does not know can
/// read it.
#[test]
fn version_2_has_every_member_of_version_1() {
    let [old, new] = [REPORT_1, REPORT_2]
        .map(|text| serde_json::from_str::<serde_json::Value>(text).expect("it is JSON"));
    let members = |value: &serde_json::Value| -> Vec<String> {
        let object = value.as_object().expect("it is an object");
        object.keys().cloned().collect()
    };
    for pointer in ["", "/summary", "/results/0"] {
        let [old, new] = [&old, &new].map(|of| members(of.pointer(pointer).expect("it is there")));
        for name in old {
            assert!(new.contains(&name), "{pointer}/{name}");
        }
    }
    let verdicts = |value: &serde_json::Value| -> Vec<String> {
        let results = value["results"].as_array().expect("there are results");
        results.iter().map(|of| of["verdict"].to_string()).collect()
    };
    assert_eq!(verdicts(&old), verdicts(&new));
}

#[test]
fn saved_reports_satisfy_their_schemas() {
    let schema_1 = include_str!("../schema/report-1.schema.json");
    for (schema, report) in [(schema_1, REPORT_1), (REPORT_SCHEMA, REPORT_2)] {
        let [schema, report] =
            [schema, report].map(|text| serde_json::from_str(text).expect("it is JSON"));
        if let Err(error) = jsonschema::validate(&schema, &report) {
            panic!("{error}");
        }
    }
}

#[test]
fn members_and_verdicts_of_later_versions_are_accepted() {
    let mut report: serde_json::Value = serde_json::from_str(REPORT_2).expect("it is JSON");
    report["weather"] = "fine".into();
    report["results"][0]["verdict"] = "flaky".into();
    report["results"][1]["verdict"] = "interrupted".into();
    report["results"][2]["weather"] = "fine".into();
    let schema = serde_json::from_str(REPORT_SCHEMA).expect("it is JSON");
    assert!(jsonschema::is_valid(&schema, &report));
    let report: Report = serde_json::from_value(report).expect("it is a report");
    assert_eq!(report.results[0].row.verdict, Verdict::Flaky);
    assert_eq!(report.results[1].row.verdict, Verdict::Interrupted);
}

#[test]
fn junit_of_both_versions_can_be_read() {
    for text in [JUNIT_1, JUNIT_2] {
        let document = quick_junit::Report::deserialize_from_str(text).expect("it is JUnit's XML");
        assert_eq!(
            (document.tests, document.failures, document.skipped),
            (49, 6, 25)
        );
    }
    let document = quick_junit::Report::deserialize_from_str(JUNIT_2).expect("it was just read");
    let suite = &document.test_suites[2];
    assert_eq!(
        suite.name.as_str(),
        "exec:./planted testee byte-order be32+hmac-sha1 AF_INET"
    );
    let TestCaseStatus::NonSuccess {
        kind: NonSuccessKind::Failure,
        description: Some(description),
        ..
    } = &suite.test_cases[0].status
    else {
        panic!("{:?}", suite.test_cases[0]);
    };
    assert!(description.contains("requirement   framing.be32 MUST: "));
}

#[test]
fn vectors_of_version_1_can_be_read() {
    let file = File::parse(VECTORS_1).expect("it is a file of vectors, unchanged");
    assert_eq!((file.format, file.vectors.len()), (1, 4));
    assert_eq!(file.peer, "processing-0.52-c");
    assert!(matches!(file.vectors[0], Vector::Send(_)));
    assert!(matches!(file.vectors[3], Vector::Handshake(_)));
}

#[test]
fn deviations_of_version_1_can_be_read() {
    let deviations = Deviations::parse(DEVIATIONS_1).expect("it is a file of deviations");
    let [short, long] = &deviations.iter().collect::<Vec<_>>()[..] else {
        panic!("{deviations:?}");
    };
    assert_eq!(short.id, "client-ignores-family");
    assert_eq!(short.severity, Severity::Minor);
    assert_eq!(short.shows[0].cases.len(), 2);
    assert_eq!(long.shows.len(), 2);
}
