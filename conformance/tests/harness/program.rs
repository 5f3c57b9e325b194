//! Programs in Python that a test starts.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};

use processing_conformance::testee::start;
use processing_connection::Address;

/// A program that listens. It is ended at the end of the test, if it has not ended before.
pub(crate) struct Server {
    program: Child,
    /// Reads the rest of its standard error.
    errors: Option<JoinHandle<String>>,
}

impl Server {
    /// Starts a program, and waits until it reports its address in the first line of its standard error.
    pub(crate) fn start(mut command: Command) -> (Self, String) {
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut program = start(|| command.spawn()).expect("Python can be started");
        let mut stderr = BufReader::new(program.stderr.take().expect("stderr is piped"));
        let mut server = Self {
            program,
            errors: None,
        };
        let mut line = String::new();
        stderr.read_line(&mut line).expect("it can be read");
        let Some(address) = line.trim_end().strip_prefix("listening at ") else {
            let mut rest = String::new();
            let _ = stderr.read_to_string(&mut rest);
            panic!("the server does not listen: {line}{rest}");
        };
        server.errors = Some(thread::spawn(move || {
            let mut errors = String::new();
            let _ = stderr.read_to_string(&mut errors);
            errors
        }));
        (server, address.to_owned())
    }

    /// Waits for its end. Returns its status and what it wrote to standard error after its address.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let status = self.program.wait().expect("it can be waited for");
        let errors = self.errors.take().expect("it is waited for only once");
        (status, errors.join().expect("the thread only reads"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// The address that a program has reported.
pub(crate) fn reported(address: &str) -> Address {
    match address.rsplit_once(':') {
        Some((host, port)) if !address.starts_with(['/', '\\']) => {
            Address::from((host, port.parse::<u16>().expect("the port of a listener")))
        }
        _ => Address::infer(address),
    }
}

/// A string as a Python expression.
pub(crate) fn expression(text: &str) -> String {
    let text = text.replace('\\', r"\\").replace('\0', r"\0");
    format!("'{text}'")
}

/// An address as a Python expression.
pub(crate) fn address_expression(address: &Address) -> String {
    match address {
        Address::Inet { host, port } => format!("('{host}', {port})"),
        Address::Unix(path) => expression(&path.display().to_string()),
        Address::Pipe(name) => expression(name),
    }
}
