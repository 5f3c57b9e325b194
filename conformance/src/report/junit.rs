//! The report for CI systems that read `JUnit`'s XML.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::run::verdict::{Row, Verdict};

/// The rows as XML: one test suite per testee, dialect and family.
///
/// # Errors
///
/// When the XML writer has a reason of its own.
pub fn junit(rows: &[Row]) -> Result<String, quick_junit::SerializeError> {
    let mut report = Report::new("processing-conformance");
    let mut suites: Vec<(String, TestSuite)> = Vec::new();
    for row in rows {
        let name = format!("{} {} {}", row.testee, row.dialect, row.family);
        let at = suites
            .iter()
            .position(|(known, _)| *known == name)
            .unwrap_or_else(|| {
                suites.push((name.clone(), TestSuite::new(name)));
                suites.len() - 1
            });
        suites[at].1.add_test_case(test_case(row));
    }
    report.add_test_suites(suites.into_iter().map(|(_, suite)| suite));
    report.to_string()
}

fn test_case(row: &Row) -> TestCase {
    let mut case = TestCase::new(format!("{} ({})", row.execution(), row.role), status(row));
    case.set_classname(row.case.split('/').next().unwrap_or_default());
    case.set_time(Duration::from_secs_f64(row.duration_ms / 1e3));
    case
}

fn status(row: &Row) -> TestCaseStatus {
    let message = row.message.clone().unwrap_or_default();
    let skipped = |message: String| {
        let mut status = TestCaseStatus::skipped();
        status.set_message(message);
        status
    };
    match row.verdict {
        Verdict::Pass => TestCaseStatus::success(),
        // JUnit knows no recommendations: a broken one is not a failure.
        Verdict::Fail if row.is_broken_should() => {
            skipped(format!("breaks a {}: {message}", row.level))
        }
        Verdict::ExpectedFail => skipped(format!(
            "expected to fail ({}): {message}",
            row.deviation.as_deref().unwrap_or_default()
        )),
        Verdict::NotApplicable => skipped(format!("not applicable: {message}")),
        Verdict::NotRun => skipped(format!("not run: {message}")),
        Verdict::Fail | Verdict::UnexpectedPass => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status
                .set_type(row.verdict.to_string())
                .set_message(message);
            status
        }
    }
}
