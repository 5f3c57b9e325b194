//! The standard input of a testee's process. The suite never waits for a testee to read its requests.

use std::io::Write;
use std::process::ChildStdin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

/// Writes lines: immediately as long as they fit into the pipe, and in a separate thread once a line did not fit.
pub(super) struct Input {
    stdin: Arc<ChildStdin>,
    // This is `Some` once a line did not fit.
    queue: Option<Sender<Vec<u8>>>,
}

impl Input {
    pub(super) fn new(stdin: ChildStdin) -> Self {
        Self {
            stdin: Arc::new(stdin),
            queue: None,
        }
    }

    /// Writes a line. An error is not reported here: a testee that has stopped reading is noticed when it does not
    /// answer, so that the answers that it gave before are read first.
    pub(super) fn write(&mut self, line: Vec<u8>) {
        if self.queue.is_none() && has_room(&self.stdin, line.len()) {
            let _ = (&*self.stdin).write_all(&line);
            return;
        }
        let queue = self.queue.get_or_insert_with(|| {
            let (queue, lines) = channel();
            let stdin = Arc::clone(&self.stdin);
            std::thread::spawn(move || write_lines(&stdin, &lines));
            queue
        });
        let _ = queue.send(line);
    }
}

fn write_lines(mut stdin: &ChildStdin, lines: &Receiver<Vec<u8>>) {
    for line in lines {
        if stdin.write_all(&line).is_err() {
            return;
        }
    }
}

/// Whether `length` bytes can be written without waiting. A pipe that is writable accepts at least `PIPE_BUF` bytes.
#[cfg(unix)]
fn has_room(stdin: &ChildStdin, length: usize) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    const NOW: Timespec = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    length <= rustix::pipe::PIPE_BUF
        && poll(&mut [PollFd::new(stdin, PollFlags::OUT)], Some(&NOW)) == Ok(1)
}

#[cfg(not(unix))]
fn has_room(_: &ChildStdin, _: usize) -> bool {
    false
}
