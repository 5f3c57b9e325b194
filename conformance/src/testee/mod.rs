//! Testees: the implementations that can be tested, and the operations by which all of them are driven.

pub mod ask;
pub mod child;
mod input;
pub mod lines;
pub mod message;
pub mod payload;
pub mod session;
mod start;
mod status;
mod tree;

use std::fmt;
use std::str::FromStr;

use message::RawAddress;
use thiserror::Error;

use self::child::Program;
pub use self::start::start;

/// The name of a testee, as given on the command line. A pattern names several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TesteeName {
    /// The reference, in this process.
    Reference,
    /// Known implementations that can be installed and run, by a name or a pattern.
    Peer(String),
    /// An adapter that the suite starts.
    Exec(Program),
    /// A running server without an adapter, which returns each object inside a list.
    Connect(RawAddress),
    /// A client without an adapter, which is going to connect.
    Listen(RawAddress),
}

/// Why the name of a testee is invalid.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TesteeError {
    /// It has no known prefix.
    #[error(
        "`{0}` is not a testee: expected reference, peer:NAME, exec:COMMAND, connect:ADDRESS or listen:ADDRESS"
    )]
    Unknown(String),
    /// The command of `exec:` cannot be parsed.
    #[error("`{0}` is not a command: it is empty, or a quote is not closed")]
    Command(String),
    /// The address cannot be parsed.
    #[error(
        "`{0}` is not an address: expected HOST:PORT or tcp:HOST:PORT, PATH or unix:PATH, pipe:NAME or \\\\.\\pipe\\NAME"
    )]
    Address(String),
}

impl FromStr for TesteeName {
    type Err = TesteeError;

    fn from_str(text: &str) -> Result<Self, TesteeError> {
        match text.split_once(':') {
            None if text == "reference" => Ok(Self::Reference),
            Some(("peer", name)) if !name.is_empty() => Ok(Self::Peer(name.into())),
            Some(("exec", command)) => Program::parse(command)
                .map(Self::Exec)
                .ok_or_else(|| TesteeError::Command(command.into())),
            Some(("connect", address)) => parse_address(address).map(Self::Connect),
            Some(("listen", address)) => parse_address(address).map(Self::Listen),
            _ => Err(TesteeError::Unknown(text.into())),
        }
    }
}

/// Formats the testee as it is named on the command line.
impl fmt::Display for TesteeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reference => f.write_str("reference"),
            Self::Peer(name) => write!(f, "peer:{name}"),
            Self::Exec(program) => {
                let words: Vec<_> = program
                    .words
                    .iter()
                    .map(|word| word.to_string_lossy())
                    .collect();
                // Only NUL cannot be quoted, and the words of a parsed command do not contain it.
                let command = shlex::try_join(words.iter().map(AsRef::as_ref)).unwrap_or_default();
                write!(f, "exec:{command}")
            }
            Self::Connect(address) => write!(f, "connect:{}", name_address(address)),
            Self::Listen(address) => write!(f, "listen:{}", name_address(address)),
        }
    }
}

fn name_address(address: &RawAddress) -> String {
    match address {
        RawAddress::Pair(host, port) => format!("{host}:{port}"),
        RawAddress::Text(text) if text.starts_with(r"\\") || text.contains('/') => text.clone(),
        RawAddress::Text(path) => format!("unix:{path}"),
    }
}

/// Parses an address of the command line. In addition to the seed's syntax, it may be `host:port` or have a prefix.
pub fn parse_address(text: &str) -> Result<RawAddress, TesteeError> {
    let wrong = || TesteeError::Address(text.into());
    let host_and_port = |text: &str| {
        let (host, port) = text.rsplit_once(':')?;
        let port: u16 = port.parse().ok()?;
        (!host.contains(['/', '\\'])).then(|| RawAddress::Pair(host.into(), i64::from(port)))
    };
    if let Some(inet) = text.strip_prefix("tcp:") {
        return host_and_port(inet).ok_or_else(wrong);
    }
    if let Some(path) = text.strip_prefix("unix:").filter(|path| !path.is_empty()) {
        return Ok(RawAddress::Text(path.into()));
    }
    if let Some(name) = text.strip_prefix("pipe:").filter(|name| !name.is_empty()) {
        return Ok(RawAddress::Text(if name.starts_with(r"\\") {
            name.into()
        } else {
            format!(r"\\.\pipe\{name}")
        }));
    }
    if text.starts_with(r"\\") || text.contains('/') {
        return Ok(RawAddress::Text(text.into()));
    }
    host_and_port(text).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_parsed() {
        let inet = |host: &str, port| Ok(RawAddress::Pair(host.into(), port));
        let text = |text: &str| Ok(RawAddress::Text(text.into()));
        assert_eq!(parse_address("localhost:6000"), inet("localhost", 6000));
        assert_eq!(parse_address("tcp:127.0.0.1:0"), inet("127.0.0.1", 0));
        assert_eq!(parse_address("/tmp/socket"), text("/tmp/socket"));
        assert_eq!(parse_address("unix:socket"), text("socket"));
        assert_eq!(parse_address("./a:6000"), text("./a:6000"));
        assert_eq!(parse_address("pipe:demo"), text(r"\\.\pipe\demo"));
        assert_eq!(parse_address(r"\\.\pipe\demo"), text(r"\\.\pipe\demo"));
    }

    #[test]
    fn invalid_addresses_are_refused() {
        for wrong in [
            "",
            "localhost",
            "localhost:",
            "localhost:70000",
            "tcp:localhost",
            "unix:",
            "pipe:",
        ] {
            assert_eq!(
                parse_address(wrong),
                Err(TesteeError::Address(wrong.into())),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_testee_is_formatted_as_on_the_command_line() {
        for name in [
            "reference",
            "peer:processing-0.20-c",
            "exec:adapter 'an argument' -v",
            "connect:localhost:6000",
            "listen:/tmp/socket",
            "connect:unix:socket",
            r"connect:\\.\pipe\demo",
        ] {
            assert_eq!(name.parse::<TesteeName>().unwrap().to_string(), name);
        }
    }

    #[test]
    fn testees_are_parsed() {
        assert_eq!("reference".parse(), Ok(TesteeName::Reference));
        assert_eq!(
            "peer:processing-0.20-c".parse(),
            Ok(TesteeName::Peer("processing-0.20-c".into()))
        );
        let exec: TesteeName = "exec:adapter 'an argument' -v".parse().unwrap();
        let TesteeName::Exec(program) = &exec else {
            panic!("{exec:?}")
        };
        assert_eq!(program.words, ["adapter", "an argument", "-v"]);
        for wrong in ["", "peer:", "Reference", "http://localhost"] {
            assert_eq!(
                wrong.parse::<TesteeName>(),
                Err(TesteeError::Unknown(wrong.into())),
                "{wrong}"
            );
        }
        assert!(matches!(
            "exec:".parse::<TesteeName>(),
            Err(TesteeError::Command(_))
        ));
        assert!(matches!(
            "exec:'open".parse::<TesteeName>(),
            Err(TesteeError::Command(_))
        ));
    }
}
