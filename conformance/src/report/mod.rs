//! Reports of runs, for people, for programs and for CI systems.

pub mod difference;
pub mod evidence;
pub mod explain;
pub mod explanation;
pub mod failure;
pub mod inspect;
pub mod json;
pub mod junit;
mod lines;
pub mod results;
mod style;
mod table;
pub mod terminal;
pub mod transcript;
pub mod vector;

pub use results::{Occasion, Report, Reported};
use serde::{Deserialize, Serialize};

use crate::run::Run;
use crate::testee::message::Hello;

/// A testee, as described in reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The testee, as on the command line.
    pub name: String,
    /// The claims of the testee. They are `None` for a testee without an adapter, or one that never started.
    pub hello: Option<Hello>,
}

impl Subject {
    fn of(run: &Run) -> Self {
        Self {
            name: run.testee.clone(),
            hello: run.claims.clone(),
        }
    }
}
