//! The summary of a capture: its form, its framing, and the result of its handshake.

use std::fmt::{self, Write};

use super::Report;
use super::words::{At, Bytes, Count, Named};
use crate::inspect::capture::{Capture, Sender};
use crate::inspect::detect::{Certainty, Detection, Extent, Fit, Misfit};
use crate::inspect::framing::FramingOrNone;
use crate::inspect::handshake::{CapturedHandshake, CapturedOutcome, Content};
use crate::wire::handshake::Scheme;
use crate::wire::{Framing, Header};

impl Report<'_> {
    pub(super) fn summary(&mut self, capture: &Capture) {
        let sizes: Vec<String> = self
            .session
            .streams
            .iter()
            .enumerate()
            .map(|(number, stream)| {
                let name = self.name(number);
                let messages = stream.frames.len() as u64 + stream.left_out;
                let whole = messages - u64::from(stream.end().is_some());
                let name = if name.is_empty() { name } else { name + " " };
                format!(
                    "{name}{}, {}",
                    Bytes(stream.length),
                    Count(whole, "whole message")
                )
            })
            .collect();
        self.fact(
            "capture",
            format_args!("{}: {}", capture.form, sizes.join("; ")),
        );
        self.framing();
        self.handshake();
        if !self.session.is_ordered {
            let known = if self.session.handshake.is_some() {
                "inferred for the handshake; after it,"
            } else {
                "unknown:"
            };
            self.fact(
                "order",
                format_args!("{known} one direction after the other"),
            );
        }
    }

    fn framing(&mut self) {
        let Detection {
            framings,
            certainty,
            fits,
        } = &self.session.detection;
        let framing = framings.first().copied().flatten();
        let (chosen, others) = match fits.split_first() {
            Some((first, others)) if Some(first.framing) == framing => (Some(first), others),
            _ => (None, fits.as_slice()),
        };
        let name = FramingOrNone(framing);
        match certainty {
            Certainty::Told => self.fact("framing", format_args!("{name}, as specified")),
            Certainty::Certain => self.fact("framing", format_args!("{name}, certainly")),
            Certainty::Probable => self.fact("framing", format_args!("{name}, probably")),
            Certainty::Ambiguous => {
                let rivals = others
                    .iter()
                    .filter(|fit| Some(fit.extent) == chosen.map(|fit| fit.extent));
                let rivals: Vec<String> = rivals.map(|fit| fit.framing.to_string()).collect();
                self.fact(
                    "framing",
                    format_args!(
                        "{name} or {}: these bytes do not show which; read as {name} (choose with --framing)",
                        rivals.join(" or ")
                    ),
                );
            }
            Certainty::Bare if self.session.order.len() > 1 => self.fact(
                "framing",
                format_args!("none: each line is a message without a header, as on a named pipe"),
            ),
            Certainty::Bare => self.fact(
                "framing",
                format_args!("none: this is one message without a header"),
            ),
            Certainty::Deviating => {
                self.is_sound = false;
                let each: Vec<String> = framings
                    .iter()
                    .enumerate()
                    .map(|(number, framing)| {
                        let framing = FramingOrNone(*framing);
                        format!("the {} speaks {framing}", self.name(number))
                    })
                    .collect();
                let each = each.join(", ");
                self.fact(
                    "framing",
                    format_args!("{each}: they cannot understand each other"),
                );
            }
        }
        if let Some(fit) = chosen
            && *certainty != Certainty::Deviating
        {
            self.more(format_args!(
                "{}",
                Fits {
                    fit,
                    is_chosen: true
                }
            ));
        }
        for fit in others {
            self.more(format_args!(
                "{:<5}  {}",
                fit.framing,
                Fits {
                    fit,
                    is_chosen: false
                }
            ));
        }
        let has_be32x = fits.iter().any(|fit| fit.framing == Framing::Be32x);
        if framing == Some(Framing::Be32) && !has_be32x && *certainty != Certainty::Deviating {
            self.more(format_args!(
                "be32x  is the same here: no message has 2 GiB or more"
            ));
        }
        if *certainty != Certainty::Deviating
            && let Some(implementations) = spoken_by(framing, self.session.handshake.as_ref())
        {
            self.fact("spoken by", format_args!("{implementations}"));
        }
    }

    fn handshake(&mut self) {
        let Some(handshake) = &self.session.handshake else {
            return;
        };
        let scheme = handshake
            .scheme
            .map_or("unknown".to_owned(), |scheme| scheme.to_string());
        let outcome = match handshake.outcome {
            CapturedOutcome::Welcome => "complete".to_owned(),
            CapturedOutcome::Refused(step) => format!("refused by the {}", step.sender()),
            CapturedOutcome::Broken(step) => {
                format!("broken: something else came for {}", Named(step))
            }
            CapturedOutcome::Cut(step) => format!("not complete: {} is missing", Named(step)),
        };
        self.is_sound &= handshake.outcome == CapturedOutcome::Welcome;
        let verdicts = handshake
            .steps
            .iter()
            .filter_map(|taken| match taken.content {
                Content::Answer { right, .. } => right,
                _ => None,
            });
        let (right, wrong): (Vec<bool>, Vec<bool>) = verdicts.partition(|right| *right);
        let has_answers = handshake
            .steps
            .iter()
            .any(|taken| matches!(taken.content, Content::Answer { .. }));
        let checked = match (right.len(), wrong.len()) {
            _ if !has_answers => String::new(),
            (0, 0) if handshake.has_key => {
                "; no answer can be verified without both directions".to_owned()
            }
            (0, 0) => "; give --authkey to verify the answers".to_owned(),
            (_, 0) => "; the answers are correct for the key".to_owned(),
            (0, _) => "; the answers are wrong for the key".to_owned(),
            (right, wrong) => format!("; {right} answer correct and {wrong} wrong for the key"),
        };
        self.is_sound &= wrong.is_empty();
        self.fact("handshake", format_args!("{scheme}, {outcome}{checked}"));
        let ends = handshake.ends;
        if ends.listener == ends.client {
            self.more(format_args!("both directions are mixed in these bytes"));
        }
        if let (Some(listener), Some(sender)) = (ends.listener, self.sender(ends.listener))
            && sender == Sender::Client
            && ends.client != Some(listener)
        {
            self.more(format_args!(
                "the listener challenges first: the bytes that were given as the client's are the listener's"
            ));
        }
    }
}

