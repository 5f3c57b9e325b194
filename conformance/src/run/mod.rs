//! Running cases: which ones, against whom, how many at once, and what comes of it.

pub mod deviation;
pub mod diagnosis;
mod judge;
pub mod plan;
mod schedule;
pub mod verdict;

pub use judge::{Judgement, judge};
pub use schedule::{Conditions, Health, Run, Starter, Worker, run};
