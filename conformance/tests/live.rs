//! The whole catalogue against every known peer that this machine can have.
//!
//! `PROCESSING_CONFORMANCE_REQUIRE=processing-0.20-c,…` (or `all`) turns peers that are missing into failures, and
//! `PROCESSING_CONFORMANCE_PEERS=…` leaves all others out.

mod harness;
#[path = "harness/peers.rs"]
mod peers;

use harness::{Absence, PATIENCE, StaticStarter, Subject};
use peers::install;
use processing_conformance::peers::{Peer, catalogue, is_required, under_test};
use processing_conformance::testee::session::{Session, Trouble};

fn main() {
    let subjects = under_test().into_iter().map(|peer| Subject {
        name: Box::leak(format!("peer:{}", peer.name).into_boxed_str()),
        claims: peer.claims(),
        start: starter(peer),
        sister: peer
            .sister()
            .map(|sister| (sister.name.as_str(), starter(sister))),
        absent,
    });
    harness::main(subjects.collect());
}

fn starter(peer: &'static Peer) -> StaticStarter {
    Box::leak(Box::new(move || start(peer)))
}

fn start(peer: &'static Peer) -> Result<Session, Trouble> {
    match install(peer) {
        Ok(installed) => installed.start(PATIENCE),
        Err(reason) => Err(Trouble::NeverStarted { reason }),
    }
}

fn absent(name: &'static str) -> Option<Absence> {
    let peer = catalogue()
        .iter()
        .find(|peer| name.strip_prefix("peer:") == Some(&peer.name))?;
    let reason = install(peer).err()?;
    Some(Absence {
        reason,
        required: is_required(peer),
    })
}
