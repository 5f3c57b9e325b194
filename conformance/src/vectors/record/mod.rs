//! Records vectors from a live peer, which sends over a raw connection of the suite.
//!
//! The adapter builds the objects that a peer sends in the same way for the recorder and the cases, because the memo
//! opcodes of a pickle depend on the number of references to an object. The peer also receives what it has sent and
//! describes it, so that a vector contains the object that was actually read, not the one that should be read.

mod handshake;
mod plan;
mod provenance;

use std::time::Duration;

use processing_connection::Family;
use thiserror::Error;

use super::bytes::Bytes;
use super::file::{FORMAT, File, ReadsAs, SentObject, SentString, Vector};
use crate::context::failure::{Failure, Stop};
use crate::context::scratch::Scratch;
use crate::context::setting::{Parameters, Role, Setting};
use crate::context::{Context, End};
use crate::notation::Graph;
use crate::peers::{Installed, Peer};
use crate::testee::message::Operation;
use crate::testee::session::Trouble;
use crate::wire::Wire;
use crate::wire::handshake::Scheme;
use plan::{Task, plan};

/// Why a peer could not be recorded.
#[derive(Debug, Error)]
pub enum RecordError {
    /// The peer did not start, or stopped answering.
    #[error(transparent)]
    Trouble(#[from] Trouble),
    /// No directory for socket files could be created.
    #[error("cannot create a directory for socket files: {0}")]
    Scratch(#[from] std::io::Error),
    /// The provenance of the peer could not be determined.
    #[error("cannot determine the provenance: {0}")]
    Provenance(String),
    /// One vector could not be recorded.
    #[error("{id}: {reason}")]
    Vector {
        /// The id of the vector.
        id: String,
        /// What the peer did instead.
        reason: String,
    },
}

/// The family over which vectors are recorded: named pipes on Windows, and streams elsewhere.
pub const FAMILY: Family = if cfg!(windows) {
    Family::Pipe
} else {
    Family::Unix
};

/// The name of the file for vectors that are recorded from a peer on this system.
pub fn file_name(peer: &Peer) -> String {
    let over = if FAMILY == Family::Pipe { "-pipe" } else { "" };
    format!("{}{over}.json", peer.name)
}

/// Records all vectors from one peer. `patience` is how long any operation may take.
pub fn record(peer: &Peer, installed: &Installed, patience: Duration) -> Result<File, RecordError> {
    let [listening, connecting] = [Role::Listener, Role::Client].map(|role| Setting {
        family: FAMILY,
        dialect: peer.dialect,
        role,
        parameters: Parameters::default(),
        bare: None,
        patience,
    });
    let scratch = Scratch::new()?;
    let mut session = installed.start(patience)?;
    let mut vectors = Vec::new();
    for setting in [&listening, &connecting] {
        let mut context = Context::new(setting, Some(&mut session), None, &scratch);
        let recorded = record_role(&mut context, peer.dialect.handshake);
        context.finish();
        vectors.extend(recorded?);
    }
    vectors.sort_by(|one, other| one.id().cmp(other.id()));
    Ok(File {
        format: FORMAT,
        peer: peer.name.clone(),
        digest: String::new(),
        provenance: provenance::of(peer, installed)?,
        dialect: listening.spoken(),
        vectors,
    })
}

/// Records the vectors of one role. Messages are the same in both roles, and are recorded from the listener.
fn record_role(
    context: &mut Context<'_>,
    handshake: Option<Scheme>,
) -> Result<Vec<Vector>, RecordError> {
    let named = |id: &str, stop: Stop| RecordError::Vector {
        id: id.into(),
        reason: reason(stop),
    };
    let role = context.setting.role;
    let mut vectors = Vec::new();
    let (mut wire, end) = context.open().map_err(|stop| named("connecting", stop))?;
    for (id, task) in plan(context.hello(), handshake) {
        let mut recorder = Recorder {
            context,
            wire: &mut wire,
            end,
        };
        let vector = match task {
            Task::Object(object) if role == Role::Listener => recorder.object(&id, &object),
            Task::String(payload) if role == Role::Listener => recorder.string(&id, payload),
            Task::Handshake(of, ends) if role == of => handshake::record(context, &id, ends),
            _ => continue,
        };
        vectors.push(vector.map_err(|stop| named(&id, stop))?);
    }
    Ok(vectors)
}

/// A connection between the peer and the suite.
struct Recorder<'c, 's> {
    context: &'c mut Context<'s>,
    wire: &'c mut Wire,
    end: End,
}

impl Recorder<'_, '_> {
    fn object(&mut self, id: &str, object: &Graph) -> Result<Vector, Stop> {
        let operation = Operation::Send {
            connection: self.end.handle,
            object: object.clone(),
        };
        let (header, payload) = self.sent(operation)?;
        self.context.write_message(self.wire, &payload)?;
        let message = [header, payload].concat();
        self.context.expect_object(self.end, object)?;
        Ok(Vector::Send(SentObject {
            id: id.into(),
            object: object.clone(),
            reads_as: ReadsAs::of(object),
            bytes: Bytes::plain(message),
        }))
    }

    fn string(&mut self, id: &str, asked: Bytes) -> Result<Vector, Stop> {
        let operation = Operation::SendString {
            connection: self.end.handle,
            payload: asked.to_payload(),
        };
        let (header, payload) = self.sent(operation)?;
        Ok(Vector::SendString(SentString {
            id: id.into(),
            bytes: Bytes::message(&header, &asked, &payload),
            payload: asked,
        }))
    }

    /// The header and the payload of the message that an operation puts on the wire.
    fn sent(&mut self, operation: Operation) -> Result<(Vec<u8>, Vec<u8>), Stop> {
        let sending = self.context.start(self.end.who, operation)?;
        let message = self.wire.read_message_with_header(LONGEST);
        // An error of the peer says more than a wire without bytes, so it is checked first.
        self.context.finish_sent(self.end, &sending)?;
        message.map_err(|error| Failure::wire("a message", &error).into())
    }
}

/// The length of the longest message that is recorded.
const LONGEST: usize = 1 << 24;

fn reason(stop: Stop) -> String {
    match stop {
        Stop::Failed(failure) => {
            let Failure {
                outcome,
                expected,
                detail,
                ..
            } = *failure;
            format!("{outcome} (expected: {expected})\n{detail}")
        }
        Stop::NotApplicable(reason) | Stop::NotRun(reason) => reason,
    }
}
