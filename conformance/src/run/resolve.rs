//! Resolves the names of testees to testees that can be judged.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use processing_connection::Family;
use thiserror::Error;

use super::selection::WithoutFraming;
use super::testee::Testee;
use crate::context::setting::Spoken;
use crate::peers::{Peer, Supply, UnknownPeer, named};
use crate::testee::TesteeName;
use crate::testee::message::RawAddress;
use crate::wire::{Dialect, Door, Framing, Transcript};

/// The dialect that a testee without an adapter is assumed to speak by default.
const WITHOUT_KEY: Dialect = Dialect::new(Framing::Be32);

/// Resolves the names of testees.
#[derive(Clone, Debug)]
pub struct Resolver {
    /// The source of peers.
    pub supply: Arc<Supply>,
    /// The selected dialects. A testee without an adapter is assumed to speak the first one.
    pub dialects: Vec<Spoken>,
    /// How long an operation on the wire may take.
    pub deadline: Duration,
    /// How long the suite waits for the first connection of a client without an adapter.
    pub wait: Duration,
}

/// The reason why a name cannot be resolved.
#[derive(Debug, Error)]
pub enum ResolveError {
    /// It names no peer.
    #[error(transparent)]
    UnknownPeer(#[from] UnknownPeer),
    /// The family of the address is not available.
    #[error("{0} is not available on this system")]
    Family(Family),
    /// The first dialect is one of `AF_PIPE`, and the address is not.
    #[error(transparent)]
    Dialect(#[from] WithoutFraming),
    /// The suite cannot wait for a client.
    #[error("cannot listen at {address}: {error}")]
    Listen {
        /// The address.
        address: RawAddress,
        /// The error of the system.
        error: io::Error,
    },
    /// The counterpart would have no adapter.
    #[error("a counterpart needs an adapter: use reference, peer:NAME or exec:COMMAND")]
    BareCounterpart,
    /// The name of the counterpart is a pattern that matches several testees.
    #[error("there can be only one counterpart")]
    SeveralCounterparts,
}

impl Resolver {
    /// Returns the testees with these names, without duplicates. Peers are taken from the supply by this call.
    ///
    /// # Errors
    ///
    /// Returns an error if one of the names cannot be resolved. It is not an error if a known peer is not installed:
    /// its executions are then reported as not run, with the reason.
    pub fn testees(&self, names: &[TesteeName]) -> Result<Vec<Testee>, ResolveError> {
        let mut testees = Vec::new();
        let mut known = BTreeSet::new();
        for name in names {
            for testee in self.resolve(name)? {
                if known.insert(testee.name().to_owned()) {
                    testees.push(testee);
                }
            }
        }
        Ok(testees)
    }

    /// Returns the one testee with this name, which can play the other end of pair cases.
    ///
    /// # Errors
    ///
    /// Returns an error if the name cannot be resolved, names several testees, or names one without an adapter.
    pub fn counterpart(&self, name: &TesteeName) -> Result<Testee, ResolveError> {
        if matches!(name, TesteeName::Connect(_) | TesteeName::Listen(_)) {
            return Err(ResolveError::BareCounterpart);
        }
        let mut found = self.resolve(name)?;
        match (found.pop(), found.pop()) {
            (Some(only), None) => Ok(only),
            _ => Err(ResolveError::SeveralCounterparts),
        }
    }

    fn resolve(&self, name: &TesteeName) -> Result<Vec<Testee>, ResolveError> {
        Ok(match name {
            TesteeName::Reference => vec![Testee::reference()],
            TesteeName::Peer(pattern) => self.peers(&named(pattern)?),
            TesteeName::Exec(program) => vec![Testee::exec(program.clone())],
            TesteeName::Connect(address) => {
                vec![Testee::server(address.clone(), self.spoken(address)?)]
            }
            TesteeName::Listen(address) => {
                let spoken = self.spoken(address)?;
                let door = Door::open_at(
                    address,
                    spoken.dialect.framing,
                    self.deadline,
                    &Transcript::begin(),
                )
                .map_err(|error| ResolveError::Listen {
                    address: address.clone(),
                    error,
                })?;
                vec![Testee::client(address.clone(), door, spoken, self.wait)]
            }
        })
    }

    /// Takes the peers from the supply, and then the other flavours of those that are installed.
    fn peers(&self, peers: &[&'static Peer]) -> Vec<Testee> {
        self.supply.prepare(peers);
        let sisters: Vec<&Peer> = peers
            .iter()
            .filter(|peer| self.supply.get(peer).is_ok())
            .filter_map(|peer| peer.sister())
            .collect();
        self.supply.prepare(&sisters);
        peers
            .iter()
            .map(|peer| Testee::peer(peer, &self.supply))
            .collect()
    }

    /// Returns the dialect that a testee without an adapter is assumed to speak at this address.
    fn spoken(&self, address: &RawAddress) -> Result<Spoken, ResolveError> {
        let family = family(address);
        if !family.is_available() {
            return Err(ResolveError::Family(family));
        }
        let Some(asked) = self.dialects.first() else {
            let dialect = WITHOUT_KEY;
            return Ok(Spoken { dialect, family });
        };
        WithoutFraming::check(*asked, family)?;
        let dialect = asked.dialect;
        Ok(Spoken { dialect, family })
    }
}

fn family(address: &RawAddress) -> Family {
    match address {
        RawAddress::Pair(..) => Family::Inet,
        RawAddress::Text(text) if text.starts_with(r"\\") => Family::Pipe,
        RawAddress::Text(_) => Family::Unix,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolver() -> Resolver {
        Resolver {
            supply: Arc::new(Supply::offline(Some("/nonexistent/peers".into()))),
            dialects: Vec::new(),
            deadline: Duration::from_secs(2),
            wait: Duration::from_secs(2),
        }
    }

    fn names(names: &[&str]) -> Vec<TesteeName> {
        let parse = |name: &&str| name.parse().unwrap();
        names.iter().map(parse).collect()
    }

    #[test]
    fn a_testee_that_several_names_mean_is_resolved_once() {
        let peers = ["peer:processing-0.20-*", "reference", "peer:*-0.20-c"];
        let testees = resolver().testees(&names(&peers)).unwrap();
        let resolved: Vec<&str> = testees.iter().map(Testee::name).collect();
        let expected = [
            "peer:processing-0.20-c",
            "peer:processing-0.20-pure",
            "reference",
        ];
        assert_eq!(resolved, expected);
    }

    #[test]
    fn a_counterpart_is_one_testee_with_an_adapter() {
        let refusal = |name: &str| {
            let name = name.parse().unwrap();
            resolver()
                .counterpart(&name)
                .err()
                .map(|error| error.to_string())
        };
        assert_eq!(refusal("reference"), None);
        assert_eq!(
            refusal("peer:processing-0.20-*").as_deref(),
            Some("there can be only one counterpart")
        );
        assert!(matches!(
            resolver().counterpart(&"connect:localhost:1".parse().unwrap()),
            Err(ResolveError::BareCounterpart)
        ));
    }
}
