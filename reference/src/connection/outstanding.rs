//! Challenges that this process has sent in handshakes that are not yet finished.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::auth::{RANDOM_LENGTH, Role, Scheme};
use crate::error::Result;

/// A challenge without its prefix: what the answer signs.
type Challenge = Vec<u8>;

/// A peer without the key could pass a challenge that it receives on one connection on to another
/// connection of this process, and have it answered there. Therefore no end answers a challenge
/// that an end of the same role has sent. (A listener and a client in the same process do answer
/// each other.)
static OUTSTANDING: Mutex<BTreeSet<(Role, Challenge)>> = Mutex::new(BTreeSet::new());

/// The random bytes of a new challenge, which is outstanding until this is dropped.
#[derive(Debug)]
pub(super) struct Outstanding {
    role: Role,
    random: [u8; RANDOM_LENGTH],
    challenge: Challenge,
}

impl Outstanding {
    pub(super) fn new(role: Role, scheme: Scheme) -> Result<Self> {
        let mut random = [0; RANDOM_LENGTH];
        getrandom::fill(&mut random).map_err(io::Error::from)?;
        let challenge = scheme.signed(&random[..scheme.nonce_length()]);
        outstanding().insert((role, challenge.clone()));
        Ok(Self {
            role,
            random,
            challenge,
        })
    }

    pub(super) fn random(&self) -> &[u8; RANDOM_LENGTH] {
        &self.random
    }

    /// Returns whether a received challenge was sent by an end of this role.
    pub(super) fn includes(&self, challenge: &[u8]) -> bool {
        outstanding().contains(&(self.role, challenge.to_vec()))
    }
}

impl Drop for Outstanding {
    fn drop(&mut self) {
        outstanding().remove(&(self.role, std::mem::take(&mut self.challenge)));
    }
}

fn outstanding() -> MutexGuard<'static, BTreeSet<(Role, Challenge)>> {
    OUTSTANDING.lock().unwrap_or_else(PoisonError::into_inner)
}
