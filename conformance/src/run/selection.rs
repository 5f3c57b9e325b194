//! Selections that are invalid or select nothing.

use std::collections::BTreeSet;

use processing_connection::Family;
use thiserror::Error;

use super::plan::Selection;
use crate::cases::catalogue;
use crate::context::setting::{Spoken, spoken_names};
use crate::testee::message::Hello;
use crate::wire::Framing;

/// The reason why a selection is invalid.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SelectionError {
    /// No case matches a pattern. The other patterns may match some.
    #[error("no case matches `{0}`; `processing-conformance list` shows the cases")]
    NoCase(String),
    /// A dialect of `AF_PIPE` was selected, and only other families.
    #[error(transparent)]
    WithoutFraming(#[from] WithoutFraming),
}

/// A dialect without a framing was selected over a family where messages need one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "--dialect {asked} is for AF_PIPE, where messages need no framing; over {family} a dialect begins with its framing: {framings}",
    framings = Framing::all().map(|framing| framing.to_string()).collect::<Vec<_>>().join(", ")
)]
pub struct WithoutFraming {
    asked: Spoken,
    family: Family,
}

impl WithoutFraming {
    /// Rejects a dialect of `AF_PIPE` over another family.
    pub(super) fn check(asked: Spoken, family: Family) -> Result<(), Self> {
        if asked.family == Family::Pipe && family != Family::Pipe {
            return Err(Self { asked, family });
        }
        Ok(())
    }
}

/// The reason why there is nothing to run against any testee.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NothingSelected {
    /// The selected family is not available on this system.
    #[error("nothing is selected: {0} is not available on this system")]
    Family(Family),
    /// No testee speaks the selected dialects. The testees speak these dialects.
    #[error("nothing is selected: the testee speaks {0}")]
    Dialect(String),
    /// No case of the selection is for these testees.
    #[error("nothing is selected: no case for this testee matches the selection")]
    Case,
}

impl Selection {
    /// Checks what can be checked before a testee is known.
    ///
    /// # Errors
    ///
    /// Returns an error if a pattern matches no case, or if the dialects contradict the families.
    pub fn check(&self) -> Result<(), SelectionError> {
        if let Some(family) = self.families.first()
            && !self.families.contains(&Family::Pipe)
        {
            for asked in &self.dialects {
                WithoutFraming::check(*asked, *family)?;
            }
        }
        for pattern in &self.patterns {
            let alone = Self {
                patterns: vec![pattern.clone()],
                ..Self::default()
            };
            if !catalogue().any(|case| alone.could_take(case)) {
                return Err(SelectionError::NoCase(pattern.clone()));
            }
        }
        Ok(())
    }

    /// The reason why the selection contains nothing for testees that make these claims.
    pub(super) fn is_empty_because<'c>(
        &self,
        claims: impl Iterator<Item = &'c Hello>,
    ) -> NothingSelected {
        let asked = self.dialects.iter().map(|asked| asked.family);
        let mut families = self.families.iter().copied().chain(asked);
        if let Some(family) = families.find(|family| !family.is_available()) {
            return NothingSelected::Family(family);
        }
        let spoken: BTreeSet<String> = claims.flat_map(spoken_names).collect();
        if self.dialects.is_empty() || spoken.is_empty() {
            return NothingSelected::Case;
        }
        NothingSelected::Dialect(spoken.into_iter().collect::<Vec<_>>().join(", "))
    }
}
