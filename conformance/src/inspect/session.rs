//! A capture as the messages that it is.

use super::capture::{Capture, Sender, Stream};
use super::detect::{Detection, NoFraming, detect_in, told};
use super::framing::FramingOrNone;
use super::handshake::{self, Handshake, Taken};
use crate::wire::frame::{Frame, frames, messages};
use crate::wire::{Framing, Step};

/// What a capture is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session<'a> {
    /// The framing.
    pub detection: Detection,
    /// The messages of each direction.
    pub streams: Vec<Messages<'a>>,
    /// The handshake at the beginning, if there is one.
    pub handshake: Option<Handshake<'a>>,
    /// The messages that are kept, in the order in which they went, as far as that is known.
    pub order: Vec<Place>,
    /// Whether the order between both directions is known behind the handshake.
    pub is_ordered: bool,
}

/// The messages of one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Messages<'a> {
    /// Who sent them, as the capture says it.
    pub sender: Sender,
    /// How they are delimited, or `None` if they have no header.
    pub framing: Option<Framing>,
    /// How many bytes there are.
    pub length: usize,
    /// The first ones.
    pub frames: Vec<Frame<'a>>,
    /// How many more there are.
    pub left_out: u64,
    /// What comes last, when it was left out and is no whole message.
    pub rest: Option<Frame<'a>>,
}

/// A message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The index of its stream.
    pub stream: usize,
    /// Its index there.
    pub message: usize,
}

/// How to take a capture apart.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// The framing; none to find it.
    pub framing: Option<FramingOrNone>,
    /// The key of a handshake, to verify it.
    pub authkey: Option<&'a [u8]>,
    /// How many messages of each direction are kept.
    pub messages: usize,
}

impl<'a> Session<'a> {
    /// Takes a capture apart. This takes time in proportion to its length, and memory for the messages that are kept.
    ///
    /// # Errors
    ///
    /// [`NoFraming`] when the framing has to be found, and none is even likely.
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
        // However few messages are kept.
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
    pub fn step(&self, place: Place) -> Option<&Taken<'a>> {
        let steps = &self.handshake.as_ref()?.steps;
        let is_it =
            |taken: &&Taken<'_>| taken.stream == place.stream && taken.message == place.message;
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

    /// What is no whole message, at the end.
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

/// First the steps of the handshake, then one direction after the other.
fn by_handshake(handshake: Option<&Handshake<'_>>, streams: &[Messages<'_>]) -> Vec<Place> {
    let steps = handshake.map_or(&[][..], |handshake| &handshake.steps);
    let is_kept = |taken: &&Taken<'_>| taken.message < streams[taken.stream].frames.len();
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

/// As the capture has them: a message stands where it begins. Without headers it is a piece of the capture.
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
