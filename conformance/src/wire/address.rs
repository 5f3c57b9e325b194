//! Addresses that have not been interpreted yet.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An address as the seed's API takes it: a pair or a string.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RawAddress {
    /// A host name and a port, which may be out of range.
    Pair(String, i64),
    /// The path of a socket file, or the name of a pipe.
    Text(String),
}

/// Formats the address as a Python literal.
impl fmt::Display for RawAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pair(host, port) => write!(f, "('{host}', {port})"),
            Self::Text(text) => write!(f, "'{text}'"),
        }
    }
}
