//! The verdict on one execution, and a summary of all verdicts.

use std::collections::BTreeMap;
use std::fmt;

use processing_connection::Family;
use serde::{Deserialize, Serialize};

use crate::context::id::execution_id;
use crate::context::setting::Role;
use crate::requirements::Level;

/// The verdict on one execution. Every report spells it in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The testee did what is required.
    Pass,
    /// The testee did not do what is required.
    Fail,
    /// The testee failed in exactly the way that a deviation documents.
    ExpectedFail,
    /// A failure that a deviation documents did not occur: the deviation is stale.
    UnexpectedPass,
    /// The case does not apply to the dialect, the family or the profile.
    NotApplicable,
    /// The execution could not be run.
    NotRun,
    /// The execution passed and failed under the same circumstances. This is reserved; no execution has it yet.
    Flaky,
    /// The run was interrupted before the execution ended. This is reserved; no execution has it yet.
    Interrupted,
}

impl Verdict {
    /// Whether the outcome was unexpected, so that reports explain it.
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
    /// The dialect. Over `AF_PIPE`, where nothing is framed, its name has `message` in place of a framing.
    pub dialect: String,
    /// The family.
    #[serde(with = "by_name")]
    pub family: Family,
    /// The end that the testee played.
    pub role: Role,
    /// The testee at the other end, unless the suite was the other end.
    pub counterpart: Option<String>,
    /// The verdict.
    pub verdict: Verdict,
    /// The level of the failure if there is one, and otherwise of the case.
    pub level: Level,
    /// The requirements that the case tests.
    pub requirements: Vec<String>,
    /// The deviation that documents the failure.
    pub deviation: Option<String>,
    /// The prediction that decided the verdict, if a deviation concerns the execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prediction: Option<Predicted>,
    /// The duration of the execution, in milliseconds.
    pub duration_ms: f64,
    /// The reason for the verdict, unless the execution passed.
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

    /// Whether this is a failure of a recommendation rather than of a requirement.
    pub fn is_broken_should(&self) -> bool {
        self.verdict == Verdict::Fail && self.level != Level::Must
    }
}

/// How many executions there were of each verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// How many passed.
    pub pass: usize,
    /// How many did not meet a MUST.
    pub fail: usize,
    /// How many failed as documented.
    pub expected_fail: usize,
    /// How many did not fail as documented.
    pub unexpected_pass: usize,
    /// How many did not apply.
    pub not_applicable: usize,
    /// How many could not be run.
    pub not_run: usize,
    /// How many did not meet a SHOULD or a MAY.
    pub broken_should: usize,
    /// Reserved, like the verdict.
    #[serde(default)]
    pub flaky: usize,
    /// Reserved, like the verdict.
    #[serde(default)]
    pub interrupted: usize,
}

impl Summary {
    /// Counts the verdicts of these rows.
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

    /// How many executions were run.
    pub fn executed(&self) -> usize {
        self.pass + self.fail + self.expected_fail + self.unexpected_pass + self.broken_should
    }

    /// Whether the run as a whole succeeded.
    pub fn is_success(&self, strict: bool) -> bool {
        self.fail == 0 && self.unexpected_pass == 0 && !(strict && self.broken_should > 0)
    }
}

/// Serializes a value with a name as its name.
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
