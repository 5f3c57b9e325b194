//! What is said of one execution, and of all of them.

use std::collections::BTreeMap;
use std::fmt;

use processing_connection::Family;
use serde::{Deserialize, Serialize};

use crate::context::id::execution_id;
use crate::context::setting::Role;
use crate::requirements::Level;

/// What is said of one execution. Every report spells it in the same way.
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
    /// Reserved, and given to no execution yet: it passed and failed under the same circumstances.
    Flaky,
    /// Reserved, and given to no execution yet: the run was interrupted before the execution ended.
    Interrupted,
}

impl Verdict {
    /// Whether the execution did not go as it should, so that a report explains it.
    pub fn is_bad(self) -> bool {
        matches!(self, Self::Fail | Self::UnexpectedPass)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::ExpectedFail => "expected_fail",
            Self::UnexpectedPass => "unexpected_pass",
            Self::NotApplicable => "not_applicable",
            Self::NotRun => "not_run",
            Self::Flaky => "flaky",
            Self::Interrupted => "interrupted",
        })
    }
}

/// What a deviation predicts of one execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Predicted {
    /// The id of the deviation.
    pub deviation: String,
    /// The outcome that it predicts, with `*` and `?`.
    pub outcome: String,
    /// Whether this outcome was seen.
    pub showed: bool,
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
    #[serde(with = "by_name")]
    pub family: Family,
    /// The end that the testee played.
    pub role: Role,
    /// Who played the other end, when it was not the suite.
    pub counterpart: Option<String>,
    /// What is said of it.
    pub verdict: Verdict,
    /// The level of what was broken, else of the case.
    pub level: Level,
    /// The requirements that the case tests.
    pub requirements: Vec<String>,
    /// The deviation that documents the failure.
    pub deviation: Option<String>,
    /// The prediction that decided, when a deviation concerns the execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prediction: Option<Predicted>,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
    /// Why, when it did not pass.
    pub message: Option<String>,
}

impl Row {
    /// The case's id with its parameters, as it can be selected.
    pub fn execution(&self) -> String {
        execution_id(&self.case, &self.parameters)
    }

    /// The area of the case.
    pub fn area(&self) -> &str {
        self.case
            .split_once('/')
            .map_or(&self.case, |(area, _)| area)
    }

    /// Whether this is a broken recommendation rather than a broken requirement.
    pub fn is_broken_should(&self) -> bool {
        self.verdict == Verdict::Fail && self.level != Level::Must
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
    /// Reserved, as is the verdict.
    #[serde(default)]
    pub flaky: usize,
    /// Reserved, as is the verdict.
    #[serde(default)]
    pub interrupted: usize,
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
                Verdict::Flaky => &mut summary.flaky,
                Verdict::Interrupted => &mut summary.interrupted,
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

/// What has a name, as its name.
mod by_name {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<T: Display, S: Serializer>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(super) fn deserialize<'de, T: FromStr<Err: Display>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_spelt_in_one_way() {
        for verdict in [
            Verdict::Pass,
            Verdict::Fail,
            Verdict::ExpectedFail,
            Verdict::UnexpectedPass,
            Verdict::NotApplicable,
            Verdict::NotRun,
            Verdict::Flaky,
            Verdict::Interrupted,
        ] {
            let json = serde_json::to_value(verdict).expect("a verdict is representable in JSON");
            assert_eq!(json, verdict.to_string());
        }
    }

    #[test]
    fn a_summary_counts_by_the_names_of_the_verdicts() {
        let summary = serde_json::to_value(Summary::default()).expect("it is representable");
        let counted = summary.as_object().expect("it is an object");
        for verdict in [Verdict::ExpectedFail, Verdict::NotRun, Verdict::Flaky] {
            assert!(counted.contains_key(&verdict.to_string()), "{verdict}");
        }
    }
}
