//! Addresses before anybody has decided what they mean.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A pair or a string, as in the seed's API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RawAddress {
    /// A tuple of host name and port. The port may be out of range.
    Pair(String, i64),
    /// A path, or the name of a pipe.
    Text(String),
}

/// As Python writes it.
impl fmt::Display for RawAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pair(host, port) => write!(f, "('{host}', {port})"),
            Self::Text(text) => write!(f, "'{text}'"),
        }
    }
}
