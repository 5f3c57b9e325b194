//! Safe wrappers around the functions of the system for named pipes. This is the only file with
//! `unsafe`.

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle, RawHandle};
use std::ptr;
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::{
    ERROR_IO_PENDING, ERROR_MORE_DATA, GENERIC_READ, GENERIC_WRITE, INVALID_HANDLE_VALUE,
    WAIT_OBJECT_0, WAIT_TIMEOUT,
};
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_FLAG_FIRST_PIPE_INSTANCE, FILE_FLAG_OVERLAPPED, OPEN_EXISTING,
    PIPE_ACCESS_DUPLEX, ReadFile, SECURITY_IDENTIFICATION, SECURITY_SQOS_PRESENT, WriteFile,
};
use windows_sys::Win32::System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED};
use windows_sys::Win32::System::Pipes::{
    ConnectNamedPipe, CreateNamedPipeW, NMPWAIT_WAIT_FOREVER, PIPE_READMODE_MESSAGE,
    PIPE_REJECT_REMOTE_CLIENTS, PIPE_TYPE_MESSAGE, PIPE_UNLIMITED_INSTANCES, PIPE_WAIT,
    PeekNamedPipe, SetNamedPipeHandleState, WaitNamedPipeW,
};
use windows_sys::Win32::System::Threading::{
    CreateEventW, INFINITE, SetEvent, WaitForMultipleObjects,
};

pub(super) use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_BAD_NETPATH, ERROR_BAD_PATHNAME, ERROR_BROKEN_PIPE,
    ERROR_FILE_NOT_FOUND, ERROR_FILENAME_EXCED_RANGE, ERROR_INVALID_NAME, ERROR_NO_DATA,
    ERROR_PIPE_BUSY, ERROR_PIPE_CONNECTED, ERROR_PIPE_NOT_CONNECTED, ERROR_SEM_TIMEOUT,
};

/// Returns the system's code of an error, if the error is from the system.
pub(super) fn code(error: &io::Error) -> Option<u32> {
    error.raw_os_error().map(i32::cast_unsigned)
}

/// A name in the form that the system expects: UTF-16, terminated by a zero.
#[derive(Clone, Debug)]
pub(super) struct Name(Box<[u16]>);

impl Name {
    pub(super) fn new(name: &str) -> io::Result<Self> {
        if name.contains('\0') {
            return Err(io::Error::from_raw_os_error(
                ERROR_INVALID_NAME.cast_signed(),
            ));
        }
        Ok(Self(name.encode_utf16().chain([0]).collect()))
    }
}

/// An event that stays signalled until an operation that uses it is started.
#[derive(Debug)]
pub(super) struct Event(OwnedHandle);

impl Event {
    pub(super) fn new() -> io::Result<Self> {
        // SAFETY: no attributes and no name are passed; the handle that is returned is ours alone.
        let handle = unsafe { CreateEventW(ptr::null(), 1, 0, ptr::null()) };
        if handle.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: as above, and the handle is valid.
        Ok(Self(unsafe { OwnedHandle::from_raw_handle(handle) }))
    }

    pub(super) fn set(&self) {
        // SAFETY: the handle is valid while `self` is, so the call cannot fail.
        unsafe { SetEvent(self.0.as_raw_handle()) };
    }
}

/// The options for creating an instance.
pub(super) struct Instance {
    pub(super) first: bool,
    pub(super) remote_clients: bool,
    pub(super) buffer: u32,
}

/// Creates an instance of a pipe.
pub(super) fn create_instance(name: &Name, options: &Instance) -> io::Result<OwnedHandle> {
    let first = if options.first {
        FILE_FLAG_FIRST_PIPE_INSTANCE
    } else {
        0
    };
    let remote = if options.remote_clients {
        0
    } else {
        PIPE_REJECT_REMOTE_CLIENTS
    };
    // SAFETY: the name ends with a zero and lives through the call; the null is allowed, and means
    // the default: only the user, administrators and the system may write.
    let handle = unsafe {
        CreateNamedPipeW(
            name.0.as_ptr(),
            PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | first,
            PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_WAIT | remote,
            PIPE_UNLIMITED_INSTANCES,
            options.buffer,
            options.buffer,
            NMPWAIT_WAIT_FOREVER,
            ptr::null(),
        )
    };
    owned(handle)
}

