//! The report for programs; `schema/report.schema.json` describes it.

use super::Report;

/// The schema of the current version of the report.
pub const REPORT_SCHEMA: &str = include_str!("../../schema/report.schema.json");

/// Returns the report as JSON.
///
/// # Panics
///
/// Never, because every report is representable in JSON.
pub fn json(report: &Report) -> String {
    let mut text = serde_json::to_string_pretty(report).expect("a report is representable in JSON");
    text.push('\n');
    text
}
