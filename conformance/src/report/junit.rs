//! The report for CI systems that read `JUnit`'s XML.

use std::time::Duration;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::failure::{plain, visible};
use super::{Report, Reported};
use crate::run::verdict::Verdict;

/// Returns the report as XML: one test suite per testee, dialect and family. A failure has the text that the terminal
/// shows.
///
/// # Errors
///
/// Returns the error of the XML writer, if it fails.
pub fn junit(report: &Report) -> Result<String, quick_junit::SerializeError> {
    let mut document = quick_junit::Report::new("processing-conformance");
    if let Some(started) = report.started {
        document.set_timestamp(started);
    }
    if let Some(took) = report.duration_ms {
        document.set_time(seconds(took));
    }
    let mut suites: Vec<(String, TestSuite)> = Vec::new();
    for reported in &report.results {
        let row = &reported.row;
        let name = format!("{} {} {}", row.testee, row.dialect, row.family);
        let at = suites
            .iter()
            .position(|(known, _)| *known == name)
            .unwrap_or_else(|| {
                let suite = TestSuite::new(visible(&name));
                suites.push((name, suite));
                suites.len() - 1
            });
        suites[at].1.add_test_case(test_case(reported));
    }
    document.add_test_suites(suites.into_iter().map(|(_, suite)| suite));
    document.to_string()
}

fn test_case(reported: &Reported) -> TestCase {
    let row = &reported.row;
    let name = format!("{} ({})", row.execution(), row.role);
    let mut case = TestCase::new(visible(&name), status(reported));
    case.set_classname(visible(row.area()));
    case.set_time(seconds(row.duration_ms));
    case
}

fn status(reported: &Reported) -> TestCaseStatus {
    let row = &reported.row;
    let message = visible(row.message.as_deref().unwrap_or_default());
    match row.verdict {
        Verdict::Pass => TestCaseStatus::success(),
        // JUnit has no recommendations, so that one that is not met is not a failure.
        Verdict::Fail if row.is_broken_should() => {
            let mut status = skipped(&format!("breaks a {}: {message}", row.level));
            status.set_description(plain(reported));
            status
        }
        Verdict::ExpectedFail => skipped(&format!(
            "{} ({}): {message}",
            row.verdict,
            visible(row.deviation.as_deref().unwrap_or_default())
        )),
        Verdict::NotApplicable | Verdict::NotRun | Verdict::Flaky | Verdict::Interrupted => {
            skipped(&format!("{}: {message}", row.verdict))
        }
        Verdict::Fail | Verdict::UnexpectedPass => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status
                .set_type(row.verdict.to_string())
                .set_message(message)
                .set_description(plain(reported));
            status
        }
    }
}

fn skipped(message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(message);
    status
}

fn seconds(milliseconds: f64) -> Duration {
    // A report from a file may contain any number.
    Duration::try_from_secs_f64(milliseconds / 1e3).unwrap_or_default()
}
