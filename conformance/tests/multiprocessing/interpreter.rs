//! The versions of `CPython`, and the programs that they run.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use libtest_mimic::{Completion, Failed};
use processing_conformance::context::scratch::Scratch;
use processing_conformance::peers::Python;
use processing_conformance::testee::start;
use processing_connection::{
    Address, AuthKey, Connection, Connector, Dialect, Family, Listener, Result,
};

use crate::program::{Server, address_expression, reported};

/// The versions with which the reference is tested.
pub(crate) const VERSIONS: [&str; 10] = [
    "2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14",
];

/// Far more time than any of these programs needs.
const BOUND: Duration = Duration::from_secs(120);

/// The families that both ends have on this system.
pub(crate) const FAMILIES: &[Family] = if cfg!(windows) {
    &[Family::Pipe]
} else {
    &[Family::Inet, Family::Unix]
};

/// An interpreter, with the options of its end of a connection.
#[derive(Clone, Copy)]
pub(crate) struct Interpreter {
    /// `3.13`.
    pub(crate) version: &'static str,
    /// Its key, or `None` for no authentication.
    pub(crate) authkey: Option<&'static [u8]>,
    /// The digest that its challenges name, or `None` for its default.
    pub(crate) digest: Option<&'static str>,
}

impl Interpreter {
    /// Whether its challenges can name a digest.
    pub(crate) fn names_digests(self) -> bool {
        let (major, minor) = self.version.split_once('.').expect("3.13 has a minor");
        (major, minor.parse::<u32>().expect("it is a number")) >= ("3", 12)
    }

    /// Runs a test with it. A version that is missing is ignored, or fails if it is required.
    pub(crate) fn run(self, test: impl FnOnce(&Stage)) -> std::result::Result<Completion, Failed> {
        let python = match Python::find(self.version) {
            Ok(python) => python,
            Err(error) if is_required(self.version) => {
                return Err(format!("CPython {} is required: {error}", self.version).into());
            }
            Err(error) => return Ok(Completion::ignored_with(error.to_string())),
        };
        let scratch = Scratch::new()?;
        test(&Stage {
            interpreter: self,
            python,
            scratch,
        });
        Ok(Completion::Completed)
    }
}

fn is_required(version: &str) -> bool {
    let required = std::env::var("PROCESSING_CONFORMANCE_REQUIRE_CPYTHON").unwrap_or_default();
    required
        .split(',')
        .map(str::trim)
        .any(|required| required == version)
}

/// An interpreter that is here, and the place where listeners listen.
pub(crate) struct Stage {
    interpreter: Interpreter,
    python: Python,
    scratch: Scratch,
}

/// What the reference is told.
pub(crate) struct Reference {
    pub(crate) dialect: Dialect,
    pub(crate) authkey: Option<AuthKey>,
}

impl Stage {
    /// An address of this family that is not in use.
    pub(crate) fn address(&self, family: Family) -> Address {
        match family {
            // The system chooses the port.
            Family::Inet => Address::from(("127.0.0.1", 0)),
            Family::Unix => Address::from(self.scratch.path()),
            Family::Pipe => Address::infer(&self.scratch.pipe_name()),
        }
    }

    /// An address in the abstract namespace of Linux that is not in use.
    #[cfg(target_os = "linux")]
    pub(crate) fn abstract_address(&self) -> Address {
        let path = self.scratch.path();
        Address::infer(&format!("\0{}/rpc", path.display()))
    }

    fn program(&self, name: &str, address: &Address) -> Command {
        let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/multiprocessing");
        let authkey = match self.interpreter.authkey {
            Some(key) => format!("b'{}'", key.escape_ascii()),
            None => "None".into(),
        };
        let mut command = self.python.command();
        command
            .arg("-u")
            .arg(programs.join("launcher.py"))
            .args([address_expression(address), authkey])
            .arg(self.interpreter.digest.unwrap_or_default())
            .arg(programs.join(name));
        command
    }

    /// Connects the reference to the seed's server. Returns the server and the connection.
    pub(crate) fn connect_to_server(
        &self,
        address: &Address,
        reference: Reference,
    ) -> (Server, Result<Connection>) {
        let (server, address) = Server::start(self.program("server.py", address));
        let mut connector = Connector::new()
            .dialect(reference.dialect)
            .read_timeout(BOUND);
        if let Some(key) = reference.authkey {
            connector = connector.authkey(key);
        }
        (server, connector.connect(reported(&address)))
    }

    /// Accepts the seed's client with the reference, and calls `serve` if that succeeds. Returns the output of the client,
    /// and whether the reference has accepted it.
    pub(crate) fn accept_client(
        &self,
        address: Address,
        reference: Reference,
        serve: impl FnOnce(&mut Connection),
    ) -> (Output, Result<()>) {
        let mut builder = Listener::builder()
            .address(address)
            .dialect(reference.dialect)
            .accept_timeout(BOUND)
            .read_timeout(BOUND);
        if let Some(key) = reference.authkey {
            builder = builder.authkey(key);
        }
        let mut listener = builder.bind().expect("the address is free");
        let mut program = self.program("client.py", listener.address());
        program.stdout(Stdio::piped()).stderr(Stdio::piped());
        let client = start(|| program.spawn()).expect("Python can be started");
        let accepted = listener
            .accept()
            .map(|mut connection| serve(&mut connection));
        let output = client.wait_with_output().expect("it can be waited for");
        (output, accepted)
    }
}
