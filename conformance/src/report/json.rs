//! The report for programs; `schema/report.schema.json` describes it.

use serde::{Deserialize, Serialize};

use crate::run::verdict::{Row, Summary};

/// The version of the form.
pub const SCHEMA: &str = "processing-conformance/report/1";

/// The schema that every report satisfies.
pub const REPORT_SCHEMA: &str = include_str!("../../schema/report.schema.json");

/// A whole report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: String,
    /// The version of the suite.
    pub suite: String,
    /// How many executions there were of each verdict.
    pub summary: Summary,
    /// One row per execution.
    pub results: Vec<Row>,
}

impl Report {
    /// Reports these rows.
    pub fn of(results: Vec<Row>) -> Self {
        Self {
            schema: SCHEMA.into(),
            suite: env!("CARGO_PKG_VERSION").into(),
            summary: Summary::of(&results),
            results,
        }
    }

    /// The report as text.
    ///
    /// # Panics
    ///
    /// Never: a report is representable in JSON.
    pub fn to_text(&self) -> String {
        let mut text =
            serde_json::to_string_pretty(self).expect("a report is representable in JSON");
        text.push('\n');
        text
    }
}
