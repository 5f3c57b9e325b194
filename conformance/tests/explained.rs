//! Every documented deviation can be seen with the command that `explain` prints for it.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use processing_conformance::peers::{catalogue, is_required, matching};
use processing_conformance::report::Report;
use processing_conformance::run::deviation::{Deviation, Deviations};
use processing_conformance::run::verdict::Verdict;
use processing_connection::Family;

/// Most of what is shown waits for a peer.
const AT_ONCE: usize = 8;
const NOTHING_RUN: i32 = 4;

#[test]
fn each_deviation_shows_as_its_explanation_says() {
    let known = Deviations::known();
    let deviations: Vec<&Deviation> = known.iter().collect();
    let next = AtomicUsize::new(0);
    let (wrong, absent) = (Mutex::new(Vec::new()), Mutex::new(BTreeSet::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(deviation) = deviations.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match show(deviation) {
                        Ok(()) => {}
                        Err(Trouble::Wrong(reason)) => wrong.lock().unwrap().push(reason),
                        Err(Trouble::Absent(peer)) => {
                            absent.lock().unwrap().insert(peer);
                        }
                    }
                }
            });
        }
    });
    for peer in absent.into_inner().unwrap() {
        let required = matching(&peer).into_iter().any(is_required);
        assert!(!required, "{peer} is required, and not here");
        not_shown(&format!("what {peer} shows"), "it is not here");
    }
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Past the capture of the test harness, which would hide it as long as the test passes.
fn not_shown(what: &str, reason: &str) {
    let _ = writeln!(std::io::stderr(), "not shown: {what}: {reason}");
}

/// Whether this system has what the fault is of: its system, its family, its peers.
fn shows_here(deviation: &Deviation) -> bool {
    let system = std::env::consts::OS;
    let is_of_system =
        deviation.platforms.is_empty() || deviation.platforms.iter().any(|of| of == system);
    // Faults that do not name their families are of sockets, and of pipes only where these have the case.
    let is_here = |family: &Family| match deviation.families.as_slice() {
        [] => *family != Family::Pipe,
        families => families.iter().any(|of| of == family.name()),
    };
    is_of_system
        && catalogue()
            .iter()
            .any(|peer| deviation.concerns(&peer.name) && peer.families.here().iter().any(is_here))
}

enum Trouble {
    Wrong(String),
    Absent(String),
}

fn show(deviation: &Deviation) -> Result<(), Trouble> {
    let id = &deviation.id;
    let wrong = |reason: &str| Trouble::Wrong(format!("{id}: {reason}"));
    let explanation = text(&suite(&["explain", id]));
    let command = explanation
        .lines()
        .find_map(|line| line.trim().strip_prefix("see it"))
        .ok_or_else(|| wrong("its explanation does not tell how to see it"))?;
    if command.trim() == "not on this system" && !shows_here(deviation) {
        not_shown(id, command.trim());
        return Ok(());
    }
    let words = shlex::split(command).ok_or_else(|| wrong(command))?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ["processing-conformance", arguments @ ..] = words.as_slice() else {
        return Err(wrong(command));
    };
    let output = suite(&[arguments, &["--format", "json"]].concat());
    if output.status.code() == Some(NOTHING_RUN) {
        let peer = arguments.iter().find_map(|word| word.strip_prefix("peer:"));
        return Err(Trouble::Absent(peer.unwrap_or_default().into()));
    }
    let report: Report = serde_json::from_str(&text(&output))
        .map_err(|error| wrong(&format!("{error}: {}", text(&output))))?;
    let shown = report
        .rows()
        .any(|row| row.verdict == Verdict::ExpectedFail && row.deviation.as_ref() == Some(id));
    if shown && output.status.success() {
        Ok(())
    } else {
        Err(wrong(&format!(
            "it did not show in{command}\n{:#?}",
            report.results
        )))
    }
}

fn suite(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_processing-conformance"))
        .args(arguments)
        .output()
        .expect("the command starts")
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("it prints UTF-8")
}
