//! Explanations of cases, requirements and deviations.

mod deviation;

use std::fmt::Write;

use deviation::explain_deviation;

use crate::cases::{Case, catalogue};
use crate::context::id::case_of;
use crate::requirements::{Requirement, requirement};
use crate::run::deviation::Deviations;
use crate::wire::Framing;

/// Explains the case, the requirement or the deviation with this id. The result is `None` if there is none.
pub fn explain(id: &str, deviations: &Deviations) -> Option<String> {
    let bare = case_of(id);
    if let Some(case) = catalogue().find(|case| case.ids().any(|known| known == bare)) {
        return Some(explain_case(case, deviations));
    }
    if let Some(requirement) = requirement(id) {
        return Some(explain_requirement(requirement));
    }
    deviations
        .iter()
        .find(|deviation| deviation.id == id)
        .map(explain_deviation)
}

/// Returns the ids that resemble an id that was not found.
pub fn similar<'d>(id: &str, deviations: &'d Deviations) -> Vec<&'d str> {
    let words: Vec<&str> = id
        .split(['/', '.', '-', '['])
        .filter(|word| word.len() > 2)
        .collect();
    let known = catalogue()
        .map(|case| case.id)
        .chain(
            crate::requirements::requirements()
                .iter()
                .map(|requirement| requirement.id.as_str()),
        )
        .chain(deviations.iter().map(|deviation| deviation.id.as_str()));
    let mut scored: Vec<(usize, &str)> = known
        .map(|known| {
            (
                words.iter().filter(|word| known.contains(**word)).count(),
                known,
            )
        })
        .filter(|(score, _)| *score > 0)
        .collect();
    scored.sort_by_key(|(score, known)| (std::cmp::Reverse(*score), *known));
    scored.into_iter().take(5).map(|(_, known)| known).collect()
}

fn explain_case(case: &Case, deviations: &Deviations) -> String {
    let mut text = format!("{}  ({})\n    {}\n", case.id, case.level, case.about);
    if !case.aliases.is_empty() {
        let _ = writeln!(text, "    formerly: {}", case.aliases.join(", "));
    }
    let roles: Vec<String> = case.roles.iter().map(ToString::to_string).collect();
    let _ = writeln!(text, "    the testee plays: {}", roles.join(", then "));
    let mut parameters: Vec<String> = Vec::new();
    for framing in Framing::all().filter(|framing| case.needs.framings.contains(framing)) {
        for shown in (case.parameters)(framing).iter().map(ToString::to_string) {
            if !shown.is_empty() && !parameters.contains(&shown) {
                parameters.push(shown);
            }
        }
    }
    if !parameters.is_empty() {
        let _ = writeln!(text, "    with: {}", parameters.join(" "));
    }
    for id in case.requirements {
        if let Some(requirement) = requirement(id) {
            let _ = writeln!(text, "\n{}", explain_requirement(requirement).trim_end());
        }
    }
    for deviation in deviations.iter().filter(|deviation| {
        let mut cases = deviation.shows.iter().flat_map(|showing| &showing.cases);
        cases.any(|pattern| pattern.names(case))
    }) {
        let _ = writeln!(
            text,
            "\nknown deviation {}: {}",
            deviation.id,
            deviation.peers.join(", ")
        );
    }
    text
}

fn explain_requirement(requirement: &Requirement) -> String {
    let mut text = format!(
        "{}  ({})\n    {}\n    source: {}\n",
        requirement.id, requirement.level, requirement.text, requirement.source
    );
    let cases: Vec<&str> = catalogue()
        .filter(|case| case.requirements.contains(&requirement.id.as_str()))
        .map(|case| case.id)
        .collect();
    if !cases.is_empty() {
        let _ = writeln!(text, "    tested by: {}", cases.join(", "));
    }
    text
}
