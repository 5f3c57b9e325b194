//! The provenance of recorded bytes: the release, and every property of the machine on which the bytes could depend,
//! but nothing that identifies the machine.

use serde::Deserialize;

use super::RecordError;
use crate::peers::{Flavour, Installed, Peer};
use crate::vectors::{Compiler, Platform, Provenance};

/// Asks an interpreter for its version and the compiler of extensions. On Windows the module `platform` is not used:
/// from 3.12 on, it queries a service that ends the interpreter under Wine 8.
const QUESTION: &str = r"
import json, os, platform, struct, subprocess, sys, sysconfig
compiler = sysconfig.get_config_var('CC')
if compiler:
    try:
        said = subprocess.Popen(compiler.split() + ['--version'], stdout=subprocess.PIPE).communicate()[0]
        compiler = said.decode('utf-8').split('\n')[0]
    except EnvironmentError:
        compiler = None
windows = sys.platform == 'win32'
print(json.dumps({
    'implementation': platform.python_implementation(),
    'python': platform.python_version(),
    'system': 'Windows' if windows else platform.system(),
    'machine': os.environ['PROCESSOR_ARCHITECTURE'] if windows else platform.machine(),
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

/// The provenance of bytes that are recorded from a peer on this machine.
pub(super) fn of(peer: &Peer, installed: &Installed) -> Result<Provenance, RecordError> {
    let answer = ask(installed).map_err(RecordError::Provenance)?;
    let compiled = (peer.flavour() == Some(Flavour::C)).then(|| match installed.compiler() {
        // The extension was not compiled on this machine.
        Some(compiler) => compiler,
        None => (answer.compiler, answer.flags),
    });
    let compiler = compiled.map(|(name, flags)| Compiler {
        name,
        // A path would identify the machine, and does not affect the code.
        flags: flags
            .split_whitespace()
            .filter(|flag| !flag.contains('/') && !helps(peer, flag))
            .map(Into::into)
            .collect(),
    });
    Ok(Provenance {
        package: peer.package.clone(),
        release: peer.release().into(),
        archive_sha256: peer.archive().map(|archive| archive.sha256.clone()),
        flavour: peer.flavour().map(|flavour| flavour.name().into()),
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

/// Whether an option is one of those that the peer needs in addition to its own.
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
