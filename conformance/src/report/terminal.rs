//! The report for people.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::failure::{coloured, title, visible};
use super::style::{BAD, BOLD, DIM, GOOD};
use super::table::{counts, write_counts};
use super::{Report, Reported, Subject};
use crate::context::setting::spoken_names;
use crate::run::verdict::{Row, Summary, Verdict};

/// How many failures are described in full. The others get one line each.
const IN_FULL: usize = 12;

/// Returns the whole report, in colours that the caller may strip.
pub fn terminal(report: &Report, strict: bool) -> String {
    let mut text = String::new();
    let rows: Vec<&Row> = report.rows().collect();
    let several = report.testees.len() != 1;
    if let [subject] = &report.testees[..] {
        write_failures(&mut text, &report.results, several);
        write_heading(&mut text, subject);
        write_areas(&mut text, &rows);
    } else {
        write_testees(&mut text, report);
        text.push('\n');
        write_failures(&mut text, &report.results, several);
    }
    write_reasons(&mut text, &rows, several);
    text.push('\n');
    write_result(&mut text, report, strict);
    text
}

/// Writes the failures. If there are several testees, the name of each precedes its failures.
fn write_failures(text: &mut String, results: &[Reported], several: bool) {
    let mut failures: Vec<&Reported> = results
        .iter()
        .filter(|reported| reported.row.verdict.is_bad())
        .collect();
    // Requirements come before recommendations.
    failures.sort_by_key(|reported| reported.row.is_broken_should());
    let mut named = "";
    for reported in failures.iter().take(IN_FULL) {
        let testee = &reported.row.testee;
        if several && testee != named {
            named = testee;
            let _ = writeln!(text, "{BOLD}{}{BOLD:#}\n", visible(testee));
        }
        text.push_str(&coloured(reported));
        text.push('\n');
    }
    if failures.len() > IN_FULL {
        let _ = writeln!(text, "and {} more:", failures.len() - IN_FULL);
        for reported in &failures[IN_FULL..] {
            let row = &reported.row;
            let testee = if several {
                format!("{} ", row.testee)
            } else {
                String::new()
            };
            let told = format!(
                "{testee}{} {} {} {}: {}",
                row.execution(),
                row.dialect,
                row.family,
                row.role,
                row.message.as_deref().unwrap_or_default()
            );
            let _ = writeln!(text, "    {:<6} {}", title(row), visible(&told));
        }
        text.push('\n');
    }
}

fn write_heading(text: &mut String, subject: &Subject) {
    let _ = write!(text, "{BOLD}{}{BOLD:#}", visible(&subject.name));
    if let Some(hello) = &subject.hello {
        let families: Vec<String> = hello.families.iter().map(ToString::to_string).collect();
        let who = format!("{} {} on {}", hello.name, hello.version, hello.runtime);
        let _ = write!(
            text,
            ": {}, profile {BOLD}{}{BOLD:#}, {}, {}",
            visible(&who),
            hello.profile,
            visible(&spoken_names(hello).join(" ")),
            families.join(" ")
        );
    }
    text.push('\n');
}

/// Writes the counts by area.
fn write_areas(text: &mut String, rows: &[&Row]) {
    let mut areas: Vec<(&str, Vec<&Row>)> = Vec::new();
    for &row in rows {
        match areas.iter_mut().find(|(known, _)| *known == row.area()) {
            Some((_, of_area)) => of_area.push(row),
            None => areas.push((row.area(), vec![row])),
        }
    }
    let lines = areas
        .into_iter()
        // The width is enough for most areas, so that the columns have the same positions in every run.
        .map(|(area, rows)| ([format!("    {area:<12}")], Summary::of(rows)));
    write_counts(text, [""], &lines.collect::<Vec<_>>());
}

/// Writes the counts by testee, with its dialects.
fn write_testees(text: &mut String, report: &Report) {
    let lines = report.testees.iter().map(|subject| {
        let dialects = match &subject.hello {
            Some(hello) => spoken_names(hello).join(" "),
            None => "unknown".into(),
        };
        let rows = report.rows().filter(|row| row.testee == subject.name);
        (
            [&subject.name, &dialects].map(|cell| visible(cell).into_owned()),
            Summary::of(rows),
        )
    });
    write_counts(text, ["testee", "dialect"], &lines.collect::<Vec<_>>());
}

/// Writes the reasons why executions were not run, do not apply, or were expected to fail. Each reason is written only
/// once, with the number of the testees that it concerns if there are several.
fn write_reasons(text: &mut String, rows: &[&Row], several: bool) {
    for verdict in [
        Verdict::NotRun,
        Verdict::NotApplicable,
        Verdict::ExpectedFail,
    ] {
        let mut reasons: BTreeMap<&str, (usize, BTreeSet<&str>)> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.verdict == verdict) {
            let reason = match verdict {
                Verdict::ExpectedFail => &row.deviation,
                _ => &row.message,
            };
            let (count, testees) = reasons
                .entry(reason.as_deref().unwrap_or("no reason given"))
                .or_default();
            *count += 1;
            testees.insert(&row.testee);
        }
        for (reason, (count, testees)) in reasons {
            let whose = match testees.first() {
                Some(only) if several && testees.len() == 1 => format!(" ({only})"),
                Some(_) if several => format!(" ({} testees)", testees.len()),
                _ => String::new(),
            };
            let _ = writeln!(
                text,
                "    {DIM}{verdict}, {count}:{DIM:#} {}{DIM}{whose}{DIM:#}",
                visible(reason)
            );
        }
    }
}

fn write_result(text: &mut String, report: &Report, strict: bool) {
    let summary = &report.summary;
    let good = summary.is_success(strict) && summary.executed() > 0;
    let (style, word) = if good { (GOOD, "PASS") } else { (BAD, "FAIL") };
    let told: Vec<String> = counts(summary)
        .into_iter()
        .filter(|count| count.is_always_shown || count.number > 0)
        .map(|count| format!("{} {}", count.number, count.name))
        .collect();
    let _ = write!(text, "{style}{word}{style:#}  {}", told.join(", "));
    if let Some(took) = report.duration_ms {
        let _ = write!(text, " in {:.1} s", took / 1e3);
    }
    text.push('\n');
    if summary.broken_should > 0 && !strict {
        let _ = writeln!(
            text,
            "      a recommendation (SHOULD) that is not met does not fail a run, except with --strict"
        );
    }
}
