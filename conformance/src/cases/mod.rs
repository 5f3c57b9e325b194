//! The catalogue: every case is one literal and one function in the file of its area.
//!
//! To add a case, write the function in the file whose name the id begins with, and the literal in that file's
//! `CASES`. No other file changes.

mod address;
mod bare;
mod client;
mod closing;
mod connection;
mod framing;
mod handshake;
mod listener;
mod object;
pub(crate) mod objects;
mod pair;
mod pipe;
mod robustness;
mod string;
mod vector;

use processing_connection::{Family, Framing, Handshake};

use crate::context::Context;
use crate::context::failure::Outcome;
pub use crate::context::setting::{Parameters, Role};
pub use crate::requirements::Level;
use crate::testee::message::Profile;

/// One test of one behaviour.
#[derive(Debug)]
pub struct Case {
    /// Stable, in words: the area, then what is tested.
    pub id: &'static str,
    /// One sentence that says what a testee that passes does.
    pub about: &'static str,
    /// Whether the behaviour is required, recommended or optional.
    pub level: Level,
    /// The requirements of PROTOCOL.md that the case tests; the first one is quoted when it fails.
    pub requirements: &'static [&'static str],
    /// Who plays the other end.
    pub kind: Kind,
    /// The ends that the testee plays, one after the other.
    pub roles: &'static [Role],
    /// What the case requires beyond that.
    pub needs: Needs,
    /// The parameters that the case is run with for a framing, one execution for each. They may depend on the framing
    /// only in a case about streams.
    pub parameters: fn(Framing) -> Vec<Parameters>,
    /// The test.
    pub run: fn(&mut Context<'_>) -> Outcome,
}

impl Case {
    /// A case in which the suite holds the other end of the wire; both roles, no parameters.
    const WIRE: Self = Self {
        id: "",
        about: "",
        level: Level::Must,
        requirements: &[],
        kind: Kind::Wire,
        roles: &[Role::Listener, Role::Client],
        needs: Needs::NOTHING,
        parameters: once,
        run: |_| Ok(()),
    };
    /// A case about listeners, in which the suite is the client.
    const LISTENER: Self = Self {
        roles: &[Role::Listener],
        ..Self::WIRE
    };
    /// A case about clients, in which the suite is the listener.
    const CLIENT: Self = Self {
        roles: &[Role::Client],
        ..Self::WIRE
    };
    /// A case in which two testees talk to each other.
    const PAIR: Self = Self {
        kind: Kind::Pair,
        ..Self::WIRE
    };
    /// A case for a running server that returns each object in a list.
    const BARE_SERVER: Self = Self {
        kind: Kind::BareServer,
        roles: &[Role::Listener],
        ..Self::WIRE
    };
    /// A case for a client like the one in the seed's example.
    const BARE_CLIENT: Self = Self {
        kind: Kind::BareClient,
        roles: &[Role::Client],
        ..Self::WIRE
    };

    /// The area: the part of the id before the first slash.
    pub fn area(&self) -> &'static str {
        self.id.split('/').next().unwrap_or(self.id)
    }
}

/// Who plays the other end of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The suite, on the raw wire.
    Wire,
    /// Another testee.
    Pair,
    /// The other flavour of the testee's release, when it frames differently.
    Flavours,
    /// The suite, as a client of a server without an adapter.
    BareServer,
    /// The suite, as the server of a client without an adapter.
    BareClient,
}

/// What a case requires of the testee, the family and the dialect.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    /// The smallest profile that is enough.
    pub profile: Profile,
    /// The exact profile, if a larger one is not acceptable.
    pub only: Option<Profile>,
    /// The families in which the case makes sense: a stream carries bytes, a pipe only messages.
    pub families: &'static [Family],
    /// The framings in which the case makes sense, for families that are framed.
    pub framings: &'static [Framing],
    /// The handshake that the dialect must have, if that matters.
    pub handshake: Option<Handshake>,
    /// An optional operation that the testee must have.
    pub operation: Option<&'static str>,
}

impl Needs {
    /// Nothing but a connection.
    pub const NOTHING: Self = Self {
        profile: Profile::Bytes,
        only: None,
        families: &[Family::Inet, Family::Unix, Family::Pipe],
        framings: &[Framing::Hex8, Framing::Le32, Framing::Be32],
        handshake: None,
        operation: None,
    };
    /// Objects, whatever the profile.
    pub const OBJECTS: Self = Self {
        profile: Profile::Serde,
        ..Self::NOTHING
    };

    /// Restricts the case to one stream family, `AF_UNIX` where it is available, and `AF_PIPE`. This is for cases with
    /// many payloads, for which the kind of stream makes no difference.
    const fn over_one_family(self) -> Self {
        Self {
            families: if cfg!(unix) {
                &[Family::Unix, Family::Pipe]
            } else {
                &[Family::Inet, Family::Pipe]
            },
            ..self
        }
    }

    /// Restricts the case to the stream families: it is about bytes, and a pipe carries only messages.
    const fn over_streams(self) -> Self {
        Self {
            families: &[Family::Inet, Family::Unix],
            ..self
        }
    }

    /// Restricts the case to `AF_PIPE`.
    const fn over_pipes(self) -> Self {
        Self {
            families: &[Family::Pipe],
            ..self
        }
    }
}

/// No parameters: one execution.
fn once(_: Framing) -> Vec<Parameters> {
    vec![Parameters::default()]
}

/// One parameter with these values: one execution for each.
fn each<T: ToString>(name: &'static str, values: impl IntoIterator<Item = T>) -> Vec<Parameters> {
    values
        .into_iter()
        .map(|value| Parameters(vec![(name, value.to_string())]))
        .collect()
}

/// One parameter whose values are the names in a table.
fn each_named<T>(name: &'static str, table: &[(&'static str, T)]) -> Vec<Parameters> {
    each(name, table.iter().map(|(known, _)| *known))
}

/// Every case, in the order of the areas.
pub fn catalogue() -> impl Iterator<Item = &'static Case> {
    [
        framing::CASES,
        string::CASES,
        object::CASES,
        address::CASES,
        listener::CASES,
        listener::unix_path::CASES,
        client::CASES,
        connection::CASES,
        closing::CASES,
        handshake::CASES,
        handshake::wrong::CASES,
        handshake::listener::CASES,
        handshake::pair::CASES,
        robustness::CASES,
        vector::CASES,
        pair::CASES,
        pipe::CASES,
        pipe::boundary::CASES,
        pipe::end::CASES,
        pipe::instance::CASES,
        bare::CASES,
    ]
    .into_iter()
    .flatten()
}
