//! The interoperability conformance suite for the connection protocol of Python's `processing` package.
//!
//! A *testee* is asked to do things ([`testee`]), the suite holds the other end of the wire or lets two testees
//! talk to each other ([`wire`]), *cases* say what must come of it ([`cases`], in the words of [`context`], citing
//! [`requirements`]), and a run says a verdict on each ([`run`], [`report`]). Known implementations are installed and
//! run by the suite itself ([`peers`]), and what they send is kept ([`vectors`]); one in Rust becomes a testee by an [`adapter`]. Objects are compared in a
//! notation of their own ([`notation`]), and pickles are read without executing anything ([`pickle`]). Bytes that
//! somebody else captured can be taken apart, too ([`inspect`]).
#![forbid(unsafe_code)]

pub mod adapter;
pub mod cases;
pub mod context;
pub mod inspect;
pub mod notation;
pub mod peers;
pub mod pickle;
pub mod report;
pub mod requirements;
pub mod run;
pub mod testee;
pub mod vectors;
pub mod wire;
