//! Patterns that name cases and executions.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use wildmatch::WildMatch;

use crate::cases::{Case, catalogue};
use crate::wire::Framing;

/// The id of a case, with or without parameters, in which `*` and `?` are wildcards. At least one execution of the
/// catalogue matches it.
#[derive(Clone, PartialEq)]
pub struct CasePattern {
    text: String,
    whole: WildMatch,
    case: WildMatch,
}

impl CasePattern {
    /// Whether the pattern matches at least one execution of this case.
    pub fn names(&self, case: &Case) -> bool {
        case.ids().any(|id| self.case.matches(id))
    }

    /// Whether the pattern matches an execution with these names.
    pub(super) fn matches(&self, names: &[String]) -> bool {
        names.iter().any(|name| self.whole.matches(name))
    }
}

impl fmt::Display for CasePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for CasePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CasePattern").field(&self.text).finish()
    }
}

impl FromStr for CasePattern {
    type Err = UnknownCase;

    fn from_str(text: &str) -> Result<Self, UnknownCase> {
        let (case, parameters) = match text.find('[') {
            Some(at) => (&text[..at], Some(&text[at..])),
            None => (text, None),
        };
        let pattern = Self {
            text: text.into(),
            whole: WildMatch::new(text),
            case: WildMatch::new(case),
        };
        let cases: Vec<&Case> = catalogue().filter(|case| pattern.names(case)).collect();
        if cases.is_empty() {
            return Err(UnknownCase::Id(case.into()));
        }
        if let Some(parameters) = parameters {
            pattern.check_parameters(&cases, case, parameters)?;
        }
        Ok(pattern)
    }
}

impl CasePattern {
    fn check_parameters(
        &self,
        cases: &[&Case],
        id: &str,
        parameters: &str,
    ) -> Result<(), UnknownCase> {
        let mut valid = Vec::new();
        for case in cases {
            for known in Framing::all().flat_map(case.parameters) {
                if self.matches(&case.names(&known)) {
                    return Ok(());
                }
                let known = known.to_string();
                if !known.is_empty() && !valid.contains(&known) {
                    valid.push(known);
                }
            }
        }
        Err(UnknownCase::Parameters {
            case: id.into(),
            parameters: parameters.into(),
            valid,
        })
    }
}

/// A pattern matches no execution of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UnknownCase {
    /// No case has such an id.
    #[error("no case matches `{0}`; `processing-conformance list` shows the cases")]
    Id(String),
    /// The pattern matches cases, but none of them is run with parameters that match.
    #[error("`{case}` is never run with `{parameters}`; {}", advice(.valid))]
    Parameters {
        /// The part of the pattern before the parameters.
        case: String,
        /// The parameters, in their brackets.
        parameters: String,
        /// The parameters with which the cases are run, in any framing.
        valid: Vec<String>,
    },
}

/// Lists the parameters that would be valid, in one line.
fn advice(valid: &[String]) -> String {
    const SHOWN: usize = 6;
    let (shown, others) = valid.split_at(valid.len().min(SHOWN));
    match (shown, others.len()) {
        ([], _) => "it has no parameters".into(),
        (shown, 0) => format!("it is run with {}", shown.join(", ")),
        (shown, others) => format!("it is run with {} and {others} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::Parameters;

    fn case(id: &str) -> &'static Case {
        catalogue()
            .find(|case| case.id == id)
            .expect("there is such a case")
    }

    /// The names of an execution of `framing/length/hostile`.
    fn names(length: &str) -> Vec<String> {
        let parameters = Parameters(vec![("length", length.into())]);
        case("framing/length/hostile").names(&parameters)
    }

    fn refusal(pattern: &str) -> String {
        pattern.parse::<CasePattern>().unwrap_err().to_string()
    }

    #[test]
    fn a_pattern_without_parameters_matches_every_execution_of_its_cases() {
        let hostile = case("framing/length/hostile");
        for pattern in ["framing/length/hostile", "framing/*/hostile", "framing/*"] {
            let pattern: CasePattern = pattern.parse().unwrap();
            assert!(pattern.names(hostile), "{pattern}");
            assert!(pattern.matches(&names("0x80000000")), "{pattern}");
        }
        let other: CasePattern = "framing/empty/sent".parse().unwrap();
        assert!(!other.names(hostile));
        assert!(!other.matches(&names("0x80000000")));
    }

    #[test]
    fn a_pattern_with_parameters_matches_only_the_executions_that_have_them() {
        let hostile = case("framing/length/hostile");
        for pattern in [
            "framing/length/hostile[length=0x8*]",
            "framing/length/*[length=0x80000000]",
            "framing/length/hostile[*=0x8000000?]",
        ] {
            let pattern: CasePattern = pattern.parse().unwrap();
            assert!(pattern.names(hostile), "{pattern}");
            assert!(pattern.matches(&names("0x80000000")), "{pattern}");
            assert!(!pattern.matches(&names("0x7fffffff")), "{pattern}");
        }
    }

    #[test]
    fn parameters_that_a_case_has_in_one_framing_only_are_known() {
        // A pair that frames differently: the parameters for a framing do not include the framing itself.
        for framing in Framing::all() {
            let pattern = format!("pair/framings/*[with={framing}]");
            assert!(pattern.parse::<CasePattern>().is_ok(), "{pattern}");
        }
    }

    #[test]
    fn a_pattern_that_matches_nothing_is_refused_with_what_would_be_right() {
        assert_eq!(
            refusal("framing/emtpy/*"),
            "no case matches `framing/emtpy/*`; `processing-conformance list` shows the cases"
        );
        assert_eq!(
            refusal("closing/close/twice[times=2]"),
            "`closing/close/twice` is never run with `[times=2]`; it has no parameters"
        );
        assert_eq!(
            refusal("handshake/pair/one-sided[key-at=nobody]"),
            "`handshake/pair/one-sided` is never run with `[key-at=nobody]`; it is run with [key-at=testee], \
             [key-at=counterpart]"
        );
    }
}
