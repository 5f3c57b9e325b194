//! The known implementations: which ones exist, whether they are installed, and how they are installed.

mod built;
mod install;
mod python;
mod supply;

use std::num::NonZero;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

pub use built::NotBuilt;
pub use install::{InstallError, Installed, Peers};
use processing_connection::Family;
pub use python::{Python, PythonError};
use serde::{Deserialize, Deserializer, de::Error};
pub use supply::{Absence, Supply};
use wildmatch::WildMatch;

use crate::testee::message::{Hello, PROTOCOL, Profile, family_names};
use crate::wire::Dialect;

/// The known faults of the peers: the names of the files, one for each topic, and their contents for
/// `Deviations::parse`.
pub(crate) const DEVIATIONS: [(&str, &str); 7] = [
    ("addresses.toml", include_str!("deviations/addresses.toml")),
    ("listeners.toml", include_str!("deviations/listeners.toml")),
    ("lengths.toml", include_str!("deviations/lengths.toml")),
    ("ends.toml", include_str!("deviations/ends.toml")),
    ("messages.toml", include_str!("deviations/messages.toml")),
    ("handshake.toml", include_str!("deviations/handshake.toml")),
    ("pipes.toml", include_str!("deviations/pipes.toml")),
];

/// The number of bits of a C `long`.
const C_LONG: NonZero<u32> = NonZero::new(std::ffi::c_long::BITS).expect("it is not 0");

/// One known implementation, as described by its stanza in `peers.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Peer {
    /// Its name on the command line.
    pub name: String,
    /// Its name on `PyPI` or in the standard library.
    pub package: String,
    /// Its origin.
    pub source: Source,
    /// The version of `CPython` that it runs on.
    pub python: String,
    /// The families in which it is a peer.
    pub families: Families,
    /// The dialect that it speaks, as its adapter is told.
    #[serde(deserialize_with = "dialect_name")]
    pub dialect: Dialect,
    /// The highest pickle protocol with which it sends objects.
    pub pickle_protocol: u8,
    /// The operations that it has in addition to those of the seed.
    pub operations: Vec<String>,
    /// The compiler flags that it needs on today's machines, in addition to its own installation.
    pub help: Vec<String>,
}

/// The origin of a peer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A release on `PyPI`.
    Archive(Archive),
    /// It comes with the interpreter.
    StandardLibrary,
}

/// A release on `PyPI`, with or without its C extension.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Archive {
    /// Its version.
    pub release: String,
    /// The SHA-256 of the source archive, in hexadecimal.
    pub sha256: String,
    /// Whether it is used with its C extension.
    pub flavour: Flavour,
}

/// The two implementations in one release: with or without the C extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flavour {
    /// With its C extension.
    C,
    /// Its pure Python fallback.
    Pure,
}

impl Flavour {
    /// The name of the flavour on the adapter's command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::C => "c",
            Self::Pure => "pure",
        }
    }
}

fn dialect_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Dialect, D::Error> {
    let name = String::deserialize(deserializer)?;
    name.parse().map_err(D::Error::custom)
}

/// The families of a peer by system. There are none on a system on which the peer is not run.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Families {
    /// The families on a POSIX system.
    #[serde(deserialize_with = "family_names::deserialize")]
    pub posix: Vec<Family>,
    /// The families on Windows.
    #[serde(deserialize_with = "family_names::deserialize")]
    pub windows: Vec<Family>,
}

impl Families {
    /// The families on this system.
    pub fn here(&self) -> &[Family] {
        if cfg!(windows) {
            &self.windows
        } else {
            &self.posix
        }
    }
}

impl Peer {
    /// The release on `PyPI`, unless the peer comes with the interpreter.
    pub fn archive(&self) -> Option<&Archive> {
        match &self.source {
            Source::Archive(archive) => Some(archive),
            Source::StandardLibrary => None,
        }
    }

    /// The flavour, if the peer is a release with two of them.
    pub fn flavour(&self) -> Option<Flavour> {
        self.archive().map(|archive| archive.flavour)
    }

    /// Its version, which is that of the release or of the interpreter.
    pub fn release(&self) -> &str {
        self.archive()
            .map_or(&self.python, |archive| &archive.release)
    }

    /// Whether the peer is run on this system at all.
    pub fn is_for_this_system(&self) -> bool {
        !self.families.here().is_empty()
    }

    /// What the peer is expected to report about itself. A test compares this with what it actually reports.
    pub fn claims(&self) -> Hello {
        Hello {
            protocol: PROTOCOL,
            name: self.name.clone(),
            version: self.release().into(),
            runtime: format!("CPython {}", self.python),
            families: self.families.here().to_vec(),
            dialects: vec![self.dialect.to_string()],
            pickle_protocol: self.pickle_protocol,
            profile: Profile::Graph,
            operations: self.operations.clone(),
            python: self.python_major(),
            int_bits: (self.python_major() == Some(2)).then_some(C_LONG),
        }
    }

    fn python_major(&self) -> Option<u32> {
        self.python.split('.').next()?.parse().ok()
    }

    /// The other flavour of the same release, if there is one with a different framing.
    pub fn sister(&self) -> Option<&'static Peer> {
        let archive = self.archive()?;
        catalogue().iter().find(|other| {
            other.package == self.package
                && other.dialect != self.dialect
                && other.archive().is_some_and(|other| {
                    other.release == archive.release && other.flavour != archive.flavour
                })
        })
    }
}

/// Every known implementation.
///
/// # Panics
///
/// Never, because a test reads the same text.
pub fn catalogue() -> &'static [Peer] {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        peer: Vec<Peer>,
    }
    static PEERS: LazyLock<Vec<Peer>> = LazyLock::new(|| {
        let File { peer } =
            toml::from_str(include_str!("peers.toml")).expect("peers.toml is well-formed");
        peer
    });
    &PEERS
}

