//! A process and all the processes that it starts, which are ended together.

use std::io;
use std::process::{Child, Command};

/// A group of processes: a process group on a POSIX system, and a job on Windows.
pub(super) struct Tree {
    #[cfg(unix)]
    group: Option<rustix::process::Pid>,
    #[cfg(windows)]
    job: Option<win32job::Job>,
}

#[cfg(unix)]
impl Tree {
    /// Starts a process as the first of its tree.
    pub(super) fn spawn(command: &mut Command) -> io::Result<(Child, Self)> {
        std::os::unix::process::CommandExt::process_group(command, 0);
        let child = command.spawn()?;
        let group = i32::try_from(child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        Ok((child, Self { group }))
    }

    /// Ends all processes of the tree.
    pub(super) fn kill(&mut self, _: &mut Child) {
        use rustix::process::{Signal, kill_process_group};
        // This is needed even when the first process is gone: processes that it started may still be running.
        if let Some(group) = self.group.take() {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

#[cfg(windows)]
impl Tree {
    /// Starts a process as the first of its tree. The job and its processes end at the latest with the suite's own
    /// process.
    pub(super) fn spawn(command: &mut Command) -> io::Result<(Child, Self)> {
        use std::os::windows::io::AsRawHandle;
        let mut limits = win32job::ExtendedLimitInfo::new();
        limits.limit_kill_on_job_close();
        let job = win32job::Job::create_with_limit_info(&limits).map_err(io::Error::other)?;
        let mut child = command.spawn()?;
        // Processes that the child starts from now on belong to the job as well. It has not had time to start any
        // before.
        if let Err(error) = job.assign_process(child.as_raw_handle() as isize) {
            // A process that has already ended cannot be assigned, and does not have to be ended.
            if child.try_wait()?.is_none() {
                let _ = child.kill();
                return Err(io::Error::other(error));
            }
        }
        Ok((child, Self { job: Some(job) }))
    }

    /// Ends all processes of the tree.
    pub(super) fn kill(&mut self, first: &mut Child) {
        drop(self.job.take());
        let _ = first.kill();
    }
}
