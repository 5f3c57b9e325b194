//! The reference implementation as a testee.

use std::time::Duration;

use processing_connection::{
    Address, AuthKey, AuthenticationFailure, Connection, Connector, Dialect, Digests, Error,
    Family, Listener, RecvHalf, SendHalf, Value,
};
use serde::ser::{Error as _, Serialize, Serializer};

use super::{Halves, Implementation, failed};
use crate::notation::{Graph, Node};
use crate::testee::message::{
    Connect, ErrorKind, Hello, Listen, OperationError, PROTOCOL, Profile, RawAddress,
};
use crate::testee::payload::Payload;
use crate::wire::Framing;
use crate::wire::handshake::Scheme;

/// The reference, which speaks every dialect that the cases test.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reference;

/// This is shorter than the minimal deadline of the suite, which is 2 seconds. With the reference's default of 20
/// seconds, a timeout would look like a hang.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_millis(1500);

impl Implementation for Reference {
    type Listener = Listener;
    type Sender = SendHalf;
    type Receiver = RecvHalf;

    fn hello(&self) -> Hello {
        Hello {
            protocol: PROTOCOL,
            name: "reference".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            runtime: "Rust".into(),
            families: Family::ALL
                .into_iter()
                .filter(|family| family.is_available())
                .collect(),
            dialects: [
                Dialect::PROCESSING_0_30,
                Dialect::PROCESSING_0_21_C,
                Dialect::PROCESSING_0_10_PURE,
                Dialect::MULTIPROCESSING_3_12,
                Dialect::MULTIPROCESSING_3_8,
                Dialect::MULTIPROCESSING_2_6,
            ]
            .map(|dialect| dialect.to_string())
            .into(),
            pickle_protocol: Dialect::default().pickle_protocol(),
            profile: Profile::Serde,
            operations: vec!["poll".into()],
            python: None,
            int_bits: None,
        }
    }

    fn listen(&self, arguments: &Listen) -> Result<(Listener, RawAddress), OperationError> {
        let mut builder = Listener::builder()
            .dialect(dialect(&arguments.dialect)?)
            .handshake_timeout(HANDSHAKE_TIMEOUT);
        if let Some(raw) = &arguments.address {
            builder = builder.address(address(raw)?);
        }
        if let Some(name) = &arguments.family {
            builder = builder.family(name.parse().map_err(told)?);
        }
        if let Some(backlog) = arguments.backlog {
            builder = builder.backlog(i32::try_from(backlog).unwrap_or(i32::MAX));
        }
        if let Some(key) = &arguments.authkey {
            builder = builder.authkey(authkey(key)?);
        }
        let listener = builder.bind().map_err(told)?;
        let address = raw(listener.address());
        Ok((listener, address))
    }

    fn last_accepted(&self, listener: &Listener) -> Option<RawAddress> {
        listener.last_accepted().map(raw)
    }

    fn accept(&self, listener: &mut Listener) -> Result<Halves<Self>, OperationError> {
        listener.accept().map(Connection::split).map_err(told)
    }

    fn connect(&self, arguments: &Connect) -> Result<Halves<Self>, OperationError> {
        let mut connector = Connector::new().dialect(dialect(&arguments.dialect)?);
        if let Some(name) = &arguments.family {
            connector = connector.family(name.parse().map_err(told)?);
        }
        if let Some(key) = &arguments.authkey {
            connector = connector.authkey(authkey(key)?);
        }
        let Some(raw) = &arguments.address else {
            return Err(failed(
                ErrorKind::BadAddress,
                "the reference cannot connect without an address",
            ));
        };
        connector
            .connect(address(raw)?)
            .map(Connection::split)
            .map_err(told)
    }

    fn send(&self, sender: &mut SendHalf, object: &Graph) -> Result<(), OperationError> {
        if object
            .nodes
            .iter()
            .any(|node| matches!(node, Node::Unpicklable(_)))
        {
            let beginning: Vec<usize> = (0..object.nodes.len()).collect();
            return sender.send(&(beginning, Unpicklable)).map_err(told);
        }
        let value =
            Value::try_from(object).map_err(|error| failed(ErrorKind::Unencodable, error))?;
        sender.send_value(&value).map_err(told)
    }

    fn recv(&self, receiver: &mut RecvHalf) -> Result<Graph, OperationError> {
        receiver
            .recv_value()
            .map(|value| Graph::from(&value))
            .map_err(told)
    }

    fn send_string(&self, sender: &mut SendHalf, bytes: &[u8]) -> Result<(), OperationError> {
        sender.send_string(bytes).map_err(told)
    }

    fn recv_string(&self, receiver: &mut RecvHalf) -> Result<Payload, OperationError> {
        receiver
            .recv_string()
            .map(|bytes| Payload::Bytes { bytes })
            .map_err(told)
    }

    fn poll(&self, receiver: &mut RecvHalf, seconds: f64) -> Result<bool, OperationError> {
        let timeout = Duration::try_from_secs_f64(seconds)
            .map_err(|error| failed(ErrorKind::Unclassified, error))?;
        receiver.poll(timeout).map_err(told)
    }

