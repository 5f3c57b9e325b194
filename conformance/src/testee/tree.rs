//! A process and all that it starts, to be ended together.

use std::io;
use std::process::{Child, Command};

/// What holds the processes together: on a POSIX system a process group, on Windows a job.
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

    /// Ends all of them at once.
    pub(super) fn kill(&mut self, _: &mut Child) {
        use rustix::process::{Signal, kill_process_group};
        // Also when the first is gone: what it started may still be there.
        if let Some(group) = self.group.take() {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

#[cfg(windows)]
impl Tree {
    /// Starts a process as the first of its tree. The job ends with this process at the latest, and its processes with
    /// the job.
    pub(super) fn spawn(command: &mut Command) -> io::Result<(Child, Self)> {
        use std::os::windows::io::AsRawHandle;
        let mut limits = win32job::ExtendedLimitInfo::new();
        limits.limit_kill_on_job_close();
        let job = win32job::Job::create_with_limit_info(&limits).map_err(io::Error::other)?;
        let mut child = command.spawn()?;
        // What it starts belongs to the job, too; it has had no time to start anything yet.
        if let Err(error) = job.assign_process(child.as_raw_handle() as isize) {
            // One that has ended already cannot be assigned, and needs no ending.
            if child.try_wait()?.is_none() {
                let _ = child.kill();
                return Err(io::Error::other(error));
            }
        }
        Ok((child, Self { job: Some(job) }))
    }

    /// Ends all of them at once.
    pub(super) fn kill(&mut self, first: &mut Child) {
        drop(self.job.take());
        let _ = first.kill();
    }
}
