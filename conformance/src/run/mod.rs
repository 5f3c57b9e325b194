//! Running cases: which ones, against whom, how many at once, and what comes of it.

pub mod deviation;
pub mod diagnosis;
mod judge;
pub mod plan;
mod schedule;
mod sessions;
mod stage;
mod turns;
pub mod verdict;

pub use judge::{Judgement, judge};
pub use schedule::{Run, Series, run};
pub use sessions::{Party, Sessions, Starter};
pub use stage::{Health, Stage};
