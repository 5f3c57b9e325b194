//! Installs peers on this machine. Each peer is installed only once, when it is first needed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::built::{self, Built};
use super::python::{Python, PythonError};
use super::{Archive, Flavour, Peer, Source, at_once};
use crate::testee::child::{ChildLink, Program};
use crate::testee::session::{Session, Trouble};

/// The adapter that drives every peer that is written in Python.
const ADAPTER: &str = include_str!("../../python/adapter.py");
/// The header that old C extensions need on 64-bit systems.
const LP64: &str = include_str!("../../python/lp64.h");
/// The name of the file that describes an installation, next to it.
const RECORD: &str = "installed.json";

/// The directory in which peers are kept.
#[derive(Clone, Debug)]
pub struct Peers {
    directory: PathBuf,
}

/// A peer that is installed and can be started.
#[derive(Clone, Debug)]
pub struct Installed {
    python: Python,
    /// The directory of its package, unless it comes with the interpreter.
    tree: Option<PathBuf>,
    arguments: Vec<std::ffi::OsString>,
}

/// Why a peer is not installed.
#[derive(Debug, Error)]
pub enum InstallError {
    /// There is no interpreter for the peer.
    #[error(transparent)]
    Python(#[from] PythonError),
    /// There is no directory for peers.
    #[error("there is no directory for peers; name one with --peers-dir")]
    NoDirectory,
    /// An operation on a file failed.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        error: io::Error,
    },
    /// A command of the installation failed.
    #[error("{what} failed: {said}")]
    Command {
        /// The purpose of the command.
        what: String,
        /// The end of its output.
        said: String,
    },
    /// The peer is run only on other systems.
    #[error("it runs only on {system}, over {families}")]
    OtherSystem {
        /// Those systems.
        system: &'static str,
        /// The families that it supports there.
        families: String,
    },
    /// The peer cannot be compiled here, and was not built elsewhere.
    #[error(transparent)]
    NotBuilt(#[from] built::NotBuilt),
    /// The peer was installed, but does not work as expected.
    #[error("it was installed, but does not work: {0}")]
    Unfit(String),
}

/// A description of an installation. A peer is installed again when any part of it changes.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    sha256: String,
    python: String,
    flags: String,
    helper: String,
    /// The digest of the tree from which it was copied, if it was built elsewhere.
    #[serde(default)]
    built: Option<String>,
}

impl Peers {
    /// Uses the peers in this directory, or in the default one.
    pub fn new(directory: Option<PathBuf>) -> Result<Self, InstallError> {
        let directory = directory
            .or_else(super::default_directory)
            .ok_or(InstallError::NoDirectory)?;
        let directory = std::path::absolute(&directory).map_err(in_file(&directory))?;
        Ok(Self { directory })
    }

    /// The directory of the peers.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Returns the peer if it is already installed. This does not install anything.
    pub fn find(&self, peer: &Peer) -> Result<Option<Installed>, InstallError> {
        for_this_system(peer)?;
        let python = Python::find(&peer.python)?;
        let is_here = match &peer.source {
            Source::Archive(archive) => {
                let built = built::find(peer, archive)?;
                let record = record(peer, archive, &python, built.as_ref());
                is_current(&self.directory.join(&peer.name), &record)
            }
            Source::StandardLibrary => self.adapter().exists(),
        };
        if !is_here {
            return Ok(None);
        }
        self.installed(peer, python).map(Some)
    }

    /// Returns the peer, and installs it first if necessary.
    ///
    /// Other callers that need the same peer at the same time wait, in this process and in others.
    pub fn install(&self, peer: &Peer) -> Result<Installed, InstallError> {
        for_this_system(peer)?;
        let python = Python::find(&peer.python)?;
        fs::create_dir_all(&self.directory).map_err(in_file(&self.directory))?;
        let lock = self.directory.join(format!("{}.lock", peer.name));
        let locked = File::create(&lock).map_err(in_file(&lock))?;
        locked.lock().map_err(in_file(&lock))?;
        match &peer.source {
            Source::Archive(archive) => self.install_archive(peer, archive, python),
            Source::StandardLibrary => {
                let installed = self.installed(peer, python)?;
                installed.check(peer)?;
                Ok(installed)
            }
        }
    }

