//! Addresses for the listeners of a run: a temporary directory for socket files, and names of pipes.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tempfile::TempDir;

/// A directory for the socket files of a run, which is removed with its contents.
#[derive(Debug)]
pub struct Scratch {
    directory: TempDir,
    next: AtomicUsize,
    elsewhere: Mutex<Vec<PathBuf>>,
}

impl Scratch {
    /// Creates a directory whose paths are short enough for `sockaddr_un` on every system.
    pub fn new() -> io::Result<Self> {
        let short = Path::new("/tmp");
        let builder = || {
            tempfile::Builder::new()
                .prefix("pc-")
                .rand_bytes(6)
                .to_owned()
        };
        let directory = match builder().tempdir_in(short) {
            Ok(directory) => directory,
            Err(_) => builder().tempdir()?,
        };
        Ok(Self {
            directory,
            next: AtomicUsize::new(0),
            elsewhere: Mutex::new(Vec::new()),
        })
    }

    /// A path at which no file exists.
    pub fn path(&self) -> PathBuf {
        self.directory
            .path()
            .join(self.next.fetch_add(1, Ordering::Relaxed).to_string())
    }

    /// A name for a pipe that is not in use and cannot be predicted. A pipe disappears with its last handle, so there
    /// is nothing to remove, but a process that predicts the name could create the pipe first.
    pub fn pipe_name(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let random = getrandom::u64().expect("the system has a source of random numbers");
        format!(r"\\.\pipe\processing-conformance-{random:016x}-{number}")
    }

    /// Removes everything immediately, for owners that are never dropped.
    pub fn sweep(&self) {
        let mut elsewhere = self.elsewhere.lock();
        for path in elsewhere.drain(..).filter(|path| is_socket(path)) {
            let _ = std::fs::remove_file(path);
        }
        let _ = std::fs::remove_dir_all(self.directory.path());
    }

    /// Removes, at the end, a socket file that a testee created elsewhere, if it still exists.
    pub fn sweep_later(&self, path: &str) {
        if path.starts_with(r"\\") {
            return;
        }
        let path = PathBuf::from(path);
        if path.is_absolute() && !path.starts_with(self.directory.path()) {
            self.elsewhere.lock().push(path);
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.sweep();
    }
}

#[cfg(unix)]
fn is_socket(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    path.symlink_metadata()
        .is_ok_and(|metadata| metadata.file_type().is_socket())
}

#[cfg(not(unix))]
fn is_socket(_: &Path) -> bool {
    false
}
