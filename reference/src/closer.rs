//! [`Closer`]: closes a connection or a listener from another thread.

use std::fmt::Debug;
use std::sync::Weak;

/// What can be closed from another thread.
pub(crate) trait CloseFromElsewhere: Debug + Send + Sync {
    fn close(&self);
}

/// Closes a connection or a listener from another thread, even while a call waits there. It comes
/// from [`Connection::closer`](crate::Connection::closer) or
/// [`Listener::closer`](crate::Listener::closer).
///
/// A closer does not keep a connection or a listener open: when that is dropped, it is closed as
/// usual.
///
/// ```
/// use std::thread;
///
/// use processing_connection::{Error, Listener};
///
/// let mut listener = Listener::bind(("localhost", 0))?;
/// let closer = listener.closer()?;
/// let serving = thread::spawn(move || listener.accept());
/// closer.close();
/// let accepted = serving.join().expect("the thread does not panic");
/// assert!(matches!(accepted, Err(Error::NotOpen)));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Closer(Weak<dyn CloseFromElsewhere>);

impl Closer {
    pub(crate) fn new(target: Weak<dyn CloseFromElsewhere>) -> Self {
        Self(target)
    }

    /// Closes the connection or the listener. The call that waits there, and every later one except
    /// `close`, fails with [`NotOpen`](crate::Error::NotOpen). Closing it again does nothing.
    pub fn close(&self) {
        if let Some(target) = self.0.upgrade() {
            target.close();
        }
    }
}
