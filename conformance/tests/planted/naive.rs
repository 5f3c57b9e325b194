//! A small implementation that claims profile `bytes`, and the faults that can be planted in it.

use std::fs::{Metadata, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::mem::ManuallyDrop;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, ToSocketAddrs};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use processing_conformance::adapter::{Halves, Implementation, failed};
use processing_conformance::notation::Graph;
use processing_conformance::testee::message::{
    Connect, ErrorKind, Hello, Listen, OperationError, PROTOCOL, Profile, RawAddress,
};
use processing_conformance::testee::payload::Payload;
use processing_conformance::wire::{Dialect, Framing};
use processing_connection::Family;
use socket2::{Domain, SockAddr, Socket, Type};

use super::handshake::{Exchange, Key, Lobby};

/// The variable that names the file in which a testee records the paths that it is given and those that it makes.
pub(crate) const LOG: &str = "PLANTED_LOG";

/// Records a path, so that a test can check that it has been removed.
pub(crate) fn note(address: &RawAddress) {
    if let (RawAddress::Text(path), Some(log)) = (address, std::env::var_os(LOG)) {
        let mut log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .expect("the log can be written");
        writeln!(log, "{path}").expect("the log can be written");
    }
}

/// What is wrong with an implementation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// Headers are written and read with the wrong byte order.
    ByteOrder,
    /// A header announces one byte more than the payload has.
    HeaderOffByOne,
    /// A header also announces its own four bytes.
    HeaderCountsItself,
    /// The last byte of a payload is not written.
    LastByteDropped,
    /// Bytes that arrive together with a message are delivered as part of it.
    MessagesMerged,
    /// The end of the stream is mistaken for an empty message.
    EndIsEmpty,
    /// The result of one read into a buffer of 1024 bytes is mistaken for the whole payload.
    OneReadIsAll,
    /// Bytes that were read together with a message are discarded.
    ReadAheadLost,
    /// A connection that is dropped stays open.
    DropDoesNotClose,
    /// A listener gives up once a client has misbehaved.
    ListenerGivesUp,
    /// The path of a listener is not removed.
    PathStays,
    /// The handshake ends after its first half.
    SecondHalfSkipped,
    /// Only the beginning of a digest is compared.
    DigestPrefixCompared,
    /// Every verdict is accepted as a welcome.
    AnyVerdictAccepted,
    /// The digest also covers the prefix of the challenge.
    WrongDigestAnswered,
    /// A message that arrives in place of a part of the handshake is read as an object.
    ObjectBeforeTheEnd,
    /// The escape of `be32x` is refused like any other negative header.
    EscapeUnknown,
    /// Every negative header is taken for the escape.
    NegativeIsEscape,
    /// The length after the escape is read as a signed number, and a negative one is taken for zero.
    EscapeSigned,
    /// The digest covers the random bytes, without the name of the digest.
    NameNotSigned,
    /// The answer does not name its digest.
    NameNotSent,
    /// Every challenge is answered with SHA-256.
    DigestFixed,
    /// A challenge that names no known digest is answered with SHA-256.
    UnknownDigestAnswered,
    /// Challenges that are too short are answered.
    ShortChallengeAnswered,
    /// The name in an answer is skipped, whatever it is.
    NameOfAnswerIgnored,
    /// Any answer of 16 bytes is taken for one of the older scheme, and accepted.
    OlderAnswerUnchecked,
    /// The answer to a challenge of the older scheme names its digest.
    OlderAnswerNamed,
    /// The verdicts are those of `processing`.
    OtherVerdicts,
}

