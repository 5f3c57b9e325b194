//! The names of pipes belong to one listener each, on systems that enforce it.
//!
//! Whether the system does is known only when the test runs, and the standard harness cannot report a test as ignored
//! by then.

use libtest_mimic::{Arguments, Completion, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let trial = Trial::ignorable_test("a_name_in_use_is_in_use", || Ok(a_name_in_use_is_in_use()));
    libtest_mimic::run(&arguments, vec![trial]).exit();
}

#[cfg(windows)]
fn a_name_in_use_is_in_use() -> Completion {
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
fn a_name_in_use_is_in_use() -> Completion {
    Completion::ignored_with("named pipes exist only on Windows")
}
