//! Idle sessions, which are kept so that the next execution with the same testee need not start it again.

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

use super::testee::Testee;
use crate::testee::session::{Session, Trouble};

/// Idle sessions by the name of their testee. When there are too many, the ones that have been idle for longest are
/// ended.
pub(super) struct Sessions {
    most: usize,
    // The session that was used last is at the end.
    idle: Mutex<VecDeque<(String, Session)>>,
}

impl Sessions {
    /// Returns an empty pool that keeps at most this number of sessions.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            idle: Mutex::new(VecDeque::new()),
        }
    }

    /// Returns an idle session with this testee, or a new one.
    pub(super) fn take<'s>(
        &'s self,
        testee: &'s Testee,
        patience: Duration,
    ) -> Result<PooledSession<'s>, Trouble> {
        let session = match self.find(testee.name()) {
            Some(session) => session,
            None => testee.start(patience)?,
        };
        Ok(PooledSession {
            sessions: self,
            name: testee.name(),
            session: Some(session),
        })
    }

    fn find(&self, name: &str) -> Option<Session> {
        let mut idle = self.idle();
        let at = idle.iter().rposition(|(known, _)| known == name)?;
        idle.remove(at).map(|(_, session)| session)
    }

    fn keep(&self, name: &str, session: Session) {
        let mut idle = self.idle();
        idle.push_back((name.to_owned(), session));
        let excess = idle.len().saturating_sub(self.most);
        let unused: Vec<_> = idle.drain(..excess).collect();
        // Ending a process takes a moment, for which no other thread should wait.
        drop(idle);
        drop(unused);
    }

    /// Ends all idle sessions at once.
    pub(super) fn end(&self) {
        let unused = std::mem::take(&mut *self.idle());
        std::thread::scope(|scope| {
            for session in unused {
                scope.spawn(move || drop(session));
            }
        });
    }

    fn idle(&self) -> MutexGuard<'_, VecDeque<(String, Session)>> {
        self.idle.lock()
    }
}

impl Drop for Sessions {
    fn drop(&mut self) {
        self.end();
    }
}

/// A session that is in use. When this is dropped, the session is idle again, or it ends if it is not fit for another
/// execution.
pub(super) struct PooledSession<'s> {
    sessions: &'s Sessions,
    name: &'s str,
    // `None` only while this is dropped.
    session: Option<Session>,
}

impl Deref for PooledSession<'_> {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.session.as_ref().expect(IN_USE)
    }
}

impl DerefMut for PooledSession<'_> {
    fn deref_mut(&mut self) -> &mut Session {
        self.session.as_mut().expect(IN_USE)
    }
}

impl Drop for PooledSession<'_> {
    fn drop(&mut self) {
        if let Some(session) = self.session.take()
            && session.trouble().is_none()
            && !session.is_littered()
        {
            self.sessions.keep(self.name, session);
        }
    }
}

const IN_USE: &str = "a session is given back only when nobody uses it any more";
