//! From the testees that the command line names to testees that can be started.

use std::sync::Arc;
use std::time::Duration;

use processing_conformance::adapter::InProcess;
use processing_conformance::adapter::Reference;
use processing_conformance::context::bare::Bare;
use processing_conformance::context::setting::Spoken;
use processing_conformance::peers::{self, InstallError, Installed, Peer, Peers};
use processing_conformance::testee::Testee;
use processing_conformance::testee::child::{ChildLink, Program};
use processing_conformance::testee::message::{Hello, PROTOCOL, Profile, RawAddress};
use processing_conformance::testee::session::{Session, Trouble};
use processing_conformance::wire::handshake::Scheme;
use processing_conformance::wire::{Dialect, Door, Framing, Transcript};
use processing_connection::Family;

use super::Refusal;
use super::args::{RunArguments, StoreArguments};

/// What a testee that never said what it speaks is taken to speak: the dialect of `processing` 0.30 and later.
const PREFERRED: Dialect = Dialect {
    framing: Framing::Be32,
    handshake: Some(Scheme::Processing),
};
/// What a testee without an adapter is taken to speak, unless it is said.
const WITHOUT_KEY: Dialect = Dialect::new(Framing::Be32);

/// Somebody to judge.
pub(super) enum Target {
    /// The reference.
    Reference,
    /// A peer that is here.
    Peer(&'static Peer, Box<Installed>),
    /// A peer that is not here.
    Absent(&'static Peer, String),
    /// An adapter.
    Exec(String, Program),
    /// A program without an adapter.
    Bare(String, Arc<Bare>, Spoken),
}

impl Target {
    /// Everybody that one testee of the command line names.
    pub(super) fn all(testee: &Testee, arguments: &RunArguments) -> Result<Vec<Self>, Refusal> {
        Ok(match testee {
            Testee::Reference => vec![Self::Reference],
            Testee::Exec(program) => vec![Self::Exec(testee.to_string(), program.clone())],
            Testee::Peer(pattern) => {
                let found = named(pattern)?;
                prepare(&found, &arguments.store);
                found
                    .into_iter()
                    .map(|peer| Self::peer(peer, &arguments.store))
                    .collect()
            }
            Testee::Connect(address) => {
                let family = family(address)?;
                let spoken = spoken(family, &arguments.dialect)?;
                let bare = Arc::new(Bare::server(address.clone()));
                vec![Self::Bare(testee.to_string(), bare, spoken)]
            }
            Testee::Listen(address) => {
                let family = family(address)?;
                let spoken = spoken(family, &arguments.dialect)?;
                let door = Door::open_at(
                    address,
                    spoken.dialect.framing,
                    arguments.deadline,
                    &Transcript::begin(),
                )
                .map_err(|error| Refusal::usage(format!("cannot listen at {address}: {error}")))?;
                let bare = Arc::new(Bare::client(door, arguments.wait));
                vec![Self::Bare(testee.to_string(), bare, spoken)]
            }
        })
    }

    /// A peer, installed if need be and if allowed.
    pub(super) fn peer(peer: &'static Peer, store: &StoreArguments) -> Self {
        match look_up(peer, store) {
            Ok(installed) => Self::Peer(peer, Box::new(installed)),
            Err(reason) => Self::Absent(peer, reason),
        }
    }

    /// As on the command line.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Reference => "reference".into(),
            Self::Peer(peer, _) | Self::Absent(peer, _) => format!("peer:{}", peer.name),
            Self::Exec(name, _) | Self::Bare(name, ..) => name.clone(),
        }
    }

    /// A fresh session.
    pub(super) fn start(&self, patience: Duration) -> Result<Session, Trouble> {
        match self {
            Self::Reference => Session::open(Box::new(InProcess::start(Reference)), patience),
            Self::Peer(_, installed) => installed.start(patience),
            Self::Exec(_, program) => Session::open(Box::new(ChildLink::start(program)?), patience),
            Self::Absent(_, reason) => Err(Trouble::NeverStarted {
                reason: reason.clone(),
            }),
            Self::Bare(..) => Err(Trouble::NeverStarted {
                reason: "it has no adapter".into(),
            }),
        }
    }