/// The peers whose names match a pattern with `*` and `?`.
pub fn matching(pattern: &str) -> Vec<&'static Peer> {
    let pattern = WildMatch::new(pattern);
    catalogue()
        .iter()
        .filter(|peer| pattern.matches(&peer.name))
        .collect()
}

/// The peers of a name or a pattern.
///
/// # Errors
///
/// Returns [`UnknownPeer`] if no peer has this name or matches this pattern.
pub fn named(pattern: &str) -> Result<Vec<&'static Peer>, UnknownPeer> {
    let found = matching(pattern);
    if found.is_empty() {
        return Err(UnknownPeer(pattern.into()));
    }
    Ok(found)
}

/// No peer has this name, or matches this pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no peer is called `{0}`; the known peers are: {known}", known = names())]
pub struct UnknownPeer(String);

fn names() -> String {
    let names: Vec<&str> = catalogue().iter().map(|peer| peer.name.as_str()).collect();
    names.join(", ")
}

/// Does something for each of these peers, for as many at once as there are processors.
fn at_once(peers: &[&Peer], each: &(dyn Fn(&Peer) + Sync)) {
    let next = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(1, NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..workers.min(peers.len()) {
            scope.spawn(|| {
                while let Some(peer) = peers.get(next.fetch_add(1, Ordering::Relaxed)) {
                    each(peer);
                }
            });
        }
    });
}

/// The peers that take part in tests: those that `PROCESSING_CONFORMANCE_PEERS` lists, or all when it is not set.
///
/// # Panics
///
/// Panics if the variable lists something that does not match the name of any peer.
pub fn under_test() -> Vec<&'static Peer> {
    let Ok(listed) = std::env::var("PROCESSING_CONFORMANCE_PEERS") else {
        return catalogue().iter().collect();
    };
    let among = among(&listed);
    among.unwrap_or_else(|unknown| {
        panic!("PROCESSING_CONFORMANCE_PEERS: no peer is called `{unknown}`")
    })
}

/// Returns the peers of a list of names and patterns, with the oldest first, or the entry that matches no peer.
fn among(listed: &str) -> Result<Vec<&'static Peer>, &str> {
    let listed: Vec<&str> = listed.split(',').map(str::trim).collect();
    if let Some(unknown) = listed.iter().find(|pattern| matching(pattern).is_empty()) {
        return Err(unknown);
    }
    let is_listed = |peer: &&Peer| {
        let mut patterns = listed.iter();
        patterns.any(|pattern| WildMatch::new(pattern).matches(&peer.name))
    };
    Ok(catalogue().iter().filter(is_listed).collect())
}

/// Whether a test must fail if this peer is not installed. `PROCESSING_CONFORMANCE_REQUIRE` lists names, or is `all`
/// for every peer that this system supports.
pub fn is_required(peer: &Peer) -> bool {
    let required = std::env::var("PROCESSING_CONFORMANCE_REQUIRE").unwrap_or_default();
    required
        .split(',')
        .map(str::trim)
        .any(|required| required == peer.name || (required == "all" && peer.is_for_this_system()))
}

/// The directory of the peers if the user does not name another one: below `target` in a checkout, and otherwise in the
/// user's cache.
pub fn default_directory() -> Option<PathBuf> {
    use etcetera::BaseStrategy;
    if let Some(manifest) = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from)
        && manifest
            .file_name()
            .is_some_and(|name| name == "conformance")
    {
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(target) => manifest.parent()?.join(target),
            None => manifest.parent()?.join("target"),
        };
        // Two systems may share one checkout, and one cannot use what was compiled for the other.
        return Some(target.join(if cfg!(windows) {
            "peers-windows"
        } else {
            "peers"
        }));
    }
    let strategy = etcetera::choose_base_strategy().ok()?;
    Some(
        strategy
            .cache_dir()
            .join("processing-conformance")
            .join("peers"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stanzas_are_complete_and_consistent() {
        for peer in catalogue() {
            let name = &peer.name;
            let expected = match &peer.source {
                Source::Archive(Archive {
                    release,
                    sha256,
                    flavour,
                }) => {
                    assert_eq!(sha256.len(), 64, "{name}");
                    let has_pipes = peer.families.windows.contains(&Family::Pipe);
                    assert_eq!(has_pipes, *flavour == Flavour::C, "{name}");
                    format!("{}-{release}-{}", peer.package, flavour.name())
                }
                Source::StandardLibrary => format!("{}-{}", peer.package, peer.python),
            };
            assert_eq!(*name, expected);
            assert_eq!(matching(name).len(), 1, "{name}");
        }
    }

    #[test]
    fn a_list_takes_names_and_patterns_and_nothing_else() {
        let names = |listed| {
            among(listed).map(|peers| peers.iter().map(|peer| peer.name.as_str()).collect())
        };
        let expected = vec!["processing-0.20-c", "processing-0.52-c"];
        assert_eq!(names("processing-0.52-c, processing-0.20-c"), Ok(expected));
        let expected = vec!["processing-0.10-c", "processing-0.10-pure"];
        assert_eq!(names("processing-0.10-*,processing-0.10-c"), Ok(expected));
        assert_eq!(names("processing-0.10-*,processing"), Err("processing"));
        assert_eq!(names(""), Err(""));
    }

    #[test]
    fn the_two_flavours_of_0_20_are_sisters() {
        let [c, pure] = ["processing-0.20-c", "processing-0.20-pure"].map(|name| matching(name)[0]);
        assert_eq!(c.sister(), Some(pure));
        assert_eq!(pure.sister(), Some(c));
    }
}
