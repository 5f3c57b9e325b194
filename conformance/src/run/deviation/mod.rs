//! Known faults of known peers, with the outcome that each is expected to have.
//!
//! The suite's own are in `src/peers/deviations/`. `--deviations FILE` adds a file of the same form, for the faults of
//! another implementation. This one uses every member:
//!
#![doc = concat!("```toml\n", include_str!("example.toml"), "```")]
//!
//! A file that names a family, a role, a platform, a case or a parameter that does not exist is refused with the line
//! and the column of the name; see [`DeviationError`].

mod error;
mod file;
mod pattern;
mod platform;

use processing_connection::Family;
use serde::Deserialize;
use wildmatch::WildMatch;

pub use error::{DeviationError, Position};
pub use pattern::{CasePattern, UnknownCase};
pub use platform::Platform;

use crate::cases::{Case, Role};
use crate::context::Setting;
use crate::context::outcome::{Outcome, OutcomePattern};
use crate::peers::DEVIATIONS;

/// A known fault.
#[derive(Clone, Debug)]
pub struct Deviation {
    /// Stable, in words.
    pub id: String,
    /// The testees that have it, with `*` and `?`.
    pub peers: Vec<String>,
    /// The families in which it shows; all when empty.
    pub families: Vec<Family>,
    /// The roles in which it shows; all when empty.
    pub roles: Vec<Role>,
    /// The operating systems on which it shows; all when empty.
    pub platforms: Vec<Platform>,
    /// What is seen of it, and where.
    pub shows: Vec<Showing>,
    /// How bad it is.
    pub severity: Severity,
    /// The first release that has it, if that is known.
    pub since: Option<String>,
    /// The last release that has it, if that is known.
    pub until: Option<String>,
    /// Where it was reported, if that is known.
    pub reported: Option<String>,
    /// Where in the peer's source the reason is.
    pub source: String,
    /// What happens and why.
    pub why: String,
}

/// One thing that is seen of a fault.
#[derive(Clone, Debug)]
pub struct Showing {
    /// What happens, in the words of the report, with `*` and `?`. Anything else is a failure.
    pub outcome: OutcomePattern,
    /// The executions in which it happens.
    pub cases: Vec<CasePattern>,
    /// Those of the fault's testees with which it happens; all of them when empty.
    pub peers: Vec<String>,
    /// Those of the fault's roles in which it happens; all of them when empty.
    pub roles: Vec<Role>,
}

/// What a known fault predicts for one execution.
#[derive(Clone, Copy, Debug)]
pub struct Prediction<'d> {
    /// The fault.
    pub deviation: &'d Deviation,
    /// What must happen, with `*` and `?`.
    pub outcome: &'d OutcomePattern,
}

impl Prediction<'_> {
    /// Whether this outcome is the predicted one.
    pub fn agrees_with(&self, outcome: &Outcome) -> bool {
        self.outcome.matches(outcome)
    }

    /// Whether it shows only when a deadline has passed.
    pub fn takes_the_deadline(&self) -> bool {
        self.outcome.takes_the_deadline()
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

/// A collection of deviations.
#[derive(Clone, Debug, Default)]
pub struct Deviations(Vec<Deviation>);

impl Deviations {
    /// Those of the peers that this suite knows.
    ///
    /// # Panics
    ///
    /// Never: a test reads the same files.
    pub fn known() -> Self {
        let files = DEVIATIONS.into_iter().map(|(name, text)| {
            Self::parse(text)
                .unwrap_or_else(|error| panic!("the suite's own deviations: {name}: {error}"))
        });
        files.fold(Self::default(), Self::and)
    }

    /// Reads a file of the form that [this module](self) describes.
    pub fn parse(text: &str) -> Result<Self, DeviationError> {
        file::read(text).map(Self)
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
    roles: &'d [Role],
    cases: &'d [CasePattern],
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
                cases: &showing.cases,
            });
        Self(showings.collect())
    }

    /// What is to be expected of an execution.
    pub fn predictions(&self, case: &Case, setting: &Setting) -> Vec<Prediction<'d>> {
        let names = case.names(&setting.parameters);
        self.0
            .iter()
            .filter(|known| {
                known.cases.iter().any(|pattern| pattern.matches(&names))
                    && is_listed(known.roles, setting.role)
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
        is_listed(&self.families, setting.family)
            && is_listed(&self.roles, setting.role)
            && (self.platforms.is_empty()
                || Platform::here().is_some_and(|here| self.platforms.contains(&here)))
    }
}

