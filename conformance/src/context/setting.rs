//! Under which circumstances a case is run.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use processing_connection::Family;

use super::bare::Bare;
use super::id::execution_id;
use crate::testee::message::Hello;
pub use crate::wire::{Dialect, Framing, Role, Spoken};

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
                .find(|dialect| dialect.handshake == self.dialect.handshake)
                .or_else(|| other.known_dialects().next()),
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
}
