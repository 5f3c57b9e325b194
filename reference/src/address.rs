//! Addresses and their families, and how the family is inferred from the address.

use std::convert::Infallible;
use std::fmt::{self, Write};
use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::error::{Error, Result};

/// The kind of transport: a TCP socket, a Unix domain socket or a Windows named pipe.
///
/// ```
/// use processing_connection::Family;
///
/// assert_eq!("AF_UNIX".parse::<Family>()?, Family::Unix);
/// assert_eq!(Family::Pipe.to_string(), "AF_PIPE");
/// assert!(Family::Inet.is_available());
/// # Ok::<(), processing_connection::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// `AF_INET`: TCP over IPv4. The only family that is available everywhere.
    Inet,
    /// `AF_UNIX`: a Unix domain socket.
    Unix,
    /// `AF_PIPE`: a Windows named pipe in message mode.
    Pipe,
}

impl Family {
    /// Every family, whether it is available or not.
    pub const ALL: [Self; 3] = [Self::Inet, Self::Unix, Self::Pipe];

    /// Returns whether this build can listen and connect in this family.
    pub const fn is_available(self) -> bool {
        match self {
            Self::Inet => true,
            Self::Unix => cfg!(unix),
            Self::Pipe => cfg!(windows),
        }
    }

    /// Returns the name: `AF_INET`, `AF_UNIX` or `AF_PIPE`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inet => "AF_INET",
            Self::Unix => "AF_UNIX",
            Self::Pipe => "AF_PIPE",
        }
    }
}

/// The family that a listener uses by default is the available one that is assumed to be the
/// fastest: `AF_PIPE`, else `AF_UNIX`, else `AF_INET` (`default_family` in `processing` 0.20,
/// `connection/__init__.py`).
impl Default for Family {
    fn default() -> Self {
        [Self::Pipe, Self::Unix]
            .into_iter()
            .find(|family| family.is_available())
            .unwrap_or(Self::Inet)
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Family {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|family| family.name() == name)
            .ok_or_else(|| Error::UnknownFamily {
                name: name.to_owned(),
            })
    }
}

/// The address at which a listener listens, and to which a client connects.
///
/// Strings, paths and pairs of host and port convert into addresses:
///
/// ```
/// use processing_connection::{Address, Family};
///
/// assert_eq!(Address::from(("localhost", 6000)).family(), Family::Inet);
/// assert_eq!(Address::from("/tmp/listener").family(), Family::Unix);
/// assert_eq!(Address::from(r"\\.\pipe\listener").family(), Family::Pipe);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// `AF_INET`: in Python the tuple `(hostname, port)`.
    Inet {
        /// A host name, or an IPv4 address in dotted-decimal notation. When listening, an empty
        /// host means every interface, as in Python's `socket`.
        host: String,
        /// The port. When listening, 0 means any free port.
        port: u16,
    },
    /// `AF_UNIX`: a path in the file system or, if it begins with a NUL byte, a name in Linux's
    /// abstract namespace, such as `"\0rns/default/rpc"`.
    Unix(PathBuf),
    /// `AF_PIPE`: `\\.\pipe\PipeName`, or `\\ServerName\pipe\PipeName` for a client.
    Pipe(String),
}

impl Address {
    /// Returns the address that a string denotes: `AF_PIPE` if it starts with two backslashes,
    /// `AF_UNIX` otherwise. A string is never `AF_INET` (`address_type` in `processing` 0.20,
    /// `connection/__init__.py`).
    pub fn infer(text: &str) -> Self {
        if text.starts_with(r"\\") {
            Self::Pipe(text.to_owned())
        } else {
            Self::Unix(PathBuf::from(text))
        }
    }

    /// Returns a free address of a family: `('localhost', 0)`, a new path in the directory for
    /// temporary files, or a new pipe name (`arbitrary_address` in `processing` 0.20,
    /// `connection/__init__.py`).
    pub fn arbitrary(family: Family) -> Self {
        match family {
            Family::Inet => Self::from(("localhost", 0)),
            Family::Unix => {
                let name = format!("py-connection-{}", fresh_name());
                Self::Unix(std::env::temp_dir().join(name))
            }
            Family::Pipe => Self::Pipe(format!(r"\\.\pipe\py-connection-{}", fresh_name())),
        }
    }

