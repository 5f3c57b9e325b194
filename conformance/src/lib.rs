//! The interoperability conformance suite for the connection protocol of Python's `processing` package.
//!
//! A *testee* is asked to do things ([`testee`]), the suite holds the other end of the wire or lets two testees
//! talk to each other ([`wire`]), *cases* say what must come of it ([`cases`], in the words of [`context`], citing
//! [`requirements`]), and a run says a verdict on each ([`run`], [`report`]). Known implementations are installed and
//! run by the suite itself ([`peers`]), and what they send is kept ([`vectors`]); one in Rust becomes a testee by an [`adapter`]. Objects are compared in a
//! notation of their own ([`notation`]), and pickles are read without executing anything ([`pickle`]). Bytes that
//! somebody else captured can be taken apart, too ([`inspect`]).
//!
//! # Words
//!
//! | word | what it means | type |
//! | --- | --- | --- |
//! | testee | an implementation that can be judged, and how it is started or reached | [`run::Testee`] |
//! | name of a testee | what the command line says; a pattern names several testees | [`testee::TesteeName`] |
//! | peer | a known implementation that can be installed; it is a testee as well | [`peers::Peer`] |
//! | counterpart | the testee at the other end of a pair case | [`run::Testee`] |
//! | bare | without an adapter: a testee that is seen only from the wire | [`context::bare::Bare`] |
//! | session | a conversation with a testee that was started | [`testee::session::Session`] |
//! | case | a test of one behaviour | [`cases::Case`] |
//! | execution | a case under one setting | [`run::plan::Execution`] |
//! | judgement | a verdict on an execution, with everything that explains it | [`run::Judgement`] |
//! | judge | runs the executions of one testee and judges them | [`run::Judge`] |
//! | run | the judgements of one testee | [`run::Run`] |
//! | runner | everything that decides about the runs of some testees | [`run::Runner`] |
//! | subject | a testee as reports name it | [`report::Subject`] |
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
