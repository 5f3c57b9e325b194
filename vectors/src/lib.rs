//! Bytes recorded from every release of Python's `processing` package that runs, and from `multiprocessing`, together
//! with their meaning.
//!
//! The data are the JSON files in this package; its README describes their format, for use in any language. This crate
//! embeds them, for Rust programs that have no checkout.
#![forbid(unsafe_code)]

/// Returns the files with these names, each with its name.
macro_rules! files {
    ($($peer:literal)*) => {
        &[$((concat!($peer, ".json"), include_str!(concat!("../", $peer, ".json")))),*]
    };
}

/// The name and the text of every file. Each peer has one file for streams, one for named pipes, or both. The files are
/// in the order of the releases, with `multiprocessing` last.
pub const FILES: &[(&str, &str)] = files! {
    "processing-0.10-c"
    "processing-0.10-c-pipe"
    "processing-0.10-pure"
    "processing-0.11-c"
    "processing-0.11-c-pipe"
    "processing-0.11-pure"
    "processing-0.20-c"
    "processing-0.20-c-pipe"
    "processing-0.20-pure"
    "processing-0.21-c"
    "processing-0.21-c-pipe"
    "processing-0.21-pure"
    "processing-0.30-c"
    "processing-0.30-c-pipe"
    "processing-0.30-pure"
    "processing-0.31-c"
    "processing-0.31-c-pipe"
    "processing-0.31-pure"
    "processing-0.32-c"
    "processing-0.32-c-pipe"
    "processing-0.32-pure"
    "processing-0.33-c"
    "processing-0.33-c-pipe"
    "processing-0.33-pure"
    "processing-0.34-c"
    "processing-0.34-c-pipe"
    "processing-0.35-c"
    "processing-0.35-c-pipe"
    "processing-0.36-c"
    "processing-0.36-c-pipe"
    "processing-0.37-c"
    "processing-0.37-c-pipe"
    "processing-0.38-c"
    "processing-0.38-c-pipe"
    "processing-0.39-c"
    "processing-0.39-c-pipe"
    "processing-0.40-c"
    "processing-0.40-c-pipe"
    "processing-0.50-c"
    "processing-0.50-c-pipe"
    "processing-0.51-c"
    "processing-0.51-c-pipe"
    "processing-0.52-c"
    "processing-0.52-c-pipe"
    "multiprocessing-2.7-pipe"
    "multiprocessing-3.6-pipe"
    "multiprocessing-3.7-pipe"
    "multiprocessing-3.8-pipe"
    "multiprocessing-3.9-pipe"
    "multiprocessing-3.10-pipe"
    "multiprocessing-3.11-pipe"
    "multiprocessing-3.12-pipe"
    "multiprocessing-3.13-pipe"
    "multiprocessing-3.14-pipe"
};

/// The JSON Schema that every file satisfies.
pub const SCHEMA: &str = include_str!("../schema.json");
