//! The report for people.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::{Subject, evidence, transcript};
use crate::context::failure::{Evidence, Failure};
use crate::context::setting::spoken_names;
use crate::requirements::requirement;
use crate::run::diagnosis::likely_cause;
use crate::run::verdict::{Row, Summary, Verdict};
use crate::run::{Judgement, Run};
use crate::wire::{Framing, Transcript};

/// So many failures are told in full; of the others one line each.
const IN_FULL: usize = 12;

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const NOTE: Style = AnsiColor::Yellow.on_default();
const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// The whole report, with colours for whoever shows it to strip.
pub fn report(subjects: &[(Subject, Run)], seconds: f64, strict: bool) -> String {
    let mut text = String::new();
    let judgements: Vec<&Judgement> = subjects
        .iter()
        .flat_map(|(_, run)| &run.judgements)
        .collect();
    let rows: Vec<&Row> = judgements.iter().map(|judgement| &judgement.row).collect();
    if let [(subject, run)] = subjects {
        write_failures(&mut text, &judgements, false);
        write_heading(&mut text, subject);
        write_areas(&mut text, run);
    } else {
        write_testees(&mut text, subjects);
        text.push('\n');
        write_failures(&mut text, &judgements, true);
    }
    write_reasons(&mut text, &rows, subjects.len() > 1);
    text.push('\n');
    write_result(&mut text, &Summary::of(rows), seconds, strict);
    text
}

/// Everything about one judgement that did not go as it should.
pub fn failure(judgement: &Judgement) -> String {
    let row = &judgement.row;
    let mut text = String::new();
    let title = if row.is_broken_should() {
        "SHOULD"
    } else {
        "FAIL"
    };
    let style = if row.is_broken_should() { NOTE } else { BAD };
    let _ = writeln!(
        text,
        "{style}{title}{style:#}  {}  {} {}, testee as {}{}",
        row.execution(),
        row.dialect,
        row.family,
        row.role,
        row.counterpart
            .as_ref()
            .map_or(String::new(), |other| format!(", with {other}")),
    );
    let Some(failure) = judgement.failures.first() else {
        field(
            &mut text,
            "message",
            row.message.as_deref().unwrap_or_default(),
        );
        write_replay(&mut text, judgement);
        return text;
    };
    let id = failure
        .requirement
        .unwrap_or(judgement.case.requirements[0]);
    if let Some(requirement) = requirement(id) {
        field(
            &mut text,
            "requirement",
            &format!("{id} {}: {}", requirement.level, requirement.text),
        );
    }
    field(&mut text, "the case", judgement.case.about);
    field(&mut text, "expected", &failure.expected.to_string());
    field(&mut text, "happened", &failure.outcome.to_string());
    if !failure.detail.is_empty() {
        field(&mut text, "detail", &failure.detail);
    }
    write_evidence(&mut text, failure, judgement);
    if row.verdict == Verdict::Fail
        && let Some(message) = row
            .message
            .as_ref()
            .and_then(|message| message.split_once("; deviation "))
    {
        field(&mut text, "deviation", message.1);
    }
    write_replay(&mut text, judgement);
    text
}

fn write_evidence(text: &mut String, failure: &Failure, judgement: &Judgement) {
    // Only a stream's evidence has headers.
    let framing = judgement.spoken.framing();
    if let Some(given) = &failure.given {
        write_given(text, failure, given, framing);
    }
    if let Some(bytes) = &failure.evidence {
        for line in evidence::render(bytes, framing).lines() {
            let _ = writeln!(text, "    {line}");
        }
    }
    let entries = judgement
        .transcript
        .as_ref()
        .map(Transcript::entries)
        .unwrap_or_default();
    if !entries.is_empty() {
        field(
            text,
            "transcript",
            &transcript::render(&entries, judgement.spoken.dialect.framing),
        );
    }
    if let Some(cause) = likely_cause(failure, judgement.spoken.framing()) {
        field(text, "likely cause", &cause);
    }
}

