//! Under which circumstances a case is run.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use processing_connection::{Dialect, Family, Framing, Handshake};
use serde::{Deserialize, Serialize};

use super::bare::Bare;
use super::id::execution_id;
use crate::testee::message::Hello;

/// Under which circumstances a case is run.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The family of the addresses.
    pub family: Family,
    /// What the testee speaks.
    pub dialect: Dialect,
    /// Which end the testee plays.
    pub role: Role,
    /// The case's parameters.
    pub parameters: Parameters,
    /// How a testee without an adapter is reached.
    pub bare: Option<Arc<Bare>>,
    /// How long anything may take.
    pub patience: Duration,
}

impl Setting {
    /// What decides the bytes.
    pub fn spoken(&self) -> Spoken {
        Spoken {
            dialect: self.dialect,
            family: self.family,
        }
    }

    /// The framing of the streams; over `AF_PIPE` there is none.
    pub fn framing(&self) -> Option<Framing> {
        self.spoken().framing()
    }

    /// The dialect in which another testee can talk to one under this setting.
    pub fn dialect_of(&self, other: &Hello) -> Option<Dialect> {
        match self.framing() {
            Some(framing) => other.dialect_of(framing),
            None => other
                .known_dialects()
                .find(|dialect| dialect.handshake() == self.dialect.handshake())
                .or_else(|| other.known_dialects().next()),
        }
    }
}

/// A dialect over a family. Over `AF_PIPE` a message is a message: there the dialect's framing is not used, only its
/// handshake matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// The dialect, as a testee is told it.
    pub dialect: Dialect,
    /// The family.
    pub family: Family,
}

impl Spoken {
    /// How messages are delimited on a stream; none over `AF_PIPE`.
    pub fn framing(self) -> Option<Framing> {
        (self.family != Family::Pipe).then(|| self.dialect.framing())
    }

    /// Whether this dialect was meant by `asked`: by its name, or by its framing's alone, which for `AF_PIPE` is
    /// `message`. What was asked for with a framing is meant over `AF_PIPE` as well, which does not use it: there its
    /// handshake says which, and without one it is both.
    pub fn is_meant_by(self, asked: Self) -> bool {
        match (self.family, asked.family) {
            (Family::Pipe, _) => {
                [self.dialect.handshake(), Handshake::None].contains(&asked.dialect.handshake())
            }
            (_, Family::Pipe) => false,
            _ => [self.dialect, Dialect::new(self.dialect.framing())].contains(&asked.dialect),
        }
    }
}

/// The name of a dialect: over a stream, for which `AF_INET` stands, or, if it begins with `message`, over `AF_PIPE`.
impl FromStr for Spoken {
    type Err = UnknownDialect;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let over = |family, dialect: &str| {
            let dialect = dialect.parse().map_err(|_| UnknownDialect(name.into()))?;
            Ok(Self { dialect, family })
        };
        match name.strip_prefix(MESSAGE) {
            Some(handshake) => over(Family::Pipe, &format!("{}{handshake}", Framing::default())),
            None => over(Family::Inet, name),
        }
    }
}

/// No dialect has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown dialect {0:?}: valid are hex8, le32, be32, le32+hmac-sha1 and be32+hmac-sha1, and over AF_PIPE message and \
     message+hmac-sha1"
)]
pub struct UnknownDialect(String);

/// What stands in place of a framing where there is none.
const MESSAGE: &str = "message";

/// `be32+hmac-sha1`; over `AF_PIPE`, where nothing is framed, `message+hmac-sha1`.
impl fmt::Display for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dialect = self.dialect.to_string();
        match dialect.strip_prefix(&self.dialect.framing().to_string()) {
            Some(handshake) if self.family == Family::Pipe => write!(f, "{MESSAGE}{handshake}"),
            _ => f.write_str(&dialect),
        }
    }
}

