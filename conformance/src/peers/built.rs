//! Releases that were built elsewhere, for systems on which the suite does not compile extensions, such as Windows.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{Archive, Flavour, Peer};

/// The variable that names the directory of the trees, one for each release: `processing-0.20/processing/…`.
const VARIABLE: &str = "PROCESSING_CONFORMANCE_BUILT";

/// The file in a tree that describes how the release was compiled: the version of the compiler, and its flags in the
/// next line.
pub(super) const COMPILER: &str = "compiler";

/// A built release, which is ready to be copied.
pub(super) struct Built {
    tree: PathBuf,
    /// The files, relative to the tree.
    files: Vec<PathBuf>,
    digest: String,
}

/// Why there is no tree of a release.
#[derive(Debug, Error)]
pub enum NotBuilt {
    /// There are no trees at all.
    #[error(
        "its C extension cannot be compiled here on Windows; let {VARIABLE} name a directory of trees that were built \
         elsewhere, `processing-0.20/processing/` and so on (a checkout's `scripts` builds them on Debian)"
    )]
    Unknown,
    /// There are only trees of other releases.
    #[error("{VARIABLE} names {}, in which there is no tree of this release", directory.display())]
    Missing {
        /// The directory of the trees.
        directory: PathBuf,
    },
    /// A tree could not be read.
    #[error("{}: {error}", path.display())]
    File {
        /// The file or directory.
        path: PathBuf,
        /// The error of the system.
        error: io::Error,
    },
}

/// Finds the tree of a release. The result is `None` if the release can be compiled here, or is not compiled at all.
pub(super) fn find(peer: &Peer, archive: &Archive) -> Result<Option<Built>, NotBuilt> {
    if !cfg!(windows) {
        return Ok(None);
    }
    let Some(directory) = std::env::var_os(VARIABLE).map(PathBuf::from) else {
        return match archive.flavour {
            Flavour::Pure => Ok(None),
            Flavour::C => Err(NotBuilt::Unknown),
        };
    };
    let tree = directory.join(format!("{}-{}", peer.package, archive.release));
    if !tree.is_dir() {
        return match archive.flavour {
            Flavour::Pure => Ok(None),
            Flavour::C => Err(NotBuilt::Missing { directory }),
        };
    }
    Built::read(tree).map(Some)
}

impl Built {
    fn read(tree: PathBuf) -> Result<Self, NotBuilt> {
        let mut files = Vec::new();
        collect(&tree, Path::new(""), &mut files)?;
        files.sort();
        let mut digest = Sha256::new();
        for file in &files {
            let path = tree.join(file);
            let content = fs::read(&path).map_err(|error| NotBuilt::File { path, error })?;
            digest.update(file.as_os_str().as_encoded_bytes());
            digest.update((content.len() as u64).to_le_bytes());
            digest.update(content);
        }
        Ok(Self {
            tree,
            files,
            digest: hex::encode(digest.finalize()),
        })
    }

    /// The digest of everything in the tree. It changes when the release is built again.
    pub(super) fn digest(&self) -> &str {
        &self.digest
    }

    /// Copies the tree into a directory.
    pub(super) fn copy(&self, into: &Path) -> io::Result<()> {
        for file in &self.files {
            let target = into.join(file);
            if let Some(directory) = target.parent() {
                fs::create_dir_all(directory)?;
            }
            fs::copy(self.tree.join(file), target)?;
        }
        Ok(())
    }
}

/// The files below a directory of a tree.
fn collect(tree: &Path, below: &Path, files: &mut Vec<PathBuf>) -> Result<(), NotBuilt> {
    let directory = tree.join(below);
    let failed = |error| NotBuilt::File {
        path: directory.clone(),
        error,
    };
    for entry in fs::read_dir(&directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = below.join(entry.file_name());
        if entry.file_type().map_err(failed)?.is_dir() {
            collect(tree, &path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
