//! Limits how many executions work at once, however many are under way.

use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

/// An execution that takes longer than this is assumed to wait for something, and no longer occupies a turn.
const LONG: Duration = Duration::from_millis(60);

/// Lets at most `most` executions work at once. An execution that takes long is no longer counted.
pub(super) struct Turns {
    most: usize,
    running: Mutex<Vec<Instant>>,
    changed: Condvar,
}

/// The right to work, until it is dropped.
pub(super) struct Turn<'t> {
    turns: &'t Turns,
    began: Instant,
}

impl Turns {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            running: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Waits for a turn.
    pub(super) fn take(&self) -> Turn<'_> {
        let mut running = self.running();
        loop {
            let began = Instant::now();
            let working = || {
                running
                    .iter()
                    .map(|began: &Instant| began.elapsed())
                    .filter(|took| *took < LONG)
            };
            if working().count() < self.most {
                running.push(began);
                return Turn { turns: self, began };
            }
            let until_one_is_long = LONG.saturating_sub(working().max().unwrap_or_default());
            self.changed.wait_for(&mut running, until_one_is_long);
        }
    }

    fn running(&self) -> MutexGuard<'_, Vec<Instant>> {
        self.running.lock()
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut running = self.turns.running();
        if let Some(at) = running.iter().position(|began| *began == self.began) {
            running.swap_remove(at);
        }
        drop(running);
        self.turns.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_takes_long_holds_up_nobody() {
        let turns = Turns::new(1);
        let began = Instant::now();
        let _waiting = turns.take();
        let _next = turns.take();
        assert!(began.elapsed() >= LONG);
    }

    #[test]
    fn a_turn_that_ends_makes_room() {
        let turns = Turns::new(1);
        drop(turns.take());
        assert!(turns.running().is_empty());
    }
}