impl Fault {
    /// Every fault, by its name on the command line.
    pub(crate) const ALL: [(&str, Self); 29] = [
        ("none", Self::None),
        ("byte-order", Self::ByteOrder),
        ("header-off-by-one", Self::HeaderOffByOne),
        ("header-counts-itself", Self::HeaderCountsItself),
        ("last-byte-dropped", Self::LastByteDropped),
        ("messages-merged", Self::MessagesMerged),
        ("end-is-empty", Self::EndIsEmpty),
        ("one-read-is-all", Self::OneReadIsAll),
        ("read-ahead-lost", Self::ReadAheadLost),
        ("drop-does-not-close", Self::DropDoesNotClose),
        ("listener-gives-up", Self::ListenerGivesUp),
        ("path-stays", Self::PathStays),
        ("second-half-skipped", Self::SecondHalfSkipped),
        ("digest-prefix-compared", Self::DigestPrefixCompared),
        ("any-verdict-accepted", Self::AnyVerdictAccepted),
        ("wrong-digest-answered", Self::WrongDigestAnswered),
        ("object-before-the-end", Self::ObjectBeforeTheEnd),
        ("escape-unknown", Self::EscapeUnknown),
        ("negative-is-escape", Self::NegativeIsEscape),
        ("escape-signed", Self::EscapeSigned),
        ("name-not-signed", Self::NameNotSigned),
        ("name-not-sent", Self::NameNotSent),
        ("digest-fixed", Self::DigestFixed),
        ("unknown-digest-answered", Self::UnknownDigestAnswered),
        ("short-challenge-answered", Self::ShortChallengeAnswered),
        ("name-of-answer-ignored", Self::NameOfAnswerIgnored),
        ("older-answer-unchecked", Self::OlderAnswerUnchecked),
        ("older-answer-named", Self::OlderAnswerNamed),
        ("other-verdicts", Self::OtherVerdicts),
    ];

    pub(super) fn header(self, length: u32) -> [u8; 4] {
        match self {
            Self::ByteOrder => length.to_le_bytes(),
            Self::HeaderOffByOne => (length + 1).to_be_bytes(),
            Self::HeaderCountsItself => (length + 4).to_be_bytes(),
            _ => length.to_be_bytes(),
        }
    }

    fn announced(self, header: [u8; 4]) -> u32 {
        match self {
            Self::ByteOrder => u32::from_le_bytes(header),
            _ => u32::from_be_bytes(header),
        }
    }

    /// Whether the length follows this header in eight bytes.
    fn is_escape(self, framing: Framing, header: [u8; 4]) -> bool {
        let header = i32::from_be_bytes(header);
        framing == Framing::Be32x
            && match self {
                Self::EscapeUnknown => false,
                Self::NegativeIsEscape => header < 0,
                _ => header == -1,
            }
    }
}

/// How an end of a connection behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    pub(crate) fault: Fault,
    pub(crate) dialect: Dialect,
}

/// The implementation.
#[derive(Debug)]
pub(crate) struct Naive {
    pub(crate) fault: Fault,
    /// Called before every operation except `hello`.
    pub(crate) before: fn(operation: &'static str),
}

impl Naive {
    pub(crate) fn with(fault: Fault) -> Self {
        Self {
            fault,
            before: |_| {},
        }
    }

    fn manner(&self, dialect: &str) -> Result<Manner, OperationError> {
        Ok(Manner {
            fault: self.fault,
            dialect: dialect
                .parse()
                .map_err(|error| failed(ErrorKind::Unclassified, error))?,
        })
    }

    fn halves(
        &self,
        socket: &Socket,
        dialect: Dialect,
        gives_up: &Arc<AtomicBool>,
    ) -> io::Result<Halves<Self>> {
        let outward = Outward {
            socket: Some(socket.try_clone()?),
            fault: self.fault,
        };
        let inward = Inward {
            socket: Some(ManuallyDrop::new(socket.try_clone()?)),
            manner: Manner {
                fault: self.fault,
                dialect,
            },
            ahead: Vec::new(),
            out_of_step: false,
            gives_up: Arc::clone(gives_up),
        };
        Ok((outward, inward))
    }
}

/// A listener.
pub(crate) struct Door {
    socket: Option<Socket>,
    address: RawAddress,
    file: Option<File>,
    last_accepted: Option<RawAddress>,
    gives_up: Arc<AtomicBool>,
    dialect: Dialect,
    lobby: Option<Lobby>,
}

/// The half of a connection that sends.
pub(crate) struct Outward {
    socket: Option<Socket>,
    fault: Fault,
}

/// The half of a connection that receives.
pub(crate) struct Inward {
    socket: Option<ManuallyDrop<Socket>>,
    manner: Manner,
    ahead: Vec<u8>,
    out_of_step: bool,
    gives_up: Arc<AtomicBool>,
}

impl Implementation for Naive {
    type Listener = Door;
    type Sender = Outward;
    type Receiver = Inward;

    fn hello(&self) -> Hello {
        Hello {
            protocol: PROTOCOL,
            name: "naive".into(),
            version: "1".into(),
            runtime: "Rust".into(),
            families: vec![Family::Inet, Family::Unix],
            dialects: vec!["be32+hmac-sha1".into(), "be32x+digest-named".into()],
            pickle_protocol: 2,
            profile: Profile::Bytes,
            operations: Vec::new(),
            python: None,
            int_bits: None,
        }
    }

