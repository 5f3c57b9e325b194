//! What `python/witness.py` says of a pickle.

use processing_conformance::notation::Graph;
use serde::Deserialize;

/// What one Python makes of a pickle.
#[derive(Debug, Deserialize)]
pub(crate) struct Testimony {
    pub(crate) genops: Listing,
    pub(crate) dis: Dis,
    /// By the unpickler in C.
    pub(crate) c: Loaded,
    /// By the one in Python.
    pub(crate) pure: Loaded,
    /// Whether `loads` itself takes it, where that can be asked without importing anything.
    pub(crate) loads: Option<bool>,
}

/// What `pickletools.genops` lists.
#[derive(Debug, Deserialize)]
pub(crate) struct Listing {
    /// Position and opcode of each instruction, in turn.
    pub(crate) places: Vec<usize>,
    /// A list of the arguments.
    pub(crate) arguments: Graph,
    /// What ended it before `STOP`.
    pub(crate) error: Option<String>,
}

/// What `pickletools.dis` says.
#[derive(Debug, Deserialize)]
pub(crate) struct Dis {
    pub(crate) protocol: Option<u8>,
    pub(crate) error: Option<String>,
}

/// What an unpickler says.
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
