//! Detects the framing of bytes, and how certain it is.

use thiserror::Error;

use super::capture::Capture;
use super::framing::FramingOrNone;
use super::payload::{begins_as_known, is_pickle, is_whole_pickle};
use crate::wire::frame::{Frame, frames, messages};
use crate::wire::handshake::Scheme;
use crate::wire::{Framing, Header};

/// How many messages of a stream are examined. The others are only counted.
const LOOKED_INTO: u64 = 1000;
/// If no message is complete and no payload is recognised, a framing is unlikely if its header announces this many more
/// bytes than there are.
const MUCH: u64 = 64 << 20;
/// A framing is the better guess if this many times fewer bytes are missing than with another framing.
const CLEARLY_LESS: u64 = 256;

/// The framing that was detected or given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detection {
    /// The framing of each stream, or `None` without headers. It is the same for all streams, except in
    /// [`Certainty::Deviating`].
    pub framings: Vec<Option<Framing>>,
    /// How certain it is.
    pub certainty: Certainty,
    /// How well each framing fits all streams, the chosen one first. Of two framings that are the same for these bytes,
    /// only the first is listed.
    pub fits: Vec<Fit>,
}

/// How certain a framing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// The framing was given.
    Told,
    /// No other framing fits.
    Certain,
    /// Other framings are possible, but less likely.
    Probable,
    /// Other framings fit equally well: those with the same [`Extent`].
    Ambiguous,
    /// No framing fits both directions, but each direction has one.
    Deviating,
    /// There are no headers: all the bytes are one message, or each line is one, as on a pipe.
    Bare,
}

/// How well a framing fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// The framing.
    pub framing: Framing,
    /// The extent to which it fits the stream that it fits least.
    pub extent: Extent,
    /// The number of complete messages.
    pub messages: u64,
    /// How many of the payloads begin like a pickle or like a message of a handshake.
    pub known: u64,
    /// Where it stops fitting.
    pub end: Option<Misfit>,
}

/// How far a framing fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// It does not fit at all.
    Nowhere,
    /// No message is complete.
    Begun,
    /// Some messages are complete, but the last one is not.
    Cut,
    /// It fits to the last byte.
    Whole,
}

/// Where a framing stops fitting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// The index of the stream.
    pub stream: usize,
    /// The offset of the header in bytes.
    pub offset: usize,
    /// The header, as far as it is available.
    pub header: Vec<u8>,
    /// The length in bytes that it announces, if it is valid.
    pub announced: Option<u64>,
    /// How many bytes follow it.
    pub present: usize,
}

impl Misfit {
    /// How many bytes are missing.
    pub fn missing(&self) -> u64 {
        self.announced
            .map_or(0, |announced| announced - self.present as u64)
    }
}

/// Bytes that no framing fits.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no framing fits")]
pub struct NoFraming {
    /// Why each framing does not fit.
    pub fits: Vec<Fit>,
}

/// Detects the framing of streams that belong together.
///
/// # Errors
///
/// Returns [`NoFraming`] if no framing is likely.
pub fn detect(streams: &[&[u8]]) -> Result<Detection, NoFraming> {
    let fits = fits(streams);
    if let Some(bare) = bare(streams, &fits[0]) {
        return Ok(bare);
    }
    if fits[0].extent <= Extent::Begun
        && let Some(framings) = each_its_own(streams)
    {
        return Ok(Detection {
            framings,
            certainty: Certainty::Deviating,
            fits,
        });
    }
    let best = &fits[0];
    let is_credible = |end: &Misfit| end.announced.is_some() && end.missing() <= MUCH;
    let says_nothing = best.messages == 0 && best.known == 0;
    if best.extent == Extent::Nowhere || says_nothing && !best.end.as_ref().is_some_and(is_credible)
    {
        return Err(NoFraming { fits });
    }
    Ok(Detection {
        framings: vec![Some(best.framing); streams.len()],
        certainty: certainty(&fits),
        fits,
    })
}

/// Uses the given framing, and determines how well it and the others fit.
pub fn told(framing: FramingOrNone, streams: &[&[u8]]) -> Detection {
    let FramingOrNone(framing) = framing;
    let mut fits = fits(streams);
    if let Some(framing) = framing {
        fits.retain(|fit| fit.framing != framing);
        fits.insert(0, fit(framing, streams));
    }
    Detection {
        framings: vec![framing; streams.len()],
        certainty: Certainty::Told,
        fits,
    }
}

/// Detects the framing of a capture. If its pieces are messages without headers, as on a pipe, there is no framing.
///
/// # Errors
///
/// Returns [`NoFraming`] if no framing is likely.
pub fn detect_in(capture: &Capture) -> Result<Detection, NoFraming> {
    let streams: Vec<&[u8]> = capture
        .streams
        .iter()
        .map(|stream| &*stream.bytes)
        .collect();
    let detection = detect(&streams);
    let fits_whole = |found: &Detection| {
        let best = found.fits.first();
        best.is_some_and(|best| best.extent == Extent::Whole)
    };
    if detection.as_ref().is_ok_and(fits_whole) || !pieces_are_messages(capture) {
        return detection;
    }
    Ok(Detection {
        framings: vec![None; streams.len()],
        certainty: Certainty::Bare,
        fits: Vec::new(),
    })
}

