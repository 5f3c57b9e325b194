//! The arguments of the command line.

use std::convert::Infallible;
use std::num::NonZero;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use processing_conformance::context::setting::Spoken;
use processing_conformance::inspect::capture::Form;
use processing_conformance::inspect::framing::FramingOrNone;
use processing_conformance::peers::Supply;
use processing_conformance::testee::TesteeName;
use processing_connection::Family;

const EXIT_CODES: &str = "\
Exit codes:
    0  no execution failed
    1  something failed, or a documented deviation did not occur
    2  the command line, or a file that it names, is wrong
    3  nothing was selected
    4  nothing could be run
  130  interrupted";

const INSPECT_HELP: &str = "\
Forms of input, which are recognised automatically:
    raw bytes, as captured from the payload of a connection
    hexadecimal: 0000000580024b2a2e, 00 00 00 05, 00:00:00:05, 0x00, 0x05
    dumps by xxd, hexdump -C, od -A x -t x1z
    Wireshark's \"Follow TCP Stream\" as a hex dump, where the server's bytes are indented
    Python and C literals: b'\\x80\\x02K*.', \"\\0\\0\\0\\5\"
    output of strace -s 1000000 -e trace=network,read,write,close, for one connection
    both directions as lines: `> 00 00 00 05` from the client, `< b'\\0\\0'` from the server

Examples:
    processing-conformance inspect capture.bin
    processing-conformance inspect from-client.bin from-server.bin --authkey-file key
    processing-conformance inspect --bytes '00 00 00 05 80 02 4b 2a 2e'
    xxd session | processing-conformance inspect
    processing-conformance inspect --framing none object.pickle
    processing-conformance inspect --framing none messages-of-a-pipe

Nothing in a pickle is executed. Offsets at the beginning of a line are hexadecimal. A line with !!
describes an error.

Exit codes:
    0  all bytes were decoded without an error
    1  the bytes contain an error: cut, out of step, unreadable, refused or wrongly signed
    2  the command line, or a file that it names, is wrong
    3  there are no bytes, or no framing fits them";

/// Tests implementations of the connection protocol of Python's `processing` package.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES, args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) run: RunArguments,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run cases against a testee (the default command).
    #[command(after_help = EXIT_CODES)]
    Run(RunArguments),
    /// List the cases.
    List(ListArguments),
    /// Explain a case, a requirement or a deviation.
    Explain(ExplainArguments),
    /// List or install the known implementations.
    Peers(PeersArguments),
    /// Check, list, show or record vectors: bytes recorded from live peers.
    Vectors {
        #[command(subcommand)]
        command: VectorsCommand,
    },
    /// Decode captured bytes: framing, messages, handshake and pickles.
    #[command(after_help = INSPECT_HELP)]
    Inspect(InspectArguments),
    /// Serve the reference as an adapter on standard input and output.
    #[command(hide = true)]
    Adapter,
}

#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// Cases: an id, an area, or a pattern with * and ?; all cases if none is given.
    #[arg(value_name = "CASE")]
    pub(super) cases: Vec<String>,
    /// The implementation under test: reference, peer:NAME, exec:COMMAND, connect:ADDRESS or listen:ADDRESS.
    #[arg(long, value_name = "TESTEE", default_value = "reference")]
    pub(super) testee: Vec<TesteeName>,
    /// The other end of pair cases: reference, peer:NAME or exec:COMMAND.
    #[arg(long, value_name = "TESTEE", default_value = "reference")]
    pub(super) counterpart: TesteeName,
    #[arg(long, value_name = "FAMILY", value_delimiter = ',', help = family_help())]
    pub(super) family: Vec<Family>,
    #[arg(long, value_name = "DIALECT", value_delimiter = ',', help = dialect_help())]
    pub(super) dialect: Vec<Spoken>,
    /// How many executions may run at the same time, including those that are waiting.
    #[arg(long, value_name = "N")]
    pub(super) jobs: Option<NonZero<usize>>,
    /// Fail if a recommendation (SHOULD) is not met.
    #[arg(long)]
    pub(super) strict: bool,
    /// A TOML file of failures to expect; conformance/src/run/deviation/example.toml is an example.
    #[arg(long, value_name = "FILE")]
    pub(super) deviations: Vec<PathBuf>,
    /// The format of the report.
    #[arg(long, value_name = "FORMAT", default_value = "terminal")]
    pub(super) format: Format,
    /// How many seconds an operation may take before the testee counts as hung, at least 2.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub(super) deadline: Duration,
    /// How many seconds to wait for the first client of listen:ADDRESS.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub(super) wait: Duration,
    #[command(flatten)]
    pub(super) store: StoreArguments,
}

/// The directory of the peers, and whether to install peers.
#[derive(Debug, Args)]
pub(super) struct StoreArguments {
    /// The directory of installed peers, instead of `target/peers` in a checkout or the user's cache.
    #[arg(
        long,
        value_name = "DIRECTORY",
        env = "PROCESSING_CONFORMANCE_PEERS_DIR",
        hide_env_values = true
    )]
    pub(super) peers_dir: Option<PathBuf>,
    /// Install nothing; peers that are not installed are not run.
    #[arg(long)]
    pub(super) offline: bool,
}

impl StoreArguments {
    /// Returns the supply of peers that these arguments describe.
    pub(super) fn supply(&self) -> Arc<Supply> {
        let directory = self.peers_dir.clone();
        Arc::new(if self.offline {
            Supply::offline(directory)
        } else {
            Supply::installing(directory)
        })
    }
}

