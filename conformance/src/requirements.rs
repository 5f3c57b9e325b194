//! The requirements of the specification, parsed from its text.

use std::fmt;
use std::sync::LazyLock;

use processing_connection::protocol;
use serde::{Deserialize, Serialize};

/// The level of a requirement, as in RFC 2119.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// The requirement is optional.
    May,
    /// The requirement is recommended.
    Should,
    /// The requirement is mandatory.
    Must,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::May => "MAY",
            Self::Should => "SHOULD",
            Self::Must => "MUST",
        })
    }
}

/// One normative sentence of PROTOCOL.md.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// A stable name, such as `framing.empty`.
    pub id: String,
    /// Its level.
    pub level: Level,
    /// The sentence.
    pub text: String,
    /// The source from which it was derived.
    pub source: String,
}

/// All requirements, in the order of the text.
pub fn requirements() -> &'static [Requirement] {
    static REQUIREMENTS: LazyLock<Vec<Requirement>> = LazyLock::new(|| parse(protocol::TEXT));
    &REQUIREMENTS
}

/// Finds a requirement by its id.
pub fn requirement(id: &str) -> Option<&'static Requirement> {
    requirements()
        .iter()
        .find(|requirement| requirement.id == id)
}

/// Parses every item of the form ``- `id` **LEVEL** sentence`` with its source.
fn parse(text: &str) -> Vec<Requirement> {
    let mut found = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((id, level, beginning)) = item(line) else {
            continue;
        };
        let mut body = beginning.to_owned();
        while let Some(continued) = lines.next_if(|next| next.starts_with("  ")) {
            body.push(' ');
            body.push_str(continued.trim());
        }
        let (sentence, source) = body.split_once("*Source:").unwrap_or((&body, ""));
        found.push(Requirement {
            id: id.into(),
            level,
            text: sentence.trim().into(),
            source: source.trim().trim_end_matches('*').into(),
        });
    }
    found
}

fn item(line: &str) -> Option<(&str, Level, &str)> {
    let (id, rest) = line.strip_prefix("- `")?.split_once("` **")?;
    let (level, sentence) = rest.split_once("** ")?;
    let level = match level {
        "MUST" => Level::Must,
        "SHOULD" => Level::Should,
        "MAY" => Level::May,
        _ => return None,
    };
    Some((id, level, sentence))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::cases::catalogue;

    #[test]
    fn every_requirement_has_a_sentence_and_a_source() {
        assert!(requirements().len() > 60, "{}", requirements().len());
        for requirement in requirements() {
            assert!(
                requirement.text.ends_with(['.', ')']),
                "{}: {}",
                requirement.id,
                requirement.text
            );
            assert!(!requirement.source.is_empty(), "{}", requirement.id);
        }
    }

    #[test]
    fn every_framing_is_specified_by_a_requirement_that_exists() {
        for framing in crate::wire::Framing::ALL {
            let id = framing.requirement();
            assert!(requirement(id).is_some(), "{framing} cites `{id}`");
        }
    }

    #[test]
    fn the_ids_of_requirements_are_unique() {
        let mut seen = BTreeSet::new();
        for requirement in requirements() {
            assert!(seen.insert(&requirement.id), "{}", requirement.id);
        }
    }

    #[test]
    fn every_case_cites_requirements_that_exist() {
        for case in catalogue() {
            assert!(
                !case.requirements.is_empty(),
                "{} cites no requirement",
                case.id
            );
            for id in case.requirements {
                assert!(
                    requirement(id).is_some(),
                    "{} cites `{id}`, which does not exist",
                    case.id
                );
            }
        }
    }

    #[test]
    fn every_requirement_has_a_case() {
        let tested: BTreeSet<&str> = catalogue()
            .flat_map(|case| case.requirements)
            .copied()
            .collect();
        for requirement in requirements() {
            assert!(
                tested.contains(requirement.id.as_str()),
                "no case tests `{}`",
                requirement.id
            );
        }
    }

    #[test]
    fn no_case_has_a_higher_level_than_the_requirement_that_it_cites_first() {
        for case in catalogue() {
            let first =
                requirement(case.requirements[0]).expect("another test checks that it exists");
            assert!(
                case.level <= first.level,
                "{} is a {}, but `{}` is a {}",
                case.id,
                case.level,
                first.id,
                first.level
            );
        }
    }

    #[test]
    fn ids_are_unique_and_well_formed() {
        let mut seen = BTreeSet::new();
        for case in catalogue() {
            assert!(seen.insert(case.id), "{} occurs twice", case.id);
            let words =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '/' | '-');
            assert!(case.id.chars().all(words), "{}", case.id);
            assert!(case.about.ends_with('.'), "{}: {}", case.id, case.about);
        }
        assert!(seen.len() >= 120, "{} case ids", seen.len());
    }
}
