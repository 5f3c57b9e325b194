//! Finding a Python interpreter.

use std::collections::HashMap;
use std::env::consts::EXE_SUFFIX;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use parking_lot::Mutex;
use thiserror::Error;

use crate::testee::start;

/// An interpreter that was found and has reported its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Python {
    /// Its executable.
    pub executable: PathBuf,
    /// The version that it reports: `2.7.18`.
    pub version: String,
}

/// Why there is no interpreter.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PythonError {
    /// No candidate reports the version that is needed.
    #[error(
        "no CPython {version} was found on PATH or {}; install one ({}), or let {variable} name its executable",
        if cfg!(windows) { "by the launcher `py`" } else { "in pyenv" },
        if cfg!(windows) {
            "python.org has them".to_owned()
        } else {
            format!("`pyenv install {version}`, or a distribution's package")
        }
    )]
    NotFound {
        /// The version that is needed.
        version: String,
        /// The variable that can name an executable.
        variable: String,
    },
    /// The executable that the user named is not such an interpreter.
    #[error("{variable} names {}, which is not CPython {version}: {reason}", executable.display())]
    NotIt {
        /// The variable.
        variable: String,
        /// The executable that it names.
        executable: PathBuf,
        /// The version that is needed.
        version: String,
        /// What is wrong with the executable.
        reason: String,
    },
}

impl Python {
    /// Finds a `CPython` of this version (`2.7`): the one that the user names, or one on `PATH`, or one in pyenv or, on
    /// Windows, one that the launcher knows.
    ///
    /// A process searches only once for each version. Other callers wait during the search, and the result is kept.
    pub fn find(version: &str) -> Result<Self, PythonError> {
        static FOUND: Mutex<Option<HashMap<String, Result<Python, PythonError>>>> =
            Mutex::new(None);
        FOUND
            .lock()
            .get_or_insert_default()
            .entry(version.into())
            .or_insert_with(|| Self::look_for(version))
            .clone()
    }

    fn look_for(version: &str) -> Result<Self, PythonError> {
        let variable = format!("PROCESSING_CONFORMANCE_PYTHON{}", version.replace('.', ""));
        if let Some(named) = std::env::var_os(&variable) {
            let executable = PathBuf::from(named);
            return ask(&executable, version).map_err(|reason| PythonError::NotIt {
                variable,
                executable,
                version: version.into(),
                reason,
            });
        }
        candidates(version)
            .into_iter()
            .find_map(|executable| ask(&executable, version).ok())
            .ok_or_else(|| PythonError::NotFound {
                version: version.into(),
                variable,
            })
    }

    /// A command that runs the interpreter without the user's own modules and settings.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.executable);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PYTHON") {
                command.env_remove(name);
            }
        }
        command
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null());
        command
    }

    /// Runs a program to its end, and returns its output.
    ///
    /// # Errors
    ///
    /// Returns an error if the executable cannot be started.
    pub fn run(&self, program: &str) -> io::Result<Output> {
        start(|| self.command().args(["-c", program]).output())
    }
}

fn candidates(version: &str) -> Vec<PathBuf> {
    let major = version.split('.').next().unwrap_or(version);
    // The suffix is not added to a name with a dot in it.
    let on_path = |name: String| PathBuf::from(name + EXE_SUFFIX);
    let mut found = vec![on_path(format!("python{version}"))];
    if cfg!(windows) {
        found.extend(told_by_launcher(version));
        // GitHub's runners keep their interpreters in this directory.
        if let Some(cache) = std::env::var_os("RUNNER_TOOL_CACHE") {
            let versions = Path::new(&cache).join("Python");
            found.extend(below(&versions, version, Path::new("x64/python.exe")));
        }
    } else {
        let pyenv = std::env::var_os("PYENV_ROOT")
            .map(PathBuf::from)
            .or_else(|| std::env::home_dir().map(|home| home.join(".pyenv")));
        if let Some(root) = pyenv {
            let executable = Path::new("bin").join(format!("python{version}"));
            found.extend(below(&root.join("versions"), version, &executable));
        }
    }
    // These are less likely, and slow if they are shims.
    found.extend([on_path(format!("python{major}")), on_path("python".into())]);
    found
}

/// The interpreter that the launcher of Windows would start.
fn told_by_launcher(version: &str) -> Option<PathBuf> {
    let output = Command::new("py.exe")
        .arg(format!("-{version}"))
        .args(["-c", "import sys; print(sys.executable)"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let executable = said.trim();
    (!executable.is_empty()).then(|| executable.into())
}

/// The executables in directories that are named after versions, with the newest first.
fn below(versions: &Path, version: &str, executable: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(versions) else {
        return Vec::new();
    };
    let mut directories: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| begins_with_version(path, version))
        .collect();
    directories.sort();
    let newest_first = directories.iter().rev();
    newest_first
        .map(|directory| directory.join(executable))
        .collect()
}

fn begins_with_version(directory: &Path, version: &str) -> bool {
    let name = directory
        .file_name()
        .map(std::ffi::OsStr::to_string_lossy)
        .unwrap_or_default();
    name.strip_prefix(version)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Runs the executable to find out its version: a name on `PATH` may be anything, including a shim without a version
/// behind it.
fn ask(executable: &Path, version: &str) -> Result<Python, String> {
    const QUESTION: &str = "import platform, sys; print(platform.python_implementation() + ' ' + '%d.%d.%d' % sys.version_info[:3])";
    let unasked = Python {
        executable: executable.into(),
        version: String::new(),
    };
    let output = unasked.run(QUESTION).map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout);
    match said.trim().strip_prefix("CPython ") {
        Some(found) if found.starts_with(&format!("{version}.")) => Ok(Python {
            version: found.into(),
            ..unasked
        }),
        Some(found) => Err(format!("it is CPython {found}")),
        None => Err("it does not report a version of CPython".into()),
    }
}
