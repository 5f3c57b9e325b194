//! The whole catalogue against every known peer that this machine can have.
//!
//! `PROCESSING_CONFORMANCE_REQUIRE=processing-0.20-c,…` (or `all`) turns peers that are missing into failures, and
//! `PROCESSING_CONFORMANCE_PEERS=…` leaves all others out.

mod harness;

use std::path::PathBuf;
use std::sync::Arc;

use processing_conformance::peers::{Supply, under_test};
use processing_conformance::run::Testee;

fn main() {
    let directory = std::env::var_os("PROCESSING_CONFORMANCE_PEERS_DIR").map(PathBuf::from);
    let supply = Arc::new(Supply::installing(directory));
    let peers = under_test().into_iter();
    harness::main(peers.map(|peer| Testee::peer(peer, &supply)).collect());
}
