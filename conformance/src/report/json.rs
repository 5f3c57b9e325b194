//! The report for programs; `schema/report.schema.json` describes it.

use super::Report;

/// The schema that every report of today's version satisfies.
pub const REPORT_SCHEMA: &str = include_str!("../../schema/report.schema.json");

/// The report as JSON.
///
/// # Panics
///
/// Never: a report is representable in JSON.
pub fn json(report: &Report) -> String {
    let mut text = serde_json::to_string_pretty(report).expect("a report is representable in JSON");
    text.push('\n');
    text
}
