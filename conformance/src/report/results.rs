//! The results of a run. Every report, for people, for programs or for CI, is made from them alone.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};

use super::Subject;
use super::explanation::Explanation;
use crate::run::verdict::{Row, Summary};
use crate::run::{Judgement, Run};

/// The version of the format.
pub const SCHEMA: &str = "processing-conformance/report/2";

/// A whole report, as described by `schema/report.schema.json`. Reports of version 1, which lack the optional members,
/// can also be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`], or that of an earlier version.
    pub schema: String,
    /// The version of the suite.
    pub suite: String,
    /// When the run began.
    #[serde(default)]
    pub started: Option<DateTime<Utc>>,
    /// The duration of the run, in milliseconds.
    #[serde(default)]
    pub duration_ms: Option<f64>,
    /// The command line, as [`command_line`] writes it.
    #[serde(default)]
    pub command: Vec<String>,
    /// The system on which the suite ran.
    #[serde(default)]
    pub system: Option<System>,
    /// The testees.
    #[serde(default)]
    pub testees: Vec<Subject>,
    /// How many executions there were of each verdict.
    pub summary: Summary,
    /// One entry for each execution.
    pub results: Vec<Reported>,
}

/// One execution, with an explanation of its verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reported {
    /// The execution and its verdict.
    #[serde(flatten)]
    pub row: Row,
    /// The explanation, if the outcome was unexpected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Explanation>,
}

/// The system that the suite runs on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct System {
    /// The name of the system in Rust, such as `linux`, `macos` or `windows`.
    pub os: String,
    /// The version of the kernel, if the system reports it.
    #[serde(default)]
    pub release: Option<String>,
    /// The name of the architecture in Rust, such as `x86_64` or `aarch64`.
    pub arch: String,
}

/// When and how a run was started.
#[derive(Clone, Debug)]
pub struct Occasion {
    started: DateTime<Utc>,
    began: Instant,
    command: Vec<String>,
}

impl Report {
    /// Reports a run that has just ended.
    pub fn of(runs: &[Run], occasion: Occasion) -> Self {
        let results: Vec<Reported> = runs
            .iter()
            .flat_map(|run| &run.judgements)
            .map(Reported::of)
            .collect();
        Self {
            schema: SCHEMA.into(),
            suite: env!("CARGO_PKG_VERSION").into(),
            started: Some(occasion.started),
            duration_ms: Some(milliseconds(occasion.began.elapsed())),
            command: occasion.command,
            system: Some(System::here()),
            testees: runs.iter().map(Subject::of).collect(),
            summary: Summary::of(results.iter().map(|result| &result.row)),
            results,
        }
    }

    /// The executions, with their verdicts.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.results.iter().map(|result| &result.row)
    }
}

impl Reported {
    /// Reports one execution.
    pub fn of(judgement: &Judgement) -> Self {
        Self {
            row: judgement.row.clone(),
            explanation: Explanation::of(judgement),
        }
    }
}

impl System {
    /// The system that this program runs on.
    pub fn here() -> Self {
        Self {
            os: std::env::consts::OS.into(),
            release: release(),
            arch: std::env::consts::ARCH.into(),
        }
    }
}

#[cfg(unix)]
#[expect(
    clippy::unnecessary_wraps,
    reason = "other systems do not report it in this way"
)]
fn release() -> Option<String> {
    let system = rustix::system::uname();
    Some(system.release().to_string_lossy().into_owned())
}

#[cfg(not(unix))]
fn release() -> Option<String> {
    None
}

impl Occasion {
    /// Describes a run that starts now, with this command line.
    pub fn begin(command: impl IntoIterator<Item = OsString>) -> Self {
        Self {
            started: Utc::now().trunc_subsecs(3),
            began: Instant::now(),
            command: command_line(command),
        }
    }
}

/// Returns a command line as reports show it. Values of options that are secret are left out.
pub fn command_line(words: impl IntoIterator<Item = OsString>) -> Vec<String> {
    const SECRETS: [&str; 1] = ["--authkey"];
    const LEFT_OUT: &str = "[left out]";
    let mut shown: Vec<String> = Vec::new();
    for word in words {
        let word = word.to_string_lossy().into_owned();
        let follows_secret = shown
            .last()
            .is_some_and(|option| SECRETS.contains(&option.as_str()));
        let option = word.split_once('=').map(|(option, _)| option);
        shown.push(match option.filter(|option| SECRETS.contains(option)) {
            _ if follows_secret => LEFT_OUT.into(),
            Some(option) => format!("{option}={LEFT_OUT}"),
            None => word,
        });
    }
    shown
}

fn milliseconds(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_on_the_command_line_is_left_out() {
        let words = ["inspect", "--authkey", "abc", "--authkey=abc", "--jobs=1"];
        assert_eq!(
            command_line(words.map(OsString::from)),
            [
                "inspect",
                "--authkey",
                "[left out]",
                "--authkey=[left out]",
                "--jobs=1"
            ]
        );
    }
}
