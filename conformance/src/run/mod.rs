//! Running cases against testees and judging the outcomes.
//!
//! A [`Runner`] holds everything that decides about a run: the testees, the selection, the known deviations and the
//! deadline. It runs all executions, many at once, as the command line does:
//!
//! ```
//! use processing_conformance::run::plan::Selection;
//! use processing_conformance::run::verdict::{Summary, Verdict};
//! use processing_conformance::run::{Runner, Testee};
//!
//! let mut runner = Runner::new([Testee::reference()]);
//! runner.selection = Selection {
//!     patterns: vec!["string/*".into()],
//!     ..Selection::default()
//! };
//! let runs = runner.run(&|_| ())?;
//!
//! for judgement in &runs[0].judgements {
//!     let row = &judgement.row;
//!     assert_ne!(row.verdict, Verdict::Fail, "{}: {:?}", row.execution(), row.message);
//! }
//! let summary = Summary::of(runs[0].judgements.iter().map(|judgement| &judgement.row));
//! assert!(summary.pass > 0 && summary.is_success(false));
//! # Ok::<(), processing_conformance::run::RunError>(())
//! ```
//!
//! Another implementation in Rust is judged in the same way: see [`Testee::in_process`]. A program that speaks the
//! adapter protocol is a [`Testee::exec`].
//!
//! A crate may prefer one test for each execution. For this purpose, [`Runner::judges`] returns [`Judges`]: a [`Judge`]
//! for each testee, which judges one execution at a time and keeps sessions between executions:
//!
//! ```
//! # use processing_conformance::run::plan::Selection;
//! # use processing_conformance::run::verdict::Verdict;
//! # use processing_conformance::run::{Runner, Testee};
//! # let mut runner = Runner::new([Testee::reference()]);
//! # runner.selection = Selection { patterns: vec!["framing/empty/sent".into()], ..Selection::default() };
//! let judges = runner.judges()?;
//! for judge in judges.as_slice() {
//!     for execution in judge.executions() {
//!         let judgement = judge.judge(execution);
//!         println!("{} {}: {}", judge.testee().name(), execution.id(), judgement.row.verdict);
//!         # assert_ne!(judgement.row.verdict, Verdict::Fail);
//!     }
//! }
//! # Ok::<(), processing_conformance::run::RunError>(())
//! ```
//!
//! Tests of a harness such as `libtest_mimic` live as long as the program. They can take judges from a runner that is
//! leaked, and [`Judges::end`] cleans up after them.
//!
//! A [`Resolver`] finds the testees that a command line names.

pub mod deviation;
pub mod diagnosis;
mod health;
mod judge;
mod judges;
pub mod plan;
mod resolve;
mod runner;
mod schedule;
mod selection;
mod sessions;
mod testee;
mod turns;
pub mod verdict;

pub use judge::{Judgement, judge};
pub use judges::{Judge, Judges};
pub use resolve::{ResolveError, Resolver};
pub use runner::{Run, RunError, Runner};
pub use selection::{NothingSelected, SelectionError, WithoutFraming};
pub use testee::Testee;
