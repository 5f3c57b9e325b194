//! What came of a run: every report, for people, for programs or for CI, is made of this and of nothing else.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};

use super::Subject;
use super::explanation::Explanation;
use crate::run::verdict::{Row, Summary};
use crate::run::{Judgement, Run};

/// The version of the form.
pub const SCHEMA: &str = "processing-conformance/report/2";

/// A whole report; `schema/report.schema.json` describes it. Reports of version 1 can also be read: they lack
/// the optional members.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`], or that of an earlier version.
    pub schema: String,
    /// The version of the suite.
    pub suite: String,
    /// When the run began.
    #[serde(default)]
    pub started: Option<DateTime<Utc>>,
    /// How long it took, in milliseconds.
    #[serde(default)]
    pub duration_ms: Option<f64>,
    /// The command line, as [`command_line`] writes it.
    #[serde(default)]
    pub command: Vec<String>,
    /// Where the suite ran.
    #[serde(default)]
    pub system: Option<System>,
    /// Who was judged.
    #[serde(default)]
    pub testees: Vec<Subject>,
    /// How many executions there were of each verdict.
    pub summary: Summary,
    /// One entry for each execution.
    pub results: Vec<Reported>,
}

/// One execution with everything that explains its verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reported {
    /// What is said of it.
    #[serde(flatten)]
    pub row: Row,
    /// Why it did not go as it should, if it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Explanation>,
}

/// The system that the suite runs on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct System {
    /// Its name, as Rust writes it: `linux`, `macos`, `windows`.
    pub os: String,
    /// The version of its kernel, where the system says it.
    #[serde(default)]
    pub release: Option<String>,
    /// The architecture, as Rust writes it: `x86_64`, `aarch64`.
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

    /// What is said of each execution.
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
    /// This one.
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
    reason = "other systems do not say it in this way"
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
    /// A run that starts now, by this command line.
    pub fn begin(command: impl IntoIterator<Item = OsString>) -> Self {
        Self {
            started: Utc::now().trunc_subsecs(3),
            began: Instant::now(),
            command: command_line(command),
        }
    }
}

/// A command line as reports show it: what follows an option whose value is a secret is left out.
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
