//! Converts objects to the types that a testee's Python has.

use super::failure::{CaseResult, Stop};
use super::{Context, Who};
use crate::notation::Graph;
use crate::testee::message::{Hello, Operation};

impl Context<'_> {
    /// The claims of either end.
    pub(super) fn claims_of(&self, who: Who) -> &Hello {
        match who {
            Who::Testee => self.hello(),
            Who::Counterpart => self.counterpart_hello(),
        }
    }

    /// The operation, with its object converted to types that this end has.
    pub(super) fn in_types_of(&self, who: Who, operation: Operation) -> Result<Operation, Stop> {
        let Operation::Send { connection, object } = operation else {
            return Ok(operation);
        };
        let claims = self.claims_of(who);
        let object = claims.in_its_types(&object);
        match claims.lacks(&object) {
            None => Ok(Operation::Send { connection, object }),
            Some(lacking) => Err(not_there(lacking)),
        }
    }

    /// Succeeds if this end can describe the object with its original types.
    pub(super) fn can_describe(&self, who: Who, object: &Graph) -> CaseResult {
        match self.claims_of(who).cannot_receive(object) {
            None => Ok(()),
            Some(lacking) => Err(not_there(lacking)),
        }
    }
}

fn not_there(lacking: &str) -> Stop {
    Stop::NotApplicable(format!("the testee's Python has no {lacking}"))
}
