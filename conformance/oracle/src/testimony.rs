//! What `python/witness.py` reports about a pickle.

use processing_conformance::notation::Graph;
use serde::Deserialize;

/// How one version of Python reads a pickle.
#[derive(Debug, Deserialize)]
pub(crate) struct Testimony {
    pub(crate) genops: Listing,
    pub(crate) dis: Dis,
    /// The result of the unpickler in C.
    pub(crate) c: Loaded,
    /// The result of the unpickler in Python.
    pub(crate) pure: Loaded,
    /// Whether `loads` itself accepts the pickle, if this can be found out without importing anything.
    pub(crate) loads: Option<bool>,
}

/// The result of `pickletools.genops`.
#[derive(Debug, Deserialize)]
pub(crate) struct Listing {
    /// The position and the opcode of each instruction.
    pub(crate) places: Vec<usize>,
    /// A list of the arguments.
    pub(crate) arguments: Graph,
    /// The error that ended the listing before `STOP`.
    pub(crate) error: Option<String>,
}

/// The result of `pickletools.dis`.
#[derive(Debug, Deserialize)]
pub(crate) struct Dis {
    pub(crate) protocol: Option<u8>,
    pub(crate) error: Option<String>,
}

/// The result of an unpickler.
#[derive(Debug, Deserialize)]
pub(crate) struct Loaded {
    pub(crate) object: Option<Graph>,
    #[serde(default)]
    pub(crate) needs: Vec<String>,
    pub(crate) error: Option<String>,
}

impl Testimony {
    pub(crate) fn parse(json: &[u8]) -> Self {
        match serde_json::from_slice(json) {
            Ok(testimony) => testimony,
            Err(error) => panic!("the witness says {}: {error}", json.escape_ascii()),
        }
    }
}