    fn listen(&self, arguments: &Listen) -> Result<(Door, RawAddress), OperationError> {
        (self.before)("listen");
        let given = arguments
            .address
            .clone()
            .filter(|address| *address != RawAddress::Text(String::new()));
        let (domain, address) = match given {
            Some(address) => resolve(&address, arguments.family.as_deref())?,
            None => match arguments.family.as_deref() {
                Some("AF_INET") => inet("127.0.0.1", 0)?,
                None | Some("AF_UNIX") => unix(&fresh_path())?,
                Some(other) => return Err(no_family(other)),
            },
        };
        let manner = self.manner(&arguments.dialect)?;
        let mut key = Key::given(arguments.authkey.as_deref(), manner)?;
        let mut open = || -> io::Result<Door> {
            let socket = Socket::new(domain, Type::STREAM, None)?;
            if domain == Domain::IPV4 {
                socket.set_reuse_address(true)?;
            }
            socket.bind(&address)?;
            if let Some(path) = address.as_pathname() {
                std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
            }
            let backlog = arguments.backlog.unwrap_or(1);
            socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
            let address = socket.local_addr()?;
            let file = address
                .as_pathname()
                .filter(|_| self.fault != Fault::PathStays)
                .map(File::just_made)
                .transpose()?;
            Ok(Door {
                address: told(&address),
                socket: Some(socket),
                file,
                last_accepted: None,
                gives_up: Arc::default(),
                dialect: manner.dialect,
                lobby: key.take().map(Lobby::new),
            })
        };
        let door = open().map_err(classified)?;
        let address = door.address.clone();
        note(&address);
        Ok((door, address))
    }

    fn last_accepted(&self, door: &Door) -> Option<RawAddress> {
        door.last_accepted.clone()
    }

    fn accept(&self, door: &mut Door) -> Result<Halves<Self>, OperationError> {
        (self.before)("accept");
        if self.fault == Fault::ListenerGivesUp && door.gives_up.load(Ordering::Relaxed) {
            return Err(failed(
                ErrorKind::Unclassified,
                "a client has misbehaved before",
            ));
        }
        let socket = door.socket.as_ref().ok_or_else(not_open)?;
        let (connection, from) = match &door.lobby {
            Some(lobby) => lobby.accept(socket)?,
            None => socket.accept().map_err(classified)?,
        };
        door.last_accepted = Some(told(&from));
        self.halves(&connection, door.dialect, &door.gives_up)
            .map_err(classified)
    }

    fn connect(&self, arguments: &Connect) -> Result<Halves<Self>, OperationError> {
        (self.before)("connect");
        let Some(address) = &arguments.address else {
            return Err(failed(
                ErrorKind::BadAddress,
                "there is no address to connect to",
            ));
        };
        note(address);
        let (domain, address) = resolve(address, arguments.family.as_deref())?;
        let manner = self.manner(&arguments.dialect)?;
        let key = Key::given(arguments.authkey.as_deref(), manner)?;
        let open = || -> io::Result<Socket> {
            let socket = Socket::new(domain, Type::STREAM, None)?;
            socket.connect(&address)?;
            Ok(socket)
        };
        let socket = open().map_err(classified)?;
        if let Some(key) = &key {
            key.as_client(&mut Exchange::new(&socket, manner))?;
        }
        self.halves(&socket, manner.dialect, &Arc::default())
            .map_err(classified)
    }

    fn send(&self, _: &mut Outward, _: &Graph) -> Result<(), OperationError> {
        Err(no_objects())
    }

    fn recv(&self, _: &mut Inward) -> Result<Graph, OperationError> {
        Err(no_objects())
    }

    fn send_string(&self, outward: &mut Outward, bytes: &[u8]) -> Result<(), OperationError> {
        (self.before)("send_string");
        let mut socket = outward.socket.as_ref().ok_or_else(not_open)?;
        let length =
            u32::try_from(bytes.len()).map_err(|error| failed(ErrorKind::TooLong, error))?;
        let written = match outward.fault {
            Fault::LastByteDropped => &bytes[..bytes.len().saturating_sub(1)],
            _ => bytes,
        };
        socket
            .write_all(&[&outward.fault.header(length), written].concat())
            .map_err(classified)
    }