    fn install_archive(
        &self,
        peer: &Peer,
        archive: &Archive,
        python: Python,
    ) -> Result<Installed, InstallError> {
        let built = built::find(peer, archive)?;
        let place = self.directory.join(&peer.name);
        let record = record(peer, archive, &python, built.as_ref());
        if is_current(&place, &record) {
            return self.installed(peer, python);
        }
        remove(&place)?;
        let partial = self.directory.join(format!("{}.partial", peer.name));
        remove(&partial)?;
        fs::create_dir_all(&partial).map_err(in_file(&partial))?;
        match (&built, archive.flavour) {
            (Some(built), _) => built.copy(&partial).map_err(in_file(&partial))?,
            (None, Flavour::C) => self.build(peer, archive, &python, &partial)?,
            (None, Flavour::Pure) => copy_sources(peer, archive, &python, &partial)?,
        }
        let text =
            serde_json::to_string_pretty(&record).expect("a record is representable in JSON");
        write(&partial.join(RECORD), text.as_bytes())?;
        fs::rename(&partial, &place).map_err(in_file(&place))?;

        let installed = self.installed(peer, python)?;
        if let Err(error) = installed.check(peer) {
            remove(&place)?;
            return Err(error);
        }
        Ok(installed)
    }

    /// Installs all of these peers, as many at once as there are processors. `observe` is called with each result as
    /// soon as it is known.
    pub fn install_all(
        &self,
        peers: &[&Peer],
        observe: &(dyn Fn(&Peer, Result<Installed, InstallError>) + Sync),
    ) {
        at_once(peers, &|peer| observe(peer, self.install(peer)));
    }

    /// Compiles a release with its C extension.
    fn build(
        &self,
        peer: &Peer,
        archive: &Archive,
        python: &Python,
        into: &Path,
    ) -> Result<(), InstallError> {
        let lp64 = self.directory.join(format!("{}.lp64.h", peer.name));
        write(&lp64, LP64.as_bytes())?;
        let requirements = pinned(peer, archive, into)?;
        let mut pip = python.command();
        pip.args([
            "-m",
            "pip",
            "install",
            "--no-deps",
            "--no-binary",
            ":all:",
            "--require-hashes",
            "--target",
        ])
        .arg(into)
        .arg("-r")
        .arg(&requirements)
        .env(
            "CFLAGS",
            flags(peer).replace("lp64.h", &lp64.to_string_lossy()),
        );
        run(
            &mut pip,
            &format!("compiling {} {}", peer.package, archive.release),
        )?;
        let _ = fs::remove_file(requirements);
        Ok(())
    }

    /// The path of the adapter. Its name depends on its content, so that different versions of the suite do not disturb
    /// each other.
    fn adapter(&self) -> PathBuf {
        let digest = hex::encode(&Sha256::digest(ADAPTER)[..8]);
        self.directory.join(format!("adapter-{digest}.py"))
    }

    fn installed(&self, peer: &Peer, python: Python) -> Result<Installed, InstallError> {
        let adapter = self.adapter();
        if !adapter.exists() {
            let fresh = tempfile::NamedTempFile::new_in(&self.directory)
                .map_err(in_file(&self.directory))?;
            write(fresh.path(), ADAPTER.as_bytes())?;
            if let Err(error) = fresh.persist(&adapter)
                // Windows does not allow a file to be replaced that another process has open. That process has written
                // the same file.
                && !adapter.exists()
            {
                return Err(in_file(&adapter)(error.error));
            }
        }
        let mut arguments = vec![adapter.into_os_string()];
        arguments.extend(
            [
                "--package",
                &peer.package,
                "--release",
                peer.release(),
                "--name",
                &peer.name,
            ]
            .map(Into::into),
        );
        let mut tree = None;
        if let Source::Archive(archive) = &peer.source {
            let place = self.directory.join(&peer.name);
            arguments.extend(["--flavour", archive.flavour.name(), "--path"].map(Into::into));
            arguments.push(place.clone().into_os_string());
            tree = Some(place);
        }
        Ok(Installed {
            python,
            tree,
            arguments,
        })
    }
}

impl Installed {
    /// The interpreter on which the peer runs.
    pub fn python(&self) -> &Python {
        &self.python
    }

    /// The compiler of its extension and the flags, if it was built elsewhere. They are recorded in the tree from which
    /// it was copied.
    pub fn compiler(&self) -> Option<(String, String)> {
        let said = fs::read_to_string(self.tree.as_ref()?.join(built::COMPILER)).ok()?;
        let (name, flags) = said.split_once('\n')?;
        Some((name.trim().to_owned(), flags.trim().to_owned()))
    }

    /// Starts the peer.
    pub fn start(&self, patience: Duration) -> Result<Session, Trouble> {
        let mut words = vec![self.python.executable.clone().into_os_string()];
        // This ignores the user's own modules and turns off buffering.
        words.extend(["-E", "-s", "-u"].map(Into::into));
        words.extend(self.arguments.iter().cloned());
        let program = Program {
            words,
            environment: vec![("PYTHONDONTWRITEBYTECODE".into(), "1".into())],
        };
        Session::open(Box::new(ChildLink::start(&program)?), patience)
    }

