//! Trying a property with many examples over one connection.

use std::cell::RefCell;
use std::fmt::Display;

use processing_conformance::notation::Graph;
use proptest::strategy::Strategy;
use proptest::test_runner::{
    Config, FileFailurePersistence, RngAlgorithm, TestCaseError, TestError, TestRunner,
};

use crate::ends::Fallible;
use crate::strings::Bytes;

/// The file of examples that failed once. Every property tries them first.
const REGRESSIONS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/proptest-regressions/properties.txt"
);
/// The number of examples, unless `PROPTEST_CASES` specifies another.
const EXAMPLES: u32 = 200;
/// The maximum time for shrinking, in milliseconds. Shrinking is limited by time, not by the number of examples: a
/// testee that hangs takes all of the suite's patience for each of them.
const LONGEST_SHRINKING: u32 = 60_000;
/// The maximum number of bytes that are shown of an object in Python's form.
const SHOWN: usize = 2000;

/// Checks that a property holds for every example, those of [`REGRESSIONS`] first.
pub(crate) fn check<Ends, Examples>(
    subject: &impl Display,
    examples: &Examples,
    open: impl Fn() -> Ends,
    property: impl Fn(&mut Ends, &Examples::Value) -> Fallible<()>,
) -> Fallible<()>
where
    Examples: Strategy,
    Examples::Value: Shown,
{
    let config = Config {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(REGRESSIONS))),
        ..config()
    };
    counterexample(subject, examples, config, open, property)
}

/// The configuration of a search: as many examples as [`examples_each`] says, all of them new.
pub(crate) fn config() -> Config {
    Config {
        cases: examples_each(),
        failure_persistence: None,
        max_shrink_time: LONGEST_SHRINKING,
        // With `u32::MAX`, proptest would choose a limit of its own.
        max_shrink_iters: u32::MAX - 1,
        // The default one takes most of the time of a test that is not optimised.
        rng_algorithm: RngAlgorithm::XorShift,
        ..Config::default()
    }
}

/// Looks for an example for which the property does not hold, and returns the smallest as an error. One connection is
/// used until an example fails; each smaller one that is tried after that gets a connection of its own.
pub(crate) fn counterexample<Ends, Examples>(
    subject: &impl Display,
    examples: &Examples,
    config: Config,
    open: impl Fn() -> Ends,
    property: impl Fn(&mut Ends, &Examples::Value) -> Fallible<()>,
) -> Fallible<()>
where
    Examples: Strategy,
    Examples::Value: Shown,
{
    let connected = RefCell::new(None);
    let outcome = TestRunner::new(config).run(examples, |example| {
        let mut ends = connected.take().unwrap_or_else(&open);
        property(&mut ends, &example).map_err(TestCaseError::fail)?;
        connected.replace(Some(ends));
        Ok(())
    });
    match outcome {
        Ok(()) => Ok(()),
        Err(TestError::Fail(reason, example)) => Err(format!(
            "{subject}: {reason}\nthe smallest example:\n{}",
            example.shown()
        )),
        Err(TestError::Abort(reason)) => Err(format!("{subject}: {reason}")),
    }
}

/// How many examples each property is tried with, for each family and dialect.
pub(crate) fn examples_each() -> u32 {
    match std::env::var_os("PROPTEST_CASES") {
        None => EXAMPLES,
        Some(_) => Config::default().cases,
    }
}

/// An example in a form for people.
pub(crate) trait Shown: std::fmt::Debug {
    fn shown(&self) -> String;
}

impl Shown for Graph {
    /// Shows the object in Python's form for people, and as JSON to copy.
    fn shown(&self) -> String {
        let json = serde_json::to_string(self).expect("a graph is representable in JSON");
        format!("  {}\n  {json}", self.python(SHOWN))
    }
}

impl Shown for (Graph, u8) {
    fn shown(&self) -> String {
        format!("  in protocol {}\n{}", self.1, self.0.shown())
    }
}

impl Shown for Bytes {
    fn shown(&self) -> String {
        format!("  {self:?}")
    }
}

impl Shown for (Vec<Bytes>, Vec<usize>) {
    fn shown(&self) -> String {
        let (messages, cuts) = self;
        let messages: Vec<_> = messages.iter().map(Shown::shown).collect();
        format!("{}\n  the stream cut at {cuts:?}", messages.join("\n"))
    }
}
