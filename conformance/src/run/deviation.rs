//! Known faults of known peers, with the outcome that each is expected to have.

use std::collections::BTreeSet;

use serde::Deserialize;
use thiserror::Error;
use wildmatch::WildMatch;

use crate::cases::{Case, catalogue};
use crate::context::Setting;

/// A known fault.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deviation {
    /// Stable, in words.
    pub id: String,
    /// The executions in which it shows: case ids with `*` and `?`, with or without parameters.
    pub cases: Vec<String>,
    /// The testees that have it, with `*` and `?`.
    pub peers: Vec<String>,
    /// The families in which it shows; all when empty.
    #[serde(default)]
    pub families: Vec<String>,
    /// The roles in which it shows; all when empty.
    #[serde(default)]
    pub roles: Vec<String>,
    /// The operating systems on which it shows, as Rust names them; all when empty.
    #[serde(default)]
    pub platforms: Vec<String>,
    /// What happens, in the words of the report, with `*` and `?`. Anything else is a failure.
    pub outcome: String,
    /// How bad it is.
    pub severity: Severity,
    /// Whether the peer has it as shipped, or with the help that it needs to run.
    #[serde(default)]
    pub helped: bool,
    /// Where in the peer's source the reason is.
    pub source: String,
    /// What happens and why.
    pub why: String,
}

/// How bad a deviation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nobody is harmed: an error of the wrong kind.
    Cosmetic,
    /// A documented feature does not work.
    Minor,
    /// Data is lost or corrupted, or a peer hangs.
    Major,
    /// The process crashes, or memory is not safe.
    Critical,
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Cosmetic => "cosmetic",
            Self::Minor => "minor",
            Self::Major => "major",
            Self::Critical => "critical",
        })
    }
}

/// What is wrong with a file of deviations.
#[derive(Debug, Error)]
pub enum DeviationError {
    /// It is not TOML of the right form.
    #[error(transparent)]
    Form(#[from] toml::de::Error),
    /// Two stanzas have one id.
    #[error("there are two deviations with the id `{0}`")]
    Twice(String),
    /// A stanza names no case that exists.
    #[error("deviation `{id}` names `{pattern}`, and no case is called so")]
    NoCase {
        /// The stanza.
        id: String,
        /// What it names.
        pattern: String,
    },
}

/// A file of deviations.
#[derive(Clone, Debug, Default)]
pub struct Deviations(Vec<Deviation>);

impl Deviations {
    /// Those of the peers that this suite knows.
    ///
    /// # Panics
    ///
    /// Never: a test reads the same text.
    pub fn known() -> Self {
        Self::parse(include_str!("../peers/deviations.toml"))
            .expect("the suite's own deviations are well-formed")
    }

    /// Reads a file: TOML with a table `[[deviation]]` for each.
    pub fn parse(text: &str) -> Result<Self, DeviationError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            #[serde(default)]
            deviation: Vec<Deviation>,
        }
        let File { deviation } = toml::from_str(text)?;
        let mut ids = BTreeSet::new();
        for stanza in &deviation {
            if !ids.insert(stanza.id.clone()) {
                return Err(DeviationError::Twice(stanza.id.clone()));
            }
            for pattern in &stanza.cases {
                let bare = WildMatch::new(pattern.split('[').next().unwrap_or(pattern));
                if !catalogue().any(|case| bare.matches(case.id)) {
                    return Err(DeviationError::NoCase {
                        id: stanza.id.clone(),
                        pattern: pattern.clone(),
                    });
                }
            }
        }
        Ok(Self(deviation))
    }

    /// These and those.
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// Every one.
    pub fn iter(&self) -> impl Iterator<Item = &Deviation> {
        self.0.iter()
    }

    /// Those that show in this execution of this testee.
    pub fn of<'d>(
        &'d self,
        testee: &'d str,
        case: &'d Case,
        setting: &'d Setting,
    ) -> impl Iterator<Item = &'d Deviation> {
        self.0
            .iter()
            .filter(move |deviation| deviation.shows_in(testee, case, setting))
    }
}

impl Deviation {
    /// Whether a peer of this name has it.
    pub fn concerns(&self, peer: &str) -> bool {
        self.peers
            .iter()
            .any(|pattern| WildMatch::new(pattern).matches(peer))
    }

    /// Whether it predicts this outcome.
    pub fn predicts(&self, outcome: &str) -> bool {
        WildMatch::new(&self.outcome).matches(outcome)
    }

    fn shows_in(&self, testee: &str, case: &Case, setting: &Setting) -> bool {
        let listed =
            |list: &[String], name: &str| list.is_empty() || list.iter().any(|known| known == name);
        self.concerns(testee.strip_prefix("peer:").unwrap_or(testee))
            && listed(&self.families, &setting.family.to_string())
            && listed(&self.roles, &setting.role.to_string())
            && listed(&self.platforms, std::env::consts::OS)
            && self.cases.iter().any(|pattern| {
                let pattern = WildMatch::new(pattern);
                pattern.matches(case.id)
                    || pattern.matches(&format!("{}{}", case.id, setting.parameters))
            })
    }
}