    fn recv_string(&self, inward: &mut Inward) -> Result<Payload, OperationError> {
        (self.before)("recv_string");
        let received = inward.message();
        if matches!(&received, Err(error) if error.kind != ErrorKind::Closed) {
            inward.gives_up.store(true, Ordering::Relaxed);
        }
        received.map(|bytes| Payload::Bytes { bytes })
    }

    fn poll(&self, _: &mut Inward, _: f64) -> Result<bool, OperationError> {
        Err(failed(ErrorKind::Unclassified, "poll is not supported"))
    }

    fn close_listener(&self, door: &mut Door) -> Result<(), OperationError> {
        (self.before)("close");
        door.close();
        Ok(())
    }

    fn close_sender(&self, outward: &mut Outward) -> Result<(), OperationError> {
        (self.before)("close");
        if let Some(socket) = outward.socket.take() {
            // This wakes the other half; it is not an error if the stream has already ended.
            let _ = socket.shutdown(Shutdown::Both);
        }
        Ok(())
    }

    fn close_receiver(&self, inward: &mut Inward) -> Result<(), OperationError> {
        if let Some(socket) = inward.socket.take() {
            drop(ManuallyDrop::into_inner(socket));
        }
        Ok(())
    }
}

/// The length of the longest message, in bytes.
const LONGEST: u32 = i32::MAX.cast_unsigned();

impl Inward {
    fn message(&mut self) -> Result<Vec<u8>, OperationError> {
        let socket = self.socket.as_ref().ok_or_else(not_open)?;
        if self.out_of_step {
            return Err(failed(
                ErrorKind::Poisoned,
                "an earlier header was not valid",
            ));
        }
        let received = match self.manner.fault {
            Fault::ReadAheadLost => {
                message_through(&mut Hasty(socket, &mut self.ahead), self.manner, LONGEST)
            }
            _ => message_through(&mut &**socket, self.manner, LONGEST),
        };
        self.ahead.clear();
        self.out_of_step = matches!(&received, Err(error) if error.kind == ErrorKind::TooLong);
        let mut bytes = received?;
        if self.manner.fault == Fault::MessagesMerged {
            while waits(socket) {
                bytes.extend(message_through(&mut &**socket, self.manner, LONGEST)?);
            }
        }
        Ok(bytes)
    }
}

impl Drop for Inward {
    fn drop(&mut self) {
        if let Some(socket) = self.socket.take()
            && self.manner.fault != Fault::DropDoesNotClose
        {
            drop(ManuallyDrop::into_inner(socket));
        }
    }
}

pub(super) fn message_through(
    stream: &mut impl Read,
    Manner { fault, dialect }: Manner,
    longest: u32,
) -> Result<Vec<u8>, OperationError> {
    let cut = || failed(ErrorKind::Cut, "the stream ended inside a message");
    let mut header = Vec::new();
    stream
        .take(4)
        .read_to_end(&mut header)
        .map_err(classified)?;
    let header = match <[u8; 4]>::try_from(&header[..]) {
        Ok(header) => header,
        Err(_) if fault == Fault::EndIsEmpty => return Ok(Vec::new()),
        Err(_) if header.is_empty() => {
            return Err(failed(ErrorKind::Closed, "the stream ended"));
        }
        Err(_) => return Err(cut()),
    };
    let length = if fault.is_escape(dialect.framing, header) {
        let mut length = [0; 8];
        stream
            .read_exact(&mut length)
            .map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => cut(),
                _ => classified(error),
            })?;
        let signed = i64::from_be_bytes(length);
        if fault == Fault::EscapeSigned && signed < 0 {
            return Ok(Vec::new());
        }
        u32::try_from(u64::from_be_bytes(length)).unwrap_or(u32::MAX)
    } else {
        fault.announced(header)
    };
    if length > longest {
        return Err(failed(ErrorKind::TooLong, length));
    }
    let mut payload = Vec::new();
    if fault == Fault::OneReadIsAll && length > 0 {
        payload.resize((length as usize).min(1024), 0);
        let read = stream.read(&mut payload).map_err(classified)?;
        payload.truncate(read);
        return if read == 0 { Err(cut()) } else { Ok(payload) };
    }
    stream
        .take(u64::from(length))
        .read_to_end(&mut payload)
        .map_err(classified)?;
    if payload.len() < length as usize {
        return Err(cut());
    }
    Ok(payload)
}

