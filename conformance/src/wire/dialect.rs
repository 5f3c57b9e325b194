//! Dialects: everything that decides the bytes.

use std::fmt;
use std::str::FromStr;

use processing_connection::Family;

use super::framing::Framing;
use super::handshake::Scheme;

/// The framing of streams, and the handshake that takes place when a key is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dialect {
    /// How messages are delimited on a stream.
    pub framing: Framing,
    /// How the ends prove to each other that they have the key, or `None` if no key can be given.
    pub handshake: Option<Scheme>,
}

impl Dialect {
    /// The dialect with this framing and no handshake.
    pub const fn new(framing: Framing) -> Self {
        Self {
            framing,
            handshake: None,
        }
    }

    /// Every dialect: every framing without a handshake, and every scheme with its framings.
    pub fn all() -> impl Iterator<Item = Self> {
        handshakes().flat_map(|handshake| {
            let framings = handshake.map_or(Framing::ALL, Scheme::framings);
            framings.iter().map(move |framing| Self {
                framing: *framing,
                handshake,
            })
        })
    }
}

/// No handshake, and each handshake.
fn handshakes() -> impl Iterator<Item = Option<Scheme>> {
    let schemes = Scheme::ALL.iter().copied().map(Some);
    [None].into_iter().chain(schemes)
}

/// `be32`, `be32+hmac-sha1`.
impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_name(f, &self.framing, self.handshake)
    }
}

fn write_name(
    f: &mut fmt::Formatter<'_>,
    delimited: &dyn fmt::Display,
    handshake: Option<Scheme>,
) -> fmt::Result {
    match handshake {
        Some(scheme) => f.pad(&format!("{delimited}+{}", scheme.name())),
        None => f.pad(&delimited.to_string()),
    }
}

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(name: &str) -> Result<Self, UnknownDialect> {
        Self::all()
            .find(|dialect| dialect.to_string() == name)
            .ok_or_else(|| UnknownDialect(name.into()))
    }
}

/// A dialect over a family.
///
/// Over `AF_PIPE` the system delimits messages. The framing of the dialect is not used there, and only its handshake
/// matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// The dialect that the testee is asked to speak.
    pub dialect: Dialect,
    /// The family.
    pub family: Family,
}

impl Spoken {
    /// How messages are delimited, or `None` over `AF_PIPE`.
    pub fn framing(self) -> Option<Framing> {
        (self.family != Family::Pipe).then_some(self.dialect.framing)
    }

    /// Whether `asked` selects this dialect: it is the same dialect, or names only a framing and this dialect has it.
    /// Over `AF_PIPE` the framing does not matter, so `asked` selects by its handshake, and selects everything if it
    /// has none.
    pub fn is_meant_by(self, asked: Self) -> bool {
        match (self.family, asked.family) {
            (Family::Pipe, _) => [self.dialect.handshake, None].contains(&asked.dialect.handshake),
            (_, Family::Pipe) => false,
            _ => [self.dialect, Dialect::new(self.dialect.framing)].contains(&asked.dialect),
        }
    }

    /// The names of all dialects: over a stream, and over `AF_PIPE`.
    pub fn names() -> impl Iterator<Item = String> {
        let over_streams = Dialect::all().map(|dialect| dialect.to_string());
        let over_pipes = handshakes().map(|handshake| over_pipe(handshake).to_string());
        over_streams.chain(over_pipes)
    }
}

/// Replaces the framing in the name of a dialect that has none.
const MESSAGE: &str = "message";

/// The dialect over `AF_PIPE` that has this handshake. Its framing does not matter.
fn over_pipe(handshake: Option<Scheme>) -> Spoken {
    Spoken {
        dialect: Dialect {
            framing: Framing::Be32,
            handshake,
        },
        family: Family::Pipe,
    }
}

/// Reads the name of a dialect: `message` and `message+hmac-sha1` are dialects over `AF_PIPE`, and all others are
/// dialects over a stream, represented by `AF_INET`.
impl FromStr for Spoken {
    type Err = UnknownDialect;

    fn from_str(name: &str) -> Result<Self, UnknownDialect> {
        let pipes = handshakes().map(over_pipe);
        if let Some(spoken) = pipes.into_iter().find(|spoken| spoken.to_string() == name) {
            return Ok(spoken);
        }
        Ok(Self {
            dialect: name.parse()?,
            family: Family::Inet,
        })
    }
}

/// `be32+hmac-sha1`, or `message+hmac-sha1` over `AF_PIPE`.
impl fmt::Display for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.framing() {
            Some(_) => self.dialect.fmt(f),
            None => write_name(f, &MESSAGE, self.dialect.handshake),
        }
    }
}

/// A name that no dialect has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown dialect {0:?}: expected one of {names}", names = Spoken::names().collect::<Vec<_>>().join(", "))]
pub struct UnknownDialect(String);

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Spoken {
        name.parse().expect("this is the name of a dialect")
    }

    #[test]
    fn every_name_is_parsed_as_the_dialect_that_it_names() {
        for name in Spoken::names() {
            assert_eq!(named(&name).to_string(), name);
        }
        for dialect in Dialect::all() {
            assert_eq!(dialect.to_string().parse(), Ok(dialect));
        }
    }

    #[test]
    fn the_name_of_a_dialect_over_a_pipe_contains_only_the_handshake() {
        for name in ["le32+hmac-sha1", "be32+hmac-sha1", "hex8+hmac-sha1"] {
            let over_pipe = Spoken {
                family: Family::Pipe,
                ..named(name)
            };
            assert_eq!(over_pipe.to_string(), "message+hmac-sha1");
        }
        assert_eq!(named("message").to_string(), "message");
    }

    #[test]
    fn a_dialect_is_selected_by_its_name_or_its_framing_and_over_a_pipe_by_its_handshake() {
        let over_streams = named("be32+hmac-sha1");
        for (asked, streams, pipes) in [
            ("be32+hmac-sha1", true, true),
            ("be32", true, true),
            ("le32+hmac-sha1", false, true),
            ("le32", false, true),
            ("message+hmac-sha1", false, true),
            ("message", false, true),
        ] {
            assert_eq!(over_streams.is_meant_by(named(asked)), streams, "{asked}");
            let over_pipes = Spoken {
                family: Family::Pipe,
                ..over_streams
            };
            assert_eq!(over_pipes.is_meant_by(named(asked)), pipes, "{asked}");
        }
        assert!(!named("message").is_meant_by(named("message+hmac-sha1")));
        assert!(!named("be32").is_meant_by(named("be32+hmac-sha1")));
    }

    #[test]
    fn the_error_for_an_unknown_name_lists_the_known_names() {
        for name in [
            "",
            "messages",
            "message+",
            "be32+named",
            "hex8+hmac-md5",
            "AF_PIPE",
        ] {
            let error = name.parse::<Spoken>().unwrap_err().to_string();
            assert_eq!(
                error,
                format!(
                    "unknown dialect {name:?}: expected one of hex8, le32, be32, be32x, hex8+hmac-sha1, \
                     le32+hmac-sha1, be32+hmac-sha1, be32+hmac-md5, be32x+hmac-md5, be32+digest-named, \
                     be32x+digest-named, message, message+hmac-sha1, message+hmac-md5, message+digest-named"
                )
            );
        }
    }
}