/// Explains to people why no framing fits, with one line for each framing.
pub fn misfits(fits: &[Fit]) -> String {
    let mut text = String::new();
    for fit in fits {
        let _ = writeln!(
            text,
            "    {:<5}  {}",
            fit.framing,
            Fits {
                fit,
                is_chosen: false
            }
        );
    }
    text
}

/// How well a framing fits. The text is shorter for the chosen framing, because the messages show the rest.
struct Fits<'a> {
    fit: &'a Fit,
    is_chosen: bool,
}

impl fmt::Display for Fits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fit, is_chosen } = self;
        let messages = Count(fit.messages, "whole message");
        let Some(Misfit {
            offset,
            header,
            announced,
            present,
            ..
        }) = &fit.end
        else {
            return write!(f, "{messages}, to the last byte");
        };
        let stands = fit.framing.read_header(header);
        match (fit.extent, is_chosen, stands) {
            (Extent::Nowhere | Extent::Begun, ..) => {}
            (_, true, Header::Invalid) => {
                return write!(f, "{messages}, and the next bytes are not a header");
            }
            (_, true, _) => return write!(f, "{messages}, and the rest is cut"),
            (_, false, _) => write!(f, "{messages}, then ")?,
        }
        let at = At(*offset);
        match (stands, announced) {
            (Header::Whole { .. }, Some(announced)) => write!(
                f,
                "the header at {at} announces {}, and {present} follow",
                Bytes(*announced)
            ),
            (Header::Part { .. }, _) => {
                let length = Bytes(header.len());
                write!(f, "a header begins at {at}, and is cut after {length}")
            }
            _ => write!(f, "{} at {at} is not a header", hex::encode(header)),
        }
    }
}

/// Which implementations speak this framing and have this handshake.
fn spoken_by(
    framing: Option<Framing>,
    handshake: Option<&CapturedHandshake<'_>>,
) -> Option<&'static str> {
    let scheme = handshake.and_then(|handshake| handshake.scheme);
    Some(match (framing?, scheme) {
        (Framing::Hex8, None) => "processing 0.10 without its C extension",
        (Framing::Le32, None) => "processing 0.10 to 0.21 with their C extension",
        (Framing::Le32, Some(Scheme::Processing)) => {
            "processing 0.21 with its C extension and a key"
        }
        (Framing::Be32, None) => {
            "processing 0.30 to 0.52, and 0.11 to 0.21 without their C extension; multiprocessing"
        }
        (Framing::Be32, Some(Scheme::Processing)) => {
            "processing 0.30 to 0.52, and 0.21 without its C extension, with a key"
        }
        (Framing::Be32x, None) => "multiprocessing of CPython 3.8 and later",
        (Framing::Be32 | Framing::Be32x, Some(Scheme::Md5)) => {
            "multiprocessing of CPython up to 3.11, with a key"
        }
        (Framing::Be32 | Framing::Be32x, Some(Scheme::Named(_))) => {
            "multiprocessing of CPython 3.12 and later, with a key"
        }
        (Framing::Hex8, Some(_))
        | (Framing::Le32, Some(Scheme::Md5 | Scheme::Named(_)))
        | (Framing::Be32x, Some(Scheme::Processing)) => "no known implementation",
    })
}
