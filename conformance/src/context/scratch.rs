//! Where the listeners of a run can be: a directory for socket files, which leaves nothing behind, and names of pipes.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tempfile::TempDir;

/// A directory for the socket files of a run, removed with all that is in it.
#[derive(Debug)]
pub struct Scratch {
    directory: TempDir,
    next: AtomicUsize,
    elsewhere: Mutex<Vec<PathBuf>>,
}

impl Scratch {
    /// Makes a fresh directory whose paths are short enough for `sockaddr_un` on every system.
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

    /// A path on which nothing stands.
    pub fn path(&self) -> PathBuf {
        self.directory
            .path()
            .join(self.next.fetch_add(1, Ordering::Relaxed).to_string())
    }

    /// The name of a pipe that nobody has and nobody can foresee: a pipe goes with its last handle, so that there is
    /// nothing to remove, but whoever foresees its name can be there first.
    pub fn pipe_name(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let random = getrandom::u64().expect("the system has a source of random numbers");
        format!(r"\\.\pipe\processing-conformance-{random:016x}-{number}")
    }

    /// Removes everything now, for whoever will never be dropped.
    pub fn sweep(&self) {
        let mut elsewhere = self.elsewhere.lock();
        for path in elsewhere.drain(..).filter(|path| is_socket(path)) {
            let _ = std::fs::remove_file(path);
        }
        let _ = std::fs::remove_dir_all(self.directory.path());
    }

    /// Removes a socket file that a testee made elsewhere, should it still be there at the end.
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
