//! Pickling and unpickling without a connection, for payloads that arrived in another way.

mod build;
mod construct;
mod convert;
mod graph;
mod machine;
mod opcode;
mod reader;
mod scalar;
mod text;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_pickle::{SerOptions, Value};

use crate::error::{Error, Result};
use crate::limits::Limits;

/// Unpickles an object that was pickled with any of the protocols 0 to 5. No code is ever run, and
/// no input makes this function panic, overflow the stack, or use a disproportionate amount of
/// memory.
///
/// ```
/// use processing_connection::{Limits, Value, object};
///
/// let value = object::loads(b"\x80\x02]q\x01K*a.", &Limits::default())?;
/// assert_eq!(value, Value::List(vec![Value::I64(42)]));
/// # Ok::<(), processing_connection::Error>(())
/// ```
///
/// # Errors
///
/// The errors that [`Connection::recv_value`](crate::Connection::recv_value) reports about a
/// payload.
pub fn loads(payload: &[u8], limits: &Limits) -> Result<Value> {
    let (objects, root) = machine::run(payload, limits)?;
    build::build(&objects, root, payload.len(), limits)
}

/// Pickles an object with protocol 2.
///
/// # Errors
///
/// [`CannotPickle`](Error::CannotPickle) if serde-pickle cannot write it.
pub fn dumps<T: Serialize + ?Sized>(object: &T) -> Result<Vec<u8>> {
    let mut pickle = Vec::new();
    write(object, &mut pickle)?;
    Ok(pickle)
}

/// Pickles a value with protocol 2. It is the inverse of [`loads`].
///
/// ```
/// use processing_connection::{Limits, Value, object};
///
/// let value = Value::List(vec![Value::I64(42)]);
/// let pickle = object::dumps_value(&value)?;
/// assert_eq!(object::loads(&pickle, &Limits::default())?, value);
/// # Ok::<(), processing_connection::Error>(())
/// ```
///
/// # Errors
///
/// [`CannotPickle`](Error::CannotPickle) if serde-pickle cannot write it.
pub fn dumps_value(value: &Value) -> Result<Vec<u8>> {
    let mut pickle = Vec::new();
    write_value(value, &mut pickle)?;
    Ok(pickle)
}

pub(crate) fn write<T: Serialize + ?Sized>(object: &T, pickle: &mut Vec<u8>) -> Result<()> {
    serde_pickle::to_writer(pickle, &object, SerOptions::new().proto_v2()).map_err(cannot_pickle)
}

pub(crate) fn write_value(value: &Value, pickle: &mut Vec<u8>) -> Result<()> {
    serde_pickle::value_to_writer(pickle, value, SerOptions::new().proto_v2())
        .map_err(cannot_pickle)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn cannot_pickle(error: serde_pickle::Error) -> Error {
    Error::CannotPickle {
        reason: error.to_string(),
    }
}

pub(crate) fn from_value<T: DeserializeOwned>(value: Value) -> Result<T> {
    T::deserialize(convert::Source(value)).map_err(|mismatch| Error::Conversion {
        reason: mismatch.to_string(),
    })
}