/// Whether at least half of the pieces are pickles or messages of a handshake; the others may be strings.
fn pieces_are_messages(capture: &Capture) -> bool {
    let (mut known, mut others) = (0, 0);
    for stream in &capture.streams {
        for message in messages(&stream.bytes, &stream.pieces) {
            if is_whole_pickle(message.payload) || begins_as_known(message.payload) {
                known += 1;
            } else if !is_digest(message.payload) && !message.payload.is_empty() {
                others += 1;
            }
        }
    }
    known > 0 && known >= others
}

/// Whether a payload has the length of an answer that does not name its digest.
fn is_digest(payload: &[u8]) -> bool {
    let unnamed = [Scheme::Processing, Scheme::Md5];
    unnamed
        .map(|scheme| scheme.digest().length())
        .contains(&payload.len())
}

/// All framings, the best first; `be32x` only where it differs from `be32`.
fn fits(streams: &[&[u8]]) -> Vec<Fit> {
    // Of two framings that fit equally well, the first is chosen: it is the one that most releases speak.
    let mut order = Framing::ALL.to_vec();
    order.sort_by_key(|framing| commonness(*framing));
    let mut fits: Vec<Fit> = order.iter().map(|framing| fit(*framing, streams)).collect();
    let be32_again = Fit {
        framing: Framing::Be32x,
        ..fits[0].clone()
    };
    fits.retain(|fit| *fit != be32_again);
    fits.sort_by(|one, other| {
        let missing = |fit: &Fit| fit.end.as_ref().map_or(0, Misfit::missing);
        other
            .extent
            .cmp(&one.extent)
            .then(other.known.cmp(&one.known))
            .then(missing(one).cmp(&missing(other)))
    });
    fits
}

/// The rank of a framing: the one that most releases speak is tried first.
fn commonness(framing: Framing) -> u8 {
    match framing {
        Framing::Be32 => 0,
        Framing::Le32 => 1,
        Framing::Hex8 => 2,
        Framing::Be32x => 3,
    }
}

fn fit(framing: Framing, streams: &[&[u8]]) -> Fit {
    let mut all = Fit {
        framing,
        extent: Extent::Whole,
        messages: 0,
        known: 0,
        end: None,
    };
    for (number, stream) in streams.iter().enumerate() {
        let one = fit_stream(framing, number, stream);
        all.messages += one.messages;
        all.known += one.known;
        if one.extent < all.extent {
            all.extent = one.extent;
            all.end = one.end;
        }
    }
    all
}

fn fit_stream(framing: Framing, number: usize, stream: &[u8]) -> Fit {
    let (mut messages, mut known, mut end) = (0, 0, None);
    for frame in frames(framing, stream) {
        if messages < LOOKED_INTO && begins_as_known(frame.payload) {
            known += 1;
        }
        if frame.is_whole() {
            messages += 1;
        } else {
            end = Some(frame);
        }
    }
    let extent = match &end {
        None => Extent::Whole,
        Some(_) if messages > 0 => Extent::Cut,
        Some(frame) if could_begin(framing, frame) => Extent::Begun,
        Some(_) => Extent::Nowhere,
    };
    Fit {
        framing,
        extent,
        messages,
        known,
        end: end.map(|frame| Misfit {
            stream: number,
            offset: frame.offset,
            header: frame.header.to_vec(),
            announced: frame.announced,
            present: frame.payload.len(),
        }),
    }
}

/// Whether an incomplete first frame could be the beginning of a message.
fn could_begin(framing: Framing, frame: &Frame<'_>) -> bool {
    match framing.read_header(frame.header) {
        Header::Whole { .. } | Header::Part { .. } => true,
        Header::Invalid => false,
    }
}

fn certainty(fits: &[Fit]) -> Certainty {
    let (best, others) = (&fits[0], &fits[1..]);
    let mut rivals = others.iter().filter(|fit| fit.extent == best.extent);
    let missing = |fit: &Fit| fit.end.as_ref().map_or(0, Misfit::missing);
    let is_worse =
        |rival: &Fit| rival.known < best.known || missing(rival) / CLEARLY_LESS > missing(best);
    match rivals.clone().next() {
        None if best.messages > 0 => Certainty::Certain,
        None => Certainty::Probable,
        Some(_) if rivals.all(is_worse) => Certainty::Probable,
        Some(_) => Certainty::Ambiguous,
    }
}

/// Detects one message without a header, unless a framing fits better.
fn bare(streams: &[&[u8]], best: &Fit) -> Option<Detection> {
    let [stream] = streams else { return None };
    let is_bare = match best.extent {
        Extent::Whole => false,
        Extent::Cut => is_whole_pickle(stream),
        Extent::Begun | Extent::Nowhere => {
            is_pickle(stream) || begins_as_known(stream) && best.known == 0
        }
    };
    is_bare.then(|| Detection {
        framings: vec![None],
        certainty: Certainty::Bare,
        fits: Vec::new(),
    })
}

/// The framings of two streams that have no framing in common, if each of them is certain.
fn each_its_own(streams: &[&[u8]]) -> Option<Vec<Option<Framing>>> {
    if streams.len() < 2 {
        return None;
    }
    streams
        .iter()
        .map(|&stream| {
            let fits = fits(&[stream]);
            let is_sure = fits[0].extent >= Extent::Cut
                && matches!(certainty(&fits), Certainty::Certain | Certainty::Probable);
            (is_sure && !stream.is_empty()).then_some(Some(fits[0].framing))
        })
        .collect()
}
