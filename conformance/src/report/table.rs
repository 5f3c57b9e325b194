//! Writes counts in columns.

use std::fmt::Write;

use anstyle::Style;
use comfy_table::{CellAlignment, ColumnConstraint, Table, Width, presets};

use super::style::{BAD, DIM, GOOD, NOTE};
use crate::run::verdict::{Summary, Verdict};

/// How many counts there are in a summary.
const COUNTS: usize = 9;

/// How many executions had one verdict.
pub(super) struct Count {
    /// The verdict, as every report spells it.
    pub(super) name: String,
    pub(super) number: usize,
    /// Whether it is shown even when it is 0.
    pub(super) is_always_shown: bool,
    style: Style,
}

/// Returns the counts of a summary, with the most interesting ones first.
pub(super) fn counts(summary: &Summary) -> [Count; COUNTS] {
    let count = |verdict: Verdict, number, style| Count {
        name: verdict.to_string(),
        number,
        is_always_shown: matches!(verdict, Verdict::Pass | Verdict::Fail),
        style: if number == 0 { DIM } else { style },
    };
    [
        count(Verdict::Pass, summary.pass, GOOD),
        count(Verdict::Fail, summary.fail, BAD),
        count(Verdict::ExpectedFail, summary.expected_fail, NOTE),
        count(Verdict::UnexpectedPass, summary.unexpected_pass, BAD),
        Count {
            name: "SHOULD broken".into(),
            is_always_shown: false,
            ..count(Verdict::Fail, summary.broken_should, NOTE)
        },
        count(Verdict::Flaky, summary.flaky, NOTE),
        count(Verdict::NotApplicable, summary.not_applicable, NOTE),
        count(Verdict::NotRun, summary.not_run, NOTE),
        count(Verdict::Interrupted, summary.interrupted, NOTE),
    ]
}

/// Writes a line for each summary: its names, then its counts. Empty columns are left out.
pub(super) fn write_counts<const N: usize>(
    text: &mut String,
    headings: [&str; N],
    lines: &[([String; N], Summary)],
) {
    /// The space between two columns.
    const BETWEEN: u16 = 2;
    /// The least width of a column of counts.
    const LEAST: u16 = 6;

    let all: Vec<[Count; COUNTS]> = lines.iter().map(|(_, summary)| counts(summary)).collect();
    let is_used = |at: &usize| {
        counts(&Summary::default())[*at].is_always_shown
            || all.iter().any(|counts| counts[*at].number > 0)
    };
    let used: Vec<usize> = (0..COUNTS).filter(is_used).collect();

    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    let names = counts(&Summary::default()).map(|count| count.name);
    let used_names = used.iter().map(|at| names[*at].clone());
    table.set_header(headings.iter().map(ToString::to_string).chain(used_names));
    for ((names, _), counts) in lines.iter().zip(&all) {
        let numbers = used.iter().map(|at| counts[*at].number.to_string());
        table.add_row(names.iter().cloned().chain(numbers));
    }
    for (at, column) in table.column_iter_mut().enumerate() {
        if at < N {
            column.set_padding((0, if at + 1 < N { BETWEEN } else { 0 }));
        } else {
            let least = Width::Fixed(LEAST + BETWEEN);
            column.set_padding((BETWEEN, 0));
            column.set_cell_alignment(CellAlignment::Right);
            column.set_constraint(ColumnConstraint::LowerBoundary(least));
        }
    }

    // Colours are added last, because the table would treat them as text.
    let mut rows = table.lines();
    let _ = writeln!(text, "{}", rows.next().unwrap_or_default().trim_end());
    for (mut line, counts) in rows.zip(&all) {
        let mut end = line.trim_end().len();
        for at in used.iter().rev() {
            let start = line[..end].rfind(' ').map_or(0, |space| space + 1);
            let style = counts[*at].style;
            line.insert_str(end, &format!("{style:#}"));
            line.insert_str(start, &style.to_string());
            end = line[..start].trim_end().len();
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
}
