//! `peers`: which implementations are known, which are here, and bringing them here.

use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use comfy_table::{ColumnConstraint, ContentArrangement, Table};
use processing_conformance::context::setting::spoken_names;
use processing_conformance::peers::{Flavour, InstallError, Peer, Peers, catalogue, named};
use processing_conformance::run::deviation::Deviations;

use super::args::{PeersArguments, PeersCommand, StoreArguments};
use super::{FAILED, GOOD, Refusal, print};

pub(super) fn peers(arguments: &PeersArguments) -> Result<u8, Refusal> {
    let store = Peers::new(arguments.store.peers_dir.clone()).map_err(Refusal::usage)?;
    match &arguments.command {
        None => Ok(show(&store)),
        Some(PeersCommand::Install { names }) => install(&store, names, &arguments.store),
    }
}

/// The first columns, those of names, are never broken into lines.
const UNBROKEN: usize = 4;
const NOT_INSTALLED: &str = "not installed: `processing-conformance peers install` installs it";

fn show(store: &Peers) -> u8 {
    let deviations = Deviations::known();
    let mut table = Table::new();
    table
        .load_preset(comfy_table::presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width())
        .set_header([
            "peer",
            "Python",
            "flavour",
            "dialect",
            "families",
            "help",
            "deviations",
            "here",
        ]);
    // The same few reasons hold for many peers: told once, below the table.
    let mut notes = Notes::default();
    for peer in catalogue() {
        let help = if peer.help.is_empty() {
            "none".into()
        } else {
            notes.mark(format!("compiled with {}", peer.help.join(" ")))
        };
        let here = match store.find(peer) {
            Ok(Some(_)) => "yes".into(),
            Ok(None) => format!("no {}", notes.mark(NOT_INSTALLED.into())),
            Err(error) => format!("no {}", notes.mark(error.to_string())),
        };
        let known = deviations
            .iter()
            .filter(|deviation| deviation.concerns(&peer.name))
            .count();
        let flavour = peer.flavour().map_or("none", Flavour::name);
        table.add_row([
            &peer.name,
            &peer.python,
            flavour,
            &dialects(peer),
            &families(peer),
            &help,
            &known.to_string(),
            &here,
        ]);
    }
    // Names stay whole, however narrow it gets.
    for column in table.column_iter_mut() {
        column.set_padding((0, 1));
        if column.index < UNBROKEN {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    let mut text = format!("kept in {}\n\n", store.directory().display());
    for line in table.lines() {
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text.push('\n');
    for (at, note) in notes.0.iter().enumerate() {
        let _ = writeln!(text, "({}) {note}", at + 1);
    }
    print(&text);
    GOOD
}

/// What it speaks in its families: those of this system, or, if it is not for this one, those of the other.
fn dialects(peer: &Peer) -> String {
    let mut claims = peer.claims();
    if claims.families.is_empty() {
        let elsewhere = peer.families.posix.iter().chain(&peer.families.windows);
        claims.families = elsewhere.copied().collect();
    }
    spoken_names(&claims).join(" ")
}

/// The families in which it is a peer here.
fn families(peer: &Peer) -> String {
    let families = peer.families.here().iter().map(ToString::to_string);
    families.collect::<Vec<_>>().join(" ")
}

/// What is said below a table, each thing once.
#[derive(Default)]
struct Notes(Vec<String>);

impl Notes {
    /// The mark by which a cell refers to this note.
    fn mark(&mut self, note: String) -> String {
        let known = self.0.iter().position(|known| *known == note);
        let at = known.unwrap_or_else(|| {
            self.0.push(note);
            self.0.len() - 1
        });
        format!("({})", at + 1)
    }
}

/// How wide a table may be, in columns.
fn width() -> u16 {
    const UNKNOWN: u16 = 100;
    std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok())
        .or_else(|| terminal_size::terminal_size().map(|(width, _)| width.0))
        .unwrap_or(UNKNOWN)
}

fn install(store: &Peers, names: &[String], arguments: &StoreArguments) -> Result<u8, Refusal> {
    if arguments.offline {
        return Err(Refusal::usage("nothing can be installed with --offline"));
    }
    let peers: Vec<&Peer> = if names.is_empty() {
        catalogue().iter().collect()
    } else {
        let mut found = Vec::new();
        for name in names {
            found.extend(named(name).map_err(Refusal::usage)?);
        }
        found
    };
    let (done, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    store.install_all(&peers, &|peer, outcome| {
        let said = match outcome {
            Ok(installed) => format!("here, on CPython {}", installed.python().version),
            // Asked for by name it should have come.
            Err(error @ InstallError::OtherSystem { .. }) if names.is_empty() => {
                format!("not installed: {error}")
            }
            Err(error) => {
                failed.fetch_add(1, Ordering::Relaxed);
                format!("not installed: {error}")
            }
        };
        let nth = done.fetch_add(1, Ordering::Relaxed) + 1;
        print(&format!("[{nth}/{}] {}: {said}\n", peers.len(), peer.name));
    });
    Ok(match failed.into_inner() {
        0 => GOOD,
        _ => FAILED,
    })
}