    /// Returns the family that the address belongs to.
    pub fn family(&self) -> Family {
        match self {
            Self::Inet { .. } => Family::Inet,
            Self::Unix(_) => Family::Unix,
            Self::Pipe(_) => Family::Pipe,
        }
    }

    /// Returns whether the address is an empty string, which counts as no address. In Python an
    /// empty string is false, so `Listener('')` listens at an arbitrary address. An `AF_INET`
    /// address is never empty.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Inet { .. } => false,
            Self::Unix(path) => path.as_os_str().is_empty(),
            Self::Pipe(name) => name.is_empty(),
        }
    }

    /// Returns whether the address is in the abstract namespace of `AF_UNIX`: it begins with a NUL
    /// byte. Only Linux has such addresses. There is no file for them, so that nothing protects
    /// them from other users of the machine: use a key.
    pub fn is_abstract(&self) -> bool {
        match self {
            Self::Unix(path) => path.as_os_str().as_encoded_bytes().first() == Some(&0),
            Self::Inet { .. } | Self::Pipe(_) => false,
        }
    }

    /// Checks that the address belongs to `family`, if one is given.
    pub(crate) fn agree(self, family: Option<Family>) -> Result<Self> {
        match family {
            Some(family) if family != self.family() => Err(Error::FamilyMismatch {
                address: self,
                family,
            }),
            _ => Ok(self),
        }
    }
}

/// Returns a name that cannot be predicted.
fn fresh_name() -> String {
    let random = getrandom::u64().expect("the system has a source of random numbers");
    format!("{}-{random:016x}", std::process::id())
}

/// Formats the address as Python prints it: `('localhost', 6000)` or `'/tmp/listener'`. Control
/// characters are escaped, as in `'\x00rns/default/rpc'`.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet { host, port } => write!(f, "('{}', {port})", Escaped(host)),
            Self::Unix(path) => write!(f, "'{}'", Escaped(&path.to_string_lossy())),
            Self::Pipe(name) => write!(f, "'{}'", Escaped(name)),
        }
    }
}

/// Text without control characters: an address may come from somebody else, and is printed on
/// terminals.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| {
            if character.is_control() {
                write!(f, "\\x{:02x}", u32::from(character))
            } else {
                f.write_char(character)
            }
        })
    }
}

impl From<(&str, u16)> for Address {
    fn from((host, port): (&str, u16)) -> Self {
        Self::from((host.to_owned(), port))
    }
}

impl From<(String, u16)> for Address {
    fn from((host, port): (String, u16)) -> Self {
        Self::Inet { host, port }
    }
}

impl From<SocketAddrV4> for Address {
    fn from(address: SocketAddrV4) -> Self {
        Self::from((address.ip().to_string(), address.port()))
    }
}

/// See [`Address::infer`].
impl From<&str> for Address {
    fn from(text: &str) -> Self {
        Self::infer(text)
    }
}

/// See [`Address::infer`].
impl From<String> for Address {
    fn from(text: String) -> Self {
        Self::infer(&text)
    }
}

/// A path is `AF_UNIX`, whatever it starts with.
impl From<&Path> for Address {
    fn from(path: &Path) -> Self {
        Self::Unix(path.to_owned())
    }
}

/// A path is `AF_UNIX`, whatever it starts with.
impl From<PathBuf> for Address {
    fn from(path: PathBuf) -> Self {
        Self::Unix(path)
    }
}

/// Parses an address as people write it: `localhost:6000` is `AF_INET`, and everything else is the
/// address that [`Address::infer`] returns. A relative path that looks like a host and a port can
/// be written with its directory: `./localhost:6000`.
///
/// ```
/// use processing_connection::Address;
///
/// assert_eq!("localhost:6000".parse(), Ok(Address::from(("localhost", 6000))));
/// assert_eq!("/tmp/listener".parse(), Ok(Address::from("/tmp/listener")));
/// ```
impl FromStr for Address {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let inet = || {
            let (host, port) = text.rsplit_once(':')?;
            if host.contains(['/', '\\', '\0', ':']) {
                return None;
            }
            Some(Self::from((host, port.parse().ok()?)))
        };
        Ok(inet().unwrap_or_else(|| Self::infer(text)))
    }
}

impl From<&Address> for Address {
    fn from(address: &Address) -> Self {
        address.clone()
    }
}
