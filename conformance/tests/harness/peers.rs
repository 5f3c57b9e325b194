//! The peers that tests run against, and the outcome of a test whose peer is missing.

#![allow(dead_code, reason = "not every test program uses all of it")]

use std::path::PathBuf;
use std::sync::LazyLock;

use libtest_mimic::{Completion, Failed};
use processing_conformance::peers::{
    Absence, InstallError, Installed, Peer, Peers, Supply, is_required,
};

/// The directory that the user chose for the peers; the suite's own command uses the same.
fn directory() -> Option<PathBuf> {
    std::env::var_os("PROCESSING_CONFORMANCE_PEERS_DIR").map(PathBuf::from)
}

/// The peers as the suite's own command keeps them.
pub(crate) fn store() -> Result<Peers, InstallError> {
    Peers::new(directory())
}

/// A supply of those peers, which installs what is missing.
pub(crate) fn supply() -> Supply {
    Supply::installing(directory())
}

/// Installs a peer on first use, and remembers the result.
pub(crate) fn install(peer: &Peer) -> Result<Installed, Absence> {
    static SUPPLY: LazyLock<Supply> = LazyLock::new(supply);
    SUPPLY.get(peer)
}

/// The outcome of a test whose peer is missing: the test is ignored, or fails if the peer is required.
pub(crate) fn without(peer: &Peer, reason: impl std::fmt::Display) -> Result<Completion, Failed> {
    if is_required(peer) {
        Err(format!("{} is required: {reason}", peer.name).into())
    } else {
        Ok(Completion::ignored_with(reason.to_string()))
    }
}
