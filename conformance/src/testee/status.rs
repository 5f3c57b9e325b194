//! How a process ended, in words.

use std::process::ExitStatus;

/// Describes a status: `exit status 1`, `signal 11 (SIGSEGV)`, `exit status 0xc0000005 (access violation)`.
#[cfg(unix)]
pub(super) fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match status.signal() {
        Some(signal) => match signal_name(signal) {
            Some(name) => format!("signal {signal} ({name})"),
            None => format!("signal {signal}"),
        },
        None => describe_code(status),
    }
}

#[cfg(unix)]
fn describe_code(status: ExitStatus) -> String {
    status
        .code()
        .map_or_else(|| status.to_string(), |code| format!("exit status {code}"))
}

#[cfg(unix)]
fn signal_name(signal: i32) -> Option<&'static str> {
    use rustix::process::Signal;
    let names = [
        (Signal::ABORT, "SIGABRT"),
        (Signal::BUS, "SIGBUS"),
        (Signal::FPE, "SIGFPE"),
        (Signal::ILL, "SIGILL"),
        (Signal::KILL, "SIGKILL"),
        (Signal::PIPE, "SIGPIPE"),
        (Signal::SEGV, "SIGSEGV"),
        (Signal::TERM, "SIGTERM"),
    ];
    names
        .iter()
        .find(|(known, _)| known.as_raw() == signal)
        .map(|(_, name)| *name)
}

/// Describes a status: `exit status 1`, `exit status 0xc0000005 (access violation)`.
#[cfg(windows)]
pub(super) fn describe(status: ExitStatus) -> String {
    let Some(code) = status.code() else {
        return status.to_string();
    };
    // When Windows ends a process, its status is an NTSTATUS of severity "error" or "warning", whose highest bit is
    // set.
    let ntstatus = code.cast_unsigned();
    match ntstatus_name(ntstatus) {
        Some(name) => format!("exit status {ntstatus:#010x} ({name})"),
        None if code < 0 => format!("exit status {ntstatus:#010x}"),
        None => format!("exit status {code}"),
    }
}

/// The names of common values of `ntstatus.h`.
#[cfg(windows)]
fn ntstatus_name(status: u32) -> Option<&'static str> {
    Some(match status {
        0x8000_0003 => "breakpoint",
        0xc000_0005 => "access violation",
        0xc000_0008 => "invalid handle",
        0xc000_001d => "illegal instruction",
        0xc000_0094 => "integer division by zero",
        0xc000_00fd => "stack overflow",
        0xc000_0135 => "DLL not found",
        0xc000_0139 => "entry point not found",
        0xc000_013a => "interrupted",
        0xc000_0142 => "DLL initialization failed",
        0xc000_0374 => "heap corruption",
        0xc000_0409 => "stack buffer overrun, or failed fast",
        _ => return None,
    })
}