/// Opens a pipe as a client, which the listener may identify but not impersonate. The client reads
/// bytes.
pub(super) fn open(name: &Name) -> io::Result<OwnedHandle> {
    // SAFETY: the name ends with a zero and lives through the call; the nulls are allowed.
    let handle = unsafe {
        CreateFileW(
            name.0.as_ptr(),
            GENERIC_READ | GENERIC_WRITE,
            0,
            ptr::null(),
            OPEN_EXISTING,
            FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION,
            ptr::null_mut(),
        )
    };
    owned(handle)
}

fn owned(handle: RawHandle) -> io::Result<OwnedHandle> {
    if handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the system has just created it, for the caller alone.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// Waits until an instance is free. Fails with `ERROR_SEM_TIMEOUT` if none was.
pub(super) fn wait_for_instance(name: &Name, timeout: Option<Duration>) -> io::Result<()> {
    let milliseconds = match timeout {
        None => NMPWAIT_WAIT_FOREVER,
        // 0 would mean the timeout that the listener has chosen.
        Some(timeout) => milliseconds(timeout).clamp(1, NMPWAIT_WAIT_FOREVER - 1),
    };
    // SAFETY: the name ends with a zero and lives through the call.
    succeeded(unsafe { WaitNamedPipeW(name.0.as_ptr(), milliseconds) })
}

/// Makes reads of this end stop at the end of a message.
pub(super) fn read_messages(pipe: &OwnedHandle) -> io::Result<()> {
    // SAFETY: the handle is valid, the mode lives through the call, the nulls are allowed.
    succeeded(unsafe {
        SetNamedPipeHandleState(
            pipe.as_raw_handle(),
            &PIPE_READMODE_MESSAGE,
            ptr::null(),
            ptr::null(),
        )
    })
}

/// Returns the number of bytes of the current message that are not yet read.
pub(super) fn bytes_left_in_message(pipe: &OwnedHandle) -> io::Result<u32> {
    let mut left = 0;
    // SAFETY: the handle is valid, the result is written to our own variable, the nulls are
    // allowed.
    succeeded(unsafe {
        PeekNamedPipe(
            pipe.as_raw_handle(),
            ptr::null_mut(),
            0,
            ptr::null_mut(),
            ptr::null_mut(),
            &mut left,
        )
    })?;
    Ok(left)
}

/// How long an operation may take.
#[derive(Clone, Copy)]
pub(super) struct Until<'a> {
    /// Signalled by the system when the operation is done. Nobody else uses it at the same time: it
    /// is behind a lock, or it belongs to the caller.
    pub(super) done: &'a Event,
    /// Signalled when the pipe is closed by another thread.
    pub(super) closed: &'a Event,
    /// The time from now; `None` means forever.
    pub(super) timeout: Option<Duration>,
}

/// The result of reading or writing.
pub(super) struct Completed {
    pub(super) bytes: usize,
    /// Whether the message has more bytes.
    pub(super) more: bool,
}

/// Waits for a client. Fails with `ERROR_PIPE_CONNECTED` if one is already connected, and with
/// `ERROR_NO_DATA` if it has already left.
pub(super) fn connect(instance: &OwnedHandle, until: &Until<'_>) -> io::Result<()> {
    perform(instance, until, |overlapped| {
        // SAFETY: the handle is valid; `perform` keeps the structure until the operation is over.
        unsafe { ConnectNamedPipe(instance.as_raw_handle(), overlapped) }
    })
    .map(drop)
}

/// Performs one `ReadFile`.
pub(super) fn read(
    pipe: &OwnedHandle,
    buffer: &mut [u8],
    until: &Until<'_>,
) -> io::Result<Completed> {
    let length = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
    perform(pipe, until, |overlapped| {
        // SAFETY: the handle is valid, and the buffer has `length` bytes. The buffer and the
        // structure stay until the operation is over: `perform` does not return before.
        unsafe {
            ReadFile(
                pipe.as_raw_handle(),
                buffer.as_mut_ptr(),
                length,
                ptr::null_mut(),
                overlapped,
            )
        }
    })
}

