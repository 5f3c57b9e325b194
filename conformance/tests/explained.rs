//! Every documented deviation can be seen with the command that `explain` prints for it.
//!
//! Each deviation is a test of its own. It is ignored if this system cannot show the deviation or the peer is missing;
//! `PROCESSING_CONFORMANCE_REQUIRE=processing-0.20-c,…` (or `all`) turns peers that are missing into failures.

#[path = "harness/peers.rs"]
mod peers;

use std::process::{Command, Output};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use processing_conformance::peers::{Peer, catalogue};
use processing_conformance::report::Report;
use processing_conformance::run::deviation::{Deviation, Deviations, Platform};
use processing_conformance::run::verdict::Verdict;
use processing_connection::Family;

fn main() {
    let mut arguments = Arguments::from_args();
    // The commands wait for their peers most of the time, whatever the number of processors.
    arguments.test_threads.get_or_insert(8);
    let trials = Deviations::known().iter().cloned().map(trial).collect();
    libtest_mimic::run(&arguments, trials).exit();
}

fn trial(deviation: Deviation) -> Trial {
    Trial::ignorable_test(format!("explained::{}", deviation.id), move || {
        show(&deviation)
    })
}

/// Runs the command that the explanation of a deviation prints, and looks for the deviation in its report.
fn show(deviation: &Deviation) -> Result<Completion, Failed> {
    let explanation = text(&suite(&["explain", &deviation.id]));
    let command = explanation
        .lines()
        .find_map(|line| line.trim().strip_prefix("see it"))
        .ok_or("the explanation does not say how to see it")?
        .trim();
    if command == "not on this system" && !can_be_shown_here(deviation) {
        return Ok(Completion::ignored_with(
            "the deviation does not occur on this system",
        ));
    }
    let unexpected = || format!("this is not a command that runs a peer: {command}");
    let words = shlex::split(command).ok_or_else(unexpected)?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ["processing-conformance", arguments @ ..] = words.as_slice() else {
        return Err(unexpected().into());
    };
    let peer = arguments
        .iter()
        .find_map(|word| named(word))
        .ok_or_else(unexpected)?;
    if let Err(reason) = peers::install(peer) {
        return peers::without(peer, format!("{} is missing: {reason}", peer.name));
    }
    let output = suite(&[arguments, &["--format", "json"]].concat());
    let report: Report = serde_json::from_str(&text(&output))
        .map_err(|error| format!("{error}: {}", text(&output)))?;
    let shown = report.rows().any(|row| {
        row.verdict == Verdict::ExpectedFail && row.deviation.as_ref() == Some(&deviation.id)
    });
    if shown && output.status.success() {
        Ok(Completion::Completed)
    } else {
        Err(format!(
            "the deviation did not occur in {command}\n{:#?}",
            report.results
        )
        .into())
    }
}

/// The peer that a word of a command line names.
fn named(word: &str) -> Option<&'static Peer> {
    let name = word.strip_prefix("peer:")?;
    catalogue().iter().find(|peer| peer.name == name)
}

/// Whether this system is one that the deviation is documented for and has a family and a peer that can show it.
fn can_be_shown_here(deviation: &Deviation) -> bool {
    let is_of_system = deviation.platforms.is_empty()
        || Platform::here().is_some_and(|here| deviation.platforms.contains(&here));
    // A deviation that does not name its families concerns sockets. It does not always occur on pipes, because some
    // cases do not apply to them.
    let is_here = |family: &Family| match deviation.families.as_slice() {
        [] => *family != Family::Pipe,
        families => families.contains(family),
    };
    is_of_system
        && catalogue()
            .iter()
            .any(|peer| deviation.concerns(&peer.name) && peer.families.here().iter().any(is_here))
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
