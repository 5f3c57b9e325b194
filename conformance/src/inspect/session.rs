//! The messages of a capture.

use super::capture::{Capture, Sender, Stream};
use super::detect::{Detection, NoFraming, detect_in, told};
use super::framing::FramingOrNone;
use super::handshake::{self, CapturedHandshake, CapturedStep};
use crate::wire::frame::{Frame, frames, messages};
use crate::wire::{Framing, Step};

/// The decoded messages of a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session<'a> {
    /// The framing.
    pub detection: Detection,
    /// The messages of each direction.
    pub streams: Vec<Messages<'a>>,
    /// The handshake at the beginning, if there is one.
    pub handshake: Option<CapturedHandshake<'a>>,
    /// The messages that are kept, in the order in which they were sent, as far as it is known.
    pub order: Vec<Place>,
    /// Whether the order of both directions after the handshake is known.
    pub is_ordered: bool,
}

/// The messages of one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Messages<'a> {
    /// Who sent them, as far as the capture shows it.
    pub sender: Sender,
    /// How they are delimited, or `None` if they have no header.
    pub framing: Option<Framing>,
    /// The number of bytes.
    pub length: usize,
    /// The messages that are kept: the first ones.
    pub frames: Vec<Frame<'a>>,
    /// The number of messages that are not kept.
    pub left_out: u64,
    /// The last message, if it is incomplete and not among those that are kept.
    pub rest: Option<Frame<'a>>,
}

/// The place of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The index of its stream.
    pub stream: usize,
    /// Its index in the stream.
    pub message: usize,
}

/// How to decode a capture.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// The framing, or `None` to detect it.
    pub framing: Option<FramingOrNone>,
    /// The key of the handshake, for verifying it.
    pub authkey: Option<&'a [u8]>,
    /// The number of messages to keep for each direction.
    pub messages: usize,
}

impl<'a> Session<'a> {
    /// Decodes a capture. The time is linear in its length, and the memory depends only on the messages that are kept.
    ///
    /// # Errors
    ///
    /// Returns [`NoFraming`] if the framing is to be detected, but none is likely.
    pub fn find(capture: &'a Capture, options: &Options<'_>) -> Result<Self, NoFraming> {
        let bytes: Vec<&[u8]> = capture
            .streams
            .iter()
            .map(|stream| stream.bytes.as_slice())
            .collect();
        let detection = match options.framing {
            Some(framing) => told(framing, &bytes),
            None => detect_in(capture)?,
        };
        let streams: Vec<Messages<'a>> = capture
            .streams
            .iter()
            .zip(&detection.framings)
            .map(|(stream, &framing)| Messages::take(stream, framing, options.messages))
            .collect();
        // The handshake is found however few messages are kept.
        let first: Vec<Vec<Frame<'a>>> = capture
            .streams
            .iter()
            .zip(&detection.framings)
            .map(|(stream, &framing)| {
                let frames = frames_of(stream, framing);
                frames.take(Step::ALL.len()).collect()
            })
            .collect();
        let handshake = handshake::find(&first, options.authkey);
        let is_ordered = !capture.turns.is_empty() || streams.len() < 2;
        let order = if capture.turns.is_empty() {
            by_handshake(handshake.as_ref(), &streams)
        } else {
            by_turns(capture, &streams)
        };
        Ok(Self {
            detection,
            streams,
            handshake,
            order,
            is_ordered,
        })
    }

    /// The step of the handshake that a message is, if it is one.
    pub fn step(&self, place: Place) -> Option<&CapturedStep<'a>> {
        let steps = &self.handshake.as_ref()?.steps;
        let is_it = |taken: &&CapturedStep<'_>| {
            taken.stream == place.stream && taken.message == place.message
        };
        steps.iter().find(is_it)
    }
}

impl<'a> Messages<'a> {
    fn take(stream: &'a Stream, framing: Option<Framing>, kept: usize) -> Self {
        let mut messages = Self {
            sender: stream.sender,
            framing,
            length: stream.bytes.len(),
            frames: Vec::new(),
            left_out: 0,
            rest: None,
        };
        for frame in frames_of(stream, framing) {
            if messages.frames.len() < kept {
                messages.frames.push(frame);
            } else {
                messages.left_out += 1;
                messages.rest = Some(frame).filter(|frame| !frame.is_whole());
            }
        }
        messages
    }

    /// The incomplete message at the end, if there is one.
    pub fn end(&self) -> Option<&Frame<'a>> {
        let last = self.frames.last().filter(|frame| !frame.is_whole());
        self.rest.as_ref().or(last)
    }
}

/// The messages of a direction.
fn frames_of(
    stream: &Stream,
    framing: Option<Framing>,
) -> Box<dyn Iterator<Item = Frame<'_>> + '_> {
    if framing.is_none() && !stream.pieces.is_empty() {
        Box::new(messages(&stream.bytes, &stream.pieces))
    } else {
        Box::new(frames(framing, &stream.bytes))
    }
}

/// The order without turns: the steps of the handshake, followed by one direction after the other.
fn by_handshake(handshake: Option<&CapturedHandshake<'_>>, streams: &[Messages<'_>]) -> Vec<Place> {
    let steps = handshake.map_or(&[][..], |handshake| &handshake.steps);
    let is_kept = |taken: &&CapturedStep<'_>| taken.message < streams[taken.stream].frames.len();
    let mut order: Vec<Place> = steps
        .iter()
        .filter(is_kept)
        .map(|taken| Place {
            stream: taken.stream,
            message: taken.message,
        })
        .collect();
    for (stream, messages) in streams.iter().enumerate() {
        let taken = steps.iter().filter(|taken| taken.stream == stream).count();
        order.extend((taken..messages.frames.len()).map(|message| Place { stream, message }));
    }
    order
}

/// The order of the capture, in which the place of a message is that of its first byte. Without headers, each piece of
/// the capture is a message.
fn by_turns(capture: &Capture, streams: &[Messages<'_>]) -> Vec<Place> {
    let mut order = Vec::new();
    let mut passed = vec![0; streams.len()];
    let mut next = vec![0; streams.len()];
    for turn in &capture.turns {
        let stream = turn.stream;
        passed[stream] += turn.length;
        let mut pieces = turn.pieces;
        while let Some(frame) = streams[stream].frames.get(next[stream])
            && match streams[stream].framing {
                None => pieces > 0,
                Some(_) => frame.offset < passed[stream],
            }
        {
            let message = next[stream];
            order.push(Place { stream, message });
            next[stream] += 1;
            pieces = pieces.saturating_sub(1);
        }
    }
    order
}
