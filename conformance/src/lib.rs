//! The interoperability conformance suite for the connection protocol of Python's `processing` package.
//!
//! A *testee* is asked to do things ([`testee`]), the suite holds the other end of the wire or lets two testees talk to
//! each other ([`wire`]), *cases* say what must happen ([`cases`], in the words of [`context`], citing
//! [`requirements`]), and a run reaches a verdict on each execution ([`run`]), which [`report`] shows. Known
//! implementations are installed and run by the suite itself ([`peers`]), and the bytes that they send are recorded
//! ([`vectors`]). An [`adapter`] turns an implementation in Rust into a testee. Objects are compared in a notation of
//! their own ([`notation`]), and pickles are read without executing anything ([`pickle`]). Captured bytes can be
//! decoded as well ([`inspect`]).
//!
//! # Layers
//!
//! The modules are declared from the bottom to the top: each uses only those above it in the list below. A test holds
//! them to this order.
//!
//! # Words
//!
//! | word | what it means | type |
//! | --- | --- | --- |
//! | testee | an implementation that can be judged, and how it is started or reached | [`run::Testee`] |
//! | name of a testee | how the command line names a testee; a pattern names several testees | [`testee::TesteeName`] |
//! | peer | a known implementation that can be installed; it is a testee as well | [`peers::Peer`] |
//! | counterpart | the testee at the other end of a pair case | [`run::Testee`] |
//! | bare | without an adapter: a testee that is observed only on the wire | [`context::bare::Bare`] |
//! | session | a conversation with a testee that was started | [`testee::session::Session`] |
//! | case | a test of one behaviour | [`cases::Case`] |
//! | execution | a case under one setting | [`run::plan::Execution`] |
//! | outcome | what a testee did, as far as it decides about the verdict | [`context::outcome::Outcome`] |
//! | scheme of a handshake | the messages by which both ends prove that they know the key | [`wire::handshake::Scheme`] |
//! | handshake with a testee | a handshake that the suite takes part in | [`context::handshake::LiveHandshake`] |
//! | recorded handshake | a handshake of a peer in a file of vectors | [`vectors::RecordedHandshake`] |
//! | captured handshake | a handshake that was found in a capture | [`inspect::handshake::CapturedHandshake`] |
//! | judgement | a verdict on an execution, with everything that explains it | [`run::Judgement`] |
//! | judge | runs the executions of one testee and judges them | [`run::Judge`] |
//! | run | the judgements of one testee | [`run::Run`] |
//! | runner | everything that determines the runs of some testees | [`run::Runner`] |
//! | subject | a testee as reports name it | [`report::Subject`] |
#![forbid(unsafe_code)]

pub mod notation;

pub mod pickle;

#[cfg(any(test, feature = "strategies"))]
pub mod strategy;

pub mod wire;

pub mod testee;

pub mod adapter;

pub mod peers;

pub mod requirements;

pub mod context;

pub mod inspect;

pub mod objects;

pub mod vectors;

pub mod cases;

pub mod run;

pub mod report;
