//! Explanations of deviations: the fault, the releases that have it, and a command that shows it.

use std::fmt::Write;
use std::time::Duration;

use crate::peers::{Flavour, Peer, catalogue};
use crate::run::deviation::{Deviation, Known};
use crate::run::plan::{Execution, Selection, plan};

pub(super) fn explain_deviation(deviation: &Deviation) -> String {
    let mut text = format!("{}  ({})\n", deviation.id, deviation.severity);
    for line in deviation.why.trim().lines() {
        let _ = writeln!(text, "    {}", line.trim());
    }
    let mut field = |name: &str, value: &str| {
        let _ = writeln!(text, "    {name:<12}{value}");
    };
    field("source", &deviation.source);
    let ranges = ranges(deviation);
    for range in &ranges {
        let flavour = match range.flavour {
            Some(Flavour::C) => ", C extension",
            Some(Flavour::Pure) => ", pure Python",
            None => "",
        };
        let told = format!("{}{flavour}", range.releases());
        if range.help.is_empty() {
            field("as shipped", &told);
        } else {
            field(
                "with help",
                &format!("{told}, compiled with {}", range.help.join(" ")),
            );
        }
    }
    if ranges.is_empty() {
        field("peers", &deviation.peers.join(", "));
    }
    for (name, value) in [
        ("since", &deviation.since),
        ("until", &deviation.until),
        ("reported", &deviation.reported),
    ] {
        if let Some(value) = value {
            field(name, value);
        }
    }
    for (name, list) in [
        ("families", listed(&deviation.families)),
        ("roles", listed(&deviation.roles)),
        ("systems", listed(&deviation.platforms)),
    ] {
        if !list.is_empty() {
            field(name, &list);
        }
    }
    for showing in &deviation.shows {
        field("outcome", &showing.outcome.to_string());
        if !showing.peers.is_empty() {
            field("  with", &showing.peers.join(", "));
        }
        if !showing.roles.is_empty() {
            field("  as", &listed(&showing.roles));
        }
        for (at, case) in showing.cases.iter().enumerate() {
            field(if at == 0 { "  in" } else { "" }, &case.to_string());
        }
    }
    if let Some((peer, execution)) = sight(deviation) {
        field(
            "see it",
            &format!(
                "processing-conformance run --testee peer:{} --family {} '{}'",
                peer.name,
                execution.setting.family,
                execution.id()
            ),
        );
    } else if !ranges.is_empty() {
        // A deviation of no peer in the catalogue belongs to the user, who knows how to start the testee.
        field("see it", "not on this system");
    }
    text
}

fn listed(names: &[impl ToString]) -> String {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    names.join(", ")
}

/// Consecutive releases of a package, in one flavour and with the same help.
struct Range {
    package: &'static str,
    flavour: Option<Flavour>,
    help: &'static [String],
    first: &'static str,
    last: &'static str,
}

impl Range {
    fn releases(&self) -> String {
        let Self {
            package,
            first,
            last,
            ..
        } = self;
        if first == last {
            format!("{package} {first}")
        } else {
            format!("{package} {first} to {last}")
        }
    }
}

/// Returns the releases in the catalogue of peers that have the fault.
fn ranges(deviation: &Deviation) -> Vec<Range> {
    let mut ranges: Vec<Range> = Vec::new();
    for flavour in [Some(Flavour::C), Some(Flavour::Pure), None] {
        let mut unbroken = false;
        for peer in catalogue().iter().filter(|peer| peer.flavour() == flavour) {
            if !deviation.concerns(&peer.name) {
                unbroken = false;
                continue;
            }
            match ranges.last_mut() {
                Some(range)
                    if unbroken && range.package == peer.package && range.help == peer.help =>
                {
                    range.last = peer.release();
                }
                _ => ranges.push(Range {
                    package: &peer.package,
                    flavour,
                    help: &peer.help,
                    first: peer.release(),
                    last: peer.release(),
                }),
            }
            unbroken = true;
        }
    }
    ranges
}

/// Returns an execution in which the deviation shows, if possible of a peer that needs no help.
fn sight(deviation: &Deviation) -> Option<(&'static Peer, Execution)> {
    let mut peers: Vec<&Peer> = catalogue()
        .iter()
        .filter(|peer| deviation.concerns(&peer.name))
        .collect();
    peers.sort_by_key(|peer| !peer.help.is_empty());
    peers.into_iter().find_map(|peer| {
        // Nothing is run, so that the deadline does not matter.
        let executions = plan(&peer.claims(), &Selection::default(), Duration::ZERO);
        let known = Known::of([deviation], &peer.name);
        let shown = executions.into_iter().find(|execution| {
            let predictions = known.predictions(execution.case, &execution.setting);
            execution.not_applicable.is_none() && !predictions.is_empty()
        })?;
        Some((peer, shown))
    })
}