    /// What it claims, asked of it where that costs nothing to know otherwise.
    pub(super) fn claims(&self, patience: Duration) -> Result<Hello, Trouble> {
        match self {
            Self::Peer(peer, _) | Self::Absent(peer, _) => Ok(peer.claims()),
            _ => self.start(patience).map(|session| session.hello().clone()),
        }
    }

    /// The other flavour of its release.
    pub(super) fn sister(&self, store: &StoreArguments) -> Option<Self> {
        match self {
            Self::Peer(peer, _) => peer.sister().map(|sister| Self::peer(sister, store)),
            _ => None,
        }
    }
}

/// What a testee without an adapter is taken to speak over this family: what is asked for first.
fn spoken(family: Family, asked: &[Spoken]) -> Result<Spoken, Refusal> {
    let Some(asked) = asked.first() else {
        let dialect = WITHOUT_KEY;
        return Ok(Spoken { dialect, family });
    };
    let dialect = asked.dialect;
    if asked.family == Family::Pipe && family != Family::Pipe {
        return Err(contradiction(*asked, family));
    }
    Ok(Spoken { dialect, family })
}

/// A dialect without a framing, asked for where messages have to have one.
pub(super) fn contradiction(asked: Spoken, family: Family) -> Refusal {
    Refusal::usage(format!(
        "--dialect {asked} is for AF_PIPE, where a message is a message; over {family} a dialect begins with its framing: {}",
        Framing::specified()
            .map(|framing| framing.to_string())
            .collect::<Vec<_>>()
            .join(", ")
    ))
}

/// The families of this system.
fn available_families() -> Vec<Family> {
    Family::ALL
        .into_iter()
        .filter(|family| family.is_available())
        .collect()
}

/// Claims for a testee that never said any, so that every case still gets a verdict.
pub(super) fn assumed_claims(dialects: &[Spoken]) -> Hello {
    let dialects: Vec<Dialect> = if dialects.is_empty() {
        vec![PREFERRED]
    } else {
        dialects.iter().map(|asked| asked.dialect).collect()
    };
    Hello {
        protocol: PROTOCOL,
        name: "it".into(),
        version: String::new(),
        runtime: String::new(),
        families: available_families(),
        dialects: dialects.iter().map(Dialect::to_string).collect(),
        pickle_protocol: 2,
        profile: Profile::Graph,
        operations: Vec::new(),
        python: None,
        int_bits: None,
    }
}

/// The peers of a name or a pattern; none is an error.
pub(super) fn named(pattern: &str) -> Result<Vec<&'static Peer>, Refusal> {
    let found = peers::matching(pattern);
    if found.is_empty() {
        let known: Vec<&str> = peers::catalogue()
            .iter()
            .map(|peer| peer.name.as_str())
            .collect();
        return Err(Refusal::usage(format!(
            "no peer is called `{pattern}`; there are: {}",
            known.join(", ")
        )));
    }
    Ok(found)
}

/// Installs several at once; what comes of each is seen when it is looked up.
pub(super) fn prepare(peers: &[&Peer], store: &StoreArguments) {
    if !store.offline
        && let Ok(kept) = Peers::new(store.peers_dir.clone())
    {
        kept.install_all(peers, &|_, _| ());
    }
}

/// A peer, installed if need be and if allowed, or why it is not here.
pub(super) fn look_up(peer: &Peer, store: &StoreArguments) -> Result<Installed, String> {
    let told = |error: InstallError| error.to_string();
    let peers = Peers::new(store.peers_dir.clone()).map_err(told)?;
    if !store.offline {
        return peers.install(peer).map_err(told);
    }
    peers.find(peer).map_err(told)?.ok_or_else(|| {
        format!(
            "it is not installed; `processing-conformance peers install {}` would do that",
            peer.name
        )
    })
}

/// The family of an address without an adapter.
fn family(address: &RawAddress) -> Result<Family, Refusal> {
    let family = match address {
        RawAddress::Pair(..) => Family::Inet,
        RawAddress::Text(text) if text.starts_with(r"\\") => Family::Pipe,
        RawAddress::Text(_) => Family::Unix,
    };
    if family.is_available() {
        Ok(family)
    } else {
        Err(Refusal::usage(format!(
            "{family} is not available on this system"
        )))
    }
}
