//! Shows captures to people.

mod message;
mod summary;
mod words;

use std::fmt::{self, Write};

pub use summary::misfits;

use crate::inspect::capture::{Capture, Sender};
use crate::inspect::session::{Place, Session};

/// A description of a capture, and whether the capture contains errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// The description, for people. It ends with a newline.
    pub text: String,
    /// Whether nothing is cut, out of step, unreadable or wrongly signed.
    pub is_sound: bool,
}

/// Shows a capture: a summary, then every message. The bytes of one message take at most `lines` lines.
pub fn show(capture: &Capture, session: &Session<'_>, lines: usize) -> Inspection {
    let mut report = Report {
        session,
        lines,
        text: String::new(),
        is_sound: true,
    };
    report.summary(capture);
    let mut announced = None;
    for &place in &session.order {
        let is_step = session.step(place).is_some();
        if !session.is_ordered && !is_step && announced.replace(place.stream) != Some(place.stream)
        {
            let name = report.name(place.stream);
            let _ = writeln!(report.text, "\n-- from the {name} --");
        }
        report.message(place);
    }
    report.left_out();
    Inspection {
        text: report.text,
        is_sound: report.is_sound,
    }
}

struct Report<'a> {
    session: &'a Session<'a>,
    lines: usize,
    text: String,
    is_sound: bool,
}

impl Report<'_> {
    fn left_out(&mut self) {
        let session = self.session;
        for (number, stream) in session.streams.iter().enumerate() {
            if stream.left_out == 0 {
                continue;
            }
            let of = if session.streams.len() > 1 {
                format!(" of the {}", self.name(number))
            } else {
                String::new()
            };
            let _ = writeln!(
                self.text,
                "\n… {} more messages{of}; --messages shows more",
                stream.left_out
            );
            if let Some(frame) = &stream.rest {
                self.cut(stream.framing, frame);
            }
        }
    }

    fn fact(&mut self, name: &str, fact: fmt::Arguments<'_>) {
        let _ = writeln!(self.text, "{name:<11} {fact}");
    }

    fn more(&mut self, fact: fmt::Arguments<'_>) {
        self.fact("", fact);
    }

    fn detail(&mut self, name: &str, detail: fmt::Arguments<'_>) {
        let _ = writeln!(self.text, "    {name:<10}  {detail}");
    }

    fn wrong(&mut self, what: fmt::Arguments<'_>) {
        self.is_sound = false;
        let _ = writeln!(self.text, "    !! {what}");
    }

    fn sender(&self, stream: Option<usize>) -> Option<Sender> {
        Some(self.session.streams.get(stream?)?.sender)
    }

    /// The sender of a stream, according to the handshake if there is one, and otherwise according to the capture.
    fn name(&self, stream: usize) -> String {
        let ends = self
            .session
            .handshake
            .as_ref()
            .map(|handshake| handshake.ends);
        match ends {
            Some(ends) if ends.listener == ends.client => String::new(),
            Some(ends) if ends.listener == Some(stream) => "listener".to_owned(),
            Some(ends) if ends.client == Some(stream) => "client".to_owned(),
            _ => match self.session.streams[stream].sender {
                Sender::Unknown => String::new(),
                sender => sender.to_string(),
            },
        }
    }

    fn title(&self, place: Place) -> String {
        let number = place.message + 1;
        match self.name(place.stream).as_str() {
            "" => format!("#{number}"),
            name => format!("{name} #{number}"),
        }
    }
}
