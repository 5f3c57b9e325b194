//! One recording: a peer, where its bytes are from, and its vectors.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::bytes::Bytes;
use super::handshake::Handshake;
use crate::context::Ceiling;
use crate::context::setting::Spoken;
use crate::notation::{Graph, Node, outside_values};

/// The version of the form that this suite reads and writes.
pub(super) const FORMAT: u32 = 1;

/// Everything that was recorded off one peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The version of the form.
    pub format: u32,
    /// The peer's name.
    pub peer: String,
    /// The SHA-256 of the file in hexadecimal, with zeros for these 64 digits themselves.
    pub digest: String,
    /// Where the bytes are from.
    pub provenance: Provenance,
    /// What the peer speaks, and over what: on a stream a dialect has a framing, on a pipe none.
    #[serde(with = "by_name")]
    pub dialect: Spoken,
    /// The vectors, in the order of their ids.
    pub vectors: Vec<Vector>,
}

/// Where the bytes are from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The name of the package on `PyPI`, or in the standard library.
    pub package: String,
    /// Its version; in the standard library that of the interpreter, without its last number.
    pub release: String,
    /// The SHA-256 of its source archive on `PyPI`; nothing in the standard library.
    pub archive_sha256: Option<String>,
    /// `c` or `pure`; nothing in the standard library.
    pub flavour: Option<String>,
    /// The implementation of Python: `CPython`.
    pub implementation: String,
    /// Its version.
    pub python: String,
    /// What that ran on.
    pub platform: Platform,
    /// What compiled the peer's extension; nothing without one.
    pub compiler: Option<Compiler>,
    /// What it took beyond the peer's own installation, so that it runs at all.
    pub help: Vec<String>,
    /// What recorded it.
    pub recorder: String,
}

/// What a peer ran on, as far as bytes could depend on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Platform {
    /// `Linux`.
    pub system: String,
    /// `x86_64`.
    pub machine: String,
    /// `little` or `big`.
    pub byte_order: String,
    /// The bits of a pointer.
    pub word_bits: u32,
}

/// What compiled an extension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compiler {
    /// What it says of itself.
    pub name: String,
    /// Its flags, the help not among them.
    pub flags: Vec<String>,
}

/// Something that a peer did, and the bytes that it showed as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
pub enum Vector {
    /// It sent an object.
    Send(SentObject),
    /// It sent a string.
    SendString(SentString),
    /// It proved that it knew a key, and had it proved.
    Handshake(Handshake),
}

/// An object that a peer sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentObject {
    /// Stable, in words.
    pub id: String,
    /// The object.
    pub object: Graph,
    /// What a reader must make of it.
    pub reads_as: ReadsAs,
    /// What was on the wire, header included.
    pub bytes: Bytes,
}

/// A string that a peer sent, which a reader must receive as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentString {
    /// Stable, in words.
    pub id: String,
    /// The bytes of the string.
    pub payload: Bytes,
    /// What was on the wire, header included.
    pub bytes: Bytes,
}

impl Vector {
    /// Stable, in words.
    pub fn id(&self) -> &str {
        match self {
            Self::Send(SentObject { id, .. })
            | Self::SendString(SentString { id, .. })
            | Self::Handshake(Handshake { id, .. }) => id,
        }
    }
}

/// What a reader must make of an object's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadsAs {
    /// In profile `graph`.
    pub graph: AtGraph,
    /// In profile `serde`.
    pub serde: AtSerde,
}

/// What a reader of profile `graph` must make of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AtGraph {
    /// The object.
    Object,
}

/// What a reader of profile `serde` must make of the bytes. The errors are named as in ADAPTER.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AtSerde {
    /// The object, by its values.
    Object,
    /// An error: it takes a class, or a call.
    NeedsClass,
    /// An error: the profile has no such value.
    Undecodable,
}

impl ReadsAs {
    /// What follows from the notation of an object.
    pub fn of(object: &Graph) -> Self {
        let takes_a_class = |node: &Node| {
            matches!(
                node,
                Node::Complex(..) | Node::Global { .. } | Node::Object(_) | Node::Extension(_)
            )
        };
        let serde = match outside_values(object) {
            None => AtSerde::Object,
            Some(_) if object.nodes.iter().any(takes_a_class) => AtSerde::NeedsClass,
            Some(_) => AtSerde::Undecodable,
        };
        Self {
            graph: AtGraph::Object,
            serde,
        }
    }
}

/// A file that is none, or no longer what was recorded.
#[derive(Debug, Error)]
pub enum FileError {
    /// It is not of the form.
    #[error("it is no file of vectors: {0}")]
    Form(#[from] serde_json::Error),
    /// It is of another version of the form.
    #[error("its format is {0}; this suite reads format {FORMAT}")]
    Format(u32),
    /// Something in it was changed after it was recorded.
    #[error("it was changed after it was recorded: its digest is {actual}, but it says {recorded}")]
    Digest {
        /// What stands in the file.
        recorded: String,
        /// What it is.
        actual: String,
    },
}

impl File {
    /// Reads a file, after making sure that no byte of it was changed since it was recorded.
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

    /// Reads a file that may have been changed.
    pub fn parse_unsealed(text: &str) -> Result<Self, FileError> {
        let file: Self = serde_json::from_str(text)?;
        if file.format == FORMAT {
            Ok(file)
        } else {
            Err(FileError::Format(file.format))
        }
    }

    /// What its pickles are held to: who loads them is the peer's own Python.
    pub fn ceiling(&self) -> Ceiling {
        match self.provenance.python.split('.').next() {
            Some("3") => Ceiling::OF_PYTHON_3,
            _ => Ceiling::OF_THE_RELEASES,
        }
    }

    /// The vector of this id.
    pub fn vector(&self, id: &str) -> Option<&Vector> {
        self.vectors.iter().find(|vector| vector.id() == id)
    }
}

/// The digest of a file's text, in which `recorded` stands for it.
pub(super) fn digest(text: &str, recorded: &str) -> String {
    if recorded.is_empty() {
        return hex::encode(Sha256::digest(text));
    }
    let blank = "0".repeat(recorded.len());
    hex::encode(Sha256::digest(text.replacen(recorded, &blank, 1)))
}

/// A dialect by its name, over whichever family.
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
