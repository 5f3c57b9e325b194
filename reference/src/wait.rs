//! [`wait`]: `multiprocessing.connection.wait`.

use std::time::Duration;

use crate::connection::Connection;
use crate::deadline::{Deadline, wait_for_any};
use crate::error::Result;

/// Waits until at least one of the connections has something to receive. Waits for it up to
/// `timeout`, or forever if that is `None`. Returns the indices of the connections that have
/// something to receive; there are none if the timeout passed, or if no connection was given.
/// (`multiprocessing.connection.wait` of Python 3.3 and later.)
///
/// As with [`poll`](Connection::poll), the end of a stream counts, and so does a part of a message.
///
/// ```
/// use std::time::Duration;
/// use processing_connection::{Listener, connect, wait};
///
/// let mut listener = Listener::bind(("localhost", 0))?;
/// let mut clients = [connect(listener.address())?, connect(listener.address())?];
/// let mut servers = [listener.accept()?, listener.accept()?];
/// clients[1].send(&42)?;
/// assert_eq!(wait(&mut servers, None)?, [1]);
/// assert_eq!(wait(&mut servers[..1], Duration::ZERO)?, []);
/// # Ok::<(), processing_connection::Error>(())
/// ```
///
/// Sockets are waited for all together. The system cannot wait for a message on a pipe without
/// reading it, so pipes are polled in turn, every 10 milliseconds.
///
/// # Errors
///
/// [`NotOpen`](crate::Error::NotOpen) or [`Poisoned`](crate::Error::Poisoned) if that is the state
/// of one of the connections.
pub fn wait<C>(connections: &mut [C], timeout: impl Into<Option<Duration>>) -> Result<Vec<usize>>
where
    C: AsMut<Connection>,
{
    if connections.is_empty() {
        return Ok(Vec::new());
    }
    let deadline = Deadline::after(timeout.into());
    loop {
        let mut ready = Vec::new();
        let mut waits_for_pipes = false;
        for (index, connection) in connections.iter_mut().enumerate() {
            let connection = connection.as_mut();
            waits_for_pipes |= connection.socket().is_none();
            if connection.poll(Duration::ZERO)? {
                ready.push(index);
            }
        }
        if !ready.is_empty() || deadline.has_passed() {
            return Ok(ready);
        }
        let sockets: Vec<_> = connections
            .iter_mut()
            .filter_map(|connection| connection.as_mut().socket())
            .collect();
        let until = if waits_for_pipes {
            deadline.earlier(Deadline::after(Some(TURN)))
        } else {
            deadline
        };
        wait_for_any(&sockets, until)?;
    }
}

/// How often pipes are polled.
const TURN: Duration = Duration::from_millis(10);