/// What an implementation says that it speaks: its dialects, those that this suite does not know included, by the names
/// that they have in its families.
pub fn spoken_names(claims: &Hello) -> Vec<String> {
    let mut names = Vec::new();
    for &family in &claims.families {
        for name in &claims.dialects {
            let name = name.parse().map_or_else(
                |_| name.clone(),
                |dialect| Spoken { dialect, family }.to_string(),
            );
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// Which end the testee plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It listens.
    Listener,
    /// It connects.
    Client,
}

impl Role {
    /// The other end.
    pub fn other(self) -> Self {
        match self {
            Self::Listener => Self::Client,
            Self::Client => Self::Listener,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Listener => "listener",
            Self::Client => "client",
        })
    }
}

/// The parameters of one execution: names and values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Parameters(pub Vec<(&'static str, String)>);

impl Parameters {
    /// The value of a parameter that the case declares.
    ///
    /// # Panics
    ///
    /// When the case does not declare it, which is a fault of the case.
    pub fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| *known == name);
        &found
            .unwrap_or_else(|| panic!("the case has no parameter `{name}`"))
            .1
    }

    /// The value of a parameter that is a number.
    ///
    /// # Panics
    ///
    /// When the case does not declare it or gives it words, which is a fault of the case.
    pub fn number(&self, name: &str) -> usize {
        self.text(name)
            .parse()
            .unwrap_or_else(|_| panic!("parameter `{name}` is no number"))
    }
}

impl Parameters {
    /// The names and the values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// What a parameter stands for in its case's table.
    pub fn look_up<T: Copy>(&self, name: &str, table: &[(&'static str, T)]) -> T {
        let value = self.text(name);
        let found = table.iter().find(|(known, _)| *known == value);
        found
            .unwrap_or_else(|| panic!("`{name}` has no value `{value}`"))
            .1
    }
}

/// `[at=3,payload=5]`, or nothing.
impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&execution_id("", self.iter()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::{Implementation, Reference};

    #[test]
    fn over_a_pipe_only_the_handshake_of_a_dialect_is_told() {
        let told = |dialect: Dialect, family| Spoken { dialect, family }.to_string();
        for dialect in [Dialect::PROCESSING_0_21_C, Dialect::PROCESSING_0_30] {
            assert_eq!(told(dialect, Family::Pipe), "message+hmac-sha1");
            assert_eq!(told(dialect, Family::Inet), dialect.to_string());
            for family in [Family::Inet, Family::Pipe] {
                let name = told(dialect, family);
                assert_eq!(name.parse::<Spoken>().expect("a name").to_string(), name);
            }
        }
        assert_eq!(told(Dialect::PROCESSING_0_20_C, Family::Pipe), "message");
    }

    #[test]
    fn a_testee_speaks_its_dialects_by_their_names_in_its_families() {
        let claims = |families: &[Family]| Hello {
            families: families.to_vec(),
            dialects: ["be32", "le32+hmac-sha1", "be64"]
                .map(String::from)
                .to_vec(),
            ..Reference.hello()
        };
        let streams = ["be32", "le32+hmac-sha1", "be64"];
        let pipes = ["message", "message+hmac-sha1", "be64"];
        let both = [
            "be32",
            "le32+hmac-sha1",
            "be64",
            "message",
            "message+hmac-sha1",
        ];
        assert_eq!(
            spoken_names(&claims(&[Family::Inet, Family::Unix])),
            streams
        );
        assert_eq!(spoken_names(&claims(&[Family::Pipe])), pipes);
        assert_eq!(spoken_names(&claims(&[Family::Inet, Family::Pipe])), both);
    }

    #[test]
    fn a_dialect_is_meant_by_its_name_or_its_framings_and_over_a_pipe_by_its_handshake() {
        let named = |name: &str| name.parse::<Spoken>().expect("a name");
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
            let family = Family::Pipe;
            let over_pipes = Spoken {
                family,
                ..over_streams
            };
            assert_eq!(over_pipes.is_meant_by(named(asked)), pipes, "{asked}");
        }
        assert!(!named("message").is_meant_by(named("message+hmac-sha1")));
        assert!(!named("be32").is_meant_by(named("be32+hmac-sha1")));
    }

    #[test]
    fn what_is_no_dialect_is_answered_by_those_there_are() {
        for name in ["", "messages", "message+", "hex8+hmac-sha1", "AF_PIPE"] {
            let error = name.parse::<Spoken>().unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("unknown dialect {name:?}")),
                "{error}"
            );
            assert!(error.ends_with("message+hmac-sha1"), "{error}");
        }
    }
}
