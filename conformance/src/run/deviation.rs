//! Known faults of known peers, with the outcome that each is expected to have.

use std::collections::BTreeSet;

use serde::Deserialize;
use thiserror::Error;
use wildmatch::WildMatch;

use crate::cases::{Case, catalogue};
use crate::context::Setting;
use crate::context::id::case_of;
use crate::peers::DEVIATIONS;

/// A known fault.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Stanza")]
pub struct Deviation {
    /// Stable, in words.
    pub id: String,
    /// The testees that have it, with `*` and `?`.
    pub peers: Vec<String>,
    /// The families in which it shows; all when empty.
    pub families: Vec<String>,
    /// The roles in which it shows; all when empty.
    pub roles: Vec<String>,
    /// The operating systems on which it shows, as Rust names them; all when empty.
    pub platforms: Vec<String>,
    /// What is seen of it, and where.
    pub shows: Vec<Showing>,
    /// How bad it is.
    pub severity: Severity,
    /// Where in the peer's source the reason is.
    pub source: String,
    /// What happens and why.
    pub why: String,
}

/// One thing that is seen of a fault.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Showing {
    /// What happens, in the words of the report, with `*` and `?`. Anything else is a failure.
    pub outcome: String,
    /// The executions in which it happens: case ids with `*` and `?`, with or without parameters.
    pub cases: Vec<String>,
    /// Those of the fault's testees with which it happens; all of them when empty.
    #[serde(default)]
    pub peers: Vec<String>,
    /// Those of the fault's roles in which it happens; all of them when empty.
    #[serde(default)]
    pub roles: Vec<String>,
}

/// A fault as a file has it: most show in one way, which needs no table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stanza {
    id: String,
    peers: Vec<String>,
    #[serde(default)]
    families: Vec<String>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    platforms: Vec<String>,
    outcome: Option<String>,
    cases: Option<Vec<String>>,
    #[serde(default)]
    shows: Vec<Showing>,
    severity: Severity,
    source: String,
    why: String,
}

impl TryFrom<Stanza> for Deviation {
    type Error = String;

    fn try_from(stanza: Stanza) -> Result<Self, String> {
        let shows = match (stanza.outcome, stanza.cases, stanza.shows) {
            (Some(outcome), Some(cases), shows) if shows.is_empty() => vec![Showing {
                outcome,
                cases,
                peers: Vec::new(),
                roles: Vec::new(),
            }],
            (None, None, shows) if !shows.is_empty() => shows,
            _ => {
                return Err(format!(
                    "deviation `{}` needs either `outcome` and `cases`, or `shows`",
                    stanza.id
                ));
            }
        };
        Ok(Self {
            id: stanza.id,
            peers: stanza.peers,
            families: stanza.families,
            roles: stanza.roles,
            platforms: stanza.platforms,
            shows,
            severity: stanza.severity,
            source: stanza.source,
            why: stanza.why,
        })
    }
}

/// What a known fault predicts for one execution.
#[derive(Clone, Copy, Debug)]
pub struct Prediction<'d> {
    /// The fault.
    pub deviation: &'d Deviation,
    /// What must happen, with `*` and `?`.
    pub outcome: &'d str,
}

impl Prediction<'_> {
    /// Whether this outcome is the predicted one.
    pub fn agrees_with(&self, outcome: &str) -> bool {
        WildMatch::new(self.outcome).matches(outcome)
    }

    /// Whether it shows only when a deadline has passed.
    pub fn takes_the_deadline(&self) -> bool {
        ["hung", "nothing came", "no end of stream", "waits for more"]
            .iter()
            .any(|words| self.outcome.ends_with(words))
    }
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
    /// The process crashes, memory is not safe, or somebody without the key is let in.
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
        Self::parse(DEVIATIONS).expect("the suite's own deviations are well-formed")
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
            for pattern in stanza.shows.iter().flat_map(|showing| &showing.cases) {
                let bare = WildMatch::new(case_of(pattern));
                if !catalogue().any(|case| case.ids().any(|id| bare.matches(id))) {
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

    /// Those of one testee, by its name on the command line.
    pub fn of_testee(&self, testee: &str) -> Known<'_> {
        Known::of(self.iter(), testee)
    }
}

/// The known faults of one testee.
pub struct Known<'d>(Vec<KnownShowing<'d>>);

struct KnownShowing<'d> {
    prediction: Prediction<'d>,
    roles: &'d [String],
    // Read once for all the executions of a testee.
    cases: Vec<WildMatch>,
}

impl<'d> Known<'d> {
    /// Those among these that a testee has, by its name on the command line.
    pub fn of(deviations: impl IntoIterator<Item = &'d Deviation>, testee: &str) -> Self {
        let peer = testee.strip_prefix("peer:").unwrap_or(testee);
        let showings = deviations
            .into_iter()
            .filter(|deviation| deviation.concerns(peer))
            .flat_map(|deviation| {
                deviation
                    .shows
                    .iter()
                    .map(move |showing| (deviation, showing))
            })
            .filter(|(_, showing)| showing.peers.is_empty() || any_matches(&showing.peers, peer))
            .map(|(deviation, showing)| KnownShowing {
                prediction: Prediction {
                    deviation,
                    outcome: &showing.outcome,
                },
                roles: &showing.roles,
                cases: showing
                    .cases
                    .iter()
                    .map(|case| WildMatch::new(case))
                    .collect(),
            });
        Self(showings.collect())
    }

    /// What is to be expected of an execution.
    pub fn predictions(&self, case: &Case, setting: &Setting) -> Vec<Prediction<'d>> {
        let names = case.names(&setting.parameters);
        let role = setting.role.to_string();
        self.0
            .iter()
            .filter(|known| {
                known
                    .cases
                    .iter()
                    .any(|pattern| names.iter().any(|name| pattern.matches(name)))
                    && is_listed(known.roles, &role)
                    && known.prediction.deviation.shows_under(setting)
            })
            .map(|known| known.prediction)
            .collect()
    }
}

impl Deviation {
    /// Whether a peer of this name has it.
    pub fn concerns(&self, peer: &str) -> bool {
        any_matches(&self.peers, peer)
    }

    fn shows_under(&self, setting: &Setting) -> bool {
        is_listed(&self.families, &setting.family.to_string())
            && is_listed(&self.roles, &setting.role.to_string())
            && is_listed(&self.platforms, std::env::consts::OS)
    }
}

/// Whether a name is in a list that means all when it is empty.
fn is_listed(list: &[String], name: &str) -> bool {
    list.is_empty() || list.iter().any(|known| known == name)
}

fn any_matches(patterns: &[String], name: &str) -> bool {
    patterns
        .iter()
        .any(|pattern| WildMatch::new(pattern).matches(name))
}
