//! Starting a process on a system where a start may fail for no reason.

use std::io;
use std::thread::sleep;
use std::time::Duration;

/// Starts a process with `attempt`. Under Wine 8, one start in several thousand fails with an error that is unrelated
/// to the program, and the next attempt succeeds.
///
/// # Errors
///
/// Returns the error of the first attempt that failed for another reason, or of the last attempt.
pub fn start<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    const ERROR_INTERNAL_ERROR: i32 = 1359;
    const ATTEMPTS: u32 = 3;
    let of_wine =
        |error: &io::Error| cfg!(windows) && error.raw_os_error() == Some(ERROR_INTERNAL_ERROR);
    for _ in 1..ATTEMPTS {
        match attempt() {
            Err(error) if of_wine(&error) => sleep(Duration::from_millis(100)),
            outcome => return outcome,
        }
    }
    attempt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_repeated_only_after_the_error_of_wine() {
        let attempts = |code: i32| {
            let mut attempts = 0;
            let outcome = start(|| {
                attempts += 1;
                match attempts {
                    1 => Err(io::Error::from_raw_os_error(code)),
                    _ => Ok(()),
                }
            });
            (attempts, outcome.is_ok())
        };
        assert_eq!(attempts(2), (1, false));
        let of_wine = if cfg!(windows) { (2, true) } else { (1, false) };
        assert_eq!(attempts(1359), of_wine);
    }
}
