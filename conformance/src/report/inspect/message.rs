//! Shows one message, byte by byte.

use std::fmt::Write;

use super::super::lines::{Line, WIDTH, header_label, pickle_lines, plain_lines};
use super::Report;
use super::words::{At, Bytes, Count, Named};
use crate::inspect::handshake::{CapturedStep, Content};
use crate::inspect::payload::{is_pickle, limits};
use crate::inspect::session::Place;
use crate::notation::{Quoted, Shortened};
use crate::pickle::{Reading, Reason, Unpickler, loadable, read};
use crate::wire::frame::Frame;
use crate::wire::handshake::Scheme;
use crate::wire::{Framing, Header};

/// How much of an object is shown, in bytes.
const OBJECT: usize = 1000;
/// How many further lines are shown for an instruction with a long argument.
const ARGUMENT: usize = 3;
/// If more bytes than this are missing, the header is probably not a header.
const INCREDIBLE: u64 = 64 << 20;
/// How many classes and functions that an object needs are named.
const NEEDS: usize = 8;

impl Report<'_> {
    pub(super) fn message(&mut self, place: Place) {
        let session = self.session;
        let stream = &session.streams[place.stream];
        let frame = &stream.frames[place.message];
        let title = self.title(place);
        let (at, what) = (At(frame.offset), self.what(place, frame));
        let _ = writeln!(self.text, "\n{title} at {at}: {what}");
        self.header(stream.framing, frame);
        if let Some(taken) = session.step(place) {
            self.fields(frame, taken);
        } else if is_pickle(frame.payload) {
            self.pickle(frame);
        } else {
            self.plain(frame);
        }
        if !frame.is_whole() {
            self.cut(stream.framing, frame);
        }
    }

    /// Describes a message in a few words.
    fn what(&self, place: Place, frame: &Frame<'_>) -> String {
        let length = frame.payload.len();
        if let Some(taken) = self.session.step(place) {
            return Named(taken.step).to_string();
        }
        if frame.announced.is_none() {
            return "not a complete header".to_owned();
        }
        let cut = if frame.is_whole() { "" } else { ", cut" };
        match length {
            0 if frame.is_whole() => "an empty message".to_owned(),
            _ if is_pickle(frame.payload) => format!("a pickle of {}{cut}", Bytes(length)),
            _ => format!("a string of {}{cut}", Bytes(length)),
        }
    }

    fn header(&mut self, framing: Option<Framing>, frame: &Frame<'_>) {
        let Some(framing) = framing else { return };
        let label = match framing.read_header(frame.header) {
            Header::Part { .. } => format!("a part of a {framing} header"),
            Header::Whole { .. } | Header::Invalid => header_label(framing, frame.announced),
        };
        let (offset, bytes) = (frame.offset, frame.header);
        Line {
            offset,
            bytes,
            label,
        }
        .write(&mut self.text);
    }

    fn fields(&mut self, frame: &Frame<'_>, taken: &CapturedStep<'_>) {
        let payload = frame.payload;
        let base = frame.offset + frame.header.len();
        let mut from = 0;
        let mut field = |report: &mut Self, length: usize, label: String| {
            let (offset, bytes) = (base + from, &payload[from..from + length]);
            from += length;
            if length > 0 {
                Line {
                    offset,
                    bytes,
                    label,
                }
                .write_long(&mut report.text, ARGUMENT);
            }
        };
        match taken.content {
            Content::Challenge {
                scheme,
                signed,
                reflected,
            } => {
                let prefix = payload.len() - signed.len();
                field(self, prefix, Quoted(&payload[..prefix]).to_string());
                let name = match scheme {
                    Scheme::Named(digest) => digest.name().len() + 2,
                    Scheme::Processing | Scheme::Md5 => 0,
                };
                let named = Quoted(&signed[..name]);
                field(self, name, format!("{named}, the digest to sign with"));
                let nonce = signed.len() - name;
                field(self, nonce, format!("{nonce} random bytes"));
                if reflected {
                    self.wrong(format_args!("this challenge is the other end's own: an end that answers it answers for an impostor"));
                }
            }
            Content::Answer {
                digest,
                signature,
                right,
            } => {
                let name = payload.len() - signature.len();
                let named = Quoted(&payload[..name]);
                field(
                    self,
                    name,
                    format!("{named}, the digest that was signed with"),
                );
                let verdict = match right {
                    None => "",
                    Some(true) => ": right",
                    Some(false) => ": wrong",
                };
                field(
                    self,
                    signature.len(),
                    format!("{digest} of the challenge{verdict}"),
                );
            }
            Content::Verdict { .. } => field(self, payload.len(), Quoted(payload).to_string()),
        }
    }

    fn plain(&mut self, frame: &Frame<'_>) {
        let base = frame.offset + frame.header.len();
        let shown = frame.payload.len().min(self.lines.saturating_mul(WIDTH));
        for line in plain_lines(&frame.payload[..shown], base) {
            line.write(&mut self.text);
        }
        let left_out = frame.payload.len() - shown;
        if left_out > 0 {
            let _ = writeln!(self.text, "            … {left_out} more bytes");
        }
    }

    fn pickle(&mut self, frame: &Frame<'_>) {
        let base = frame.offset + frame.header.len();
        let mut lines = pickle_lines(frame.payload, base);
        let mut left = self.lines;
        while left > 0
            && let Some(line) = lines.next()
        {
            left = left.saturating_sub(line.write_long(&mut self.text, ARGUMENT));
        }
        let left_out = lines.count_rest();
        if left_out > 0 {
            let _ = writeln!(self.text, "            … {left_out} more lines");
        }
        match read(frame.payload, &limits()) {
            Ok(reading) => self.object(&reading, frame.payload, base),
            Err(error) => {
                if let Reason::Limit { .. } = error.reason {
                    self.detail("object", format_args!("is not shown: {}", error.reason));
                } else if frame.is_whole() {
                    self.wrong(format_args!(
                        "this pickle cannot be read, at {}: {}",
                        At(base + error.offset),
                        error.reason
                    ));
                }
            }
        }
    }

    fn object(&mut self, reading: &Reading, payload: &[u8], base: usize) {
        let object = reading.graph.python(OBJECT);
        self.detail("object", format_args!("{object}"));
        let announced = reading.announced.unwrap_or(0);
        if reading.protocol > announced.max(1) {
            self.detail(
                "protocol",
                format_args!("{announced} announced, {} needed", reading.protocol),
            );
        } else {
            self.detail(
                "protocol",
                format_args!("{}", reading.announced.unwrap_or(reading.protocol)),
            );
        }
        if !reading.needs.is_empty() {
            self.detail("needs", format_args!("{}", needs(reading, base)));
        }
        self.unpicklers(reading, payload, base);
        if reading.left_over > 0 {
            self.detail(
                "left over",
                format_args!(
                    "{} on the stack, below the object",
                    Count(reading.left_over as u64, "object")
                ),
            );
        }
        if reading.consumed < payload.len() {
            self.detail(
                "after it",
                format_args!(
                    "{}, which readers ignore",
                    Bytes(payload.len() - reading.consumed)
                ),
            );
        }
    }

    /// Names the unpicklers of Python that reject the pickle. Python 2 is not named if it does not know the protocol.
    fn unpicklers(&mut self, reading: &Reading, payload: &[u8], base: usize) {
        let of_python_2 = reading.protocol <= 2 && reading.announced.unwrap_or(0) <= 2;
        let all = [
            ("Python 2", Unpickler::Python2),
            ("Python 3", Unpickler::Python3),
        ];
        let mut is_loaded = false;
        for (name, unpickler) in &all[usize::from(!of_python_2)..] {
            match loadable(payload, *unpickler, &limits()) {
                Err(error) if !matches!(error.reason, Reason::Limit { .. }) => self.detail(
                    "not loaded",
                    format_args!(
                        "by {name}, at {}: {}",
                        At(base + error.offset),
                        error.reason
                    ),
                ),
                _ => is_loaded = true,
            }
        }
        if !is_loaded {
            self.wrong(format_args!("no version of Python loads this pickle"));
        }
    }

    pub(super) fn cut(&mut self, framing: Option<Framing>, frame: &Frame<'_>) {
        let end = At(frame.end());
        match frame.missing() {
            Some(missing) => {
                let announced = Bytes(frame.announced.unwrap_or_default());
                let or = if missing > INCREDIBLE {
                    ", or this is not a header, and the stream was already out of step"
                } else {
                    ""
                };
                self.wrong(format_args!(
                    "the stream ends at {end}: {missing} of the {announced} announced are missing{or}"
                ));
            }
            None => match framing.map(|framing| (framing, framing.read_header(frame.header))) {
                Some((framing, Header::Invalid)) => self.wrong(format_args!(
                    "there is no {framing} header at {}: the stream is out of step from there on",
                    At(frame.offset)
                )),
                _ => self.wrong(format_args!("the stream ends at {end}, inside a header")),
            },
        }
    }
}

/// Lists the objects that unpickling needs, and where each is first needed.
fn needs(reading: &Reading, base: usize) -> String {
    let mut needs: Vec<String> = reading
        .needs
        .iter()
        .take(NEEDS)
        .map(|(offset, need)| {
            let need = need.to_string();
            format!("{} at {}", Shortened(&need), At(base + offset))
        })
        .collect();
    if reading.needs.len() > NEEDS {
        needs.push(format!("{} more", reading.needs.len() - NEEDS));
    }
    needs.join(", ")
}