/// The pickle that the testee was given: on its own, unless it is the expected one that is shown anyway.
fn write_given(text: &mut String, failure: &Failure, given: &[u8], framing: Option<Framing>) {
    let is_expected = |evidence: &Evidence| evidence.expected == given;
    match &failure.evidence {
        Some(evidence) if is_expected(evidence) => field(
            text,
            "given",
            "the expected pickle; the actual one is what was returned, pickled in the same way",
        ),
        _ => {
            let unit = if given.len() == 1 { "byte" } else { "bytes" };
            field(
                text,
                "given",
                &format!("a payload of {} {unit}", given.len()),
            );
            for line in evidence::annotate_pickle(given, framing).lines() {
                let _ = writeln!(text, "    {line}");
            }
        }
    }
}

fn write_replay(text: &mut String, judgement: &Judgement) {
    let row = &judgement.row;
    let mut command = format!(
        "processing-conformance run --testee '{}'",
        row.testee.replace('\'', r"'\''")
    );
    if let Some(counterpart) = row
        .counterpart
        .as_deref()
        .filter(|name| *name != "reference")
    {
        let _ = write!(command, " --counterpart '{counterpart}'");
    }
    let _ = write!(
        command,
        " --family {} --dialect {}",
        row.family, row.dialect
    );
    let _ = write!(command, " '{}'", row.execution());
    field(text, "replay", &command);
}

/// A name and a text of one or more lines, set apart.
fn field(text: &mut String, name: &str, content: &str) {
    for (number, line) in content.lines().enumerate() {
        let name = if number == 0 { name } else { "" };
        let _ = writeln!(text, "    {DIM}{name:<13}{DIM:#} {line}");
    }
}

/// What went wrong; of several testees, under the name of each.
fn write_failures(text: &mut String, judgements: &[&Judgement], several: bool) {
    let bad = |judgement: &&Judgement| {
        matches!(
            judgement.row.verdict,
            Verdict::Fail | Verdict::UnexpectedPass
        )
    };
    let mut failures: Vec<&Judgement> = judgements.iter().copied().filter(bad).collect();
    // What is required before what is recommended.
    failures.sort_by_key(|judgement| judgement.row.is_broken_should());
    let mut named = "";
    for judgement in failures.iter().take(IN_FULL) {
        if several && judgement.row.testee != named {
            named = &judgement.row.testee;
            let _ = writeln!(text, "{BOLD}{named}{BOLD:#}\n");
        }
        text.push_str(&failure(judgement));
        text.push('\n');
    }
    if failures.len() > IN_FULL {
        let _ = writeln!(text, "and {} more:", failures.len() - IN_FULL);
        for judgement in &failures[IN_FULL..] {
            let row = &judgement.row;
            let title = if row.is_broken_should() {
                "SHOULD"
            } else {
                "FAIL"
            };
            let _ = writeln!(
                text,
                "    {title:<6} {}{} {} {} {}: {}",
                if several {
                    format!("{} ", row.testee)
                } else {
                    String::new()
                },
                row.execution(),
                row.dialect,
                row.family,
                row.role,
                row.message.as_deref().unwrap_or_default()
            );
        }
        text.push('\n');
    }
}

fn write_heading(text: &mut String, subject: &Subject) {
    let _ = write!(text, "{BOLD}{}{BOLD:#}", subject.name);
    if let Some(hello) = &subject.hello {
        let families: Vec<String> = hello.families.iter().map(ToString::to_string).collect();
        let _ = write!(
            text,
            ": {} {} on {}, profile {BOLD}{}{BOLD:#}, {}, {}",
            hello.name,
            hello.version,
            hello.runtime,
            hello.profile,
            spoken_names(hello).join(" "),
            families.join(" ")
        );
    }
    text.push('\n');
}

const COLUMNS: [&str; 7] = [
    "pass",
    "fail",
    "expected-fail",
    "unexpected-pass",
    "SHOULD broken",
    "not-applicable",
    "not-run",
];

/// The least width of a column.
const WIDTH: usize = 6;

fn columns(summary: &Summary) -> [usize; 7] {
    [
        summary.pass,
        summary.fail,
        summary.expected_fail,
        summary.unexpected_pass,
        summary.broken_should,
        summary.not_applicable,
        summary.not_run,
    ]
}

