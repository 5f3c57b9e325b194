//! The form of files of deviations: a file is parsed into types, or rejected with the place of the error.

use std::collections::BTreeMap;
use std::fmt::Display;

use processing_connection::Family;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;

use super::{CasePattern, Deviation, DeviationError, Platform, Position, Severity, Showing};
use crate::cases::Role;

/// The version of the form.
pub(super) const FORMAT: i64 = 1;
pub(super) const ROLES: [Role; 2] = [Role::Listener, Role::Client];

/// Reads a file. The error describes the first deviation that is not valid.
pub(super) fn read(text: &str) -> Result<Vec<Deviation>, DeviationError> {
    let reader = Reader { text };
    reader.check_format()?;
    let file: File = reader.parse()?;
    reader.check_ids(&file.deviation)?;
    file.deviation
        .into_iter()
        .map(|stanza| reader.deviation(stanza))
        .collect()
}

/// A whole file, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    // The version has already been checked.
    #[serde(rename = "format")]
    _format: Option<i64>,
    #[serde(default)]
    deviation: Vec<Stanza>,
}

/// One deviation, as it is written. Most deviations show in only one way, which needs no table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stanza {
    id: Spanned<String>,
    peers: Vec<String>,
    #[serde(default)]
    families: Vec<Spanned<String>>,
    #[serde(default)]
    roles: Vec<Spanned<String>>,
    #[serde(default)]
    platforms: Vec<Spanned<String>>,
    outcome: Option<String>,
    cases: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    shows: Vec<WrittenShowing>,
    severity: Severity,
    since: Option<String>,
    until: Option<String>,
    reported: Option<String>,
    source: String,
    why: String,
}

/// One way in which a deviation shows, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenShowing {
    outcome: String,
    cases: Vec<Spanned<String>>,
    #[serde(default)]
    peers: Vec<String>,
    #[serde(default)]
    roles: Vec<Spanned<String>>,
}

/// Parses a file. It keeps the text, so that errors have a place.
struct Reader<'t> {
    text: &'t str,
}

