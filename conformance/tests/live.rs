//! The whole catalogue against every known peer that this machine can have.
//!
//! `PROCESSING_CONFORMANCE_REQUIRE=processing-0.20-c,…` (or `all`) turns peers that are missing into failures, and
//! `PROCESSING_CONFORMANCE_PEERS=…` leaves all others out.

mod harness;
#[path = "harness/peers.rs"]
mod peers;

use std::sync::Arc;

use processing_conformance::peers::under_test;
use processing_conformance::run::Testee;

fn main() {
    let supply = Arc::new(peers::supply());
    let under_test = under_test().into_iter();
    harness::main(under_test.map(|peer| Testee::peer(peer, &supply)).collect());
}
