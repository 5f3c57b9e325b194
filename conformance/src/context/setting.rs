//! Under which circumstances a case is run.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use processing_connection::{Dialect, Family, Framing};
use serde::{Deserialize, Serialize};

use super::bare::Bare;

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
    /// The framing of the streams.
    pub fn framing(&self) -> Framing {
        self.dialect.framing()
    }
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
        if self.0.is_empty() {
            return Ok(());
        }
        let shown: Vec<String> = self
            .0
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        write!(f, "[{}]", shown.join(","))
    }
}
