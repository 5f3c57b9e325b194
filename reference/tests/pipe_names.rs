//! Each name of a pipe belongs to one listener, on systems that enforce this.
//!
//! Whether the system enforces this is known only when the test runs, and the standard harness
//! cannot report a running test as ignored.

use libtest_mimic::{Arguments, Completion, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let trial = Trial::ignorable_test(
        "a_name_in_use_is_refused",
        || Ok(a_name_in_use_is_refused()),
    );
    libtest_mimic::run(&arguments, vec![trial]).exit();
}

#[cfg(windows)]
fn a_name_in_use_is_refused() -> Completion {
    use processing_connection::pipe::{PipeListener, PipeOptions};
    use processing_connection::{Address, Error, Family, Listener};

    let Address::Pipe(name) = Address::arbitrary(Family::Pipe) else {
        unreachable!("that is the family of the address")
    };
    let _listener = Listener::bind(name.as_str()).unwrap();
    if is_wine() && PipeListener::bind(&name, &PipeOptions::default()).is_ok() {
        return Completion::ignored_with(
            "this version of Wine does not enforce FILE_FLAG_FIRST_PIPE_INSTANCE",
        );
    }
    let second = Listener::bind(name.as_str());
    assert!(
        matches!(second, Err(Error::AddressInUse { .. })),
        "{second:?}"
    );
    Completion::Completed
}

/// Wine installs its own programs beside those of Windows.
#[cfg(windows)]
fn is_wine() -> bool {
    std::env::var_os("SystemRoot").is_some_and(|root| {
        let system = std::path::Path::new(&root).join("system32");
        system.join("wineboot.exe").exists()
    })
}

#[cfg(not(windows))]
fn a_name_in_use_is_refused() -> Completion {
    Completion::ignored_with("named pipes exist only on Windows")
}
