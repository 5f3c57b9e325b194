//! Known faults of known peers, with the outcome that each is expected to have.
//!
//! The suite's own deviations are in `src/peers/deviations/`. `--deviations FILE` adds a file of the same form, for the
//! faults of another implementation. This example uses every member:
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
    /// A stable name, in words.
    pub id: String,
    /// The testees that have the fault. `*` and `?` are wildcards.
    pub peers: Vec<String>,
    /// The families in which the fault shows. An empty list means all.
    pub families: Vec<Family>,
    /// The roles in which the fault shows. An empty list means all.
    pub roles: Vec<Role>,
    /// The operating systems on which the fault shows. An empty list means all.
    pub platforms: Vec<Platform>,
    /// The outcomes in which the fault shows, and their executions.
    pub shows: Vec<Showing>,
    /// The severity of the fault.
    pub severity: Severity,
    /// The first release that has the fault, if it is known.
    pub since: Option<String>,
    /// The last release that has the fault, if it is known.
    pub until: Option<String>,
    /// The place where the fault was reported, if it is known.
    pub reported: Option<String>,
    /// The place in the source of the testee that causes the fault.
    pub source: String,
    /// What happens and why.
    pub why: String,
}

/// One outcome in which a fault shows.
#[derive(Clone, Debug)]
pub struct Showing {
    /// The outcome, in the words of the report. `*` and `?` are wildcards. Any other outcome is a failure.
    pub outcome: OutcomePattern,
    /// The executions that have this outcome.
    pub cases: Vec<CasePattern>,
    /// The testees with the fault to which this is restricted. An empty list means all of them.
    pub peers: Vec<String>,
    /// The roles of the fault to which this is restricted. An empty list means all of them.
    pub roles: Vec<Role>,
}

/// What a known fault predicts for one execution.
#[derive(Clone, Copy, Debug)]
pub struct Prediction<'d> {
    /// The fault.
    pub deviation: &'d Deviation,
    /// The predicted outcome, in which `*` and `?` are wildcards.
    pub outcome: &'d OutcomePattern,
}

impl Prediction<'_> {
    /// Whether this outcome is the predicted one.
    pub fn agrees_with(&self, outcome: &Outcome) -> bool {
        self.outcome.matches(outcome)
    }

    /// Whether the outcome shows only after a deadline has passed.
    pub fn takes_the_deadline(&self) -> bool {
        self.outcome.takes_the_deadline()
    }
}

/// The severity of a deviation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// An error has the wrong kind, which harms nobody.
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
    /// Returns the deviations of the peers that this suite knows.
    ///
    /// # Panics
    ///
    /// Never, because a test reads the same files.
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

    /// Returns these deviations together with `others`.
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// Returns an iterator over all deviations.
    pub fn iter(&self) -> impl Iterator<Item = &Deviation> {
        self.0.iter()
    }

    /// Returns the deviations of one testee, which has this name on the command line.
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
    /// Returns those of these deviations that a testee has. `testee` is its name on the command line.
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

    /// Returns the predictions for an execution.
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
    /// Whether a peer with this name has the fault.
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
            // The deviation does not show in another role, whatever the platform is.
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
