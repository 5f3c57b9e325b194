//! Where recorded bytes are from: the release, and all of the machine that could matter, but not which one it is.

use serde::Deserialize;

use super::RecordError;
use crate::peers::{Flavour, Installed, Peer};
use crate::vectors::{Compiler, Platform, Provenance};

/// Asks an interpreter what it is, and what compiles extensions for it.
const QUESTION: &str = r"
import json, platform, struct, subprocess, sys, sysconfig
compiler = sysconfig.get_config_var('CC')
if compiler:
    try:
        said = subprocess.Popen(compiler.split() + ['--version'], stdout=subprocess.PIPE).communicate()[0]
        compiler = said.decode('utf-8').split('\n')[0]
    except EnvironmentError:
        compiler = None
print(json.dumps({
    'implementation': platform.python_implementation(),
    'python': platform.python_version(),
    'system': platform.system(),
    'machine': platform.machine(),
    'byte_order': sys.byteorder,
    'word_bits': 8 * struct.calcsize('P'),
    'compiler': compiler or '',
    'flags': sysconfig.get_config_var('CFLAGS') or '',
}))
";

#[derive(Deserialize)]
struct Answer {
    implementation: String,
    python: String,
    system: String,
    machine: String,
    byte_order: String,
    word_bits: u32,
    compiler: String,
    flags: String,
}

/// The provenance of what is recorded off a peer on this machine.
pub(super) fn of(peer: &Peer, installed: &Installed) -> Result<Provenance, RecordError> {
    let archive = peer.archive().ok_or_else(|| {
        RecordError::Provenance("files of vectors are of releases on PyPI, it is none".into())
    })?;
    let answer = ask(installed).map_err(RecordError::Provenance)?;
    let compiled = (archive.flavour == Flavour::C).then(|| match installed.compiler() {
        // Somebody else has compiled it.
        Some(compiler) => compiler,
        None => (answer.compiler, answer.flags),
    });
    let compiler = compiled.map(|(name, flags)| Compiler {
        name,
        // A path would name the machine, and says nothing of the code.
        flags: flags
            .split_whitespace()
            .filter(|flag| !flag.contains('/') && !helps(peer, flag))
            .map(Into::into)
            .collect(),
    });
    Ok(Provenance {
        package: peer.package.clone(),
        release: archive.release.clone(),
        archive_sha256: archive.sha256.clone(),
        flavour: archive.flavour.name().into(),
        implementation: answer.implementation,
        python: answer.python,
        platform: Platform {
            system: answer.system,
            machine: answer.machine,
            byte_order: answer.byte_order,
            word_bits: answer.word_bits,
        },
        compiler,
        help: peer.help.clone(),
        recorder: format!("processing-conformance {}", env!("CARGO_PKG_VERSION")),
    })
}

/// Whether a flag is a part of the help that a peer needs.
fn helps(peer: &Peer, flag: &str) -> bool {
    let mut help = peer.help.iter().flat_map(|help| help.split_whitespace());
    help.any(|word| word == flag)
}

fn ask(installed: &Installed) -> Result<Answer, String> {
    let output = installed
        .python()
        .run(QUESTION)
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}
