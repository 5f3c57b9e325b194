//! `peers`: which implementations are known, which are here, and bringing them here.

use std::fmt::Write;

use processing_conformance::peers::{Peer, Peers, catalogue};
use processing_conformance::run::deviation::Deviations;

use super::args::{PeersArguments, PeersCommand, StoreArguments};
use super::target::named;
use super::{FAILED, GOOD, Refusal, print};

pub(super) fn peers(arguments: &PeersArguments) -> Result<u8, Refusal> {
    let store = Peers::new(arguments.store.peers_dir.clone()).map_err(Refusal::usage)?;
    match &arguments.command {
        None => Ok(show(&store)),
        Some(PeersCommand::Install { names }) => install(&store, names, &arguments.store),
    }
}

fn show(store: &Peers) -> u8 {
    let deviations = Deviations::known();
    let mut text = format!("kept in {}\n\n", store.directory().display());
    let _ = writeln!(
        text,
        "{:<22} {:<7} {:<8} {:<8} {:<16} {:>10}  here",
        "peer", "Python", "flavour", "dialect", "families", "deviations"
    );
    for peer in catalogue() {
        let here = match store.find(peer) {
            Ok(Some(installed)) => format!("yes, on {}", installed.python().executable.display()),
            Ok(None) => format!("no: processing-conformance peers install {}", peer.name),
            Err(error) => format!("no: {error}"),
        };
        let _ = writeln!(
            text,
            "{:<22} {:<7} {:<8} {:<8} {:<16} {:>10}  {here}",
            peer.name,
            peer.python,
            peer.flavour.name(),
            peer.dialect,
            peer.families.join(" "),
            deviations
                .iter()
                .filter(|deviation| deviation.concerns(&peer.name))
                .count(),
        );
        if !peer.help.is_empty() {
            let _ = writeln!(
                text,
                "{:<22} runs only when compiled with {}",
                "",
                peer.help.join(" ")
            );
        }
    }
    print(&text);
    GOOD
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
            found.extend(named(name)?);
        }
        found
    };
    let mut code = GOOD;
    for peer in peers {
        match store.install(peer) {
            Ok(installed) => print(&format!(
                "{}: here, on CPython {}\n",
                peer.name,
                installed.python().version
            )),
            Err(error) => {
                print(&format!("{}: not installed: {error}\n", peer.name));
                code = FAILED;
            }
        }
    }
    Ok(code)
}
