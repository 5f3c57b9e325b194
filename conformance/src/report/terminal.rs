//! The report for people.

use std::collections::BTreeMap;
use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::{Subject, evidence, transcript};
use crate::context::failure::Failure;
use crate::requirements::requirement;
use crate::run::diagnosis::likely_cause;
use crate::run::verdict::{Row, Summary, Verdict};
use crate::run::{Judgement, Run};
use crate::wire::Transcript;

/// So many failures are told in full; of the others one line each.
const IN_FULL: usize = 12;

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const NOTE: Style = AnsiColor::Yellow.on_default();
const DIM: Style = Style::new().dimmed();

/// The whole report, with colours for whoever shows it to strip.
pub fn report(subjects: &[(Subject, Run)], seconds: f64, strict: bool) -> String {
    let mut text = String::new();
    for (subject, run) in subjects {
        write_failures(&mut text, run);
        write_heading(&mut text, subject);
        write_table(&mut text, run);
        write_reasons(&mut text, run);
        text.push('\n');
    }
    let rows = subjects
        .iter()
        .flat_map(|(_, run)| &run.judgements)
        .map(|judgement| &judgement.row);
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
        write_replay(&mut text, row);
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
    field(&mut text, "expected", &failure.expected);
    field(&mut text, "happened", &failure.outcome);
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
    write_replay(&mut text, row);
    text
}

fn write_evidence(text: &mut String, failure: &Failure, judgement: &Judgement) {
    let Ok(dialect) = judgement
        .row
        .dialect
        .parse::<processing_connection::Dialect>()
    else {
        return;
    };
    if let Some(bytes) = &failure.evidence {
        for line in evidence::render(bytes, dialect.framing()).lines() {
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
            &transcript::render(&entries, dialect.framing()),
        );
    }
    if let Some(cause) = likely_cause(failure, dialect.framing()) {
        field(text, "likely cause", &cause);
    }
}

fn write_replay(text: &mut String, row: &Row) {
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
        " --family {} --dialect {} '{}'",
        row.family,
        row.dialect,
        row.execution()
    );
    field(text, "replay", &command);
}

/// A name and a text of one or more lines, set apart.
fn field(text: &mut String, name: &str, content: &str) {
    for (number, line) in content.lines().enumerate() {
        let name = if number == 0 { name } else { "" };
        let _ = writeln!(text, "    {DIM}{name:<13}{DIM:#} {line}");
    }
}

fn write_failures(text: &mut String, run: &Run) {
    let bad = |judgement: &&Judgement| {
        matches!(
            judgement.row.verdict,
            Verdict::Fail | Verdict::UnexpectedPass
        )
    };
    let mut failures: Vec<&Judgement> = run.judgements.iter().filter(bad).collect();
    // What is required before what is recommended.
    failures.sort_by_key(|judgement| judgement.row.is_broken_should());
    for judgement in failures.iter().take(IN_FULL) {
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
                "    {title:<6} {} {} {} {}: {}",
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
    let bold = Style::new().bold();
    let _ = write!(text, "{bold}{}{bold:#}", subject.name);
    if let Some(hello) = &subject.hello {
        let families: Vec<String> = hello.families.iter().map(ToString::to_string).collect();
        let _ = write!(
            text,
            ": {} {} on {}, profile {bold}{}{bold:#}, {}, {}",
            hello.name,
            hello.version,
            hello.runtime,
            hello.profile,
            hello.dialects.join(" "),
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

/// Counts by area; columns in which there is nothing are left out.
fn write_table(text: &mut String, run: &Run) {
    let mut areas: Vec<(&str, Vec<&Row>)> = Vec::new();
    for judgement in &run.judgements {
        let area = judgement.case.area();
        match areas.iter_mut().find(|(known, _)| *known == area) {
            Some((_, rows)) => rows.push(&judgement.row),
            None => areas.push((area, vec![&judgement.row])),
        }
    }
    let all = columns(&Summary::of(
        run.judgements.iter().map(|judgement| &judgement.row),
    ));
    let used: Vec<usize> = (0..COLUMNS.len())
        .filter(|at| *at < 2 || all[*at] > 0)
        .collect();
    let _ = write!(text, "    {:<12}", "");
    for at in &used {
        let _ = write!(text, " {:>15}", COLUMNS[*at]);
    }
    text.push('\n');
    for (area, rows) in &areas {
        let counts = columns(&Summary::of(rows.iter().copied()));
        let _ = write!(text, "    {area:<12}");
        for at in &used {
            let style = match (at, counts[*at]) {
                (_, 0) => DIM,
                (0, _) => GOOD,
                (1 | 3, _) => BAD,
                _ => NOTE,
            };
            let _ = write!(text, " {style}{:>15}{style:#}", counts[*at]);
        }
        text.push('\n');
    }
}

/// Why something was not run or does not apply, each reason once.
fn write_reasons(text: &mut String, run: &Run) {
    for (verdict, title) in [
        (Verdict::NotRun, "not run"),
        (Verdict::NotApplicable, "not applicable"),
    ] {
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for judgement in run
            .judgements
            .iter()
            .filter(|judgement| judgement.row.verdict == verdict)
        {
            *reasons
                .entry(
                    judgement
                        .row
                        .message
                        .as_deref()
                        .unwrap_or("no reason given"),
                )
                .or_default() += 1;
        }
        for (reason, count) in reasons {
            let _ = writeln!(text, "    {DIM}{title}, {count}:{DIM:#} {reason}");
        }
    }
    let mut deviations: BTreeMap<&str, usize> = BTreeMap::new();
    for row in run.judgements.iter().map(|judgement| &judgement.row) {
        if let (Verdict::ExpectedFail, Some(deviation)) = (row.verdict, &row.deviation) {
            *deviations.entry(deviation).or_default() += 1;
        }
    }
    for (deviation, count) in deviations {
        let _ = writeln!(
            text,
            "    {DIM}expected to fail, {count}:{DIM:#} {deviation}"
        );
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
