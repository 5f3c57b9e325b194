//! Challenges that this process has sent in handshakes that are not yet finished.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::auth::{CHALLENGE_LENGTH, Role};
use crate::error::Result;

type Challenge = [u8; CHALLENGE_LENGTH];

/// A peer without the key could pass a challenge that it receives on one connection on to another
/// connection of this process, and have it answered there. Therefore no end answers a challenge
/// that an end of the same role has sent. (A listener and a client in the same process do answer
/// each other.)
static OUTSTANDING: Mutex<BTreeSet<(Role, Challenge)>> = Mutex::new(BTreeSet::new());

/// A new challenge, which is outstanding until this is dropped.
#[derive(Debug)]
pub(super) struct Outstanding {
    role: Role,
    challenge: Challenge,
}

impl Outstanding {
    pub(super) fn new(role: Role) -> Result<Self> {
        let mut challenge = [0; CHALLENGE_LENGTH];
        getrandom::fill(&mut challenge).map_err(io::Error::from)?;
        outstanding().insert((role, challenge));
        Ok(Self { role, challenge })
    }

    pub(super) fn challenge(&self) -> Challenge {
        self.challenge
    }

    /// Returns whether a received challenge was sent by an end of this role.
    pub(super) fn includes(&self, challenge: Challenge) -> bool {
        outstanding().contains(&(self.role, challenge))
    }
}

impl Drop for Outstanding {
    fn drop(&mut self) {
        outstanding().remove(&(self.role, self.challenge));
    }
}

fn outstanding() -> MutexGuard<'static, BTreeSet<(Role, Challenge)>> {
    OUTSTANDING.lock().unwrap_or_else(PoisonError::into_inner)
}
