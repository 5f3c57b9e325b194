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
mod pair;
mod pipe;
mod robustness;
mod string;
mod vector;

use processing_connection::Family;

use crate::context::Context;
use crate::context::failure::CaseResult;
use crate::context::id::execution_id;
pub use crate::context::setting::{Parameters, Role};
pub use crate::requirements::Level;
use crate::testee::message::Profile;
use crate::wire::Framing;
use crate::wire::handshake::Scheme;

/// One test of one behaviour.
#[derive(Debug)]
pub struct Case {
    /// A stable name in words: the area, then the behaviour that is tested.
    pub id: &'static str,
    /// The ids that the case had in earlier versions of the suite, which still name it.
    pub aliases: &'static [&'static str],
    /// One sentence that describes the behaviour of a testee that passes.
    pub about: &'static str,
    /// Whether the behaviour is required, recommended or optional.
    pub level: Level,
    /// The requirements of PROTOCOL.md that the case tests; the first one is quoted when it fails.
    pub requirements: &'static [&'static str],
    /// Who plays the other end.
    pub kind: Kind,
    /// The ends that the testee plays, one in each execution.
    pub roles: &'static [Role],
    /// What the case requires of the testee, the family and the dialect.
    pub needs: Needs,
    /// The parameters that the case is run with for a framing, one execution for each. They may depend on the framing
    /// only in a case about streams.
    pub parameters: fn(Framing) -> Vec<Parameters>,
    /// The test.
    pub run: fn(&mut Context<'_>) -> CaseResult,
}

impl Case {
    /// A case in which the suite holds the other end of the wire; both roles, no parameters.
    const WIRE: Self = Self {
        id: "",
        aliases: &[],
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

    /// The ids that name the case: its own id first, then its aliases.
    pub fn ids(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.id).chain(self.aliases.iter().copied())
    }

    /// The id of the execution of the case with these parameters.
    pub fn execution(&self, parameters: &Parameters) -> String {
        execution_id(self.id, parameters.iter())
    }

    /// All names of the execution of the case with these parameters: its ids, with and without the parameters.
    pub fn names(&self, parameters: &Parameters) -> Vec<String> {
        self.ids()
            .flat_map(|id| [id.into(), execution_id(id, parameters.iter())])
            .collect()
    }

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
    /// The handshake that the dialect must have.
    pub handshake: Handshakes,
    /// An optional operation that the testee must have.
    pub operation: Option<&'static str>,
}

/// Which handshake a dialect must have for a case to make sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handshakes {
    /// Any handshake, or none.
    Any,
    /// No handshake.
    None,
    /// One of these handshakes.
    Among(&'static [Scheme]),
}

impl Handshakes {
    /// Whether a dialect with this handshake is suitable.
    pub fn allow(self, handshake: Option<Scheme>) -> bool {
        match self {
            Self::Any => true,
            Self::None => handshake.is_none(),
            Self::Among(schemes) => handshake.is_some_and(|scheme| schemes.contains(&scheme)),
        }
    }
}

impl Needs {
    /// The needs of a case that uses only connections and strings.
    pub const NOTHING: Self = Self {
        profile: Profile::Bytes,
        only: None,
        families: &[Family::Inet, Family::Unix, Family::Pipe],
        framings: Framing::ALL,
        handshake: Handshakes::Any,
        operation: None,
    };
    /// The needs of a case that uses objects, for which every profile with objects is enough.
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

/// Returns the parameters of a case that has none, and therefore one execution.
fn once(_: Framing) -> Vec<Parameters> {
    vec![Parameters::default()]
}

/// Returns one parameter with each of these values, for one execution each.
fn each<T: ToString>(name: &'static str, values: impl IntoIterator<Item = T>) -> Vec<Parameters> {
    values
        .into_iter()
        .map(|value| Parameters(vec![(name, value.to_string())]))
        .collect()
}

/// Returns one parameter with each of the names in a table as its value.
fn each_named<T>(name: &'static str, table: &[(&'static str, T)]) -> Vec<Parameters> {
    each(name, table.iter().map(|(known, _)| *known))
}

/// Returns every case, in the order of the areas.
pub fn catalogue() -> impl Iterator<Item = &'static Case> {
    [
        framing::CASES,
        framing::escape::CASES,
        string::CASES,
        object::CASES,
        address::CASES,
        listener::CASES,
        listener::unix_path::CASES,
        client::CASES,
        connection::CASES,
        closing::CASES,
        handshake::CASES,
        handshake::digest::CASES,
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::run::plan::Selection;

    const RENAMED: Case = Case {
        id: "framing/segmentation/cut",
        aliases: &["framing/split"],
        ..Case::WIRE
    };

    const TAKEN: Case = Case {
        id: "framing/taken",
        aliases: &["framing/empty/sent"],
        ..Case::WIRE
    };

    /// The ids and aliases that name more than one case, or one case twice.
    fn ambiguous<'c>(cases: impl Iterator<Item = &'c Case>) -> Vec<&'static str> {
        let mut seen = BTreeSet::new();
        cases
            .flat_map(Case::ids)
            .filter(|id| !seen.insert(*id))
            .collect()
    }

    #[test]
    fn an_alias_names_one_case_and_is_no_id() {
        assert_eq!(ambiguous(catalogue()), [""; 0]);
        assert_eq!(
            ambiguous(catalogue().chain([&TAKEN])),
            ["framing/empty/sent"]
        );
    }

    #[test]
    fn an_alias_selects_its_case_with_and_without_parameters() {
        let parameters = Parameters(vec![("at", "2".into())]);
        for (pattern, is_selected) in [
            ("framing/split", true),
            ("framing/split[at=2]", true),
            ("framing/sp*", true),
            ("framing/segmentation/cut[at=2]", true),
            ("framing/split[at=3]", false),
            ("framing/spli", false),
        ] {
            let selection = Selection {
                patterns: vec![pattern.into()],
                ..Selection::default()
            };
            assert_eq!(
                selection.takes(&RENAMED, &parameters),
                is_selected,
                "{pattern}"
            );
        }
        assert_eq!(
            RENAMED.execution(&parameters),
            "framing/segmentation/cut[at=2]"
        );
    }
}
