//! The peers that a run needs. Each is looked for only once. A missing peer is installed if that is allowed.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use thiserror::Error;

use super::{InstallError, Installed, Peer, Peers, at_once};

/// Finds peers, or installs them, and remembers the outcome for each.
#[derive(Debug)]
pub struct Supply {
    directory: Option<PathBuf>,
    installs: bool,
    outcomes: Mutex<HashMap<String, Arc<OnceLock<Supplied>>>>,
}

type Supplied = Result<Installed, Absence>;

/// The reason why a peer cannot be run.
#[derive(Clone, Debug, Error)]
pub enum Absence {
    /// It cannot be installed, or its installation cannot be used.
    #[error(transparent)]
    Failed(Arc<InstallError>),
    /// It is not installed, and nothing may be installed.
    #[error("it is not installed; `processing-conformance peers install {peer}` installs it")]
    NotInstalled {
        /// The name of the peer.
        peer: String,
    },
}

impl From<InstallError> for Absence {
    fn from(error: InstallError) -> Self {
        Self::Failed(Arc::new(error))
    }
}

impl Supply {
    /// A supply from this directory, or from where peers are kept by default. It installs the peers that are missing.
    pub fn installing(directory: Option<PathBuf>) -> Self {
        Self {
            directory,
            installs: true,
            outcomes: Mutex::default(),
        }
    }

    /// A supply of the peers that are installed already.
    pub fn offline(directory: Option<PathBuf>) -> Self {
        Self {
            installs: false,
            ..Self::installing(directory)
        }
    }

    /// The peer. Callers that need the same peer wait for each other; callers that need different peers do not.
    ///
    /// # Errors
    ///
    /// Returns the reason why the peer cannot be run.
    pub fn get(&self, peer: &Peer) -> Result<Installed, Absence> {
        let outcome = {
            let mut outcomes = self.outcomes.lock();
            Arc::clone(outcomes.entry(peer.name.clone()).or_default())
        };
        outcome.get_or_init(|| self.look_up(peer)).clone()
    }

    /// Gets several peers at once, so that later calls do not have to wait.
    pub fn prepare(&self, peers: &[&Peer]) {
        at_once(peers, &|peer| {
            // The outcome is remembered.
            let _ = self.get(peer);
        });
    }

    fn look_up(&self, peer: &Peer) -> Supplied {
        let peers = Peers::new(self.directory.clone())?;
        if self.installs {
            return Ok(peers.install(peer)?);
        }
        peers.find(peer)?.ok_or_else(|| Absence::NotInstalled {
            peer: peer.name.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::catalogue;
    use super::*;

    #[test]
    fn nothing_is_installed_offline() {
        let nowhere = tempfile::tempdir().unwrap();
        let directory = nowhere.path().join("peers");
        let supply = Supply::offline(Some(directory.clone()));
        let peers: Vec<&Peer> = catalogue().iter().collect();
        supply.prepare(&peers);
        for peer in peers {
            assert!(supply.get(peer).is_err(), "{}", peer.name);
        }
        assert!(!directory.exists());
    }
}
