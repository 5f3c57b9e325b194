//! Clients that have connected but have not yet proved that they have the key.

use std::collections::VecDeque;
use std::time::Instant;

use rustix::fd::BorrowedFd;

use crate::address::Address;
use crate::auth::AuthenticationFailure;
use crate::connection::{Connection, Handshake};
use crate::deadline::Deadline;
use crate::error::Result;

/// How many clients can be in a handshake with a listener at once. If another one connects, the one
/// that has waited longest has to leave: a client that has the key finishes within milliseconds.
const CAPACITY: usize = 128;

/// The clients whose handshakes are in progress, the one that came first at the front.
#[derive(Debug, Default)]
pub(super) struct Lobby {
    waiting: VecDeque<Waiting>,
    /// When the listener stopped attending to them.
    left_at: Option<Instant>,
}

/// A client whose handshake is in progress.
#[derive(Debug)]
struct Waiting {
    handshake: Handshake,
    from: Option<Address>,
}

/// The result of a client's handshake, and the address from which the client came.
pub(super) type Finished = (Result<Connection>, Option<Address>);

impl Lobby {
    /// Resumes the handshakes. The time that has passed since [`leave`](Self::leave) does not
    /// count, because nobody read what the clients sent.
    pub(super) fn enter(&mut self) {
        if let Some(left_at) = self.left_at.take() {
            let away = left_at.elapsed();
            for client in &mut self.waiting {
                client.handshake.postpone(away);
            }
        }
    }

    /// Suspends the handshakes.
    pub(super) fn leave(&mut self) {
        self.left_at = Some(Instant::now());
    }

    /// Admits a client. Returns the one that had to leave for it.
    pub(super) fn admit(
        &mut self,
        handshake: Handshake,
        from: Option<Address>,
    ) -> Option<Finished> {
        self.waiting.push_back(Waiting { handshake, from });
        if self.waiting.len() <= CAPACITY {
            return None;
        }
        let oldest = self.waiting.pop_front()?;
        let displaced = oldest.handshake.abandon(AuthenticationFailure::Displaced);
        Some((Err(displaced), oldest.from))
    }

    /// Continues every handshake as far as its client has sent messages. Returns the first one that
    /// has finished.
    pub(super) fn advance(&mut self) -> Option<Finished> {
        for index in 0..self.waiting.len() {
            let result = match self.waiting[index].handshake.advance(Deadline::now()) {
                Ok(false) => continue,
                Ok(true) => None,
                Err(error) => Some(error),
            };
            let Waiting { handshake, from } = self.waiting.remove(index)?;
            return Some((result.map_or_else(|| Ok(handshake.finish()), Err), from));
        }
        None
    }

    /// The sockets of the clients.
    pub(super) fn sockets(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.waiting
            .iter()
            .filter_map(|client| client.handshake.socket())
    }

    /// Returns the earlier one of `deadline` and the first deadline of a handshake.
    pub(super) fn earliest(&self, deadline: Deadline) -> Deadline {
        self.waiting
            .iter()
            .map(|client| client.handshake.deadline())
            .fold(deadline, Deadline::earlier)
    }
}
