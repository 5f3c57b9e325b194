//! A testee in this process: an implementation in Rust that is driven by the same messages as any other.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Instant;

use super::{Adapter, Implementation};
use crate::testee::message::Request;
use crate::testee::session::{Link, Reply, Trouble};

/// A link that passes requests to an [`Adapter`] and receives replies over a channel.
pub struct InProcess<I: Implementation> {
    adapter: Adapter<I>,
    replies: Receiver<Reply>,
}

impl<I: Implementation> InProcess<I> {
    /// Creates a link to an implementation.
    pub fn start(implementation: I) -> Self {
        let (sender, replies) = channel();
        Self {
            adapter: Adapter::new(implementation, sender),
            replies,
        }
    }
}

impl<I: Implementation> Link for InProcess<I> {
    fn send(&mut self, request: Request) -> Result<(), Trouble> {
        self.adapter.submit(request);
        Ok(())
    }

    fn receive(&mut self, deadline: Instant) -> Result<Option<Reply>, Trouble> {
        match self
            .replies
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            Ok(reply) => Ok(Some(reply)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => unreachable!("the adapter holds the other end"),
        }
    }

    fn process_id(&self) -> Option<u32> {
        None
    }
}
