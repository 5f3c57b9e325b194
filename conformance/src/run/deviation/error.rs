//! Errors in files of deviations.

use std::fmt::{self, Display};

use processing_connection::Family;
use thiserror::Error;

use super::Platform;
use super::file::{FORMAT, ROLES};
use super::pattern::UnknownCase;

/// A file of deviations is not valid.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DeviationError {
    /// The file is not TOML, or a member is missing, unknown or of the wrong type.
    #[error("{at}: {message}")]
    Form {
        /// The place of the error.
        at: Position,
        /// The message of the parser, in one line.
        message: String,
    },
    /// The file has a version of the form that this suite does not read.
    #[error("{at}: there is no format {format}; this version of the suite reads format {FORMAT}")]
    UnknownFormat {
        /// Where the version is.
        at: Position,
        /// The version.
        format: i64,
    },
    /// Two deviations have the same id.
    #[error("{at}: there are two deviations with the id `{id}`; the first one is at {first}")]
    DuplicateId {
        /// Where the second id is.
        at: Position,
        /// The id.
        id: String,
        /// Where the first id is.
        first: Position,
    },
    /// A deviation must describe its outcomes in one of two ways, and uses neither, both, or a part of one.
    #[error("{at}: the deviation `{id}` needs either `outcome` and `cases`, or `shows`")]
    OutcomeOrShows {
        /// Where the deviation's id is.
        at: Position,
        /// The id.
        id: String,
    },
    /// A family does not exist.
    #[error("{at}: unknown family `{name}`: expected {}", enumeration(&Family::ALL))]
    UnknownFamily {
        /// Where the name is.
        at: Position,
        /// The name.
        name: String,
    },
    /// A role does not exist.
    #[error("{at}: unknown role `{name}`: expected {}", enumeration(&ROLES))]
    UnknownRole {
        /// Where the name is.
        at: Position,
        /// The name.
        name: String,
    },
    /// A platform does not exist.
    #[error("{at}: unknown platform `{name}`: expected {}", enumeration(&Platform::ALL))]
    UnknownPlatform {
        /// Where the name is.
        at: Position,
        /// The name.
        name: String,
    },
    /// A pattern matches no case, or no execution.
    #[error("{at}: {reason}")]
    UnknownCase {
        /// Where the pattern is.
        at: Position,
        /// The reason why nothing matches.
        reason: UnknownCase,
    },
}

impl DeviationError {
    /// The place of the error in the file.
    pub fn position(&self) -> Position {
        match self {
            Self::Form { at, .. }
            | Self::UnknownFormat { at, .. }
            | Self::DuplicateId { at, .. }
            | Self::OutcomeOrShows { at, .. }
            | Self::UnknownFamily { at, .. }
            | Self::UnknownRole { at, .. }
            | Self::UnknownPlatform { at, .. }
            | Self::UnknownCase { at, .. } => *at,
        }
    }
}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
}

impl Position {
    /// The place of a byte of this text.
    pub(super) fn of(text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line = before.rsplit('\n').next().unwrap_or(before);
        Self {
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
        }
    }
}

impl Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Joins names, as in `listener or client`.
fn enumeration(names: &[impl Display]) -> String {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    match names.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_counts_lines_and_characters_from_one() {
        let text = "one\r\nzwölf = 12\n";
        for (byte, line, column) in [
            (0, 1, 1),
            (2, 1, 3),
            (5, 2, 1),
            (12, 2, 7),
            (text.len(), 3, 1),
            (text.len() + 1, 3, 1),
        ] {
            assert_eq!(Position::of(text, byte), Position { line, column });
        }
    }
}