/// Whether something is in a list that means everything when it is empty.
fn is_listed<T: PartialEq>(list: &[T], one: T) -> bool {
    list.is_empty() || list.contains(&one)
}

fn any_matches(patterns: &[String], name: &str) -> bool {
    patterns
        .iter()
        .any(|pattern| WildMatch::new(pattern).matches(name))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::*;
    use crate::adapter::{Implementation, Reference};
    use crate::peers;
    use crate::run::plan::{Selection, plan};

    #[test]
    fn the_example_is_valid_and_has_every_member() {
        let example = Deviations::parse(include_str!("example.toml")).expect("it is valid");
        insta::assert_debug_snapshot!(example);
    }

    #[test]
    fn the_files_of_the_suite_declare_their_format_and_their_ids_are_unique() {
        let mut ids = BTreeSet::new();
        for (name, text) in DEVIATIONS {
            assert!(text.lines().any(|line| line == "format = 1"), "{name}");
            let file = Deviations::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            for Deviation { id, .. } in file.iter() {
                assert!(ids.insert(id.clone()), "{name}: {id}");
            }
        }
        assert_eq!(Deviations::known().iter().count(), ids.len());
    }

    #[test]
    fn every_pattern_of_a_peer_in_the_files_of_the_suite_matches_one() {
        let is_of = |pattern: &str, deviation: &Deviation| {
            let mut peers = peers::matching(pattern).into_iter();
            peers.any(|peer| deviation.concerns(&peer.name))
        };
        for deviation in Deviations::known().iter() {
            let of_showings = deviation.shows.iter().flat_map(|showing| &showing.peers);
            for pattern in deviation.peers.iter().chain(of_showings) {
                assert!(is_of(pattern, deviation), "{}: {pattern}", deviation.id);
            }
        }
    }

    #[test]
    fn a_deviation_is_predicted_where_everything_that_it_names_agrees() {
        let known = Deviations::parse(include_str!("example.toml")).expect("it is valid");
        let predicted = |testee: &str, role: Role, id: &str| -> Vec<String> {
            let selection = Selection {
                patterns: vec![id.into()],
                ..Selection::default()
            };
            let mut claims = Reference.hello();
            claims.families = vec![Family::Inet];
            let executions = plan(&claims, &selection, Duration::ZERO);
            let execution = executions
                .iter()
                .find(|execution| execution.setting.role == role)
                .expect("there is one");
            let known = known.of_testee(testee);
            known
                .predictions(execution.case, &execution.setting)
                .iter()
                .map(|prediction| format!("{}: {}", prediction.deviation.id, prediction.outcome))
                .collect()
        };
        let mine = "exec:./my-adapter --fast";
        let cut = "close-is-lost: *: error unclassified";
        for (testee, role, id, expected) in [
            (
                mine,
                Role::Client,
                "closing/end/after-message",
                vec!["close-is-lost: recv: hung"],
            ),
            (mine, Role::Listener, "closing/end/after-message", vec![]),
            (
                mine,
                Role::Listener,
                "closing/end/inside-payload[after=0]",
                vec![cut],
            ),
            (
                mine,
                Role::Listener,
                "closing/end/inside-payload[after=1]",
                vec![],
            ),
            (mine, Role::Client, "closing/gone/send-large", vec![cut]),
            ("reference", Role::Client, "closing/gone/send-large", vec![]),
            // Where the deviation is of another role, it is not, whatever the platform.
            (mine, Role::Client, "framing/empty/sent", vec![]),
        ] {
            assert_eq!(
                predicted(testee, role, id),
                expected,
                "{testee} {role} {id}"
            );
        }
        let here = ["linux", "macos"].contains(&std::env::consts::OS);
        let dropped = predicted(mine, Role::Listener, "framing/empty/received");
        assert_eq!(!dropped.is_empty(), here, "{dropped:?}");
    }
}
