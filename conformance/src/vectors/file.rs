//! A file of vectors: a peer, the provenance of its bytes, and its vectors.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::bytes::Bytes;
use super::handshake::RecordedHandshake;
use crate::context::Ceiling;
use crate::context::setting::Spoken;
use crate::notation::{Graph, Node, outside_values};

/// The version of the format that this suite reads and writes.
pub(super) const FORMAT: u32 = 1;

/// Everything that was recorded from one peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The version of the format.
    pub format: u32,
    /// The peer's name.
    pub peer: String,
    /// The SHA-256 of the file in hexadecimal, computed with zeros in place of these 64 digits.
    pub digest: String,
    /// The provenance of the bytes.
    pub provenance: Provenance,
    /// The dialect that the peer speaks. On a stream it has a framing, and on a pipe it has none.
    #[serde(with = "by_name")]
    pub dialect: Spoken,
    /// The vectors, in the order of their ids.
    pub vectors: Vec<Vector>,
}

/// The provenance of recorded bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The name of the package on `PyPI` or in the standard library.
    pub package: String,
    /// Its version. In the standard library, this is the version of the interpreter without its last number.
    pub release: String,
    /// The SHA-256 of its source archive on `PyPI`, or `None` in the standard library.
    pub archive_sha256: Option<String>,
    /// `c` or `pure`, or `None` in the standard library.
    pub flavour: Option<String>,
    /// The implementation of Python, such as `CPython`.
    pub implementation: String,
    /// The version of Python.
    pub python: String,
    /// The platform on which it ran.
    pub platform: Platform,
    /// The compiler of the peer's extension, or `None` without an extension.
    pub compiler: Option<Compiler>,
    /// The compiler options that the peer needed in addition to its own in order to run at all.
    pub help: Vec<String>,
    /// The name and version of the recorder.
    pub recorder: String,
}

/// The platform of a peer, as far as its bytes could depend on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Platform {
    /// The operating system, such as `Linux`.
    pub system: String,
    /// The processor, such as `x86_64`.
    pub machine: String,
    /// `little` or `big`.
    pub byte_order: String,
    /// The size of a pointer in bits.
    pub word_bits: u32,
}

/// The compiler of an extension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compiler {
    /// Its name, as it reports it.
    pub name: String,
    /// Its options, except for those in `help`.
    pub flags: Vec<String>,
}

/// An operation of a peer, and the bytes that it put on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
pub enum Vector {
    /// The peer sent an object.
    Send(SentObject),
    /// The peer sent a string.
    SendString(SentString),
    /// The peer took part in a handshake.
    Handshake(RecordedHandshake),
}

/// An object that a peer sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentObject {
    /// A stable name.
    pub id: String,
    /// The object.
    pub object: Graph,
    /// How a reader must read it.
    pub reads_as: ReadsAs,
    /// The bytes on the wire, including the header.
    pub bytes: Bytes,
}

/// A string that a peer sent, and that a reader must receive unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentString {
    /// A stable name.
    pub id: String,
    /// The bytes of the string.
    pub payload: Bytes,
    /// The bytes on the wire, including the header.
    pub bytes: Bytes,
}

impl Vector {
    /// The id of the vector.
    pub fn id(&self) -> &str {
        match self {
            Self::Send(SentObject { id, .. })
            | Self::SendString(SentString { id, .. })
            | Self::Handshake(RecordedHandshake { id, .. }) => id,
        }
    }
}

/// How readers must read the bytes of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadsAs {
    /// What a reader of profile `graph` must make of them, which is always the object.
    pub graph: ExpectedReading,
    /// What a reader of profile `serde` must make of them.
    pub serde: ExpectedReading,
}

/// What a reader must make of the bytes of an object. The errors are named as in ADAPTER.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpectedReading {
    /// The object, as the profile compares objects.
    Object,
    /// An error: the object needs a class or a call.
    NeedsClass,
    /// An error: the profile has no such value.
    Undecodable,
}

impl ReadsAs {
    /// How a reader must read this object.
    pub fn of(object: &Graph) -> Self {
        let takes_a_class = |node: &Node| {
            matches!(
                node,
                Node::Complex(..) | Node::Global { .. } | Node::Object(_) | Node::Extension(_)
            )
        };
        let serde = match outside_values(object) {
            None => ExpectedReading::Object,
            Some(_) if object.nodes.iter().any(takes_a_class) => ExpectedReading::NeedsClass,
            Some(_) => ExpectedReading::Undecodable,
        };
        Self {
            graph: ExpectedReading::Object,
            serde,
        }
    }
}

/// Why a file of vectors is refused.
#[derive(Debug, Error)]
pub enum FileError {
    /// It does not have the format of a file of vectors.
    #[error("not a file of vectors: {0}")]
    Form(#[from] serde_json::Error),
    /// It has another version of the format.
    #[error("its format is {0}, but this suite reads format {FORMAT}")]
    Format(u32),
    /// It was changed after it was recorded.
    #[error(
        "it was changed after it was recorded: its digest is {actual}, but the file states {recorded}"
    )]
    Digest {
        /// The digest in the file.
        recorded: String,
        /// The actual digest.
        actual: String,
    },
}

impl File {
    /// Parses a file, after checking that no byte of it was changed since it was recorded.
    pub fn parse(text: &str) -> Result<Self, FileError> {
        #[derive(Deserialize)]
        struct Seal {
            digest: String,
        }

        let Seal { digest: recorded } = serde_json::from_str(text)?;
        let actual = digest(text, &recorded);
        if recorded == actual {
            Self::parse_unsealed(text)
        } else {
            Err(FileError::Digest { recorded, actual })
        }
    }

    /// Parses a file that may have been changed.
    pub fn parse_unsealed(text: &str) -> Result<Self, FileError> {
        let file: Self = serde_json::from_str(text)?;
        if file.format == FORMAT {
            Ok(file)
        } else {
            Err(FileError::Format(file.format))
        }
    }

    /// The ceiling of its pickles. They must be loaded by the peer's own Python.
    pub fn ceiling(&self) -> Ceiling {
        match self.provenance.python.split('.').next() {
            Some("3") => Ceiling::OF_PYTHON_3,
            _ => Ceiling::OF_THE_RELEASES,
        }
    }

    /// The vector with this id.
    pub fn vector(&self, id: &str) -> Option<&Vector> {
        self.vectors.iter().find(|vector| vector.id() == id)
    }
}

/// The digest of the text of a file, which contains `recorded` in place of the digest.
pub(super) fn digest(text: &str, recorded: &str) -> String {
    if recorded.is_empty() {
        return hex::encode(Sha256::digest(text));
    }
    let blank = "0".repeat(recorded.len());
    hex::encode(Sha256::digest(text.replacen(recorded, &blank, 1)))
}

/// Serializes a dialect over any family by its name.
mod by_name {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    use crate::context::setting::Spoken;

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )]
    pub(super) fn serialize<S: Serializer>(
        dialect: &Spoken,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(dialect)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Spoken, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}