    fn close_listener(&self, listener: &mut Listener) -> Result<(), OperationError> {
        listener.close();
        Ok(())
    }

    fn close_sender(&self, sender: &mut SendHalf) -> Result<(), OperationError> {
        sender.close();
        Ok(())
    }

    fn close_receiver(&self, receiver: &mut RecvHalf) -> Result<(), OperationError> {
        receiver.close();
        Ok(())
    }
}

/// An object that serde cannot serialize: it fails after a part has been serialized.
struct Unpicklable;

impl Serialize for Unpicklable {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("this object cannot be pickled"))
    }
}

/// The reference's framing of the same name.
///
/// # Errors
///
/// Returns the error of the reference if it does not have this framing.
pub(crate) fn framing(framing: Framing) -> Result<processing_connection::Framing, Error> {
    framing.to_string().parse()
}

/// The reference's scheme of a handshake.
///
/// # Errors
///
/// Returns the error of the reference if it does not have the digest that the scheme names.
pub(crate) fn scheme(scheme: Scheme) -> Result<processing_connection::Scheme, Error> {
    Ok(match scheme {
        Scheme::Processing => processing_connection::Scheme::HmacSha1,
        Scheme::Md5 => processing_connection::Scheme::HmacMd5,
        Scheme::Named(digest) => {
            processing_connection::Scheme::DigestNamed(Digests::only(digest.name().parse()?))
        }
    })
}

fn dialect(name: &str) -> Result<Dialect, OperationError> {
    name.parse().map_err(told)
}

/// Decodes a key from hexadecimal.
fn authkey(key: &str) -> Result<AuthKey, OperationError> {
    hex::decode(key)
        .map(AuthKey::from)
        .map_err(|error| failed(ErrorKind::Unclassified, format!("authkey: {error}")))
}

/// Converts the seed's untyped address to the type of the reference.
fn address(raw: &RawAddress) -> Result<Address, OperationError> {
    match raw {
        RawAddress::Text(text) => Ok(Address::infer(text)),
        RawAddress::Pair(host, port) => match u16::try_from(*port) {
            Ok(port) => Ok(Address::from((host.as_str(), port))),
            Err(_) => Err(failed(
                ErrorKind::BadAddress,
                format!("{port} is not a valid port"),
            )),
        },
    }
}

fn raw(address: &Address) -> RawAddress {
    match address {
        Address::Inet { host, port } => RawAddress::Pair(host.clone(), i64::from(*port)),
        Address::Unix(path) => RawAddress::Text(path.to_string_lossy().into_owned()),
        Address::Pipe(name) => RawAddress::Text(name.clone()),
    }
}

fn told(error: Error) -> OperationError {
    let kind = match &error {
        Error::Closed
        | Error::Reset {
            inside_message: false,
        } => ErrorKind::Closed,
        Error::CutInHeader { .. } | Error::CutInPayload { .. } | Error::Reset { .. } => {
            ErrorKind::Cut
        }
        Error::MessageTooLong { .. } | Error::CannotSend { .. } => ErrorKind::TooLong,
        Error::BadHeader { .. } => ErrorKind::BadHeader,
        Error::Poisoned { .. } => ErrorKind::Poisoned,
        Error::NotOpen => ErrorKind::NotOpen,
        Error::CannotPickle { .. } => ErrorKind::Unencodable,
        Error::NotAPickle { .. } | Error::Unrepresentable { .. } | Error::Conversion { .. } => {
            ErrorKind::Undecodable
        }
        Error::NeedsClass { .. } => ErrorKind::NeedsClass,
        Error::PickleLimit { .. } => ErrorKind::Limit,
        Error::Refused { .. } => ErrorKind::Refused,
        Error::NotFound { .. } => ErrorKind::NotFound,
        Error::AddressInUse { .. } | Error::PathExists { .. } => ErrorKind::InUse,
        Error::PathTooLong { .. } | Error::BadAddress { .. } | Error::FamilyMismatch { .. } => {
            ErrorKind::BadAddress
        }
        Error::UnknownHost { .. } => ErrorKind::UnknownHost,
        Error::UnknownFamily { .. } | Error::FamilyNotAvailable { .. } => {
            ErrorKind::FamilyUnavailable
        }
        Error::TimedOut { .. } => ErrorKind::TimedOut,
        Error::AuthenticationFailed { reason, .. } => match reason {
            AuthenticationFailure::TimedOut => ErrorKind::TimedOut,
            AuthenticationFailure::PeerLeft => ErrorKind::Closed,
            _ => ErrorKind::AuthenticationFailed,
        },
        _ => ErrorKind::Unclassified,
    };
    failed(kind, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_has_every_dialect_that_the_cases_test() {
        for judged in crate::wire::Dialect::all() {
            let name = judged.to_string();
            let spoken = dialect(&name).expect("the reference knows the name");
            assert_eq!(spoken.to_string(), name);
            assert!(framing(judged.framing).is_ok());
        }
    }
}
