//! Known implementations: which there are, whether they are here, and how they come here.

mod install;
mod python;

use std::path::PathBuf;
use std::sync::LazyLock;

pub use install::{InstallError, Installed, Peers};
use processing_connection::Family;
pub use python::{Python, PythonError};
use serde::Deserialize;
use wildmatch::WildMatch;

use crate::testee::message::{Hello, PROTOCOL, Profile};

/// What is known to be wrong with them, by topic: one file for `Deviations::parse`.
pub(crate) const DEVIATIONS: &str = concat!(
    include_str!("deviations/addresses.toml"),
    include_str!("deviations/listeners.toml"),
    include_str!("deviations/lengths.toml"),
    include_str!("deviations/ends.toml"),
    include_str!("deviations/messages.toml"),
    include_str!("deviations/handshake.toml"),
);

/// One known implementation, as its stanza in `peers.toml` has it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// What it is called on the command line.
    pub name: String,
    /// Its name on `PyPI`.
    pub package: String,
    /// Its version there.
    pub release: String,
    /// The SHA-256 of the source archive on `PyPI`, in hexadecimal.
    pub sha256: String,
    /// With its C extension or without.
    pub flavour: Flavour,
    /// The version of `CPython` that it runs on.
    pub python: String,
    /// The families that it has on a POSIX system.
    pub families: Vec<String>,
    /// What it speaks.
    pub dialect: String,
    /// What it has beyond the seed.
    pub operations: Vec<String>,
    /// What it takes to run on today's machines that its own installation does not do: compiler flags.
    pub help: Vec<String>,
}

/// With a C extension or without: two implementations in one release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flavour {
    /// With its C extension.
    C,
    /// Its pure Python fallback.
    Pure,
}

impl Flavour {
    /// As the adapter's command line has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::C => "c",
            Self::Pure => "pure",
        }
    }
}

impl Peer {
    /// What it is expected to say of itself; a test compares it with what it says.
    pub fn claims(&self) -> Hello {
        Hello {
            protocol: PROTOCOL,
            name: self.name.clone(),
            version: self.release.clone(),
            runtime: format!("CPython {}", self.python),
            families: self
                .families
                .iter()
                .filter_map(|name| name.parse::<Family>().ok())
                .collect(),
            dialects: vec![self.dialect.clone()],
            profile: Profile::Graph,
            operations: self.operations.clone(),
            python: self
                .python
                .split('.')
                .next()
                .and_then(|major| major.parse().ok()),
        }
    }

    /// The other flavour of the same release, when there is one that frames differently.
    pub fn sister(&self) -> Option<&'static Peer> {
        catalogue().iter().find(|other| {
            other.package == self.package
                && other.release == self.release
                && other.flavour != self.flavour
                && other.dialect != self.dialect
        })
    }
}

/// Every known implementation.
///
/// # Panics
///
/// Never: a test reads the same text.
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

/// Those whose names match a pattern with `*` and `?`.
pub fn matching(pattern: &str) -> Vec<&'static Peer> {
    let pattern = WildMatch::new(pattern);
    catalogue()
        .iter()
        .filter(|peer| pattern.matches(&peer.name))
        .collect()
}

/// Whether a test must fail when this peer is not here: `PROCESSING_CONFORMANCE_REQUIRE` lists names, or is `all`.
pub fn is_required(name: &str) -> bool {
    let required = std::env::var("PROCESSING_CONFORMANCE_REQUIRE").unwrap_or_default();
    required
        .split(',')
        .map(str::trim)
        .any(|required| required == "all" || required == name)
}

/// Where peers are kept unless the user says otherwise: in a checkout below its `target`, else in the user's
/// cache.
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
        return Some(target.join("peers"));
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
            assert_eq!(peer.sha256.len(), 64, "{}", peer.name);
            assert_eq!(
                peer.claims().families.len(),
                peer.families.len(),
                "{}",
                peer.name
            );
            assert!(
                peer.dialect
                    .parse::<processing_connection::Dialect>()
                    .is_ok(),
                "{}",
                peer.name
            );
            assert!(
                peer.name
                    .ends_with(&format!("-{}-{}", peer.release, peer.flavour.name())),
                "{}",
                peer.name
            );
            assert_eq!(
                catalogue()
                    .iter()
                    .filter(|other| other.name == peer.name)
                    .count(),
                1,
                "{}",
                peer.name
            );
        }
    }

    #[test]
    fn the_two_flavours_of_0_20_are_sisters() {
        let [c, pure] = ["processing-0.20-c", "processing-0.20-pure"].map(|name| matching(name)[0]);
        assert_eq!(c.sister(), Some(pure));
        assert_eq!(pure.sister(), Some(c));
    }
}
