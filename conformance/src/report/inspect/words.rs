//! Terms for the values in a capture.

use std::fmt;

use crate::wire::Step;
use crate::wire::handshake::Scheme;

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Processing => f.write_str("HMAC-SHA1, as in processing 0.21 and later"),
            Self::Md5 => f.write_str("HMAC-MD5, as in multiprocessing up to CPython 3.11"),
            Self::Named(digest) => write!(
                f,
                "{digest} by name, as in multiprocessing of CPython 3.12 and later"
            ),
        }
    }
}

/// A step in words.
pub(super) struct Named(pub(super) Step);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Step::ListenerChallenges => "the listener's challenge",
            Step::ClientAnswers => "the client's answer",
            Step::ListenerDecides => "the listener's verdict",
            Step::ClientChallenges => "the client's challenge",
            Step::ListenerAnswers => "the listener's answer",
            Step::ClientDecides => "the client's verdict",
        })
    }
}

pub(super) struct Bytes<N>(pub(super) N);

impl<N: fmt::Display + Copy + TryInto<u64>> fmt::Display for Bytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = if self.0.try_into().ok() == Some(1) {
            "byte"
        } else {
            "bytes"
        };
        write!(f, "{} {unit}", self.0)
    }
}

pub(super) struct Count(pub(super) u64, pub(super) &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0 == 1 { "" } else { "s" };
        write!(f, "{} {}{plural}", self.0, self.1)
    }
}

/// A position in a stream, in the form in which lines begin with it.
pub(super) struct At(pub(super) usize);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            same @ 0..=9 => write!(f, "byte {same}"),
            offset => write!(f, "byte {offset} ({offset:#x})"),
        }
    }
}
