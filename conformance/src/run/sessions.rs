//! Sessions that nobody uses just now, kept so that the next one who needs their testee need not start it.

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::testee::session::{Session, Trouble};

/// Starts a testee: a fresh session each time.
pub type Starter<'s> = dyn Fn() -> Result<Session, Trouble> + Send + Sync + 's;

/// Somebody who takes part in executions.
pub struct Party<'s> {
    /// The name on the command line; whoever has one name is started in one way.
    pub name: String,
    /// How it is started.
    pub start: Box<Starter<'s>>,
}

impl<'s> Party<'s> {
    /// A party by its name, and how it is started.
    pub fn new(
        name: impl Into<String>,
        start: impl Fn() -> Result<Session, Trouble> + Send + Sync + 's,
    ) -> Self {
        Self {
            name: name.into(),
            start: Box::new(start),
        }
    }
}

/// Idle sessions by the name of their testee, at most so many: those that were not used for longest are ended.
pub struct Sessions {
    most: usize,
    // The one that was used last stands at the end.
    idle: Mutex<VecDeque<(String, Session)>>,
}

impl Sessions {
    /// None yet, and at most so many.
    pub const fn new(most: usize) -> Self {
        Self {
            most,
            idle: Mutex::new(VecDeque::new()),
        }
    }

    /// An idle session of this party, or a fresh one.
    pub fn lend<'l>(&'l self, party: &'l Party<'_>) -> Result<Lent<'l>, Trouble> {
        let session = match self.find(&party.name) {
            Some(session) => session,
            None => (party.start)()?,
        };
        Ok(Lent {
            sessions: self,
            name: &party.name,
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
        // Ending a process takes a moment, which nobody else should wait for.
        drop(idle);
        drop(unused);
    }

    /// Ends all that are idle, side by side.
    pub fn end(&self) {
        let unused = std::mem::take(&mut *self.idle());
        std::thread::scope(|scope| {
            for session in unused {
                scope.spawn(move || drop(session));
            }
        });
    }

    fn idle(&self) -> MutexGuard<'_, VecDeque<(String, Session)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Sessions {
    fn drop(&mut self) {
        self.end();
    }
}

/// A session that is in use; afterwards it is idle again, or ended when it is not fit for another execution.
pub struct Lent<'l> {
    sessions: &'l Sessions,
    name: &'l str,
    // There until it is given back.
    session: Option<Session>,
}

impl Deref for Lent<'_> {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.session.as_ref().expect(LENT)
    }
}

impl DerefMut for Lent<'_> {
    fn deref_mut(&mut self) -> &mut Session {
        self.session.as_mut().expect(LENT)
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if let Some(session) = self.session.take()
            && session.trouble().is_none()
            && !session.is_littered()
        {
            self.sessions.keep(self.name, session);
        }
    }
}

const LENT: &str = "a session is given back only when nobody uses it any more";