/// Counts by area.
fn write_areas(text: &mut String, run: &Run) {
    let mut areas: Vec<(&str, Vec<&Row>)> = Vec::new();
    for judgement in &run.judgements {
        let area = judgement.case.area();
        match areas.iter_mut().find(|(known, _)| *known == area) {
            Some((_, rows)) => rows.push(&judgement.row),
            None => areas.push((area, vec![&judgement.row])),
        }
    }
    let lines = areas
        .into_iter()
        .map(|(area, rows)| (format!("    {area:<12}"), Summary::of(rows)));
    write_table(text, &format!("    {:<12}", ""), &lines.collect::<Vec<_>>());
}

/// Counts by testee, with what it speaks.
fn write_testees(text: &mut String, subjects: &[(Subject, Run)]) {
    let dialects: Vec<String> = subjects
        .iter()
        .map(|(subject, _)| match &subject.hello {
            Some(hello) => spoken_names(hello).join(" "),
            None => "unknown".into(),
        })
        .collect();
    let names = subjects.iter().map(|(subject, _)| subject.name.len());
    let names = names.fold("testee".len(), usize::max);
    let spoken = dialects.iter().map(String::len);
    let spoken = spoken.fold("dialect".len(), usize::max);
    let lines = subjects
        .iter()
        .zip(&dialects)
        .map(|((subject, run), dialects)| {
            (
                format!("{:<names$}  {dialects:<spoken$}", subject.name),
                Summary::of(run.judgements.iter().map(|judgement| &judgement.row)),
            )
        });
    let heading = format!("{:<names$}  {:<spoken$}", "testee", "dialect");
    write_table(text, &heading, &lines.collect::<Vec<_>>());
}

/// A line of counts for each; columns in which there is nothing are left out.
fn write_table(text: &mut String, heading: &str, lines: &[(String, Summary)]) {
    let counts: Vec<[usize; 7]> = lines.iter().map(|(_, summary)| columns(summary)).collect();
    let used: Vec<usize> = (0..COLUMNS.len())
        .filter(|at| *at < 2 || counts.iter().any(|counts| counts[*at] > 0))
        .collect();
    text.push_str(heading);
    for at in &used {
        let _ = write!(text, "  {:>WIDTH$}", COLUMNS[*at]);
    }
    text.push('\n');
    for ((name, _), counts) in lines.iter().zip(&counts) {
        text.push_str(name);
        for at in &used {
            let style = match (at, counts[*at]) {
                (_, 0) => DIM,
                (0, _) => GOOD,
                (1 | 3, _) => BAD,
                _ => NOTE,
            };
            let width = COLUMNS[*at].len().max(WIDTH);
            let _ = write!(text, "  {style}{:>width$}{style:#}", counts[*at]);
        }
        text.push('\n');
    }
}

/// Why something was not run, does not apply, or was expected to fail: each reason once, and how many testees it
/// concerns when there are several.
fn write_reasons(text: &mut String, rows: &[&Row], several: bool) {
    for (verdict, title) in [
        (Verdict::NotRun, "not run"),
        (Verdict::NotApplicable, "not applicable"),
        (Verdict::ExpectedFail, "expected to fail"),
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
                "    {DIM}{title}, {count}:{DIM:#} {reason}{DIM}{whose}{DIM:#}"
            );
        }
    }
}

fn write_result(text: &mut String, summary: &Summary, seconds: f64, strict: bool) {
    let good = summary.is_success(strict) && summary.executed() > 0;
    let (style, word) = if good { (GOOD, "PASS") } else { (BAD, "FAIL") };
    let _ = write!(text, "{style}{word}{style:#}  ");
    let counts = columns(summary);
    let told: Vec<String> = (0..COLUMNS.len())
        .filter(|at| *at < 2 || counts[*at] > 0)
        .map(|at| format!("{} {}", counts[at], COLUMNS[at]))
        .collect();
    let _ = writeln!(text, "{} in {seconds:.1} s", told.join(", "));
    if summary.broken_should > 0 && !strict {
        let _ = writeln!(
            text,
            "      what is only recommended does not fail a run, except with --strict"
        );
    }
}
