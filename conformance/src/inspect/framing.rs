//! The framing of a capture, as a user specifies it.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::wire::Framing;

/// The framing of a capture, or `None` if messages have no header, as on a named pipe of Windows. If nothing shows
/// where a message without a header ends, all bytes are one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FramingOrNone(pub Option<Framing>);

impl FramingOrNone {
    /// Every framing, and `none`.
    pub fn all() -> impl Iterator<Item = Self> {
        let framings = Framing::ALL.iter().copied().map(Some);
        framings.chain([None]).map(Self)
    }
}

impl fmt::Display for FramingOrNone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(framing) => framing.fmt(f),
            None => f.pad("none"),
        }
    }
}

/// A name that is neither the name of a framing nor `none`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected one of {}", FramingOrNone::all().map(|known| known.to_string()).collect::<Vec<_>>().join(", "))]
pub struct UnknownFraming;

impl FromStr for FramingOrNone {
    type Err = UnknownFraming;

    /// Parses the name of a framing or of a dialect. The handshake, which follows a `+`, is ignored, because it is
    /// detected.
    fn from_str(name: &str) -> Result<Self, UnknownFraming> {
        let framing = name.split('+').next().unwrap_or_default();
        Self::all()
            .find(|known| known.to_string() == framing)
            .ok_or(UnknownFraming)
    }
}

impl From<Framing> for FramingOrNone {
    fn from(framing: Framing) -> Self {
        Self(Some(framing))
    }
}
