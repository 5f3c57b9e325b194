//! Starting a process where the system may fail it for no reason.

use std::io;
use std::thread::sleep;
use std::time::Duration;

/// Starts a process, by `attempt`. Where Wine 8 is Windows, one start in some thousands fails with an error that has
/// nothing to do with what is started, and the next one succeeds.
///
/// # Errors
///
/// What the system says of the first attempt that failed for another reason, or of the last one.
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
    fn a_start_is_tried_again_where_wine_could_have_failed_it_and_only_there() {
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
