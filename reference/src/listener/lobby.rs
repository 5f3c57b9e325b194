//! Clients that have connected but have not yet proved that they have the key.

use std::collections::VecDeque;
use std::time::Instant;

use super::entrance::Entrance;
use crate::address::Address;
use crate::auth::{AuthenticationFailure, Role};
use crate::connection::{Connection, Handshake, Options, Terms};
use crate::deadline::Deadline;
use crate::error::Result;
use crate::transport::Accepted;

/// How many clients can be in a handshake with a listener at once. If another one connects, the one
/// that has waited longest has to leave: a client that has the key finishes within milliseconds.
const CAPACITY: usize = 128;

/// The clients whose handshakes are in progress, the one that came first at the front.
#[derive(Debug, Default)]
pub(super) struct Lobby {
    waiting: VecDeque<Waiting>,
    /// The moment at which the last call ended.
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
    /// Admits clients and continues their handshakes. Returns the first client whose handshake has
    /// finished or failed, or `None` if the deadline passes. The handshakes of the other clients
    /// continue in the next call; the time until then does not count, because nobody reads what
    /// those clients send.
    pub(super) fn first_to_finish(
        &mut self,
        entrance: &Entrance,
        options: Options,
        terms: &Terms,
        deadline: Deadline,
    ) -> Result<Option<Finished>> {
        if let Some(left_at) = self.left_at.take() {
            let away = left_at.elapsed();
            for client in &mut self.waiting {
                client.handshake.postpone(away);
            }
        }
        let finished = self.wait_for_one(entrance, options, terms, deadline);
        self.left_at = Some(Instant::now());
        finished
    }

    fn wait_for_one(
        &mut self,
        entrance: &Entrance,
        options: Options,
        terms: &Terms,
        deadline: Deadline,
    ) -> Result<Option<Finished>> {
        let mut is_last = false;
        loop {
            if let Some(finished) = self.advance() {
                return Ok(Some(finished));
            }
            if is_last {
                return Ok(None);
            }
            // After the deadline there is one more round, for what has arrived by then.
            is_last = deadline.has_passed();
            if self.wait(entrance, deadline)?
                && let Some(Accepted { transport, from }) = entrance.accept(Deadline::now())?
            {
                let connection = Connection::new(transport, from.clone(), options);
                let handshake = Handshake::begin(connection, Role::Listener, terms)?;
                if let Some(displaced) = self.admit(handshake, from) {
                    return Ok(Some(displaced));
                }
            }
        }
    }

    /// Waits until a client connects or sends something, or until a deadline passes. Returns
    /// whether a client has connected.
    fn wait(&self, entrance: &Entrance, deadline: Deadline) -> Result<bool> {
        let clients = self.waiting.iter().map(|client| &client.handshake);
        let until = clients.clone().map(Handshake::deadline);
        let until = until.fold(deadline, Deadline::earlier);
        let sockets: Vec<_> = clients.filter_map(Handshake::socket).collect();
        entrance.wait(&sockets, until)
    }

    /// Admits a client. Returns the one that had to leave for it.
    fn admit(&mut self, handshake: Handshake, from: Option<Address>) -> Option<Finished> {
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
    fn advance(&mut self) -> Option<Finished> {
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
}
