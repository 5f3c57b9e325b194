//! The encoding of the adapter protocol: each request and each reply is one JSON object on one line.
//!
//! This module contains both ends. Each must be prepared to read arbitrary bytes from the other.

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::json;
use serde_json::value::RawValue;
use thiserror::Error;

use super::message::{
    Accepted, Answer, Connected, Hello, Listening, Operation, OperationError, OperationName,
    Request,
};
use super::payload::Payload;
use super::session::{Reply, Trouble};
use crate::notation::Graph;

/// How many bytes of an invalid line are shown.
pub(super) const GARBAGE_SHOWN: usize = 120;

/// Encodes a request as a line, including the newline.
pub fn write_request(request: &Request) -> Vec<u8> {
    let mut line = serde_json::to_vec(request).expect("requests are representable in JSON");
    line.push(b'\n');
    line
}

/// A line that is not a valid request.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("not a valid request: {reason}")]
pub struct NotARequest {
    /// The id of the request, if it has one. An invalid request with an id is answered with an error.
    pub id: Option<u64>,
    /// What is wrong with it.
    pub reason: String,
}

/// Parses the request on a line.
pub fn read_request(line: &[u8]) -> Result<Request, NotARequest> {
    #[derive(Deserialize)]
    struct Any {
        id: u64,
        #[serde(rename = "op")]
        _operation: IgnoredAny,
    }
    serde_json::from_slice(line).map_err(|error| NotARequest {
        id: serde_json::from_slice(line).ok().map(|Any { id, .. }| id),
        reason: error.to_string(),
    })
}

/// Encodes a reply as a line, including the newline. Only short strings are written out.
pub fn write_reply(reply: &Reply) -> Vec<u8> {
    let ok = match &reply.result {
        Err(error) => return line(&json!({"id": reply.id, "error": error})),
        Ok(Answer::Hello(hello)) => json!(hello),
        Ok(Answer::Listening(listening)) => json!(listening),
        Ok(Answer::Accepted(accepted)) => json!(accepted),
        Ok(Answer::Connected(connected)) => json!(connected),
        Ok(Answer::Object(object)) => json!({"object": object}),
        // In one process, the payload contains the bytes themselves.
        Ok(Answer::Payload(Payload::Bytes { bytes })) => {
            json!({"payload": Payload::describing(bytes)})
        }
        Ok(Answer::Payload(payload)) => json!({"payload": payload}),
        Ok(Answer::Ready(ready)) => json!({"ready": ready}),
        Ok(Answer::Done) => json!({}),
    };
    line(&json!({"id": reply.id, "ok": ok}))
}

fn line(json: &serde_json::Value) -> Vec<u8> {
    format!("{json}\n").into_bytes()
}

/// The requests that were not answered yet. They determine how an answer is parsed.
#[derive(Clone, Debug, Default)]
pub struct Asked(HashMap<u64, Awaited>);

/// How an answer will be parsed.
#[derive(Clone, Copy, Debug)]
struct Awaited {
    operation: OperationName,
    /// Whether the answer of `recv` describes the object.
    is_described: bool,
}

impl Asked {
    /// Adds a request, so that a reply to it is accepted from now on.
    pub fn expect(&mut self, request: &Request) {
        let awaited = Awaited {
            operation: request.operation.name(),
            is_described: !matches!(
                request.operation,
                Operation::Recv {
                    describe: false,
                    ..
                }
            ),
        };
        self.0.insert(request.id, awaited);
    }
}

/// Parses the reply on a line, and removes its request from those that are open.
///
/// # Errors
///
/// Returns [`Trouble::Garbage`] if the line is not a reply to an open request.
pub fn read_reply(line: &[u8], asked: &mut Asked) -> Result<Reply, Trouble> {
    #[derive(Deserialize)]
    struct RawReply<'a> {
        id: u64,
        #[serde(borrow)]
        ok: Option<&'a RawValue>,
        error: Option<OperationError>,
    }
    let garbage = |reason: String| Trouble::Garbage {
        reason,
        line: String::from_utf8_lossy(&line[..line.len().min(GARBAGE_SHOWN)])
            .trim_end()
            .into(),
    };
    let raw: RawReply = serde_json::from_slice(line).map_err(|error| garbage(error.to_string()))?;
    let Some(awaited) = asked.0.remove(&raw.id) else {
        return Err(garbage(format!("no request with id {} is open", raw.id)));
    };
    let result = match (raw.ok, raw.error) {
        (Some(ok), None) => Ok(read_answer(awaited, ok.get()).map_err(|error| {
            garbage(format!("as the answer to `{}`: {error}", awaited.operation))
        })?),
        (None, Some(error)) => Err(error),
        _ => {
            return Err(garbage(
                "it does not have exactly one of `ok` and `error`".into(),
            ));
        }
    };
    Ok(Reply { id: raw.id, result })
}

fn read_answer(awaited: Awaited, json: &str) -> Result<Answer, serde_json::Error> {
    #[derive(Deserialize)]
    struct Object {
        object: Graph,
    }
    #[derive(Deserialize)]
    struct Received {
        payload: Payload,
    }
    #[derive(Deserialize)]
    struct Ready {
        ready: bool,
    }
    fn read<T: DeserializeOwned>(json: &str) -> Result<T, serde_json::Error> {
        serde_json::from_str(json)
    }
    Ok(match awaited.operation {
        OperationName::Hello => Answer::Hello(Box::new(read::<Hello>(json)?)),
        OperationName::Listen => Answer::Listening(read::<Listening>(json)?),
        OperationName::Accept => Answer::Accepted(read::<Accepted>(json)?),
        OperationName::Connect => Answer::Connected(read::<Connected>(json)?),
        OperationName::Recv if awaited.is_described => Answer::Object(read::<Object>(json)?.object),
        OperationName::RecvString => Answer::Payload(read::<Received>(json)?.payload),
        OperationName::Poll => Answer::Ready(read::<Ready>(json)?.ready),
        OperationName::Recv
        | OperationName::Send
        | OperationName::SendString
        | OperationName::Close
        | OperationName::Drop => Answer::Done,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_operation_has_an_id_to_reply_to() {
        let refused = read_request(br#"{"id": 7, "op": "sing", "song": 3}"#).unwrap_err();
        assert_eq!(refused.id, Some(7));
        assert_eq!(read_request(b"sing").unwrap_err().id, None);
    }

    #[test]
    fn requests_and_replies_are_parsed_as_they_were_written() {
        let request = Request {
            id: 7,
            operation: Operation::recv(2),
        };
        let read = read_request(&write_request(&request)).unwrap();
        assert_eq!(write_request(&read), write_request(&request));

        let mut asked = Asked::default();
        asked.expect(&request);
        let graph = Graph::unicode("\u{7f}\n");
        let reply = Reply {
            id: 7,
            result: Ok(Answer::Object(graph.clone())),
        };
        let line = write_reply(&reply);
        assert_eq!(memchr::memchr_iter(b'\n', &line).count(), 1);
        let read = read_reply(&line, &mut asked).unwrap();
        assert!(matches!(read.result, Ok(Answer::Object(read)) if read == graph));
        assert!(
            read_reply(&line, &mut asked).is_err(),
            "the request is no longer open"
        );
    }
}