impl Reader<'_> {
    /// Checks the version before the members are read, because another version may have other members.
    fn check_format(&self) -> Result<(), DeviationError> {
        #[derive(Deserialize)]
        struct Head {
            format: Option<Spanned<i64>>,
        }
        match self.parse::<Head>()?.format {
            Some(format) if *format.get_ref() != FORMAT => Err(DeviationError::UnknownFormat {
                at: self.position(&format),
                format: format.into_inner(),
            }),
            _ => Ok(()),
        }
    }

    fn check_ids(&self, stanzas: &[Stanza]) -> Result<(), DeviationError> {
        let mut positions = BTreeMap::new();
        for Stanza { id, .. } in stanzas {
            let at = self.position(id);
            if let Some(first) = positions.insert(id.get_ref(), at) {
                return Err(DeviationError::DuplicateId {
                    at,
                    id: id.get_ref().clone(),
                    first,
                });
            }
        }
        Ok(())
    }

    fn deviation(&self, stanza: Stanza) -> Result<Deviation, DeviationError> {
        let families = self.families(&stanza.families)?;
        let roles = self.roles(&stanza.roles)?;
        let platforms = self.platforms(&stanza.platforms)?;
        let written = match (stanza.outcome, stanza.cases, stanza.shows) {
            (Some(outcome), Some(cases), shows) if shows.is_empty() => vec![WrittenShowing {
                outcome,
                cases,
                peers: Vec::new(),
                roles: Vec::new(),
            }],
            (None, None, shows) if !shows.is_empty() => shows,
            _ => {
                return Err(DeviationError::OutcomeOrShows {
                    at: self.position(&stanza.id),
                    id: stanza.id.into_inner(),
                });
            }
        };
        let shows: Result<Vec<Showing>, DeviationError> = written
            .into_iter()
            .map(|showing| self.showing(showing))
            .collect();
        Ok(Deviation {
            id: stanza.id.into_inner(),
            peers: stanza.peers,
            families,
            roles,
            platforms,
            shows: shows?,
            severity: stanza.severity,
            since: stanza.since,
            until: stanza.until,
            reported: stanza.reported,
            source: stanza.source,
            why: stanza.why,
        })
    }

    fn showing(&self, written: WrittenShowing) -> Result<Showing, DeviationError> {
        Ok(Showing {
            outcome: written.outcome.into(),
            cases: self.cases(&written.cases)?,
            peers: written.peers,
            roles: self.roles(&written.roles)?,
        })
    }

    fn families(&self, names: &[Spanned<String>]) -> Result<Vec<Family>, DeviationError> {
        self.each_of(&Family::ALL, names, |at, name| {
            DeviationError::UnknownFamily { at, name }
        })
    }

    fn roles(&self, names: &[Spanned<String>]) -> Result<Vec<Role>, DeviationError> {
        self.each_of(&ROLES, names, |at, name| DeviationError::UnknownRole {
            at,
            name,
        })
    }

    fn platforms(&self, names: &[Spanned<String>]) -> Result<Vec<Platform>, DeviationError> {
        self.each_of(&Platform::ALL, names, |at, name| {
            DeviationError::UnknownPlatform { at, name }
        })
    }

    fn cases(&self, patterns: &[Spanned<String>]) -> Result<Vec<CasePattern>, DeviationError> {
        patterns
            .iter()
            .map(|pattern| {
                let parsed = pattern.get_ref().parse();
                parsed.map_err(|reason| DeviationError::UnknownCase {
                    at: self.position(pattern),
                    reason,
                })
            })
            .collect()
    }

    /// Returns the values among `all` that these names stand for.
    fn each_of<T: Copy + Display>(
        &self,
        all: &[T],
        names: &[Spanned<String>],
        unknown: impl Fn(Position, String) -> DeviationError,
    ) -> Result<Vec<T>, DeviationError> {
        names
            .iter()
            .map(|name| {
                let found = all.iter().find(|one| one.to_string() == *name.get_ref());
                found
                    .copied()
                    .ok_or_else(|| unknown(self.position(name), name.get_ref().clone()))
            })
            .collect()
    }

    fn parse<T: DeserializeOwned>(&self) -> Result<T, DeviationError> {
        toml::from_str(self.text).map_err(|error| DeviationError::Form {
            at: Position::of(self.text, error.span().map_or(0, |span| span.start)),
            message: error.message().into(),
        })
    }

    fn position<T>(&self, value: &Spanned<T>) -> Position {
        Position::of(self.text, value.span().start)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    const VALID: &str = r#"format = 1

[[deviation]]
id = "first"
peers = ["reference"]
families = ["AF_INET", "AF_UNIX"]
roles = ["listener"]
platforms = ["linux"]
cases = ["framing/length/hostile[length=0x80000000]", "framing/empty/*"]
outcome = "recv_string: hung"
severity = "major"
source = "first.rs"
why = "It is the first."

[[deviation]]
id = "second"
peers = ["reference"]
severity = "minor"
source = "second.rs"
why = "It is the second."
shows = [
  { outcome = "recv: hung", cases = ["closing/end/after-message"], roles = ["client"] },
]
"#;

    #[test]
    fn what_is_wrong_is_told_with_its_place_and_what_would_be_right() {
        let mut refusals = String::new();
        for (what, right, wrong) in [
            ("family", "AF_UNIX", "AF_UNX"),
            ("role", "listener", "server"),
            ("role of a showing", "client", "Client"),
            ("platform", "\"linux\"", "\"darwin\""),
            ("case", "framing/empty/*", "framing/emtpy/*"),
            ("case of a showing", "after-message", "before-message"),
            ("value of a parameter", "0x80000000", "0x8"),
            ("name of a parameter", "length=", "size="),
            (
                "parameter of a case without",
                "after-message",
                "after-message[after=0]",
            ),
            ("format", "format = 1", "format = 2\nauthors = []"),
            ("type of the format", "format = 1", "format = \"1\""),
            ("severity", "major", "serious"),
            ("member", "outcome", "outcomes"),
            (
                "member of a showing",
                "{ outcome",
                "{ severity = \"minor\", outcome",
            ),
            ("type", "\"first.rs\"", "1"),
            ("missing member", "source = \"first.rs\"\n", ""),
            ("id", "second\"", "first\""),
            (
                "neither outcome nor shows",
                "outcome = \"recv_string: hung\"\n",
                "",
            ),
            (
                "both outcome and shows",
                "why = \"It is the second",
                "outcome = \"\"\nwhy = \"",
            ),
            ("end of a string", "first.rs\"", "first.rs"),
        ] {
            let text = VALID.replacen(right, wrong, 1);
            let error = read(&text).expect_err(what);
            let _ = writeln!(refusals, "{what}: {error}");
        }
        insta::assert_snapshot!(refusals);
    }

    #[test]
    fn the_first_of_several_is_told() {
        let text = VALID
            .replace("AF_UNIX", "AF_UNX")
            .replace("first\"", "second\"");
        let error = read(&text.replace("\"client\"", "\"server\"")).unwrap_err();
        assert!(
            matches!(error, DeviationError::DuplicateId { .. }),
            "{error}"
        );
        let text = VALID
            .replace("linux", "darwin")
            .replace("\"client\"", "\"server\"");
        let error = read(&text).unwrap_err();
        let at = Position {
            line: 8,
            column: 14,
        };
        let name = "darwin".into();
        assert_eq!(error, DeviationError::UnknownPlatform { at, name });
        assert_eq!(error.position(), at);
    }

    #[test]
    fn a_file_may_leave_out_its_format_and_have_no_deviations() {
        assert_eq!(read("").map(|all| all.len()), Ok(0));
        let without = VALID.replace("format = 1", "");
        assert_eq!(read(&without).map(|all| all.len()), Ok(2));
    }
}
