//! `peers`: lists the known implementations, and installs them.

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

/// The number of columns at the beginning of the table that contain names, which are never wrapped.
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
    // Many peers share the same few reasons, which are therefore listed once, below the table.
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
    // Names are not wrapped, however narrow the table is.
    for column in table.column_iter_mut() {
        column.set_padding((0, 1));
        if column.index < UNBROKEN {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    let mut text = format!("directory of peers: {}\n\n", store.directory().display());
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

/// The dialects that a peer speaks over its families on this system, or, if it is not run here, on the other systems.
fn dialects(peer: &Peer) -> String {
    let mut claims = peer.claims();
    if claims.families.is_empty() {
        let elsewhere = peer.families.posix.iter().chain(&peer.families.windows);
        claims.families = elsewhere.copied().collect();
    }
    spoken_names(&claims).join(" ")
}

/// The families of a peer on this system.
fn families(peer: &Peer) -> String {
    let families = peer.families.here().iter().map(ToString::to_string);
    families.collect::<Vec<_>>().join(" ")
}

/// The notes below a table, without duplicates.
#[derive(Default)]
struct Notes(Vec<String>);

impl Notes {
    /// Returns the mark by which a cell refers to this note.
    fn mark(&mut self, note: String) -> String {
        let known = self.0.iter().position(|known| *known == note);
        let at = known.unwrap_or_else(|| {
            self.0.push(note);
            self.0.len() - 1
        });
        format!("({})", at + 1)
    }
}

/// The largest width of a table, in columns.
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
            Ok(installed) => format!("installed, on CPython {}", installed.python().version),
            // It is an error only if the peer was named.
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
