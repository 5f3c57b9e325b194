//! `inspect` prints recorded sessions without further information, reports problems clearly, and never panics.

#[cfg(unix)]
#[path = "inspect/command.rs"]
mod command;
#[path = "inspect/detection.rs"]
mod detection;
#[path = "inspect/handshakes.rs"]
mod handshakes;
#[path = "inspect/hostile.rs"]
mod hostile;
#[path = "inspect/properties.rs"]
mod properties;
#[path = "inspect/sessions.rs"]
mod sessions;
#[path = "inspect/vectors.rs"]
mod vectors;

use processing_conformance::inspect::capture::{Capture, Sender, Stream};
use processing_conformance::inspect::session::{Options, Session};
use processing_conformance::report::inspect::{Inspection, misfits, show};
use processing_conformance::wire::Framing;

#[cfg(not(unix))]
#[test]
#[ignore = "the expected output is that of a POSIX system"]
fn command() {
    unimplemented!("its tests are compiled on POSIX systems only");
}

/// How the command decodes captures by default.
const DEFAULT: Options<'static> = Options {
    framing: None,
    authkey: None,
    messages: 100,
};
const LINES: usize = 200;

fn inspect(capture: &Capture, options: &Options<'_>) -> Inspection {
    match Session::find(capture, options) {
        Ok(session) => show(capture, &session, LINES),
        Err(error) => Inspection {
            text: format!("{error}\n{}", misfits(&error.fits)),
            is_sound: false,
        },
    }
}

fn one_way(bytes: impl Into<Vec<u8>>) -> Capture {
    Capture::raw(bytes.into())
}

fn both_ways(client: impl Into<Vec<u8>>, server: impl Into<Vec<u8>>) -> Capture {
    Capture::pair(one_way(client), one_way(server)).expect("each is one direction")
}

/// The header and the payload, created here by hand, because the code under test must not create its own input.
fn message(framing: impl Into<Option<Framing>>, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("it is short");
    let mut message = match framing.into() {
        Some(Framing::Hex8) => format!("{length:08x}").into_bytes(),
        Some(Framing::Le32) => length.to_le_bytes().to_vec(),
        Some(Framing::Be32 | Framing::Be32x) => length.to_be_bytes().to_vec(),
        None => Vec::new(),
    };
    message.extend_from_slice(payload);
    message
}

/// The bytes in the hexadecimal columns of the output, in the order in which they are printed.
fn printed_bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in text.lines() {
        let Some(row) = line
            .strip_prefix("    ")
            .and_then(|row| row.split_once("  "))
        else {
            continue;
        };
        let (offset, rest) = row;
        if offset.len() >= 6 && offset.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            let words = rest.get(..48).unwrap_or(rest).split_ascii_whitespace();
            bytes.extend(words.map(|word| u8::from_str_radix(word, 16).expect("two digits")));
        }
    }
    bytes
}

/// The bytes that one sender sent, in a capture of both directions.
fn sent_by(capture: &Capture, sender: Sender) -> &[u8] {
    let is_it = |stream: &&Stream| stream.sender == sender;
    &capture
        .streams
        .iter()
        .find(is_it)
        .expect("it sent something")
        .bytes
}
