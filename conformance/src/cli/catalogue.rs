//! `list` and `explain`: they show the cases, and explain cases, requirements and deviations.

use std::fmt::Write;

use processing_conformance::cases::catalogue;
use processing_conformance::report::explain;
use processing_conformance::run::plan::Selection;
use processing_conformance::wire::Framing;

use super::args::{ExplainArguments, ListArguments};
use super::{GOOD, NOTHING_SELECTED, Refusal, USAGE, print};

pub(super) fn list(arguments: &ListArguments) -> Result<u8, Refusal> {
    let selection = Selection {
        patterns: arguments.cases.clone(),
        ..Selection::default()
    };
    let mut text = String::new();
    let mut count = 0;
    for case in catalogue().filter(|case| selection.could_take(case)) {
        count += 1;
        let _ = writeln!(text, "{:<52} {:<6} {}", case.id, case.level, case.about);
        if arguments.parameters {
            let mut shown: Vec<String> = Vec::new();
            for framing in Framing::all() {
                for parameters in (case.parameters)(framing) {
                    let id = case.execution(&parameters);
                    if selection.takes(case, &parameters) && !shown.contains(&id) {
                        shown.push(id);
                    }
                }
            }
            for id in shown.iter().filter(|id| *id != case.id) {
                let _ = writeln!(text, "    {id}");
            }
        }
    }
    if count == 0 {
        return Err(Refusal {
            code: NOTHING_SELECTED,
            message: format!("no case matches {}", arguments.cases.join(" ")),
        });
    }
    let _ = writeln!(text, "{count} cases");
    print(&text);
    Ok(GOOD)
}

pub(super) fn explain(arguments: &ExplainArguments) -> Result<u8, Refusal> {
    let deviations = super::run::deviations(&arguments.deviations)?;
    let mut texts = Vec::new();
    for id in &arguments.ids {
        if let Some(text) = explain::explain(id, &deviations) {
            texts.push(text);
        } else {
            let similar = explain::similar(id, &deviations);
            let hint = if similar.is_empty() {
                "`processing-conformance list` shows the cases".to_owned()
            } else {
                format!("did you mean one of these? {}", similar.join(", "))
            };
            return Err(Refusal {
                code: USAGE,
                message: format!("no case, requirement or deviation is called `{id}`; {hint}"),
            });
        }
    }
    print(&texts.join("\n"));
    Ok(GOOD)
}