    fn check(&self, peer: &Peer) -> Result<(), InstallError> {
        let session = self
            .start(Duration::from_secs(20))
            .map_err(|trouble| InstallError::Unfit(trouble.to_string()))?;
        let hello = session.hello();
        let claims = peer.claims();
        let has_families = claims
            .families
            .iter()
            .all(|family| hello.families.contains(family));
        if hello.dialects != claims.dialects
            || hello.version != claims.version
            || hello.pickle_protocol != claims.pickle_protocol
            || !has_families
        {
            let families: Vec<String> = hello.families.iter().map(ToString::to_string).collect();
            return Err(InstallError::Unfit(format!(
                "it says that it is {}, has {}, speaks {} and sends pickles of protocol {}",
                hello.version,
                families.join(" "),
                hello.dialects.join(", "),
                hello.pickle_protocol
            )));
        }
        Ok(())
    }
}

fn for_this_system(peer: &Peer) -> Result<(), InstallError> {
    if peer.is_for_this_system() {
        return Ok(());
    }
    let (system, families) = if cfg!(windows) {
        ("POSIX systems", &peer.families.posix)
    } else {
        ("Windows", &peer.families.windows)
    };
    let families: Vec<_> = families.iter().map(|family| family.name()).collect();
    Err(InstallError::OtherSystem {
        system,
        families: families.join(" and "),
    })
}

/// Unpacks a release without its C extension.
fn copy_sources(
    peer: &Peer,
    archive: &Archive,
    python: &Python,
    into: &Path,
) -> Result<(), InstallError> {
    /// A program that unpacks the only archive in a directory, whatever its format, and builds it without compiling.
    const UNPACK: &str = "\
import os, subprocess, sys, tarfile, zipfile
where, into = sys.argv[1:]
[archive] = [name for name in os.listdir(where) if name.endswith(('.zip', '.gz', '.bz2', '.tgz'))]
archive = os.path.join(where, archive)
(zipfile.ZipFile if archive.endswith('.zip') else tarfile.open)(archive).extractall(where)
[top] = [name for name in os.listdir(where) if os.path.isdir(os.path.join(where, name))]
sys.exit(subprocess.call([sys.executable, 'setup.py', '-q', 'build_py', '--build-lib', into], cwd=os.path.join(where, top)))
";
    let unpacked = tempfile::tempdir_in(into).map_err(in_file(into))?;
    let requirements = pinned(peer, archive, into)?;
    let mut download = python.command();
    download
        .args([
            "-m",
            "pip",
            "download",
            "--no-deps",
            "--no-binary",
            ":all:",
            "--require-hashes",
            "-d",
        ])
        .arg(unpacked.path())
        .arg("-r")
        .arg(&requirements);
    run(
        &mut download,
        &format!("downloading {} {}", peer.package, archive.release),
    )?;
    let _ = fs::remove_file(requirements);
    let mut unpack = python.command();
    unpack.args(["-c", UNPACK]).arg(unpacked.path()).arg(into);
    run(
        &mut unpack,
        &format!("unpacking {} {}", peer.package, archive.release),
    )
}

/// A requirements file that names exactly one archive, by its digest.
fn pinned(peer: &Peer, archive: &Archive, directory: &Path) -> Result<PathBuf, InstallError> {
    let path = directory.join("requirements.txt");
    let line = format!(
        "{}=={} --hash=sha256:{}\n",
        peer.package, archive.release, archive.sha256
    );
    write(&path, line.as_bytes())?;
    Ok(path)
}

fn flags(peer: &Peer) -> String {
    peer.help.join(" ")
}

fn record(peer: &Peer, archive: &Archive, python: &Python, built: Option<&Built>) -> Record {
    Record {
        sha256: archive.sha256.clone(),
        python: format!("{} at {}", python.version, python.executable.display()),
        flags: flags(peer),
        helper: hex::encode(Sha256::digest(LP64)),
        built: built.map(|built| built.digest().to_owned()),
    }
}

fn is_current(place: &Path, expected: &Record) -> bool {
    fs::read(place.join(RECORD))
        .ok()
        .and_then(|text| serde_json::from_slice::<Record>(&text).ok())
        .is_some_and(|record| record == *expected)
}

/// Runs a command, and keeps its output for the error if it fails.
fn run(command: &mut Command, what: &str) -> Result<(), InstallError> {
    const SHOWN: usize = 12;
    let failed = |said| InstallError::Command {
        what: what.into(),
        said,
    };
    let output = command
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| !line.contains("DEPRECATION"))
        .collect();
    let end = lines[lines.len().saturating_sub(SHOWN)..].join("\n");
    Err(failed(format!("{}\n{end}", output.status)))
}

fn write(path: &Path, content: &[u8]) -> Result<(), InstallError> {
    fs::write(path, content).map_err(in_file(path))
}

fn remove(directory: &Path) -> Result<(), InstallError> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(in_file(directory)(error)),
        _ => Ok(()),
    }
}

fn in_file(path: &Path) -> impl Fn(io::Error) -> InstallError {
    let path = path.to_owned();
    move |error| InstallError::File {
        path: path.clone(),
        error,
    }
}