/// Reads as much as is available, and keeps what has not been requested yet.
struct Hasty<'a>(&'a Socket, &'a mut Vec<u8>);

impl Read for Hasty<'_> {
    fn read(&mut self, wanted: &mut [u8]) -> io::Result<usize> {
        if self.1.is_empty() {
            let mut chunk = [0; 4096];
            let read = self.0.read(&mut chunk)?;
            self.1.extend_from_slice(&chunk[..read]);
        }
        let given = wanted.len().min(self.1.len());
        wanted[..given].copy_from_slice(&self.1[..given]);
        self.1.drain(..given);
        Ok(given)
    }
}

/// Whether something has already arrived.
fn waits(socket: &Socket) -> bool {
    let mut byte = [std::mem::MaybeUninit::uninit(); 1];
    let _ = socket.set_nonblocking(true);
    let there = matches!(socket.peek(&mut byte), Ok(1));
    let _ = socket.set_nonblocking(false);
    there
}

impl Door {
    fn close(&mut self) {
        self.socket = None;
        if let Some(file) = self.file.take() {
            file.remove();
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.close();
    }
}

/// A socket file, which somebody else may have replaced.
struct File {
    path: PathBuf,
    identity: (u64, u64),
}

impl File {
    fn just_made(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            identity: identity(&path.symlink_metadata()?),
        })
    }

    fn remove(self) {
        let there = self.path.symlink_metadata();
        if there.is_ok_and(|there| identity(&there) == self.identity) {
            let _ = std::fs::remove_file(self.path);
        }
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

fn resolve(
    address: &RawAddress,
    family: Option<&str>,
) -> Result<(Domain, SockAddr), OperationError> {
    match (address, family) {
        (RawAddress::Text(name), None) if name.starts_with(r"\\") => Err(no_family("AF_PIPE")),
        (RawAddress::Text(path), None | Some("AF_UNIX")) if !path.is_empty() => {
            unix(Path::new(path))
        }
        (RawAddress::Pair(host, port), None | Some("AF_INET")) => inet(host, *port),
        (_, None | Some("AF_INET" | "AF_UNIX")) => Err(failed(
            ErrorKind::BadAddress,
            "the address is not of this family",
        )),
        (_, Some(other)) => Err(no_family(other)),
    }
}

fn unix(path: &Path) -> Result<(Domain, SockAddr), OperationError> {
    SockAddr::unix(path)
        .map(|address| (Domain::UNIX, address))
        .map_err(|error| failed(ErrorKind::BadAddress, error))
}

fn inet(host: &str, port: i64) -> Result<(Domain, SockAddr), OperationError> {
    let port = u16::try_from(port).map_err(|error| failed(ErrorKind::BadAddress, error))?;
    let found = (host, port)
        .to_socket_addrs()
        .ok()
        .and_then(|mut found| found.find(SocketAddr::is_ipv4))
        .ok_or_else(|| failed(ErrorKind::UnknownHost, host))?;
    Ok((Domain::IPV4, found.into()))
}

/// A path for a listener that was not given one.
pub(crate) fn fresh_path() -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("naive-{}-{number}", std::process::id()))
}

fn told(address: &SockAddr) -> RawAddress {
    match address.as_socket_ipv4() {
        Some(inet) => RawAddress::Pair(Ipv4Addr::to_string(inet.ip()), i64::from(inet.port())),
        None => RawAddress::Text(
            address
                .as_pathname()
                .map(|path| path.to_string_lossy().into_owned())
                .unwrap_or_default(),
        ),
    }
}

fn no_family(name: &str) -> OperationError {
    failed(ErrorKind::FamilyUnavailable, format!("no {name} here"))
}

fn no_objects() -> OperationError {
    failed(ErrorKind::Unclassified, "objects are not supported")
}

fn not_open() -> OperationError {
    failed(ErrorKind::NotOpen, "it was closed")
}

pub(super) fn classified(error: io::Error) -> OperationError {
    let kind = match error.kind() {
        io::ErrorKind::ConnectionRefused => ErrorKind::Refused,
        io::ErrorKind::NotFound => ErrorKind::NotFound,
        io::ErrorKind::AddrInUse => ErrorKind::InUse,
        io::ErrorKind::ConnectionReset => ErrorKind::Cut,
        io::ErrorKind::BrokenPipe => ErrorKind::Closed,
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => ErrorKind::TimedOut,
        _ => ErrorKind::Unclassified,
    };
    failed(kind, error)
}
