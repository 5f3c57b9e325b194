//! Finding an interpreter.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use thiserror::Error;

/// An interpreter that was found and asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Python {
    /// Its executable.
    pub executable: PathBuf,
    /// What it says of itself: `2.7.18`.
    pub version: String,
}

/// There is none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PythonError {
    /// Nothing that could be one answers as the version that is needed.
    #[error(
        "no CPython {version} was found on PATH or in pyenv; install one (`pyenv install {version}`, or a \
         distribution's package), or let {variable} name its executable"
    )]
    NotFound {
        /// The version that is needed.
        version: String,
        /// The variable that can name one.
        variable: String,
    },
    /// The one that the user named is not it.
    #[error("{variable} names {}, which is no CPython {version}: {reason}", executable.display())]
    NotIt {
        /// The variable.
        variable: String,
        /// What it names.
        executable: PathBuf,
        /// The version that is needed.
        version: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Python {
    /// Finds a `CPython` of this version (`2.7`): the one that the user names, else on `PATH`, else in pyenv.
    ///
    /// A process looks once for each version: whoever asks meanwhile waits, and what was found is remembered.
    pub fn find(version: &str) -> Result<Self, PythonError> {
        static FOUND: Mutex<Option<HashMap<String, Result<Python, PythonError>>>> =
            Mutex::new(None);
        FOUND
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
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

    /// A command that runs it without the user's own modules and settings.
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
}

fn candidates(version: &str) -> Vec<PathBuf> {
    let name = format!("python{version}");
    let major = version.split('.').next().unwrap_or(version);
    let mut found = vec![PathBuf::from(&name)];
    let pyenv = std::env::var_os("PYENV_ROOT")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".pyenv")));
    if let Some(versions) = pyenv.and_then(|root| std::fs::read_dir(root.join("versions")).ok()) {
        let mut directories: Vec<PathBuf> = versions
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| begins_with_version(path, version))
            .collect();
        // The newest first.
        directories.sort();
        found.extend(
            directories
                .iter()
                .rev()
                .map(|directory| directory.join("bin").join(&name)),
        );
    }
    // Less likely, and slow to ask where they are shims.
    found.extend([
        PathBuf::from(format!("python{major}")),
        PathBuf::from("python"),
    ]);
    found
}

fn begins_with_version(directory: &Path, version: &str) -> bool {
    let name = directory
        .file_name()
        .map(std::ffi::OsStr::to_string_lossy)
        .unwrap_or_default();
    name.strip_prefix(version)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Runs it, since a name on `PATH` may be anything, a shim without a version behind it included.
fn ask(executable: &Path, version: &str) -> Result<Python, String> {
    const QUESTION: &str = "import platform, sys; print(platform.python_implementation() + ' ' + '%d.%d.%d' % sys.version_info[:3])";
    let unasked = Python {
        executable: executable.into(),
        version: String::new(),
    };
    let output = unasked
        .command()
        .args([OsString::from("-c"), OsString::from(QUESTION)])
        .stderr(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout);
    match said.trim().strip_prefix("CPython ") {
        Some(found) if found.starts_with(&format!("{version}.")) => Ok(Python {
            version: found.into(),
            ..unasked
        }),
        Some(found) => Err(format!("it is CPython {found}")),
        None => Err("it does not answer as one".into()),
    }
}
