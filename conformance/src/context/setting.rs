//! The setting in which a case is run.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use processing_connection::Family;

use super::bare::Bare;
use super::id::execution_id;
use crate::testee::message::Hello;
pub use crate::wire::{Dialect, Framing, Role, Spoken};

/// The setting in which a case is run.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The family of the addresses.
    pub family: Family,
    /// The dialect that the testee speaks.
    pub dialect: Dialect,
    /// The end that the testee plays.
    pub role: Role,
    /// The case's parameters.
    pub parameters: Parameters,
    /// How a testee without an adapter is reached.
    pub bare: Option<Arc<Bare>>,
    /// How long each operation may take.
    pub patience: Duration,
}

impl Setting {
    /// The dialect and the family, which determine the bytes on the wire.
    pub fn spoken(&self) -> Spoken {
        Spoken {
            dialect: self.dialect,
            family: self.family,
        }
    }

    /// The framing, or `None` over `AF_PIPE`.
    pub fn framing(&self) -> Option<Framing> {
        self.spoken().framing()
    }

    /// The dialect in which another testee can communicate with the testee of this setting.
    pub fn dialect_of(&self, other: &Hello) -> Option<Dialect> {
        let mut known = other.known_dialects();
        match self.framing() {
            Some(framing) => known
                .find(|dialect| *dialect == self.dialect)
                .or_else(|| other.dialect_of(framing)),
            None => known
                .find(|dialect| dialect.handshake == self.dialect.handshake)
                .or_else(|| other.known_dialects().next()),
        }
    }
}

/// The dialects that an implementation claims to speak, by their names over its families. Dialects that this suite does
/// not know are included.
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
    /// Panics if the case does not declare it, which is a fault of the case.
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
    /// Panics if the case does not declare it or its value is not a number, which is a fault of the case.
    pub fn number(&self, name: &str) -> usize {
        self.text(name)
            .parse()
            .unwrap_or_else(|_| panic!("parameter `{name}` is not a number"))
    }
}

impl Parameters {
    /// The names and the values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// Looks up the value of a parameter in a table of the case.
    pub fn look_up<T: Copy>(&self, name: &str, table: &[(&'static str, T)]) -> T {
        let value = self.text(name);
        let found = table.iter().find(|(known, _)| *known == value);
        found
            .unwrap_or_else(|| panic!("`{name}` has no value `{value}`"))
            .1
    }
}

/// `[at=3,payload=5]`, or an empty string.
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
    fn dialects_are_named_as_over_the_families_of_a_testee() {
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
