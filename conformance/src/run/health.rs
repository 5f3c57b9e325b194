//! Decides whether to continue with a testee.

use parking_lot::{Mutex, MutexGuard};

use crate::testee::session::Trouble;

/// The suite gives up on a testee after this many executions in a row that end in trouble.
pub(super) const HOPELESS: usize = 12;

/// The state of a testee, which all threads that judge it share.
#[derive(Default)]
pub(super) struct Health {
    troubles: Mutex<Troubles>,
}

#[derive(Default)]
struct Troubles {
    in_a_row: usize,
    last: Option<Trouble>,
}

impl Health {
    pub(super) fn note(&self, trouble: Option<&Trouble>) {
        let mut troubles = self.troubles();
        match trouble {
            None => troubles.in_a_row = 0,
            Some(trouble) => {
                troubles.in_a_row += 1;
                troubles.last = Some(trouble.clone());
            }
        }
    }

    /// Returns the last trouble of the testee, if the suite gives up on it.
    pub(super) fn hopeless(&self) -> Option<Trouble> {
        let troubles = self.troubles();
        let last = troubles.last.clone()?;
        let never_starts = matches!(last, Trouble::NeverStarted { .. }) && troubles.in_a_row > 0;
        (troubles.in_a_row >= HOPELESS || never_starts).then_some(last)
    }

    fn troubles(&self) -> MutexGuard<'_, Troubles> {
        self.troubles.lock()
    }
}
