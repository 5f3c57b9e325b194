//! The peers that tests run against, and the outcome of a test whose peer is missing.

#![allow(dead_code, reason = "not every test program uses all of it")]

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{LazyLock, OnceLock};

use libtest_mimic::{Completion, Failed};
use processing_conformance::peers::{InstallError, Installed, Peer, Peers, catalogue, is_required};

/// The directory of the peers: the one that the suite's own command uses.
pub(crate) fn store() -> Result<Peers, InstallError> {
    Peers::new(std::env::var_os("PROCESSING_CONFORMANCE_PEERS_DIR").map(PathBuf::from))
}

/// Installs a peer on first use and remembers the outcome. Different peers do not wait for each other.
pub(crate) fn install(peer: &Peer) -> Result<Installed, String> {
    type Outcome = OnceLock<Result<Installed, String>>;
    static OUTCOMES: LazyLock<HashMap<&'static str, Outcome>> = LazyLock::new(|| {
        let names = catalogue().iter().map(|peer| peer.name.as_str());
        names.map(|name| (name, Outcome::new())).collect()
    });
    OUTCOMES[peer.name.as_str()]
        .get_or_init(|| {
            store()
                .and_then(|peers| peers.install(peer))
                .map_err(|error| error.to_string())
        })
        .clone()
}

/// The outcome of a test whose peer is missing: the test is ignored, or fails if the peer is required.
pub(crate) fn without(peer: &Peer, reason: String) -> Result<Completion, Failed> {
    if is_required(peer) {
        Err(format!("{} is required: {reason}", peer.name).into())
    } else {
        Ok(Completion::ignored_with(reason))
    }
}