/// Performs one `WriteFile` of at most 4,294,967,295 bytes.
pub(super) fn write(
    pipe: &OwnedHandle,
    message: &[u8],
    until: &Until<'_>,
) -> io::Result<Completed> {
    let length = u32::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    perform(pipe, until, |overlapped| {
        // SAFETY: as in `read`.
        unsafe {
            WriteFile(
                pipe.as_raw_handle(),
                message.as_ptr(),
                length,
                ptr::null_mut(),
                overlapped,
            )
        }
    })
}

/// Starts an operation and waits until it is done, has failed, or was cancelled because of the
/// timeout or because the pipe was closed. When this returns, the system no longer uses the buffer
/// or the structure.
fn perform(
    handle: &OwnedHandle,
    until: &Until<'_>,
    start: impl FnOnce(*mut OVERLAPPED) -> i32,
) -> io::Result<Completed> {
    let handle = handle.as_raw_handle();
    let mut overlapped = OVERLAPPED {
        hEvent: until.done.0.as_raw_handle(),
        ..OVERLAPPED::default()
    };
    let mut interrupted = None;
    if start(&raw mut overlapped) == 0 {
        let error = io::Error::last_os_error();
        match code(&error) {
            Some(ERROR_IO_PENDING) => {
                interrupted = wait(until).err();
                if interrupted.is_some() {
                    // SAFETY: the handle is valid, and the structure is that of an operation on it.
                    // If it has ended in the meantime, there is nothing to cancel.
                    unsafe { CancelIoEx(handle, &raw const overlapped) };
                }
            }
            Some(ERROR_MORE_DATA) => {}
            // The operation did not start.
            _ => return Err(error),
        }
    }
    let mut bytes = 0;
    // SAFETY: the handle and the structure are those of the operation; the call waits until that is
    // over.
    let success =
        unsafe { GetOverlappedResult(handle, &raw const overlapped, &raw mut bytes, 1) } != 0;
    let bytes = bytes as usize;
    if success {
        return Ok(Completed { bytes, more: false });
    }
    let error = io::Error::last_os_error();
    if code(&error) == Some(ERROR_MORE_DATA) {
        return Ok(Completed { bytes, more: true });
    }
    // An operation that succeeded before it could be cancelled counts as done.
    Err(interrupted.unwrap_or(error))
}

/// Waits until an operation is done. Fails if the timeout passes or the pipe is closed first.
fn wait(until: &Until<'_>) -> io::Result<()> {
    const CLOSED: u32 = WAIT_OBJECT_0 + 1;

    let events = [until.done.0.as_raw_handle(), until.closed.0.as_raw_handle()];
    let started = Instant::now();
    loop {
        let left = until
            .timeout
            .map(|timeout| timeout.saturating_sub(started.elapsed()));
        // SAFETY: there are two events, both valid while `until` is.
        let woken = unsafe {
            WaitForMultipleObjects(2, events.as_ptr(), 0, left.map_or(INFINITE, milliseconds))
        };
        match woken {
            WAIT_OBJECT_0 => return Ok(()),
            CLOSED => return Err(io::ErrorKind::ConnectionAborted.into()),
            WAIT_TIMEOUT if left.is_some_and(|left| left > LONGEST_WAIT) => {}
            WAIT_TIMEOUT => return Err(io::ErrorKind::TimedOut.into()),
            _ => return Err(io::Error::last_os_error()),
        }
    }
}

const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Whole milliseconds, rounded up, so that a wait is never too short.
fn milliseconds(timeout: Duration) -> u32 {
    let whole = timeout.min(LONGEST_WAIT).as_nanos().div_ceil(1_000_000);
    u32::try_from(whole).expect("an hour fits")
}

fn succeeded(result: i32) -> io::Result<()> {
    if result == 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