#[derive(Debug, Args)]
pub(super) struct ListArguments {
    /// Cases: an id, an area, or a pattern with * and ?.
    #[arg(value_name = "CASE")]
    pub(super) cases: Vec<String>,
    /// Also show the parameters of each case.
    #[arg(long)]
    pub(super) parameters: bool,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArguments {
    /// The id of a case, a requirement or a deviation.
    #[arg(value_name = "ID", required = true)]
    pub(super) ids: Vec<String>,
    /// A TOML file of further deviations.
    #[arg(long, value_name = "FILE")]
    pub(super) deviations: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct PeersArguments {
    #[command(subcommand)]
    pub(super) command: Option<PeersCommand>,
    #[command(flatten)]
    pub(super) store: StoreArguments,
}

#[derive(Debug, Subcommand)]
pub(super) enum PeersCommand {
    /// Install the named peers, or all of them.
    Install {
        /// Names, or patterns with * and ?.
        #[arg(value_name = "PEER")]
        names: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum VectorsCommand {
    /// Verify vectors against the reference; needs nothing except this program.
    #[command(after_help = EXIT_CODES)]
    Check(VectorsCheckArguments),
    /// List the vectors.
    List(VectorsListArguments),
    /// Show every byte of a vector, by header, opcode and field.
    Show(VectorsShowArguments),
    /// Record vectors from live peers.
    #[command(after_help = EXIT_CODES)]
    Record(VectorsRecordArguments),
}

#[derive(Debug, Args)]
pub(super) struct VectorsCheckArguments {
    /// Files of vectors, instead of those that are built into the suite.
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Accept files that were changed after they were recorded, and check their contents.
    #[arg(long)]
    pub(super) no_digest: bool,
}

#[derive(Debug, Args)]
pub(super) struct VectorsListArguments {
    /// Vectors: an id, a prefix of an id up to a slash, or a pattern with * and ?.
    #[arg(value_name = "VECTOR")]
    pub(super) pattern: Option<String>,
    /// Files of vectors, instead of those that are built into the suite.
    #[arg(long = "file", value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct VectorsShowArguments {
    /// The id of a vector.
    #[arg(value_name = "VECTOR")]
    pub(super) id: String,
    /// Files of vectors, instead of those that are built into the suite.
    #[arg(long = "file", value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct VectorsRecordArguments {
    /// Names, or patterns with * and ?; all peers if none is given.
    #[arg(value_name = "PEER")]
    pub(super) peers: Vec<String>,
    /// Write nothing; fail if the new recording differs from the old one, and show every byte that differs.
    #[arg(long)]
    pub(super) check: bool,
    /// The directory of the files, instead of `vectors/` in a checkout.
    #[arg(long, value_name = "DIRECTORY")]
    pub(super) directory: Option<PathBuf>,
    #[command(flatten)]
    pub(super) store: StoreArguments,
}

#[derive(Debug, Args)]
pub(super) struct InspectArguments {
    /// The capture: one file, or one from the client and one from the server; - or no file means standard input.
    #[arg(value_name = "FILE", num_args = 0..=2)]
    pub(super) files: Vec<PathBuf>,
    /// Bytes in any form except raw, instead of a file; may be repeated for the bytes of the server.
    #[arg(
        short,
        long,
        value_name = "TEXT",
        conflicts_with = "files",
        allow_hyphen_values = true
    )]
    pub(super) bytes: Vec<String>,
    /// The form of the input, if it is not to be recognised automatically: raw, hex, dump, escaped, arrows or strace.
    #[arg(long = "as", value_name = "FORM")]
    pub(super) form: Option<Form>,
    #[arg(long, visible_alias = "dialect", value_name = "FRAMING", help = framing_help())]
    pub(super) framing: Option<FramingOrNone>,
    /// The key of the handshake, for verifying the answers.
    #[arg(
        long,
        value_name = "KEY",
        env = "PROCESSING_CONFORMANCE_AUTHKEY",
        hide_env_values = true
    )]
    pub(super) authkey: Option<Key>,
    /// A file with the key, which may be any bytes, instead of --authkey; a newline at its end is ignored.
    #[arg(long, value_name = "FILE")]
    pub(super) authkey_file: Option<PathBuf>,
    /// How many messages of each direction to show.
    #[arg(long, value_name = "N", default_value = "100")]
    pub(super) messages: usize,
    /// How many lines of one message to show.
    #[arg(long, value_name = "N", default_value = "200")]
    pub(super) lines: usize,
}

/// A key that is never shown.
#[derive(Clone)]
pub(super) struct Key(pub(super) Vec<u8>);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

impl FromStr for Key {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.into()))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Terminal,
    /// For programs.
    Json,
    /// For CI systems.
    Junit,
}

fn family_help() -> String {
    format!("Run only with these families: {}", listed(Family::ALL))
}

fn dialect_help() -> String {
    format!(
        "Run only with these dialects: {}. The name of a framing, or `message` over AF_PIPE, selects all dialects \
         whose names begin with it. A testee without an adapter is expected to speak the first dialect",
        listed(Spoken::names())
    )
}

fn framing_help() -> String {
    format!(
        "The framing, if it is not to be detected: {}. `none` is for messages without a header, as on a named pipe of \
         Windows. A dialect such as be32+hmac-sha1 selects its framing",
        listed(FramingOrNone::all())
    )
}

/// The names, separated by commas.
fn listed<T: ToString>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
    names.join(", ")
}

fn seconds(text: &str) -> Result<Duration, String> {
    const LEAST: f64 = 2.0;
    const MOST: f64 = 3600.0;
    match text.parse::<f64>() {
        Ok(seconds) if (LEAST..=MOST).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err(format!(
            "expected a number of seconds from {LEAST} to {MOST}"
        )),
    }
}
