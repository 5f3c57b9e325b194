//! Running cases: which ones, against whom, how many at once, and what comes of it.

pub mod bare;
pub mod context;
pub mod deviation;
pub mod diagnosis;
pub mod failure;
mod judge;
pub mod plan;
mod schedule;
pub mod scratch;
pub mod verdict;

pub use context::Context;
pub use judge::{Judgement, judge};
pub use schedule::{Conditions, Health, Run, Starter, Worker, run};
