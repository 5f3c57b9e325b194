//! What is said of one execution, and of all of them.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What is said of one execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It did what it must.
    Pass,
    /// It did not.
    Fail,
    /// It did not, in exactly the way that a deviation documents.
    ExpectedFail,
    /// It did, though a deviation says that it would not: the deviation is stale.
    UnexpectedPass,
    /// The dialect, the family or the profile does not have what the case is about.
    NotApplicable,
    /// It could not be run.
    NotRun,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::ExpectedFail => "expected-fail",
            Self::UnexpectedPass => "unexpected-pass",
            Self::NotApplicable => "not-applicable",
            Self::NotRun => "not-run",
        })
    }
}

/// One execution in a report; `schema/report.schema.json` describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The case's id.
    pub case: String,
    /// Its parameters by name.
    pub parameters: BTreeMap<String, String>,
    /// The testee, as on the command line.
    pub testee: String,
    /// The version that the testee claims.
    pub peer_version: Option<String>,
    /// The dialect spoken; over `AF_PIPE`, where nothing is framed, `message` in place of a framing.
    pub dialect: String,
    /// The family.
    pub family: String,
    /// The end that the testee played.
    pub role: String,
    /// Who played the other end, when it was not the suite.
    pub counterpart: Option<String>,
    /// What is said of it.
    pub verdict: Verdict,
    /// The level of what was broken, else of the case.
    pub level: String,
    /// The requirements that the case tests.
    pub requirements: Vec<String>,
    /// The deviation that documents the failure.
    pub deviation: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
    /// Why, when it did not pass.
    pub message: Option<String>,
}

impl Row {
    /// The case's id with its parameters, as it can be selected.
    pub fn execution(&self) -> String {
        if self.parameters.is_empty() {
            return self.case.clone();
        }
        let shown: Vec<String> = self
            .parameters
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        format!("{}[{}]", self.case, shown.join(","))
    }

    /// Whether this is a broken recommendation rather than a broken requirement.
    pub fn is_broken_should(&self) -> bool {
        self.verdict == Verdict::Fail && self.level != "MUST"
    }
}

/// How many executions there were of each verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Passed.
    pub pass: usize,
    /// Broke a MUST.
    pub fail: usize,
    /// Failed as documented.
    pub expected_fail: usize,
    /// Passed against the documentation.
    pub unexpected_pass: usize,
    /// Had nothing to say.
    pub not_applicable: usize,
    /// Could not be run.
    pub not_run: usize,
    /// Broke a SHOULD or a MAY.
    pub broken_should: usize,
}

impl Summary {
    /// Counts rows.
    pub fn of<'r>(rows: impl IntoIterator<Item = &'r Row>) -> Self {
        let mut summary = Self::default();
        for row in rows {
            *match row.verdict {
                Verdict::Fail if row.is_broken_should() => &mut summary.broken_should,
                Verdict::Pass => &mut summary.pass,
                Verdict::Fail => &mut summary.fail,
                Verdict::ExpectedFail => &mut summary.expected_fail,
                Verdict::UnexpectedPass => &mut summary.unexpected_pass,
                Verdict::NotApplicable => &mut summary.not_applicable,
                Verdict::NotRun => &mut summary.not_run,
            } += 1;
        }
        summary
    }

    /// How many were really run.
    pub fn executed(&self) -> usize {
        self.pass + self.fail + self.expected_fail + self.unexpected_pass + self.broken_should
    }

    /// Whether the run as a whole is good.
    pub fn is_success(&self, strict: bool) -> bool {
        self.fail == 0 && self.unexpected_pass == 0 && !(strict && self.broken_should > 0)
    }
}
