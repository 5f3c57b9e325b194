//! The ids of executions.

use std::fmt::Display;

/// The id of an execution: that of its case, then the parameters by name: `framing/segmentation/split[at=2]`. Nothing
/// else writes such ids.
pub fn execution_id<N: Display, V: Display>(
    case: &str,
    parameters: impl IntoIterator<Item = (N, V)>,
) -> String {
    let parameters: Vec<String> = parameters
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    if parameters.is_empty() {
        return case.into();
    }
    format!("{case}[{}]", parameters.join(","))
}

/// The id of the case in the id of an execution, or in a pattern for such ids.
pub fn case_of(execution: &str) -> &str {
    execution
        .split_once('[')
        .map_or(execution, |(case, _)| case)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_case_and_its_parameters_by_name() {
        let id = execution_id("framing/split", [("at", 2), ("payload", 5)]);
        assert_eq!(id, "framing/split[at=2,payload=5]");
        assert_eq!(case_of(&id), "framing/split");
    }

    #[test]
    fn without_parameters_the_id_is_that_of_the_case() {
        let none: [(&str, &str); 0] = [];
        assert_eq!(execution_id("framing/empty", none), "framing/empty");
        assert_eq!(case_of("framing/empty"), "framing/empty");
    }
}
